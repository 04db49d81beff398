# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.tickets import Holder, Tickets
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_tickets import read_tickets
from tests.unit.fakes import FakeSession

SPN = "http/mail.example.com"


def answering(answer: t.Any) -> FakeSession:
    return FakeSession("ws001", scripts=lambda script, data: answer)


def test_what_the_script_found_is_understood() -> None:
    one = {"spn": SPN, "issued": 0, "age": 3, "sessions": [{"logon": "0x1", "account": "CORP\\anna", "age": -1}]}
    found = read_tickets(answering({"tickets": [one], "sessions_error": 0}), [SPN], 30)
    assert found == [Tickets(SPN, True, 3.0, (Holder("0x1", "CORP\\anna", None),), True)]


def test_single_entries_may_come_without_their_list() -> None:
    one = {"spn": SPN, "issued": 1, "age": -1, "sessions": {"logon": "0x1", "account": "a", "age": 9}}
    found = read_tickets(answering({"tickets": one, "sessions_error": 5}), [SPN], 30)
    assert found == [Tickets(SPN, False, None, (Holder("0x1", "a", 9.0),), False)]


def test_a_name_without_an_answer_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="ws001 did not answer for every"):
        read_tickets(answering({"tickets": [], "sessions_error": 0}), [SPN], 30)
