# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which votes count: each person once, strong enough, for one intent, until they expire."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import (
    approved_data,
    disagreement,
    disagreements,
    expired,
    live_votes,
    quorum,
    tally,
    voided,
    wished_data,
)

NOW = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
PEOPLE = People.of([{"name": "Chief", "accounts": ["CORP\\chief", "adm-chief"]}], [{"netbios": "CORP", "dns": ["corp.example.com"]}])


def vote(by: str = "ops", decision: str = "proceed", **more: t.Any) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {
        "by": by,
        "marks": PEOPLE.marks(by, more.pop("sid", "")),
        "how": "asserted",
        "decision": decision,
        "reason": "r",
        "intent": {"identity": "mail", "incident": "3", "data_state": "apply_queues"},
        "required": 1,
        "minimum": "asserted",
        "expires_at": "2026-11-22T21:00:00.000Z",
    }
    return {**made, **more}


@pytest.mark.parametrize("second", ["corp\\CHIEF", "chief@CORP", "chief@corp.example.com", "adm-chief", "Chief"])
def test_one_person_in_two_spellings_is_no_quorum_of_two(second: str) -> None:
    votes = [vote("CORP\\chief", required=2), vote(second, required=2)]
    assert len(live_votes(votes, NOW)) == 1
    assert not quorum(votes, NOW)


def test_two_persons_are_a_quorum_of_two() -> None:
    assert quorum([vote("chief", required=2), vote("deputy", required=2)], NOW)


def test_a_renamed_account_does_not_count_twice() -> None:
    votes = [vote("CORP\\c1", sid="S-1-5-21-9-7", required=2), vote("CORP\\c2", sid="S-1-5-21-9-7", required=2)]
    assert not quorum(votes, NOW)


def test_a_vote_that_joins_two_spellings_replaces_both() -> None:
    votes = [vote("CORP\\c1"), vote("CORP\\c2", sid="S-1-5-21-9-7"), vote("CORP\\c1", sid="S-1-5-21-9-7", decision="withdraw")]
    assert live_votes(votes, NOW) == []


def test_the_strictest_that_any_voter_was_told_counts() -> None:
    assert not quorum([vote("chief", required=1), vote("deputy", required=3)], NOW)
    assert not quorum([vote("chief"), vote("deputy", how="signature", minimum="signature", required=2)], NOW)


@pytest.mark.parametrize(
    ("how", "minimum", "counts"),
    [
        ("asserted", "asserted", True),
        ("asserted", "windows_logon", False),
        ("windows_logon", "windows_logon", True),
        ("signature", "windows_logon", True),
        ("windows_logon", "signature", False),
        ("signature", "signature", True),
    ],
)
def test_a_weaker_vote_does_not_count(how: str, minimum: str, counts: bool) -> None:
    assert tally([vote(how=how)], NOW, minimum=minimum).enough is counts


def test_a_weak_word_against_still_stops() -> None:
    assert not tally([vote("chief", how="signature"), vote("deputy", "decline")], NOW, minimum="signature").enough


@pytest.mark.parametrize("changed", [{"incident": "9"}, {"identity": "web"}, {"data_state": "discard_queues"}])
def test_votes_for_two_intents_are_no_quorum(changed: dict[str, str]) -> None:
    second = vote("deputy", required=2)
    second["intent"] = {**second["intent"], **changed}
    assert not quorum([vote("chief", required=2), second], NOW)


def choosing(by: str, choice: str) -> dict[str, t.Any]:
    made = vote(by, required=2)
    return {**made, "intent": {**made["intent"], "data_state": choice}}


def test_whose_choices_for_the_data_disagree_is_told_with_what_to_do() -> None:
    votes = [*(choosing(f"person {number}", "apply_queues") for number in range(8)), choosing("ian", "discard_queues")]
    (told,) = disagreements(votes, NOW)
    assert told.startswith("the votes disagree about the data: person 0, person 1, ") and ", person 7 said apply_queues, ian said discard_queues; " in told
    assert "whoever gives way says proceed again, for example with -e failover_data_state=apply_queues, or withdraws" in told
    assert (wished_data(votes, NOW), approved_data(votes, NOW, 2, "asserted")) == ("", "")
    agreed = [*votes, choosing("ian", "apply_queues")]
    assert (disagreements(agreed, NOW), approved_data(agreed, NOW, 2, "asserted")) == ([], "apply_queues")


def test_a_choice_of_too_few_is_wished_and_not_approved() -> None:
    one = [choosing("ian", "discard_queues")]
    assert (wished_data(one, NOW), approved_data(one, NOW, 1, "asserted")) == ("discard_queues", "")
    both = [*one, choosing("deputy", "discard_queues")]
    assert approved_data(both, NOW, 2, "asserted") == "discard_queues"
    assert approved_data(both, NOW, 2, "signature") == approved_data([*both, vote("guard", "decline")], NOW, 2, "asserted") == ""


def test_votes_under_two_fence_grades_disagree_about_that() -> None:
    other = vote("deputy")
    other["intent"] = {**other["intent"], "fence_minimum": 3}
    assert disagreement([vote(), other]).startswith("the votes disagree about the grade of the fence: ops said none, deputy said 3; ")


def test_whose_words_for_a_planned_move_are_void_is_told_until_they_speak_again() -> None:
    incident = {"id": "7", "opened_at": "2026-11-22T19:00:00.000Z", "void_votes": ["chief", "deputy"]}
    (told,) = voided("pending", incident, [])
    assert told == "what chief, deputy said for a planned move is void since the source failed at 2026-11-22T19:00:00.000Z: a failover needs new decisions"
    assert voided("declined", incident, [vote("deputy")])[0].startswith("what chief said")
    assert voided("pending", incident, [vote("deputy"), vote("chief", "decline")]) == voided("pending", None, []) == []
    assert voided("pending", {"id": "7", "opened_at": ""}, []) == []


@pytest.mark.parametrize("state", ["approved", "failing_over", "failed_over", "threatened", "failing_back"])
def test_nobody_is_asked_for_new_decisions_where_none_are_needed(state: str) -> None:
    assert voided(state, {"id": "7", "opened_at": "2026-11-22T19:00:00.000Z", "void_votes": ["chief"]}, []) == []


def test_an_expired_vote_does_not_count() -> None:
    assert not quorum([vote(expires_at="2026-11-22T20:00:00.000Z")], NOW)


def test_whose_decision_to_proceed_expired_is_told_unless_they_spoke_again() -> None:
    old = {"expires_at": "2026-11-22T20:00:00.000Z"}
    votes = [vote("chief", **old), vote("deputy", **old), vote("deputy"), vote("guard", "decline", **old)]
    assert expired(votes, NOW) == ["the decision of chief to proceed expired at 2026-11-22T20:00:00.000Z"]


def test_a_vote_of_an_older_journal_has_the_name_for_a_mark() -> None:
    old = vote("ops")
    del old["marks"], old["how"], old["minimum"]
    assert quorum([old], NOW)
    assert len(live_votes([old, {**old, "by": "OPS"}], NOW)) == 1


def test_a_vote_of_nobody_is_none() -> None:
    assert live_votes([vote(""), vote("deputy")], NOW) == [vote("deputy")]


people = st.sampled_from(["chief", "CORP\\chief", "adm-chief", "deputy", "DEPUTY@corp.example.com", "guard"])
ballots = st.lists(st.builds(vote, people, st.sampled_from(["proceed", "decline", "withdraw"]), required=st.integers(1, 3)), max_size=8)


@given(ballots, people)
def test_saying_it_again_in_any_spelling_never_makes_a_quorum(votes: list[dict[str, t.Any]], by: str) -> None:
    once = votes + [vote(by)]
    again = once + [vote(each) for each in ("chief", "CORP\\chief", "adm-chief") if set(PEOPLE.marks(each)) & set(PEOPLE.marks(by))]
    assert quorum(once, NOW) == quorum(again, NOW)


LISTED = ("CORP\\{}", "{}@corp.example.com", "LAB\\{}")
UNLISTED = ("{}", "OTHER\\{}", "{}@other.org", "{}@company.com", ".\\{}")
TWO_DOMAINS = People.of([], [{"netbios": "CORP", "dns": ["corp.example.com"]}, {"netbios": "LAB"}])


@given(st.lists(st.sampled_from((*LISTED, *UNLISTED)), min_size=1, max_size=8), st.sampled_from(["alice", "CHIEF", "jörg"]))
def test_no_spelling_in_a_domain_that_is_not_listed_makes_one_person_more(spellings: list[str], user: str) -> None:
    votes = [vote(by, marks=TWO_DOMAINS.marks(by)) for by in (spelling.format(user) for spelling in spellings)]
    domains = {"LAB" if spelling.startswith("LAB") else "CORP" for spelling in spellings if spelling in LISTED}
    assert len(tally(votes, NOW).proceed) <= max(1, len(domains))


@given(ballots)
def test_a_quorum_has_as_many_persons_as_it_needs(votes: list[dict[str, t.Any]]) -> None:
    found = tally(votes, NOW)
    persons = {frozenset(v["marks"]) & {"person:chief"} or frozenset(v["marks"]) for v in found.proceed}
    assert len(persons) == len(found.proceed)
    assert not found.enough or len(persons) >= found.needed
