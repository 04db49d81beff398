# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run may be opened, closed, given up."""

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import (
    AwaitingApproval,
    Opening,
    abandoning,
    begins_in_vain,
    closing,
    next_kind,
    opening,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import ALLOWED


def record(kind: str = "failover", **more: object) -> RunRecord:
    made = RunRecord(id="r1", kind=kind, mode="execute", opened_at="", by="ops", planned=True, epoch=1)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def folded(state: str, run: RunRecord | None = None, **more: object) -> Fold:
    made = Fold(state=state, runs={"r1": run} if run else {}, active_run="r1" if run and not run.ended else "")
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("state", "kind", "expected"),
    [
        ("approved", "failover", Opening("open")),
        ("failed_over", "failover", Opening("already")),
        ("threatened", "failover", Opening("already")),
        ("failed_over", "failback", Opening("open")),
        ("threatened", "failback", Opening("open")),
        ("protected", "drill", Opening("open")),
    ],
)
def test_what_a_run_starts_from(state: str, kind: str, expected: Opening) -> None:
    assert opening(folded(state), "mail", kind) == expected


def test_a_drill_goes_on_with_what_an_earlier_one_left() -> None:
    left = record("drill", images={"services@exch2": {"IS": {"before": "Stopped"}}})
    beside = folded("protected", left, active_run="")
    assert opening(beside, "mail", "drill") == Opening("resume", "r1")
    left.ended = "reverted"
    assert opening(beside, "mail", "drill") == Opening("open")


@pytest.mark.parametrize("state", ["protected", "suspect", "pending", "declined", "recovered"])
def test_a_failover_waits_for_people(state: str) -> None:
    with pytest.raises(AwaitingApproval, match=f"mail is {state}"):
        opening(folded(state), "mail", "failover")


@pytest.mark.parametrize(("state", "decision"), [("protected", "proceed"), ("pending", "proceed"), ("declined", "proceed"), ("recovered", "acknowledge")])
def test_who_waits_is_told_a_decision_that_this_state_takes(state: str, decision: str) -> None:
    with pytest.raises(AwaitingApproval) as caught:
        opening(folded(state), "mail", "failover")
    assert f"failover_decision={decision}" in caught.value.details["next"]
    assert state in ALLOWED[decision]


def test_what_comes_after_the_acknowledgement_is_said_too() -> None:
    with pytest.raises(AwaitingApproval, match=r"failover_decision=acknowledge.*after that.*failover_decision=proceed"):
        opening(folded("recovered"), "mail", "failover")


def test_whoever_waits_for_more_votes_is_told_so_with_the_command_for_somebody_else() -> None:
    votes = [{"by": "alice", "decision": "proceed", "intent": {}}]
    with pytest.raises(AwaitingApproval, match="no incident is open, and too few have decided on a planned move. To decide: ") as caught:
        opening(Fold(state="protected"), "mail", "failover", votes=votes)
    assert """-e '{"failover_by": "..."}'""" in caught.value.details["next"]
    with pytest.raises(AwaitingApproval, match="the failover was declined. Whoever declines can withdraw that: .*failover_decision=withdraw"):
        opening(Fold(state="declined"), "mail", "failover", votes=[*votes, {"by": "dave", "decision": "decline", "intent": {}}])


@pytest.mark.parametrize(("state", "first"), [("protected", "no incident is open"), ("suspect", "Time to Fail has not reached zero")])
def test_where_somebody_declines_a_planned_move_nobody_is_called_too_few(state: str, first: str) -> None:
    votes = [{"by": by, "decision": decision, "intent": {}} for by, decision in (("alice", "proceed"), ("carol", "proceed"), ("bob", "decline"))]
    with pytest.raises(AwaitingApproval, match=f"mail is {state}: {first}; bob declines until noon. Whoever declines can withdraw that: "):
        opening(Fold(state=state), "mail", "failover", votes=votes, refusals=["bob declines until noon"])
    with pytest.raises(AwaitingApproval, match=f"mail is {state}: {first}, and nobody has decided on a planned move. To decide: "):
        opening(Fold(state=state), "mail", "failover")


def test_who_declines_is_named_to_whoever_waits() -> None:
    with pytest.raises(AwaitingApproval, match="manual intervention is pending; deputy declines until noon"):
        opening(folded("pending"), "mail", "failover", refusals=["deputy declines until noon"])


@pytest.mark.parametrize(("state", "kind"), [("unarmed", "failover"), ("pending", "failback"), ("failed_over", "drill"), ("unarmed", "drill")])
def test_other_states_are_refused(state: str, kind: str) -> None:
    with pytest.raises(WrongState):
        opening(folded(state), "mail", kind)


def test_a_failback_that_was_done_has_nothing_to_do() -> None:
    assert opening(folded("protected", last_failover="r0"), "mail", "failback") == Opening("already")


def test_an_open_run_is_resumed_by_its_own_kind_only() -> None:
    assert opening(folded("failing_over", record()), "mail", "failover") == Opening("resume", "r1")
    with pytest.raises(WrongState, match="failover run r1 is not finished"):
        opening(folded("failing_over", record()), "mail", "failback")


def test_a_failed_or_unfinished_step_keeps_a_run_open() -> None:
    for facts in ({"failed": True, "ended_at": "x"}, {"intended_at": "x"}):
        with pytest.raises(WrongState, match="dns did not end well"):
            closing(folded("failing_over", record(steps={"dns": facts})), "mail", "r1")


def test_a_step_that_was_tried_again_and_broke_off_keeps_a_run_open() -> None:
    facts = {"ended_at": "x", "intended_at": "y", "trying": True, "failed": False}
    with pytest.raises(WrongState, match="dns did not end well"):
        closing(folded("failing_over", record(steps={"dns": facts})), "mail", "r1")


def test_a_drill_closes_over_steps_that_leave_nothing_to_put_back() -> None:
    facts = {"failed": True, "ended_at": "x"}
    assert closing(folded("protected", record("drill", steps={"clients": facts, "script@exch2": facts})), "mail", "r1") is not None
    with pytest.raises(WrongState):
        closing(folded("protected", record("drill", steps={"services@exch2": facts})), "mail", "r1")


def test_only_a_run_that_moved_nothing_is_given_up() -> None:
    assert abandoning(folded("failing_over", record()), "mail") is not None
    moved = record(images={"services@exch2": {"IS": {"before": 1, "after": 2}}})
    with pytest.raises(WrongState, match=r"services@exch2 \(1\)") as refused:
        abandoning(folded("failing_over", moved), "mail")
    assert refused.value.details["next"] == "ansible-playbook continuity.identity_failover.undo -e failover_identity=mail"
    assert abandoning(folded("protected"), "mail") is None


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_without_a_kind_a_plan_is_of_a_run_that_can_be_next(state: str) -> None:
    assert begins_in_vain(next_kind(state), state) == ""
    onward = next_command(state, "mail")
    assert ".failback " not in onward or next_kind(state) == "failback"
    assert ".failover " not in onward or next_kind(state) == "failover"


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("failover", "failing_back", "no failover begins while the identity is failing_back; what moves it on from there is a failback"),
        ("failback", "pending", "no failback begins while the identity is pending; what moves it on from there is a failover"),
        ("drill", "suspect", "no drill begins while the identity is suspect"),
        ("drill", "protected", ""),
        ("failover", "unarmed", ""),  # by breaking the glass
    ],
)
def test_a_kind_that_a_state_does_not_allow_is_named_with_what_it_does(kind: str, state: str, said: str) -> None:
    assert begins_in_vain(kind, state) == said
