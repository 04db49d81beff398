# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake host does what the real one does, so that tests above the transport mean something."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, NotFound
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts, FakeSession

SERVICES = [
    {"Name": "Spooler", "State": "Running", "ProcessId": 7, "PathName": None},
    {"Name": "W32Time", "State": "Stopped", "ProcessId": 0, "PathName": "it's\\x"},
]


@pytest.fixture
def session() -> FakeSession:
    return FakeSession("exch1", {("root/cimv2", "Win32_Service"): [dict(service) for service in SERVICES]})


def test_it_is_a_session_and_a_hosts(session: FakeSession) -> None:
    typed: Session = session
    hosts: Hosts = FakeHosts(session, [session])
    assert hosts.target() is typed is hosts.named("exch1")


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({}, ["Spooler", "W32Time"]),
        ({"name": "SPOOLER"}, ["Spooler"]),
        ({"Name": ["Spooler", "W32Time"]}, ["Spooler", "W32Time"]),
        ({"State": "Running", "ProcessId": 0}, []),
        ({"PathName": None}, ["Spooler"]),
        ({"PathName": "it's\\x"}, ["W32Time"]),
        ({"Name": "x' OR Name = 'Spooler"}, []),
    ],
)
def test_queries(where: dict[str, t.Any], names: list[str], session: FakeSession) -> None:
    assert session.query("ROOT/CIMV2", wql.select("win32_service", ["Name"], where), 5) == [{"Name": name} for name in names]


def test_calls_change_the_model_and_are_written_down(session: FakeSession) -> None:
    session.methods[("Win32_Service", "StopService")] = lambda host, keys, arguments: {"ReturnValue": 5}
    session.failures["get"] = AccessDenied("no")
    with pytest.raises(AccessDenied):
        session.get("root/cimv2", "Win32_Service", {"Name": "Spooler"}, 5)
    session.put("root/cimv2", "Win32_Service", {"name": "spooler"}, {"state": "Paused"}, 5)
    assert session.get("root/cimv2", "Win32_Service", {"Name": "Spooler"}, 5)["State"] == "Paused"
    assert session.invoke("root/cimv2", "win32_service", "stopservice", {}, 5, keys={"Name": "Spooler"}) == {"ReturnValue": 5}
    session.delete("root/cimv2", "Win32_Service", {"Name": "Spooler"}, 5)
    with pytest.raises(NotFound):
        session.get("root/cimv2", "Win32_Service", {"Name": "Spooler"}, 5)
    assert [call[0] for call in session.calls] == ["get", "put", "get", "invoke", "delete", "get"]
