# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The states of an identity: one table. The picture and the table in docs/ are made from it."""

from __future__ import annotations

import typing as t


class State(t.NamedTuple):
    name: str
    means: str
    owner: str  #: who should own the identity: source, target, or moving


class Transition(t.NamedTuple):
    state: str
    event: str
    to: str
    because: str


STATES = (
    State("unarmed", "no baseline", "source"),
    State("protected", "the source serves, the monitor is quiet", "source"),
    State("suspect", "counting down; a warning after 25 % of Time to Fail", "source"),
    State("pending", "the source counts as failed; manual intervention is pending on the target", "source"),
    State("declined", "a person said no, to a failover or to a planned move", "source"),
    State("recovered", "the source came back by itself; the votes are void", "source"),
    State("approved", "may fail over until the approval expires", "source"),
    State("failing_over", "a failover run holds the lease, or held it and stopped; it can be resumed", "moving"),
    State("failed_over", "the target owns the identity; it is guarded", "target"),
    State("threatened", "something pulls the identity back to the source", "target"),
    State("failing_back", "a failback run holds the lease, or held it and stopped; it can be resumed", "moving"),
)

#: States in which a baseline can be taken.
ARMABLE = ("unarmed", "protected")

#: Missed probes are nothing to journal: the monitor shows ``suspect`` while the journal says ``protected``, so its rows are those of ``protected``.
TRANSITIONS = (
    Transition("unarmed", "armed", "protected", "a baseline was taken"),
    Transition("unarmed", "break_glass", "failing_over", "a person opened the run without approval and without a baseline, with reasons"),
    Transition("protected", "disarmed", "unarmed", "the baseline was removed"),
    Transition("protected", "probes_missed", "suspect", "probes were missed"),
    Transition("suspect", "source_answered", "protected", "a probe was answered"),
    Transition("suspect", "incident_opened", "pending", "Time to Fail reached zero"),
    Transition("suspect", "quorum", "approved", "a planned move was decided"),
    Transition("suspect", "declined", "declined", "a person declined a planned move that others had voted for"),
    Transition("protected", "incident_opened", "pending", "Time to Fail reached zero"),
    Transition("protected", "quorum", "approved", "a planned move was decided"),
    Transition("protected", "declined", "declined", "a person declined a planned move that others had voted for"),
    Transition("pending", "quorum", "approved", "enough people decided to proceed"),
    Transition("pending", "declined", "declined", "a person declined"),
    Transition("pending", "source_answered", "recovered", "the source answers again"),
    Transition("declined", "vote", "pending", "another person voted"),
    Transition("declined", "vote_planned", "protected", "another person voted for a planned move"),
    Transition("declined", "quorum", "approved", "enough people decided to proceed"),
    Transition("declined", "source_answered", "recovered", "the source answers again"),
    Transition("declined", "incident_opened", "pending", "the source failed behind a planned move that was declined; that was another intent"),
    Transition("declined", "withdrawn", "pending", "whoever declined took the word back"),
    Transition("declined", "withdrawn_planned", "protected", "whoever declined a planned move took the word back"),
    Transition("declined", "expired_planned", "protected", "the refusal of a planned move expired"),
    Transition("recovered", "looked_at", "protected", "a person looked at it"),
    Transition("recovered", "incident_opened", "pending", "Time to Fail reached zero again"),
    Transition("approved", "declined", "declined", "a person declined"),
    Transition("approved", "withdrawn", "pending", "a vote was withdrawn and the quorum is gone"),
    Transition("approved", "withdrawn_planned", "protected", "the vote for a planned move was withdrawn"),
    Transition("approved", "expired", "pending", "the approval expired"),
    Transition("approved", "expired_planned", "protected", "the approval of a planned move expired"),
    Transition("approved", "source_answered", "recovered", "the source answers again"),
    Transition("approved", "incident_opened", "pending", "the source failed before the planned move; what was approved was another intent"),
    Transition("approved", "failover_opened", "failing_over", "the run was opened"),
    Transition("approved", "break_glass", "failing_over", "a vote did not hold when the run was opened, and a person broke the glass"),
    Transition("protected", "break_glass", "failing_over", "a person opened the run without approval, with a reason"),
    Transition("suspect", "break_glass", "failing_over", "a person opened the run without approval, with a reason"),
    Transition("pending", "break_glass", "failing_over", "a person opened the run without approval, with a reason"),
    Transition("declined", "break_glass", "failing_over", "a person opened the run against a refusal, with a reason"),
    Transition("recovered", "break_glass", "failing_over", "a person opened the run although the source came back, with a reason"),
    Transition("failing_over", "failover_closed", "failed_over", "the run was closed"),
    Transition("failing_over", "reverted_unarmed", "unarmed", "the run of an identity without a baseline was undone"),
    Transition("failing_over", "reverted", "pending", "the run was undone while the source is down"),
    Transition("failing_over", "reverted_planned", "protected", "the run of a planned move was undone"),
    Transition("failed_over", "violated", "threatened", "something pulls the identity back"),
    Transition("threatened", "repaired", "failed_over", "the identity is where it should be"),
    Transition("failed_over", "failback_opened", "failing_back", "the failback run was opened"),
    Transition("threatened", "failback_opened", "failing_back", "the failback run was opened"),
    Transition("failing_back", "failback_closed", "protected", "the run was closed and the identity armed again"),
    Transition("failing_back", "reverted", "failed_over", "the run was undone"),
    *(
        Transition(state.name, "adopted_target", "failed_over", "people moved the identity to the target by hand")
        for state in STATES
        if state.name != "failed_over"
    ),
    *(
        Transition(state.name, "adopted_source", "protected", "people moved the identity to the source by hand")
        for state in STATES
        if state.name not in ("unarmed", "protected")
    ),
)

_TABLE = {(row.state, row.event): row.to for row in TRANSITIONS}
_OWNERS = {state.name: state.owner for state in STATES}


def step_state(state: str, event: str) -> str | None:
    """The state after ``event``, None where the table has no such row."""
    return _TABLE.get((state, event))


def rightful_owner(state: str) -> str:
    return _OWNERS[state]
