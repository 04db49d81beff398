# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.connections import OpenConnection, connections_to
from tests.unit.fakes import FakeSession

OLD, OTHER = "10.0.0.21", "10.0.0.9"
ROWS = [
    {"RemoteAddress": OLD, "RemotePort": 443, "State": 5, "OwningProcess": 4120},
    {"RemoteAddress": OLD, "RemotePort": 443, "State": 5, "OwningProcess": 4120},
    {"RemoteAddress": OLD, "RemotePort": 25, "State": 11, "OwningProcess": 0},
    {"RemoteAddress": OLD, "RemotePort": 445, "State": 5, "OwningProcess": 4},
    {"RemoteAddress": OTHER, "RemotePort": 443, "State": 5, "OwningProcess": 4120},
]
PROCESSES = [{"ProcessId": 4120, "Name": "OUTLOOK.EXE"}, {"ProcessId": 9, "Name": "other.exe"}]


def session() -> FakeSession:
    return FakeSession("ws001", instances={("root/StandardCimv2", "MSFT_NetTCPConnection"): [*ROWS], ("root/cimv2", "Win32_Process"): [*PROCESSES]})


def test_only_established_connections_to_the_old_addresses_count_once_each() -> None:
    assert connections_to(session(), {OLD}, 30) == [OpenConnection(OLD, 443, 4120, "OUTLOOK.EXE"), OpenConnection(OLD, 445, 4, "")]


def test_without_a_connection_no_process_is_asked_for() -> None:
    client = session()
    assert connections_to(client, {"10.9.9.9"}, 30) == [] and len(client.calls) == 1


def test_without_an_address_nothing_is_asked() -> None:
    client = session()
    assert connections_to(client, (), 30) == [] and client.calls == []
