# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The votes are weighed once more when a run is opened, under the definition of that moment."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.approval import Demand, judge
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People

NOW = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
INTENT = {"identity": "mail", "kind": "failover", "fence_minimum": 2, "incident": "3"}
DEMAND = Demand(INTENT)
PEOPLE = People.of([{"name": "Chief", "accounts": ["a1", "a2"]}], [])


def vote(
    by: str = "chief", seq: int = 7, how: str = "asserted", data_state: str = "apply_queues", decision: str = "proceed", **intent: t.Any
) -> dict[str, t.Any]:
    return {
        "by": by,
        "how": how,
        "seq": seq,
        "decision": decision,
        "reason": "r",
        "required": 1,
        "expires_at": "2026-11-22T21:00:00.000Z",
        "intent": {**INTENT, "data_state": data_state, **intent},
    }


def test_a_vote_for_what_is_there_now_is_enough_and_brings_its_choice_about_data() -> None:
    found = judge([vote(data_state="discard_queues")], NOW, DEMAND, {})
    assert (found.enough, found.data_state, found.why_not) == (True, "discard_queues", [])


@pytest.mark.parametrize("changed", [{"identity": "web"}, {"kind": "failback"}, {"fence_minimum": 3}, {"incident": "9"}, {"incident": ""}])
def test_a_vote_for_another_intent_does_not_count(changed: dict[str, t.Any]) -> None:
    found = judge([vote(**changed)], NOW, DEMAND, {})
    assert not found.enough
    assert f"it was given for {next(iter(changed))}" in found.why_not[0]


def test_the_definition_of_now_says_how_many_and_how_strong() -> None:
    assert not judge([vote()], NOW, dataclasses.replace(DEMAND, required=2), {}).enough
    found = judge([vote()], NOW, dataclasses.replace(DEMAND, minimum="signature"), {})
    assert "it is asserted, and approvals.identity asks for signature" in found.why_not[0]


def test_two_names_that_the_definition_now_gives_one_person_count_once() -> None:
    votes = [vote("a1", 7), vote("a2", 8)]
    assert judge(votes, NOW, dataclasses.replace(DEMAND, required=2), {}).enough
    found = judge(votes, NOW, dataclasses.replace(DEMAND, required=2, people=PEOPLE), {})
    assert found.why_not == ["1 of 2 needed say proceed"]


@pytest.mark.parametrize("opener", ["a1", "A2", "Chief"])
def test_who_opens_is_not_among_the_approvers_where_that_is_asked(opener: str) -> None:
    demand = dataclasses.replace(DEMAND, people=PEOPLE, requester=PEOPLE.marks(opener))
    assert not judge([vote("a1")], NOW, demand, {}).enough
    assert judge([vote("a1"), vote("deputy", 8)], NOW, demand, {}).enough


def test_a_signature_that_does_not_hold_any_more_does_not_count() -> None:
    found = judge([vote(how="signature")], NOW, DEMAND, {7: "its signature is not of a listed key"})
    assert found.why_not == ["the vote of chief does not count: its signature is not of a listed key", "0 of 1 needed say proceed"]


def test_a_refusal_counts_whatever_it_was_given_for() -> None:
    found = judge([vote("deputy", 8), vote(decision="decline", fence_minimum=3)], NOW, DEMAND, {})
    assert (found.enough, found.why_not) == (False, ["chief declines"])


def test_two_choices_about_data_are_no_agreement() -> None:
    found = judge([vote(), vote("deputy", 8, data_state="discard_queues")], NOW, DEMAND, {})
    assert (found.enough, found.data_state) == (False, "")
    assert found.why_not[0].startswith("the votes disagree about the data: chief said apply_queues, deputy said discard_queues; nothing is approved until ")


def test_expired_votes_are_not_even_told() -> None:
    late = NOW + datetime.timedelta(hours=2)
    assert judge([vote()], late, DEMAND, {}).why_not == ["0 of 1 needed say proceed"]
