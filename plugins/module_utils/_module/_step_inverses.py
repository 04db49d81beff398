# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the driver puts back for ``state=reverted``: the inverses of what a run recorded, and the items that must be left alone."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._at_peace import without_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Change, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext


def inverses(step: Step, params: t.Mapping[str, t.Any], run: RunContext | None, now: dict[str, JSON]) -> tuple[list[Change], list[Outcome]]:
    """For ``state=reverted``: what puts the first before-images back, last change first, and the items that can't be."""
    reverted = params.get("revert_run")
    if run is None or not reverted:
        raise InvalidInput("state: 'reverted' needs 'run' and 'revert_run', the run whose changes are to be put back")
    record, images = run.record(reverted), run.images(reverted, step.key)
    begun = bool(record.undone.get(step.key, {}).get("announced")) or (reverted != run.id and bool(run.images(run.id, step.key)))
    refused: list[Outcome] = []
    if run.kind == "failback" and reverted != run.id:
        known: t.Container[str] = () if getattr(step, "peace_prevails", False) else images
        added, refused = without_image(step, known, now, run.baseline(), adopted=record.ended == "adopted")
        images = {**added, **images, **added}
    own = run.images(run.id, step.key) if reverted != run.id else {}
    if hasattr(step, "undo_begun"):
        step.undo_begun = begun and reverted == run.id
    changes = []
    for name in reversed(list(images)):
        if name not in now:
            refused.append(Outcome(name, "failed", reason="not_listed", msg=f"run {reverted} changed {name}, but this task does not list it"))
            continue
        if name in own and now[name] in (own[name]["after"], *(own[name].get("afters") or ())):
            continue  # this run has put it back before it was stopped, and nobody touched it since
        try:
            change = _inverse(step, name, images[name], now[name], put_back_begun=begun)
        except FailoverError as error:
            reason = "changed_by_other" if error.reason == WrongState.reason else error.reason
            refused.append(Outcome(name, "failed", reason=reason, msg=error.message, before=now[name]))
            continue
        if change is not None:
            changes.append(change)
    return changes, refused


def tell_record(step: Step, run: RunContext | None, reverted: str) -> None:
    """A step may need what the run recorded to understand what it is about to see."""
    recall = getattr(step, "recall_images", None)
    if recall is not None and run is not None and reverted:
        recall(run.images(reverted, step.key))


def _inverse(step: Step, name: str, image: t.Mapping[str, JSON], now: JSON, *, put_back_begun: bool) -> Change | None:
    """Anything that the run itself may have left there is its own: what it saw last, and what a crash or a lost answer left unseen,
    on the way there or on the way back."""
    afters = [after for after in image.get("afters") or () if after != image["after"]]
    passed = getattr(step, "on_the_way", None)
    if passed is not None:
        aims = [*(image.get("afters") or ()), image["after"], *([image["before"]] if put_back_begun else ())]
        afters = [*(there for aim in aims for there in passed(aim, image["after"])), *afters]
    try:
        return step.inverse(name, image["before"], image["after"], now)
    except WrongState:
        for after in reversed(afters):
            with contextlib.suppress(WrongState):
                return step.inverse(name, image["before"], after, now)
        raise
