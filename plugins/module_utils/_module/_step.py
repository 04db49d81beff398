# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The step driver: the only place that journals, checks the lease, applies and verifies (architecture, section 5).

right machine? -> observe -> changes -> check mode: predict and stop (plan mode: _plan_mode.py)
               -> journal intent with before-images -> for each group: lease ours, its end told? apply, verify
               -> journal outcome
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    FailoverError,
    InvalidInput,
    StoreError,
    WrongMachine,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Change, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._plan_mode import planned
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step_groups import change_group, merge, second_look
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step_inverses import inverses, tell_record
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step_rollback import FOLLOWING, in_words, roll_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

#: What no reason makes right: a mistake in the task, another machine, a journal or lease that is not ours.
NEVER_ACCEPTED = (InvalidInput, WrongMachine, StoreError)


def drive(
    step: Step,
    params: t.Mapping[str, t.Any],
    hosts: Hosts,
    clock: Clock,
    *,
    check_mode: bool,
    context: RunContext | None = None,
) -> Result:
    """Runs one step and says what happened to every item. ``context`` where the caller has opened the run already."""
    run = context or open_run(params, hosts, clock)
    if run is not None and run.plan:
        reverts = reverted_run(params)
        return planned(step, run, expected_machine(step, params, run), lambda before: _wanted(step, params, run, before), clock, reverts=reverts)
    refuse_placeholders({"accept_failure": params.get("accept_failure")})
    result = Result()
    begun, begun_at = clock.monotonic(), stamp(clock.now())
    if run is not None and not check_mode and reverted_run(params) == run.id:
        result.warnings.extend(filter(None, [run.settle()]))
    try:
        before, changes, refused = _looked(step, params, run, clock, may_write=not check_mode)
    except FailoverError as error:
        return _broke_off(step.key, error, params, None if check_mode else run, begun_at, step.host)
    result.timing["observe"] = clock.monotonic() - begun
    if check_mode:
        outcomes = _predicted(changes)
    elif getattr(step, "announces", False):
        outcomes = _announced(step, run, changes)
    else:
        decision = getattr(step, "decision", None)
        if decision is not None and run is not None and changes:
            for entry in decision(changes):
                run.accepted(step.key, **entry)  # why somebody decided so is on record before anything follows from it
        outcomes = _execute(step, params, run, changes, result, clock, begun_at)
    goes_on = bool(outcomes) and bool(getattr(step, "announces", False))  # what was announced ends with another task
    _conclude(step, result, before, outcomes, refused)
    conclude = getattr(step, "conclude", None)
    own_acceptance = conclude(result) if conclude is not None else None  # a step's own keys, and what only the whole can fail on
    accepted = [*([own_acceptance] if own_acceptance else []), *_accepted(params, result, run, step.key)]
    if run is not None:
        result.warnings.extend(run.journal.warnings)
        if not check_mode and not goes_on:
            _journal(run, step.key, step.host, result, begun_at, reverted_run(params), accepted)
    result.timing["total"] = clock.monotonic() - begun
    return result


def _looked(
    step: Step, params: t.Mapping[str, t.Any], run: RunContext | None, clock: Clock, *, may_write: bool
) -> tuple[dict[str, JSON], list[Change], list[Outcome]]:
    """Before anything is touched: the right machine, what is there, what to change, and what can't be put back."""
    expected = expected_machine(step, params, run)
    repeated(lambda: step.check_machine(expected), clock)
    fenced = getattr(step, "fenced", None)
    if fenced is not None and run is not None and may_write:
        fenced(run.fence)
    recall = getattr(step, "recall", None)
    if recall is not None and run is not None:
        recall(run.accepted_so_far(step.key))
    tell_record(step, run, reverted_run(params))
    before = repeated(step.observe, clock)
    return before, *_wanted(step, params, run, before)


def _broke_off(key: str, error: FailoverError, params: t.Mapping[str, t.Any], run: RunContext | None, begun_at: str, host: str = "") -> Result:
    """A step that could not even look: the journal learns of it, and a reason that accepts it lets the run go on."""
    result = error.result if isinstance(error.result, Result) else Result()
    if not result.outcomes:
        result.outcomes.append(Outcome(key.partition("@")[0], "failed", grade="unknown", msg=error.message, reason=error.reason, host=error.host or host))
    result.failed, result.msg, result.reason = True, f"{key}: {error.message}", error.reason
    accepted = [] if isinstance(error, NEVER_ACCEPTED) else _accepted(params, result, run, key)
    if run is not None and not isinstance(error, StoreError):
        with contextlib.suppress(FailoverError) if result.failed else contextlib.nullcontext():  # why it failed is worth more than that nobody could note it
            _journal(run, key, host, result, begun_at, reverted_run(params), accepted)
    if result.failed:
        error.result = result
        raise error
    return result


def _accepted(params: t.Mapping[str, t.Any], result: Result, run: RunContext | None, key: str) -> list[dict[str, str]]:
    """A failure with a reason to go on is none any more: one of this task, or one that the same step was given in this run before, in the same
    direction. Returns what the journal has to say of that; empty where nothing failed, nobody accepts, or it says so already."""
    if not result.failed:
        return []
    reverts = reverted_run(params)
    before = [entry for entry in _so_far(run, key) if entry.get("reverts") == reverts]
    reason = str(params.get("accept_failure") or "").strip()
    if not reason and before:
        reason = str(before[-1]["reason"])
        result.warnings.append(f"{key} failed and the run goes on, as was accepted in it before: {reason}")
    if not reason:
        return []
    entry = {"what": result.msg, "reason": reason}
    result.failed, result.reason, result.extra["accepted"] = False, "", entry
    return [] if any(entry.items() <= one.items() for one in before) else [{**entry, "reverts": reverts}]


def _so_far(run: RunContext | None, key: str) -> list[dict[str, t.Any]]:
    """Why the step failed is worth more than that nobody could look up what was accepted."""
    if run is None or run.plan:
        return []
    try:
        return run.accepted_so_far(key)
    except FailoverError:
        return []


def _journal(run: RunContext, key: str, host: str, result: Result, begun_at: str, reverts: str, accepted: list[dict[str, str]]) -> None:
    """The outcome and what was accepted of it. What was changed must not be lost with the record."""
    try:
        run.outcome(key, host, result, begun_at, reverts, accepted)
    except FailoverError as error:
        error.result = result
        raise


def look(key: str, read: t.Callable[[], Result], params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """A step that changes nothing: its outcome belongs to the run's journal all the same."""
    refuse_placeholders({"accept_failure": params.get("accept_failure")})
    run = open_run(params, hosts, clock)
    begun_at = stamp(clock.now())
    written = run if not check_mode else None
    try:
        with written.lease.kept() if written is not None else contextlib.nullcontext():
            result = read()
    except FailoverError as error:
        return _broke_off(key, error, params, written, begun_at)
    accepted = _accepted(params, result, run, key)
    if written is not None:
        _journal(written, key, "", result, begun_at, "", accepted)
    return result


def reverted_run(params: t.Mapping[str, t.Any]) -> str:
    """The run whose changes this task puts back; empty for a task that goes forward."""
    return str(params.get("revert_run") or "") if params.get("state") == "reverted" else ""


def expected_machine(step: Step, params: t.Mapping[str, t.Any], run: RunContext | None) -> Machine | None:
    """Which machine must answer: the task's ``machine``, else the one that the run was armed with."""
    stated = params.get("machine")
    if stated:
        return Machine(uuid=stated["uuid"], name=stated["name"])
    return run.machine(step.host) if run is not None else None


def _wanted(step: Step, params: t.Mapping[str, t.Any], run: RunContext | None, before: dict[str, JSON]) -> tuple[list[Change], list[Outcome]]:
    """What is to be changed, forward or back, and the items that going back must leave alone."""
    return inverses(step, params, run, before) if params.get("state") == "reverted" else (step.changes(before), [])


def _predicted(changes: list[Change]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for change in changes:
        merge(outcomes, Outcome(change.name, "predicted", not change.waits, change.grade, f"would {change.do}", before=change.before, after=change.after))
    return outcomes


def _execute(
    step: Step, params: t.Mapping[str, t.Any], run: RunContext | None, changes: list[Change], result: Result, clock: Clock, begun_at: str
) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    if not changes:
        return outcomes
    if run is not None:
        run.intent(step.key, step.host, changes, reverted_run(params))
    stop = params.get("on_item_failure") == "stop"
    takes_back: t.Callable[[dict[str, Outcome]], bool] = getattr(step, "takes_back", lambda outcomes: False)
    with run.acting(getattr(step, "session", None)) if run is not None else contextlib.nullcontext():
        stopped = ""
        for group in step.groups(changes):
            if stopped:
                for change in group:
                    merge(outcomes, Outcome(change.name, "not_tried", grade=change.grade, msg=stopped, reason="not_tried", before=change.before))
                continue
            try:
                if run is not None:
                    run.lease.require(max(change.deadline for change in group))
            except StoreError as error:
                stopped = f"not tried: {error.message}"
                for change in group:
                    merge(outcomes, Outcome(change.name, "not_tried", grade=change.grade, msg=stopped, reason=error.reason, before=change.before))
                continue
            for outcome in change_group(step, group, run, clock, result, params.get("state") == "reverted"):
                merge(outcomes, outcome)
            if stop and any(outcomes[change.name].status in BAD_STATUSES for change in group):
                stopped = "not tried: an item before it failed, and on_item_failure is 'stop'"
            if takes_back(outcomes):
                stopped = "not tried: an item before it failed, and on_failure is 'rollback'"
        if takes_back(outcomes):
            roll_back(step, changes, outcomes, run, result, clock)
        else:
            second_look(step, changes, outcomes, result, clock)
    return outcomes


def _announced(step: Step, run: RunContext | None, changes: list[Change]) -> dict[str, Outcome]:
    """The intent alone: until an outcome follows, the journal shows the step as begun, and the store knows how long it may last."""
    if run is not None and changes:
        run.intent(step.key, step.host, changes)
    return {c.name: Outcome(c.name, "done", grade=c.grade, msg=f"announced: {c.do}", before=c.before, after=c.before) for c in changes}


def _conclude(step: Step, result: Result, before: dict[str, JSON], outcomes: dict[str, Outcome], refused: list[Outcome]) -> None:
    for name, image in before.items():
        outcome = outcomes.pop(name, None) or Outcome(name, "already", before=image, after=image)
        if name not in {o.name for o in refused}:
            outcome.host = outcome.host or step.host
            result.outcomes.append(outcome)
    result.outcomes.extend(outcomes.values())
    result.outcomes.extend(refused)
    result.changed = any(o.changed for o in result.outcomes)
    for outcome in result.outcomes:
        if outcome.changed:
            result.diff["before"][outcome.name] = outcome.before
            result.diff["after"][outcome.name] = outcome.after
    bad = [o for o in result.outcomes if o.status in BAD_STATUSES]
    if not bad:
        return
    first = next((outcome for outcome in bad if outcome.reason not in FOLLOWING), bad[0])
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    done = sum(1 for o in result.outcomes if o.status in ("done", "already"))
    where = f" on {first.host}" if first.host else ""
    parts = [first.msg or first.reason, in_words(result), f"{done} of {len(result.outcomes)} items are as wanted"]
    result.msg = f"{step.key}: {first.name}{more} {first.status.replace('_', ' ')}{where}: {'; '.join(filter(None, parts))}"
    result.failed, result.reason = True, first.reason or "step_failed"
