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
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._at_peace import without_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Seen, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._plan_mode import planned
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED, repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

#: Seconds after which a change is not looked at again whose reading back was lost: its own deadline has to end some time.
VERIFY_AGAIN = 20.0

#: How often a change is made again whose answer was lost, and which was not made after all.
REPEATS = 2

#: What no reason makes right: a mistake in the task, another machine, a journal or lease that is not ours.
NEVER_ACCEPTED = (InvalidInput, WrongMachine, StoreError)

#: Reasons of a ``Seen`` that know better than "not seen yet": what was read back is otherwise, and stays so.
KNOWN_WRONG = ("failed", "changed_by_other", "ignored")


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
        own = reverted_run(params) == run.id
        return planned(step, run, expected_machine(step, params, run), lambda before: _wanted(step, params, run, before), clock, puts_back=own)
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
    else:
        decision = getattr(step, "decision", None)
        if decision is not None and run is not None and changes:
            for entry in decision(changes):
                run.accepted(step.key, **entry)  # why somebody decided so is on record before anything follows from it
        outcomes = _execute(step, params, run, changes, result, clock, begun_at)
    _conclude(step, result, before, outcomes, refused)
    conclude = getattr(step, "conclude", None)
    own_acceptance = conclude(result) if conclude is not None else None  # a step's own keys, and what only the whole can fail on
    accepted = [*([own_acceptance] if own_acceptance else []), *_accepted(params, result, run, step.key)]
    if run is not None:
        result.warnings.extend(run.journal.warnings)
        if not check_mode:
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
    reason = str(params.get("accept_failure") or "")
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
    return _inverses(step, params, run, before) if params.get("state") == "reverted" else (step.changes(before), [])


def _inverses(step: Step, params: t.Mapping[str, t.Any], run: RunContext | None, now: dict[str, JSON]) -> tuple[list[Change], list[Outcome]]:
    """For ``state=reverted``: what puts the first before-images back, last change first, and the items that can't be."""
    reverted = params.get("revert_run")
    if run is None or not reverted:
        raise InvalidInput("state: 'reverted' needs 'run' and 'revert_run', the run whose changes are to be put back")
    record, images = run.record(reverted), run.images(reverted, step.key)
    begun = bool(record.undone.get(step.key, {}).get("announced")) or (reverted != run.id and bool(run.images(run.id, step.key)))
    refused: list[Outcome] = []
    if run.kind == "failback" and reverted != run.id:
        added, refused = without_image(step, images, now, run.baseline(), adopted=record.ended == "adopted")
        images = {**added, **images}
    changes = []
    for name in reversed(list(images)):
        if name not in now:
            refused.append(Outcome(name, "failed", reason="not_listed", msg=f"run {reverted} changed {name}, but this task does not list it"))
            continue
        try:
            change = _inverse(step, name, images[name], now[name], put_back_begun=begun)
        except FailoverError as error:
            reason = "changed_by_other" if isinstance(error, WrongState) else error.reason
            refused.append(Outcome(name, "failed", reason=reason, msg=error.message, before=now[name]))
            continue
        if change is not None:
            changes.append(change)
    return changes, refused


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


def _predicted(changes: list[Change]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for change in changes:
        _merge(outcomes, Outcome(change.name, "predicted", True, change.grade, f"would {change.do}", before=change.before, after=change.after))
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
    with run.acting(getattr(step, "session", None)) if run is not None else contextlib.nullcontext():
        stopped = ""
        for group in step.groups(changes):
            if stopped:
                for change in group:
                    _merge(outcomes, Outcome(change.name, "not_tried", grade=change.grade, msg=stopped, reason="not_tried", before=change.before))
                continue
            try:
                if run is not None:
                    run.lease.require(max(change.deadline for change in group))
            except StoreError as error:
                stopped = f"not tried: {error.message}"
                for change in group:
                    _merge(outcomes, Outcome(change.name, "not_tried", grade=change.grade, msg=stopped, reason=error.reason, before=change.before))
                continue
            for outcome in _group(step, group, run, clock, result, params.get("state") == "reverted"):
                _merge(outcomes, outcome)
            if stop and any(outcomes[change.name].status in BAD_STATUSES for change in group):
                stopped = "not tried: an item before it failed, and on_item_failure is 'stop'"
        _look_again(step, changes, outcomes, result, clock)
    return outcomes


def _look_again(step: Step, changes: list[Change], outcomes: dict[str, Outcome], result: Result, clock: Clock) -> None:
    """What shows only by looking twice: a step that has ``look_again`` takes its second look at everything together, at the end."""
    look_again = getattr(step, "look_again", None)
    confirmed = [change for change in changes if outcomes[change.name].status == "done"]
    if look_again is None or not confirmed:
        return
    begun = clock.monotonic()
    try:
        seen = repeated(lambda: look_again(confirmed), clock, within=VERIFY_AGAIN)
    except FailoverError as error:
        seen = _unseen(confirmed, error)
    for change in confirmed:
        if change.name in seen and not seen[change.name].confirmed:
            outcomes[change.name] = _outcome(change, Applied(ok=True), seen[change.name])
    result.timing["verify"] = result.timing.get("verify", 0.0) + clock.monotonic() - begun


def _group(step: Step, group: list[Change], run: RunContext | None, clock: Clock, result: Result, reverting: bool) -> list[Outcome]:
    """Applies and verifies one group; every change of it gets an outcome, whatever is raised."""
    begun = clock.monotonic()
    try:
        applied = _apply(step, group, run, clock, reverting)
    except FailoverError as error:
        return [_failed(change, error) for change in group]
    finally:
        result.timing["apply"] = result.timing.get("apply", 0.0) + clock.monotonic() - begun
    begun = clock.monotonic()
    to_verify = [change for change in group if applied[change.name].ok and not applied[change.name].skipped]
    try:
        seen = repeated(lambda: step.verify(to_verify), clock, within=VERIFY_AGAIN) if to_verify else {}
    except FailoverError as error:
        seen = _unseen(to_verify, error)
    result.timing["verify"] = result.timing.get("verify", 0.0) + clock.monotonic() - begun
    return [_outcome(change, applied[change.name], seen.get(change.name)) for change in group]


def _unseen(changes: list[Change], error: FailoverError) -> dict[str, Seen]:
    return {change.name: Seen(confirmed=False, image=None, msg=f"could not be read back: {error.message}", reason=error.reason) for change in changes}


def _apply(step: Step, group: list[Change], run: RunContext | None, clock: Clock, reverting: bool) -> dict[str, Applied]:
    """Applies; where an answer was lost, looks at what is left to do, and does that."""
    fence = run.fence if run is not None else None
    done: dict[str, Applied] = {}
    left = group
    for attempt in range(REPEATS + 1):
        try:
            return {**done, **step.apply(left, fence)}
        except UNDECIDED as error:
            done.update({change.name: Applied(ok=True, msg=error.message, reason=error.reason) for change in left})
            left = _still_to_do(step, left, clock, reverting)
            if not left or attempt == REPEATS:
                return done
            if run is not None:
                run.lease.require(max(change.deadline for change in left))
    raise AssertionError("the loop returns")


def _still_to_do(step: Step, lost: list[Change], clock: Clock, reverting: bool) -> list[Change]:
    """The step itself decides from what is there now; where it can't look, reading back will say that nobody knows."""
    try:
        now = repeated(step.observe, clock)
        if reverting:
            # Half of an inverse may have been made (a start mode, not the stop): anything but the first image is left to do.
            return [change for change in lost if now.get(change.name) != change.after]
        names = {change.name for change in lost}
        return [change for change in step.changes(now) if change.name in names]
    except FailoverError:
        return []


def _failed(change: Change, error: FailoverError) -> Outcome:
    return Outcome(change.name, "failed", grade=change.grade, msg=error.message, reason=error.reason, before=change.before, host=error.host or "")


def _outcome(change: Change, applied: Applied, seen: Seen | None) -> Outcome:
    outcome = Outcome(change.name, "done", grade="probed", msg=applied.msg, reason=applied.reason, before=change.before, after=change.after)
    if applied.skipped:
        outcome.status = "skipped"
        outcome.after = change.before
    elif not applied.ok:
        outcome.status = "failed"
        outcome.after = None
    elif seen is None or not seen.confirmed:
        # It may have been done: unconfirmed is never "nothing changed".
        outcome.status = "failed" if seen is not None and seen.reason in KNOWN_WRONG else "unconfirmed"
        outcome.changed = True
        outcome.msg = seen.msg if seen is not None else outcome.msg
        outcome.reason = (seen.reason if seen is not None and seen.reason not in ("", "failed") else "") or applied.reason or "unconfirmed"
        outcome.after = seen.image if seen is not None else None
    else:
        outcome.changed = True
        outcome.reason = ""
        outcome.msg = seen.msg or applied.msg
        outcome.after = seen.image
    return outcome


def _merge(outcomes: dict[str, Outcome], new: Outcome) -> None:
    """Several changes of one item are one outcome: the worst status, the first before, the last after."""
    old = outcomes.get(new.name)
    if old is None:
        outcomes[new.name] = new
        return
    old.changed = old.changed or new.changed
    if old.status in BAD_STATUSES:
        return
    old.status, old.reason, old.grade = new.status, new.reason, new.grade
    old.after = new.after
    old.msg = "; ".join(part for part in (old.msg, new.msg) if part)


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
    first = bad[0]
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    done = sum(1 for o in result.outcomes if o.status in ("done", "already"))
    where = f" on {first.host}" if first.host else ""
    as_wanted = f"{done} of {len(result.outcomes)} items are as wanted"
    result.msg = f"{step.key}: {first.name}{more} {first.status.replace('_', ' ')}{where}: {first.msg or first.reason}; {as_wanted}"
    result.failed, result.reason = True, first.reason or "step_failed"
