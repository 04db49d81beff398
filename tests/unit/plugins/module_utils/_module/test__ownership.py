# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _ownership
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession

ADDRESS = "10.0.5.5"
DEFINITION = normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "addresses": [{"address": ADDRESS, "prefix_length": 24}]})
ENDPOINTS = {"exch1": "10.99.0.1", "exch2": "10.99.0.2"}


def server(name: str, *addresses: str) -> FakeSession:
    entries = [{"IPAddress": address, "PrefixLength": 24, "InterfaceAlias": "LAN", "InterfaceIndex": 4, "Store": 1, "AddressState": 4} for address in addresses]
    return FakeSession(name, instances={("root/StandardCimv2", "MSFT_NetIPAddress"): entries})


def observe(*sessions: FakeSession) -> tuple[str, list[dict[str, t.Any]]]:
    hosts = FakeHosts(named=sessions, settings={name: ConnectionSettings(name, address) for name, address in ENDPOINTS.items()})
    return _ownership.observe_owner(DEFINITION, hosts, FakeClock())


@pytest.mark.parametrize(("source", "target", "owner"), [(True, False, "source"), (False, True, "target"), (True, True, "both"), (False, False, "unknown")])
def test_the_owner_is_who_has_the_addresses_up(monkeypatch: pytest.MonkeyPatch, source: bool, target: bool, owner: str) -> None:
    monkeypatch.setattr(_ownership, "tcp_answers", lambda address, port, timeout: (True, ""))
    observed, evidence = observe(server("exch1", *[ADDRESS] * source), server("exch2", *[ADDRESS] * target))
    assert observed == owner
    assert [one["of"] for one in evidence] == ["exch1", "exch2"]


def test_a_dead_source_is_waited_for_beside_the_other_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    target_asked = threading.Event()

    def tcp_answers(address: str, port: int, timeout: float) -> tuple[bool, str]:
        if address == ENDPOINTS["exch2"]:
            target_asked.set()
            return True, ""
        return (False, "silence") if target_asked.wait(20.0) else (True, "the target was not asked while the source was waited for")

    monkeypatch.setattr(_ownership, "tcp_answers", tcp_answers)
    observed, evidence = observe(server("exch1", ADDRESS), server("exch2", ADDRESS))
    assert observed == "target"
    assert [(one["of"], one["says"]) for one in evidence] == [("exch1", "unreachable"), ("exch2", "target")]
