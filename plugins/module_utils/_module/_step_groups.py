# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How the driver makes one group of changes: apply, settle what was lost on the way, read back, an outcome for each."""

from __future__ import annotations


from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Applied, Change, Seen, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED, repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext

#: Seconds after which a change is not looked at again whose reading back was lost: its own deadline has to end some time.
VERIFY_AGAIN = 20.0

#: How often a change is made again whose answer was lost, and which was not made after all.
REPEATS = 2

#: Reasons of a ``Seen`` that know better than "not seen yet": what was read back is otherwise, and stays so.
KNOWN_WRONG = ("failed", "changed_by_other", "ignored")


def second_look(step: Step, changes: list[Change], outcomes: dict[str, Outcome], result: Result, clock: Clock) -> None:
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


def change_group(step: Step, group: list[Change], run: RunContext | None, clock: Clock, result: Result, reverting: bool) -> list[Outcome]:
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
        outcome.changed = not change.waits
        outcome.msg = seen.msg if seen is not None else outcome.msg
        outcome.reason = (seen.reason if seen is not None and seen.reason not in ("", "failed") else "") or applied.reason or "unconfirmed"
        outcome.after = seen.image if seen is not None else None
    else:
        outcome.changed = not change.waits
        outcome.reason = ""
        outcome.msg = seen.msg or applied.msg
        outcome.after = seen.image
    return outcome


def merge(outcomes: dict[str, Outcome], new: Outcome) -> None:
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
