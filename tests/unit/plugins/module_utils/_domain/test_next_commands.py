# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next command asks people to decide in the way in which the definition takes them."""

from __future__ import annotations

import json
import shlex
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import deciding, minimum_of, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import AwaitingApproval, opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import STRENGTHS

NEEDED: dict[str, dict[str, str]] = {
    "asserted": {},
    "windows_logon": {"failover_how": "windows_logon", "failover_logon": "..."},
    "signature": {"failover_how": "signature", "failover_by": "...", "failover_statement": "mail.statement"},
}


def variables(command: str) -> dict[str, t.Any]:
    words = shlex.split(command)
    assert words[1] == "continuity.identity_failover.ack"
    return {name: value for word in words[3::2] for name, value in (json.loads(word).items() if word.startswith("{") else [word.split("=", 1)])}


@pytest.mark.parametrize("minimum", STRENGTHS)
@pytest.mark.parametrize("state", ["pending", "declined"])
def test_a_decision_is_asked_for_in_the_way_that_counts(state: str, minimum: str) -> None:
    words = {"failover_identity": "mail", "failover_decision": "proceed", "failover_reason": "..."}
    assert variables(next_command(state, "mail", minimum=minimum)) == {**words, **NEEDED[minimum]}


@pytest.mark.parametrize("minimum", STRENGTHS)
@pytest.mark.parametrize("state", ["protected", "pending", "declined"])
def test_a_failover_that_waits_asks_in_that_way_too(state: str, minimum: str) -> None:
    with pytest.raises(AwaitingApproval) as caught:
        opening(Fold(state=state), "mail", "failover", minimum=minimum)
    assert caught.value.details["next"] == deciding("mail", minimum) and deciding("mail", minimum) in caught.value.message


def said(by: str, decision: str = "proceed", data_state: str = "apply_queues", how: str = "asserted") -> dict[str, t.Any]:
    return {"by": by, "decision": decision, "how": how, "intent": {"data_state": data_state}}


ACK = {"failover_identity": "mail", "failover_decision": "proceed", "failover_reason": "..."}


@pytest.mark.parametrize("state", ["protected", "suspect", "pending", "declined"])
@pytest.mark.parametrize(
    ("votes", "more"),
    [
        ([said("alice")], {}),
        ([said("alice"), said("bob", data_state="discard_queues")], {"failover_data_state": "..."}),
        ([said("alice", data_state="discard_queues")], {"failover_data_state": "discard_queues", "failover_data_at_risk": "..."}),
    ],
)
def test_votes_that_are_not_enough_wait_for_somebody_else_who_gives_a_name(state: str, votes: list[dict[str, t.Any]], more: dict[str, str]) -> None:
    assert variables(next_command(state, "mail", votes=votes)) == {**ACK, "failover_by": "...", **more}
    assert variables(next_command(state, "mail", votes=votes, minimum="windows_logon")) == {**ACK, **NEEDED["windows_logon"], **more}
    # A drill that stopped is put back after that: a failover opens beside it.
    assert next_command(state, "mail", votes=votes, left_over=True) == next_command(state, "mail", votes=votes)


@pytest.mark.parametrize(("how", "known"), [("asserted", {}), ("signature", {"failover_how": "signature", "failover_statement": "mail.statement"})])
def test_while_somebody_declines_that_person_can_withdraw_it(how: str, known: dict[str, str]) -> None:
    votes = [said("alice"), said("dave", "decline", how=how)]
    withdraw = {**ACK, "failover_decision": "withdraw", "failover_by": "dave", **known}
    assert all(variables(next_command(state, "mail", votes=votes, minimum="signature")) == withdraw for state in ("protected", "pending", "declined"))


def test_a_refusal_that_nothing_stands_against_asks_nobody_in_peace_time() -> None:
    assert next_command("protected", "mail", votes=[said("dave", "decline")]) == ""


def test_to_acknowledge_a_name_is_enough() -> None:
    assert "failover_how" not in next_command("recovered", "mail", minimum="signature")


@pytest.mark.parametrize(("definition", "found"), [(None, "asserted"), ({}, "asserted"), ({"approvals": {"identity": "signature"}}, "signature")])
def test_the_definition_says_how_people_must_be_known(definition: dict[str, t.Any] | None, found: str) -> None:
    assert minimum_of(definition) == found
