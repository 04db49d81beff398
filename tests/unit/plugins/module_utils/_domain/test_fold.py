# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal's meaning: states, votes, runs and first before-images."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import states
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import live_votes, quorum

NOW = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
AT = "2026-11-22T19:59:00.000Z"


def event(kind: str, data: t.Any = None, run: str = "", step: str = "", by: str = "ops") -> Event:
    return Event(seq=1, at=AT, kind=kind, run=run, step=step, by=by, data=data)


def vote(decision: str = "proceed", by: str = "ops", required: int = 1, expires_at: str = "2026-11-22T21:00:00.000Z", incident: str = "") -> Event:
    data = {"by": by, "decision": decision, "reason": "r", "intent": {"identity": "mail", "incident": incident}, "required": required, "expires_at": expires_at}
    return event("decision", data, by=by)


#: Behind AT, before NOW.
SOON = "2026-11-22T19:59:30.000Z"
ARMED = event("armed", {"machines": {"exch1": {}}})
INCIDENT = event("incident_opened", {"class": "host"})


def opened(kind: str = "failover", run: str = "r1") -> Event:
    return event("run_opened", {"kind": kind, "mode": "execute", "planned": False, "epoch": 1}, run=run)


def closed(kind: str = "failover", run: str = "r1") -> Event:
    return event("run_closed", {"kind": kind}, run=run)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "unarmed"),
        ([ARMED], "protected"),
        ([ARMED, INCIDENT], "pending"),
        ([ARMED, INCIDENT, vote("decline")], "declined"),
        ([ARMED, INCIDENT, vote("decline"), vote("proceed")], "approved"),
        ([ARMED, INCIDENT, vote()], "approved"),
        ([ARMED, INCIDENT, vote(required=2)], "pending"),
        ([ARMED, INCIDENT, vote(required=2), vote(required=2)], "pending"),
        ([ARMED, INCIDENT, vote(required=2), vote(required=2, by="OPS")], "pending"),
        ([ARMED, INCIDENT, vote(required=2), vote(required=2, by="chief")], "approved"),
        ([ARMED, INCIDENT, vote(required=2), vote(required=2, by="chief"), vote("decline", by="deputy")], "declined"),
        ([ARMED, INCIDENT, vote(required=2), vote("decline", by="deputy", expires_at=SOON), vote(required=2, by="chief")], "approved"),
        ([ARMED, INCIDENT, vote(required=2), vote(required=2, by="chief"), vote("decline", by="deputy", expires_at=SOON)], "approved"),
        ([ARMED, vote(), vote("decline", by="deputy", expires_at=SOON)], "approved"),
        ([ARMED, INCIDENT, vote("decline", by="deputy", expires_at=SOON)], "declined"),
        ([ARMED, INCIDENT, vote(), vote("withdraw")], "pending"),
        ([ARMED, vote(), vote("withdraw")], "protected"),
        ([ARMED, vote()], "approved"),
        ([ARMED, INCIDENT, vote(expires_at="2026-11-22T19:59:30.000Z")], "pending"),
        ([ARMED, vote(expires_at="2026-11-22T19:59:30.000Z")], "protected"),
        ([ARMED, INCIDENT, vote(), event("incident_recovered", {})], "recovered"),
        ([ARMED, INCIDENT, event("incident_recovered", {}), event("incident_closed", {})], "protected"),
        ([ARMED, vote(), INCIDENT], "pending"),
        ([ARMED, INCIDENT, vote(), opened()], "failing_over"),
        ([ARMED, INCIDENT, vote(), opened(), closed()], "failed_over"),
        ([ARMED, INCIDENT, vote(), opened(), event("run_reverted", {}, run="r1")], "pending"),
        ([ARMED, vote(), opened(), event("run_reverted", {}, run="r1")], "protected"),
        ([ARMED, INCIDENT, vote(), opened(), closed(), event("threat", {})], "threatened"),
        ([ARMED, INCIDENT, vote(), opened(), closed(), event("threat", {}), event("repaired", {})], "failed_over"),
        ([ARMED, INCIDENT, vote(), opened(), closed(), opened("failback", "r2")], "failing_back"),
        ([ARMED, INCIDENT, vote(), opened(), closed(), opened("failback", "r2"), closed("failback", "r2")], "protected"),
        ([ARMED, opened("drill"), closed("drill")], "protected"),
    ],
)
def test_what_a_journal_amounts_to(events: list[Event], state: str) -> None:
    found = fold(events, NOW)
    assert found.state == state
    assert found.unexpected == []


def test_a_recovered_source_voids_the_votes_for_good() -> None:
    found = fold([ARMED, INCIDENT, vote(), event("incident_recovered", {}), INCIDENT], NOW)
    assert (found.state, found.votes) == ("pending", [])


def test_opening_a_run_consumes_the_votes() -> None:
    assert fold([ARMED, INCIDENT, vote(), opened()], NOW).votes == []


def later(happened: Event) -> Event:
    """The same, when a vote until SOON has expired."""
    return dataclasses.replace(happened, at="2026-11-22T19:59:45.000Z")


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        (opened(), "failing_over"),
        (vote("withdraw"), "pending"),
        (vote("decline", by="third"), "declined"),
        (event("incident_recovered", {}), "recovered"),
    ],
)
def test_what_follows_once_a_refusal_has_expired_is_expected(happened: Event, state: str) -> None:
    refused = [ARMED, INCIDENT, vote(), vote("decline", by="deputy", expires_at=SOON)]
    found = fold([*refused, later(happened)], NOW)
    assert (found.state, found.unexpected) == (state, [])


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ([INCIDENT], [vote("withdraw", by="deputy")], "pending"),
        ([INCIDENT, vote(required=2)], [vote("withdraw", by="deputy")], "pending"),
        ([INCIDENT, vote()], [vote("withdraw", by="deputy")], "approved"),
        ([INCIDENT], [vote("decline", by="third"), vote("withdraw", by="deputy")], "declined"),
        ([INCIDENT], [vote("decline", by="third"), vote("withdraw", by="deputy"), vote("withdraw", by="third")], "pending"),
        ([INCIDENT, vote()], [vote("withdraw")], "declined"),
        ([vote(), vote(by="chief")], [vote("withdraw"), vote("withdraw", by="chief"), vote("withdraw", by="deputy")], "protected"),
    ],
)
def test_whoever_declined_takes_it_back_and_what_the_others_said_holds(before: list[Event], after: list[Event], state: str) -> None:
    found = fold([ARMED, *before, vote("decline", by="deputy"), *after], NOW)
    assert (found.state, found.unexpected) == (state, [])


def test_a_source_that_fails_once_a_refusal_of_a_planned_move_has_expired_is_an_incident() -> None:
    found = fold([ARMED, vote(), vote("decline", by="deputy", expires_at=SOON), later(INCIDENT)], NOW)
    assert (found.state, found.unexpected) == ("pending", [])


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ([INCIDENT], "pending"),  # the refusal was about a move that nothing forced
        ([vote(required=3, by="chief")], "protected"),  # without an incident nothing is pending
        ([vote(required=3, by="chief"), INCIDENT], "pending"),
        ([INCIDENT, vote(by="chief")], "approved"),
    ],
)
def test_behind_a_declined_planned_move(after: list[Event], state: str) -> None:
    found = fold([ARMED, vote(), vote("decline", by="deputy"), *after], NOW)
    assert (found.state, found.unexpected) == (state, [])


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ([], "declined"),
        ([vote("withdraw", by="deputy")], "protected"),
        ([vote(required=2, by="chief")], "protected"),
        ([INCIDENT], "pending"),
        ([vote("decline", by="third"), vote("withdraw", by="deputy")], "declined"),
    ],
)
def test_a_planned_move_is_declined_before_enough_people_voted_for_it(after: list[Event], state: str) -> None:
    found = fold([ARMED, vote(required=2), vote("decline", by="deputy"), *after], NOW)
    assert (found.state, found.unexpected) == (state, [])


@pytest.mark.parametrize("required", [1, 2])
@pytest.mark.parametrize(
    ("happened", "state"),
    [(None, "protected"), (event("disarmed", {}), "unarmed"), (opened("drill"), "protected"), (vote("decline", by="deputy"), "declined")],
)
def test_a_refusal_of_a_planned_move_that_expired_leaves_the_identity_protected(required: int, happened: Event | None, state: str) -> None:
    """Here the votes expired too, for one that was enough approves again once the refusal is gone."""
    refused = [ARMED, vote(required=required, expires_at=SOON), vote("decline", by="deputy", expires_at=SOON)]
    found = fold([*refused, *([later(happened)] if happened else [])], NOW)
    assert (found.state, found.unexpected) == (state, [])


def test_an_identity_is_disarmed_behind_an_approval_that_expired() -> None:
    found = fold([ARMED, vote(expires_at=SOON), later(event("disarmed", {}))], NOW)
    assert (found.state, found.unexpected) == ("unarmed", [])


def test_who_had_voted_for_a_planned_move_is_kept_where_the_source_fails() -> None:
    planned = [ARMED, vote(required=3), vote(required=3, by="chief"), vote("decline", by="third"), vote(by="old", expires_at=SOON)]
    found = fold([*planned, later(INCIDENT)], NOW)
    assert found.incident is not None and (found.incident["void_votes"], found.votes) == (["ops", "chief"], [])
    assert "void_votes" not in (fold([ARMED, INCIDENT], NOW).incident or {})
    again = fold([*planned, later(INCIDENT), event("incident_recovered", {}), INCIDENT], NOW)
    assert again.incident is not None and "void_votes" not in again.incident


def test_a_vote_from_before_the_disarming_is_none_for_what_is_armed_again() -> None:
    found = fold([ARMED, vote(required=2), event("disarmed", {}), ARMED, vote(required=2, by="chief")], NOW)
    assert (found.state, [one["by"] for one in found.votes]) == ("protected", ["chief"])


def test_a_vote_for_another_intent_does_not_count() -> None:
    votes = [vote(required=2).data, vote(required=2, by="chief", incident="9").data]
    assert not quorum(votes, NOW)


def test_the_newest_vote_of_a_person_is_the_one_that_counts() -> None:
    votes = [vote().data, vote("decline").data]
    assert [v["decision"] for v in live_votes(votes, NOW)] == ["decline"]


def test_the_first_before_image_and_the_last_after_image_of_a_run_are_kept() -> None:
    def intent(before: str, after: str) -> Event:
        return event("step_intent", {"changes": [{"name": "IS", "before": before, "after": after}]}, run="r1", step="services@exch2")

    outcome = event("step_outcome", {"failed": False, "counts": {}, "changed": [{"name": "IS", "after": "seen"}]}, run="r1", step="services@exch2")
    found = fold([ARMED, vote(), opened(), intent("Stopped", "Running"), intent("Running", "Paused"), outcome], NOW)
    assert found.runs["r1"].images == {
        "services@exch2": {"IS": {"before": "Stopped", "after": "seen", "afters": ["Running", "Paused", "seen"], "detail": None, "recorded": True}}
    }
    assert found.runs["r1"].moved_anything()


def test_a_vote_while_a_run_is_open_counts_for_nothing_later() -> None:
    found = fold([ARMED, INCIDENT, vote(), opened(), vote(by="late"), event("run_reverted", {}, run="r1")], NOW)
    assert (found.state, found.votes) == ("pending", [])


def test_a_plan_moves_no_state() -> None:
    plan = event("run_opened", {"kind": "failover", "mode": "plan", "planned": True, "epoch": 0}, run="p1")
    found = fold([ARMED, plan, event("run_closed", {}, run="p1")], NOW)
    assert (found.state, found.active_run) == ("protected", "")


def test_an_event_that_the_table_does_not_expect_is_kept_and_moves_nothing() -> None:
    found = fold([ARMED, event("incident_recovered", {})], NOW)
    assert found.state == "protected"
    assert found.unexpected == ["event 1: source_answered in state protected"]


def test_an_opening_that_is_not_expected_leaves_the_votes() -> None:
    found = fold([ARMED, INCIDENT, vote(), opened("failback", "r2")], NOW)
    assert (found.state, len(found.votes), found.unexpected) == ("approved", 1, ["event 1: failback_opened in state approved"])


def test_the_table_names_known_states_only_and_each_row_once() -> None:
    names = {state.name for state in states.STATES}
    assert {row.state for row in states.TRANSITIONS} | {row.to for row in states.TRANSITIONS} == names
    assert len({(row.state, row.event) for row in states.TRANSITIONS}) == len(states.TRANSITIONS)


def test_the_owner_moves_only_through_a_run() -> None:
    for row in states.TRANSITIONS:
        before, after = states.rightful_owner(row.state), states.rightful_owner(row.to)
        if before != after and not row.event.startswith("adopted_"):  # what people did by hand went through no run
            assert "moving" in (before, after), row


@given(
    st.lists(
        st.sampled_from(
            [
                ARMED,
                INCIDENT,
                vote(),
                vote("decline"),
                vote("decline", by="deputy", expires_at=SOON),
                vote(by="chief", required=2),
                vote("withdraw"),
                later(opened()),
                event("incident_recovered", {}),
                event("incident_closed", {}),
                opened(),
                closed(),
                event("run_reverted", {}, run="r1"),
                opened("failback", "r2"),
                closed("failback", "r2"),
                event("threat", {}),
            ]
        ),
        max_size=14,
    )
)
@example([ARMED, vote(), opened("failback", "r2"), opened()])
def test_never_failing_over_without_a_quorum_before_it(events: list[Event]) -> None:
    for end in range(len(events) + 1):
        before, after = fold(events[: end - 1] if end else [], NOW), fold(events[:end], NOW)
        if after.state == "failing_over" and before.state != "failing_over":
            assert before.state == "approved"
            assert quorum(before.votes, NOW)
