# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import dns_client, ping
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

PLACE = ("root/StandardCimv2", "MSFT_DNSClient")


def adapter(alias: str, index: int, registers: bool = True, name: str | None = None) -> dict[str, t.Any]:
    keys = {"Name": str(index) if name is None else name, "CreationClassName": "", "SystemCreationClassName": "", "SystemName": ""}
    return {"InterfaceAlias": alias, "InterfaceIndex": index, "RegisterThisConnectionsAddress": registers, **keys}


def test_the_loopback_adapter_registers_nothing_and_is_left_out() -> None:
    session = FakeSession("exch1", instances={PLACE: [adapter("Loopback Pseudo-Interface 1", 1), adapter("B", 9, False), adapter("a", 7)]})
    assert [(entry.interface, entry.registers) for entry in dns_client.read_registrations(session, 5.0)] == [("a", True), ("B", False)]


def test_exactly_one_adapter_is_switched() -> None:
    session = FakeSession("exch1", instances={PLACE: [adapter("A", 7), adapter("B", 9)]})
    dns_client.set_registration(session, "B", False, 5.0)
    assert [entry.registers for entry in dns_client.read_registrations(session, 5.0)] == [True, False]
    assert session.calls_of("put")[0][3]["Name"] == "9"


@pytest.mark.parametrize(("entries", "word"), [([adapter("A", 7, name="")], "gives no key"), ([adapter("B", 9)], "has no adapter A")])
def test_nothing_is_switched_where_it_is_not_clear_what(entries: list[dict[str, t.Any]], word: str) -> None:
    session = FakeSession("exch1", instances={PLACE: entries})
    with pytest.raises(InvalidInput, match=word):
        dns_client.set_registration(session, "A", False, 5.0)
    assert not session.calls_of("put")


@pytest.mark.parametrize(("code", "heard"), [(0, True), (11010, False), (None, False)])
def test_only_a_reply_is_an_answer(code: int | None, heard: bool) -> None:
    rows = [{"Address": "10.0.0.11", "Timeout": 1000, "StatusCode": code}]
    session = FakeSession("wit1", instances={("root/cimv2", "Win32_PingStatus"): rows})
    assert ping.answers(session, "10.0.0.11", 1.0, 5.0) is heard
    assert session.calls_of("query")[0][2] == "SELECT StatusCode FROM Win32_PingStatus WHERE Address = '10.0.0.11' AND Timeout = 1000"
