# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, BadCredentials
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.dns_cache import (
    CacheEntry,
    CacheNotCleared,
    clear_cache,
    name_servers,
    read_cache,
    stale_entries,
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


def test_the_cache_is_read_without_negative_entries() -> None:
    session = FakeSession(
        instances={
            CIM: [
                {"Entry": "Mail.example.com", "Name": "Mail.example.com", "Type": 1, "Data": "10.0.0.21", "Status": 0},
                {"Entry": "nowhere.example.com", "Name": "", "Type": 1, "Data": None, "Status": 9003},
                {"Entry": "x.example.com", "Name": "x.example.com.", "Type": 99, "Data": "odd", "Status": 0},
            ]
        }
    )
    assert read_cache(session, 30) == [CacheEntry("mail.example.com", "A", "10.0.0.21"), CacheEntry("x.example.com", "99", "odd")]


def test_stale_is_what_differs_from_what_is_expected() -> None:
    entries = [CacheEntry("mail.example.com", "A", "10.0.0.21"), CacheEntry("mail.example.com", "AAAA", "::1"), CacheEntry("other", "A", "10.0.0.21")]
    wanted = {("mail.example.com", "A"): frozenset({"10.0.1.21"})}
    assert stale_entries(entries, wanted) == [entries[0]]
    assert stale_entries([CacheEntry("mail.example.com", "A", "10.0.1.21")], wanted) == []


def test_the_first_name_server_of_each_adapter_counts() -> None:
    servers = [
        {"AddressFamily": 23, "InterfaceIndex": 3, "ServerAddresses": ["fec0:0:0:ffff::1", "fec0:0:0:ffff::2"]},
        {"AddressFamily": 23, "InterfaceIndex": 4, "ServerAddresses": ["2001:db8::53"]},
        {"AddressFamily": 2, "InterfaceIndex": 4, "ServerAddresses": ["10.0.0.10", "10.0.1.10"]},
        {"AddressFamily": 2, "InterfaceIndex": 5, "ServerAddresses": "10.0.0.10"},
        {"AddressFamily": 2, "InterfaceIndex": 1},
    ]
    session = FakeSession(instances={("root/StandardCimv2", "MSFT_DNSClientServerAddress"): servers})
    assert name_servers(session, 30) == ["10.0.0.10", "2001:db8::53"]
