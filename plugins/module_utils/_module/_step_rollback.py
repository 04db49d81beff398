# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A step that failed half way takes back what it did, where its user wants all or nothing: last change first, and never over somebody else's."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Change, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step_groups import change_group

#: Reasons that follow from another item's failure, which is what the result's sentence is about.
FOLLOWING = ("rolled_back", "not_tried")
NOTHING: t.Mapping[str, t.Any] = {"done": [], "left": {}}


def roll_back(step: Step, changes: t.Sequence[Change], outcomes: dict[str, Outcome], run: RunContext | None, result: Result, clock: Clock) -> None:
    """Turns the outcomes of what is taken back into failures, and adds ``rollback`` to the result: what is as it was, and what is not and why."""
    cause = next(outcome for outcome in outcomes.values() if outcome.status in BAD_STATUSES)
    done = [change for change in changes if outcomes[change.name].changed]
    left: dict[str, str] = {}
    back: list[Change] = []
    getattr(step, "taking_back", lambda: None)()
    try:
        now = repeated(step.observe, clock) if done else {}
        back = _inverses(step, done, now, outcomes, left, cause)
        if back and run is not None:
            run.intent(step.key, step.host, back, "")
        for group in step.groups(back):
            if run is not None:
                run.lease.require(max(change.deadline for change in group))
            for outcome in change_group(step, group, run, clock, result, True):
                if outcome.status == "done":
                    _as_before(outcomes[outcome.name], cause, "it was done and taken back")
                else:
                    left[outcome.name] = outcome.msg or outcome.reason
    except FailoverError as error:
        left.update({change.name: error.message for change in done if outcomes[change.name].changed and change.name not in left})
    for name, why in left.items():
        outcomes[name].msg = "; ".join(filter(None, [outcomes[name].msg, f"not taken back: {why}"]))
    result.extra["rollback"] = {"done": [change.name for change in done if change.name not in left], "left": left}


def _inverses(
    step: Step, done: t.Sequence[Change], now: t.Mapping[str, JSON], outcomes: t.Mapping[str, Outcome], left: dict[str, str], cause: Outcome
) -> list[Change]:
    back = []
    for change in reversed(done):
        try:
            inverse = step.inverse(change.name, change.before, change.after, now.get(change.name))
        except FailoverError as error:
            left[change.name] = error.message
            continue
        if inverse is not None:
            back.append(inverse)
        else:
            _as_before(outcomes[change.name], cause, "it was not done, or is back already")
    return back


def _as_before(outcome: Outcome, cause: Outcome, what: str) -> None:
    if outcome is not cause:
        outcome.status, outcome.reason, outcome.msg = "failed", "rolled_back", f"{what}, as {cause.name} {cause.status.replace('_', ' ')}"
    outcome.changed, outcome.after = False, outcome.before


def in_words(result: Result) -> str:
    """What the result's sentence says of it; "" where nothing was to be taken back."""
    facts = result.extra.get("rollback") or NOTHING
    parts = [f"{len(facts['done'])} taken back"] if facts["done"] else []
    if facts["left"]:
        parts.append(f"{len(facts['left'])} could not be taken back: {', '.join(facts['left'])}")
    return "; ".join(parts)
