# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Whether a run may be opened, resumed, closed or given up. Pure: the folded journal in, a verdict out."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import awaited, command, deciding, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord, unfinished
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import Votes
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

#: For each kind of run: the states it starts from.
STARTS = {"failover": ("approved",), "failback": ("failed_over", "threatened"), "drill": ("protected",)}
#: Where a person may open a failover that nobody approved: everywhere else the tool would not know what to move.
BREAK_GLASS = ("protected", "suspect", "pending", "declined", "recovered")
#: Steps that change nothing which a later step could restore.
NOTHING_TO_PUT_BACK = ("clients", "data", "script", "verify")
OWNER_AFTERWARDS = {"failover": "target", "failback": "source", "drill": "source"}


def next_kind(state: str) -> str:
    """The kind of the run that moves an identity on from this state, be it after a decision; a drill moves none."""
    return "failback" if state in (*STARTS["failback"], "failing_back") else "failover"


def begins_in_vain(kind: str, state: str) -> str:
    """Why no run of this kind would begin, or go on, in this state, whatever people decide: a sentence; empty where one may."""
    if state in STARTS[kind] or kind == next_kind(state):
        return ""
    moves_on = "" if kind == "drill" else f"; what moves it on from there is a {next_kind(state)}"
    return f"no {kind} begins while the identity is {state}{moves_on}"


class AwaitingApproval(WrongState):
    """People have to decide first; nothing is wrong."""

    reason = "awaiting_approval"


class Opening(t.NamedTuple):
    """``how``: open a new run, resume ``run``, or nothing because the identity is ``already`` there."""

    how: str
    run: str = ""
    beside: str = ""  #: a drill that stopped; it shares nothing with the live identity and must not block it


def opening(
    fold: Fold,
    identity: str,
    kind: str,
    *,
    break_glass: bool = False,
    no_baseline: bool = False,
    refusals: t.Sequence[str] = (),
    minimum: str = "asserted",
    votes: Votes = (),
) -> Opening:
    """What ``state: opened`` has to do. Raises WrongState, or AwaitingApproval, with the next command to type.

    ``no_baseline``: a person accepts that there is none. Nobody can vote on such an identity, so it takes ``break_glass`` too.
    ``refusals``: who declines now, and whose decision expired (``votes.refusals``, ``votes.expired``), whom the message names.
    ``minimum``: how a person must be known who decides. ``votes``: those that live.
    """
    starts = STARTS[kind]
    if break_glass and kind == "failover":
        starts += (*BREAK_GLASS, "unarmed") if no_baseline else BREAK_GLASS
    active = fold.active()
    if active is not None:
        if active.kind == kind:
            return Opening("resume", active.id)
        if active.kind == "drill" and kind == "failover" and fold.state in starts:
            return Opening("open", beside=active.id)
        raise WrongState(
            f"{identity}: the {active.kind} run {active.id} is not finished. Before a {kind}, resume it: "
            f"{command(active.kind, identity)} - or undo it, which also ends a run that has moved nothing: {command('undo', identity)}",
            next=command(active.kind, identity),
        )
    left = [run for run in fold.left_over() if run.kind == kind == "drill"]
    if fold.state in starts:
        # What an earlier drill left there must not become the before-images of this one.
        return Opening("resume", left[0].id) if left else Opening("open")
    if kind == "failover":
        return _failover_opening(fold, identity, refusals, minimum, votes)
    if kind == "failback" and fold.state == "protected" and fold.last_failover:
        return Opening("already")
    raise WrongState(f"{identity} is {fold.state}: a {kind} starts from {' or '.join(STARTS[kind])}", next=next_command(fold.state, identity, minimum=minimum))


def _failover_opening(fold: Fold, identity: str, refusals: t.Sequence[str], minimum: str, votes: Votes) -> Opening:
    if fold.state in ("failed_over", "threatened"):
        return Opening("already")
    if fold.state == "unarmed":
        raise _unarmed(identity)
    declined = any(vote["decision"] == "decline" for vote in votes)  # whom ``refusals`` names: then it's no matter how many said proceed
    undecided = "" if declined else f", and {'too few have' if votes else 'nobody has'} decided on a planned move"
    waiting = {
        "protected": f"no incident is open{undecided}",
        "suspect": f"Time to Fail has not reached zero{undecided}",
        "pending": "manual intervention is pending",
        "declined": "the failover was declined",
        "recovered": "the source came back by itself and the votes are void",
    }
    raise awaiting(identity, f"{identity} is {fold.state}: {'; '.join((waiting[fold.state], *refusals))}", fold.state, minimum, votes)


def _unarmed(identity: str) -> WrongState:
    arm = command("arm", identity)
    glass = command("failover", identity, failover_break_glass="...", failover_accept={"baseline_missing": "..."})
    error = WrongState(
        f"{identity} is unarmed, so nobody knows what its servers look like in peace time. While the source is healthy: {arm}. "
        f"When it is too late for that, with reasons, which every report shows first: {glass}",
        next=arm,
    )
    error.reason = "baseline_missing"
    return error


def awaiting(identity: str, why: str, state: str, minimum: str = "asserted", votes: Votes = ()) -> AwaitingApproval:
    """``votes``: those that live. With the next command that this state takes, and the one for when there is nobody to wait for."""
    decide = awaited(identity, minimum, votes) if votes else deciding(identity, minimum)
    declined = any(vote["decision"] == "decline" for vote in votes)
    todo, first = f"{'Whoever declines can withdraw that' if declined else 'To decide'}: {decide}", decide
    if state == "recovered":
        first = next_command(state, identity)
        todo = f"To say that somebody looked at the source: {first}. To move it all the same, decide after that: {decide}"
    glass = command("failover", identity, failover_break_glass="...")
    return AwaitingApproval(f"{why}. {todo}. If nobody can be waited for, with the reason, which every report shows first: {glass}", next=first)


def closing(fold: Fold, identity: str, run_id: str) -> RunRecord | None:
    """The run to close, None when it is closed already. Raises WrongState while a step of it failed unaccepted."""
    record = fold.runs.get(run_id)
    if record is None:
        raise WrongState(f"the journal of {identity} knows no run {run_id}")
    if record.ended == "closed":
        return None
    if record.ended:
        raise WrongState(f"run {run_id} of {identity} was {record.ended} at {record.ended_at}: it cannot be closed")
    failed = [step for step, facts in record.steps.items() if facts.get("failed") or unfinished(facts)]
    if record.kind == "drill":
        # A drill that stopped is only put back. What leaves nothing to put back must not keep the identity from a failover.
        failed = [step for step in failed if step.partition("@")[0] not in NOTHING_TO_PUT_BACK]
    if failed:
        raise WrongState(
            f"run {run_id} of {identity} cannot be closed: the steps {', '.join(failed)} did not end well; "
            "run the playbook again, or accept the failure with a reason",
            next=command(record.kind, identity),
        )
    return record


def abandoning(fold: Fold, identity: str) -> RunRecord | None:
    """The run to give up, None when there is none. Raises WrongState while anything may be moved."""
    record = fold.active()
    if record is None:
        return None
    if record.moved_anything():
        moved = ", ".join(f"{step} ({len(items)})" for step, items in record.moved().items())
        raise WrongState(
            f"run {record.id} of {identity} has begun to move things: {moved}. It cannot be abandoned; "
            f"resume it: {command(record.kind, identity)} - or put everything back: {command('undo', identity)}",
            next=command("undo", identity),
        )
    return record
