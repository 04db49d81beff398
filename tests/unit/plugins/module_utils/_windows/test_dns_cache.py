# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import CacheEntry
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, BadCredentials
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.dns_cache import (
    MOST_NAMES,
    CacheNotCleared,
    clear_cache,
    name_servers,
    read_cache,
)
from tests.unit.fakes import FakeSession

CIM = ("root/StandardCimv2", "MSFT_DNSClientCache")


def client(code: int = 0) -> FakeSession:
    return FakeSession("ws001", methods={("MSFT_DNSClientCache", "Clear"): lambda session, keys, arguments: {"ReturnValue": code}})


def old_client(rc: int) -> FakeSession:
    return FakeSession("ws001", programs=lambda command, arguments, stdin: ShellResult(rc, b"", ""))


def test_clearing_is_one_request() -> None:
    session = client()
    assert clear_cache(session, 30) == "cim"
    assert session.calls == [("invoke", *CIM, "Clear", {}, {})]


def test_a_return_value_is_a_failure() -> None:
    with pytest.raises(CacheNotCleared, match="ws001 did not clear its resolver cache: Clear returned 0x80070005") as caught:
        clear_cache(client(0x80070005), 30)
    assert caught.value.details["code"] == 0x80070005


def test_a_host_without_the_class_gets_the_program() -> None:
    session = old_client(0)
    assert clear_cache(session, 30) == "ipconfig"
    assert session.calls_of("run") == [("run", "ipconfig.exe", ["/flushdns"], b"")]


def test_the_program_may_fail_too() -> None:
    with pytest.raises(CacheNotCleared, match="ipconfig ended with code 1"):
        clear_cache(old_client(1), 30)


@pytest.mark.parametrize("error", [AccessDenied("no"), BadCredentials("no")])
def test_a_refusal_is_never_gone_round(error: AccessDenied | BadCredentials) -> None:
    session = client()
    session.failures["invoke"] = error
    with pytest.raises(type(error)):
        clear_cache(session, 30)
    assert session.calls_of("run") == []


ROWS: list[dict[str, t.Any]] = [
    {"Entry": "Mail.example.com", "Name": "Mail.example.com.", "Type": 1, "Data": "10.0.0.21", "Status": 0},
    {"Entry": "www.example.com", "Name": "web.example.com", "Type": 1, "Data": "10.0.0.9", "Status": 0},
    {"Entry": "nowhere.example.com", "Name": "", "Type": 1, "Data": None, "Status": 9003},
    {"Entry": "x.example.com", "Name": "x.example.com.", "Type": 99, "Data": "odd", "Status": 0},
    {"Entry": "empty.example.com", "Name": "", "Type": 1, "Data": "", "Status": 0},
]


def test_the_cache_is_read_with_its_negative_entries() -> None:
    assert read_cache(FakeSession(instances={CIM: ROWS}), 30) == [
        CacheEntry("mail.example.com", "mail.example.com", "A", "10.0.0.21"),
        CacheEntry("www.example.com", "web.example.com", "A", "10.0.0.9"),
        CacheEntry("nowhere.example.com", "nowhere.example.com", "A", "", 9003),
        CacheEntry("x.example.com", "x.example.com", "99", "odd"),
    ]


def test_only_what_answers_for_the_names_is_read() -> None:
    session = FakeSession(instances={CIM: ROWS})
    assert [entry.name for entry in read_cache(session, 30, ["mail.example.com", "nowhere.example.com"])] == ["mail.example.com", "nowhere.example.com"]
    assert "WHERE" not in (read_cache(session, 30, [f"n{number}.example.com" for number in range(MOST_NAMES + 1)]) and session.calls[-1][-1])


def test_each_adapter_has_its_name_servers_in_the_order_of_windows() -> None:
    servers = [
        {"AddressFamily": 23, "InterfaceIndex": 3, "ServerAddresses": ["fec0:0:0:ffff::1", "fec0:0:0:ffff::2"]},
        {"AddressFamily": 23, "InterfaceIndex": 4, "ServerAddresses": ["2001:db8::53"]},
        {"AddressFamily": 2, "InterfaceIndex": 4, "ServerAddresses": ["10.0.0.10", "10.0.1.10"]},
        {"AddressFamily": 2, "InterfaceIndex": 5, "ServerAddresses": "10.0.0.10"},
        {"AddressFamily": 2, "InterfaceIndex": 8, "ServerAddresses": "10.0.0.10"},
        {"AddressFamily": 2, "InterfaceIndex": 1},
    ]
    session = FakeSession(instances={("root/StandardCimv2", "MSFT_DNSClientServerAddress"): servers})
    assert name_servers(session, 30) == (("10.0.0.10", "10.0.1.10", "2001:db8::53"), ("10.0.0.10",))


def test_an_old_windows_says_its_name_servers_in_its_older_class() -> None:
    rows: list[dict[str, t.Any]] = [
        {"Index": 1, "IPEnabled": False, "DNSServerSearchOrder": ["10.9.9.9"]},
        {"Index": 7, "IPEnabled": True, "DNSServerSearchOrder": ["10.0.0.10", "10.0.1.10"]},
        {"Index": 9, "IPEnabled": True},
        {"Index": 11, "IPEnabled": True, "DNSServerSearchOrder": ["10.0.2.10"]},
    ]
    session = FakeSession(instances={("root/cimv2", "Win32_NetworkAdapterConfiguration"): rows})
    assert name_servers(session, 30) == (("10.0.0.10", "10.0.1.10"), ("10.0.2.10",))


def test_a_refusal_to_say_the_name_servers_stays_one() -> None:
    session = FakeSession()
    session.failures["query"] = AccessDenied("no")
    with pytest.raises(AccessDenied):
        name_servers(session, 30)
    assert len(session.calls_of("query")) == 1
