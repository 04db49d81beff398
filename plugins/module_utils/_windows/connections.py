# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Open TCP connections of a Windows host, and which programs hold them (``MSFT_NetTCPConnection``, ``Win32_Process``)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql

NAMESPACE = "root/StandardCimv2"
CLASS = "MSFT_NetTCPConnection"
#: State of MSFT_NetTCPConnection (reference: Microsoft, MSFT_NetTCPConnection class).
ESTABLISHED = 5


@dataclasses.dataclass(frozen=True)
class OpenConnection:
    """``program`` is the image's file name, empty where the process has ended meanwhile."""

    address: str
    port: int
    process: int
    program: str


def connections_to(session: Session, addresses: t.Collection[str], timeout: float) -> list[OpenConnection]:
    """The established connections to any of ``addresses``, one for each process and port."""
    if not addresses:
        return []
    where = {"State": ESTABLISHED, "RemoteAddress": sorted(addresses)}
    rows = session.query(NAMESPACE, wql.select(CLASS, ("RemoteAddress", "RemotePort", "OwningProcess"), where), timeout)
    found = {(values.text(row, "RemoteAddress"), values.number(row, "RemotePort"), values.number(row, "OwningProcess")) for row in rows}
    if not found:
        return []
    processes = sorted({process for _address, _port, process in found})
    named = session.query("root/cimv2", wql.select("Win32_Process", ("ProcessId", "Name"), {"ProcessId": processes}), timeout)
    programs = {values.number(row, "ProcessId"): values.text(row, "Name") for row in named}
    return [OpenConnection(address, port, process, programs.get(process, "")) for address, port, process in sorted(found)]
