# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A step in plan mode: it observes, and says what it would do in the world that the plan's earlier steps leave. It changes nothing.

Nothing that a plan meets ends it: a step that cannot be observed, or would refuse, is part of what people want to read beforehand.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.prediction import carried, grade
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Change, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step_inverses import tell_record

#: before-images -> the changes to make, and the items that a revert must leave alone.
Wanted = t.Callable[[dict[str, JSON]], tuple[list[Change], list[Outcome]]]


@dataclasses.dataclass
class _Foreseen:
    """What is known of a step so far. ``reason``: why it is not all. ``refused``: item -> why the step would stop at it. ``broke_off``: nothing was
    decided, so that of the other items nothing is known but what they are."""

    before: dict[str, JSON] = dataclasses.field(default_factory=dict)
    changes: list[Change] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    broke_off: bool = False
    reason: str = ""
    msg: str = ""


def planned(step: Step, run: RunContext, expected: Machine | None, wanted: Wanted, clock: Clock, *, reverts: str) -> Result:
    """Predicts one step and keeps the prediction for the plan's document. Never fails for what it finds. ``reverts``: the run that is put back."""
    begun, result = clock.monotonic(), Result()
    seen = _foreseen(step, run, expected, wanted, clock, reverts)
    result.outcomes = _outcomes(step, seen)
    conclude = getattr(step, "conclude", None)
    if conclude is not None and not seen.reason:
        conclude(result)
    silence = getattr(step, "silence", None)
    if silence is not None:
        for outcome in result.outcomes:
            if outcome.status == "already":  # of a host that is silent nothing is known, and unknown is never shown as ok
                outcome.status, outcome.grade = "skipped", "unknown"
        seen.reason, seen.msg = silence.reason, "; ".join(part for part in (f"{step.host} does not answer", result.msg) if part)
    elif result.failed:
        seen.reason, seen.msg = result.reason, result.msg
        seen.refused = {outcome.name: outcome.msg for outcome in result.outcomes if outcome.status in BAD_STATUSES}
    if seen.reason:
        result.failed, result.reason, result.msg = False, "", f"{step.key} could not be predicted as a whole: {seen.msg}"
        result.warnings.append(result.msg)
        if not result.outcomes:
            result.outcomes.append(Outcome(step.key, "predicted", False, "unknown", seen.msg, seen.reason, step.host))
    as_wanted = {outcome.name: outcome.after for outcome in result.outcomes if outcome.status == "already"}
    decided = {*as_wanted, *(change.name for change in seen.changes)}
    found = {name: image for name, image in seen.before.items() if name not in decided} if silence is None else {}
    run.predict(
        Prediction(
            step.key,
            step.host,
            [run.image(change) for change in seen.changes],
            as_wanted,
            seen.reason,
            seen.msg,
            puts_back=reverts == run.id,
            found=found,
            stops_at=seen.refused,
            touches=_touched(step, seen.changes),
        )
    )
    for change in seen.changes:
        result.diff["before"][change.name], result.diff["after"][change.name] = change.before, change.after
    result.timing["total"] = clock.monotonic() - begun
    return result


def _foreseen(step: Step, run: RunContext, expected: Machine | None, wanted: Wanted, clock: Clock, reverts: str) -> _Foreseen:
    earlier, seen = run.predictions(), _Foreseen()
    looked = bool(getattr(step, "looks", True))
    try:
        repeated(lambda: step.check_machine(expected), clock)
        tell_record(step, run, reverts)
        seen.before, moved = carried(step.key, repeated(step.observe, clock), earlier)
        changes, refused = wanted(seen.before)
    except FailoverError as error:
        seen.reason, seen.msg, seen.refused, seen.broke_off = error.reason, error.message, error.items, True
        return seen
    for change in changes:
        sure = grade(step.key, change.grade, moved=change.name in moved, looked=looked, earlier=earlier)
        seen.changes.append(dataclasses.replace(change, grade=sure))
    if refused:
        seen.reason, seen.msg = refused[0].reason, "; ".join(outcome.msg for outcome in refused)
        seen.refused = {outcome.name: outcome.msg for outcome in refused}
    return seen


def _touched(step: Step, changes: t.Sequence[Change]) -> list[str]:
    """What is only waited for touches nothing."""
    touches: t.Callable[[Change], list[str]] = getattr(step, "touches", lambda change: [])
    return list(dict.fromkeys(host for change in changes if not change.waits for host in touches(change)))


def _outcomes(step: Step, seen: _Foreseen) -> list[Outcome]:
    """Of what a step broke off at, nothing is known to be as wanted."""
    outcomes, changed = [], {change.name for change in seen.changes}
    for name, image in seen.before.items():
        if name in changed or name in seen.refused:
            continue
        if seen.broke_off:
            msg = f"not known to be as wanted: {step.key} would stop"
            outcomes.append(Outcome(name, "skipped", False, "unknown", msg, seen.reason, step.host, before=image))
        else:
            outcomes.append(Outcome(name, "already", host=step.host, before=image, after=image))
    for name, why in seen.refused.items():
        outcomes.append(Outcome(name, "predicted", False, "unknown", f"would stop: {why}", seen.reason, step.host, before=seen.before.get(name)))
    for change in seen.changes:
        msg = f"would {change.do}"
        outcomes.append(Outcome(change.name, "predicted", False, change.grade, msg, host=step.host, before=change.before, after=change.after))
    return outcomes


def planned_look(key: str, names: t.Sequence[str], do: str, run: RunContext) -> Result:
    """A step that only looks, at what is not there yet: each of ``names`` is told, and nothing of it is known."""
    changes = [{"name": name, "do": do, "before": None, "after": None, "grade": "unknown", "detail": None} for name in names]
    run.predict(Prediction(key, "", changes, {}))
    return Result(outcomes=[Outcome(name, "predicted", grade="unknown", host=name, msg=f"would {do}") for name in names])
