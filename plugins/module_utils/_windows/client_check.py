# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a client reaches under a name, as the client itself sees it: one script run for any number of names."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.client_check import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script

#: Win32 and Windows Sockets codes in words; any other is shown as its number.
RESOLVE_ERRORS = {9003: "no such name", 9501: "no address records", 9701: "no address records", 1460: "no name server answered", 9002: "the name server failed"}
CONNECT_ERRORS = {10060: "no answer", 10061: "refused", 10054: "closed at once", 10065: "no route", 10051: "no route"}


@dataclasses.dataclass(frozen=True)
class Check:
    """What to look at; ``port`` 0 = resolve only, ``type`` A or AAAA, ``protocol`` banner, http or https; ``path`` and ``identity`` are for a page."""

    name: str
    port: int = 0
    type: str = "A"
    protocol: str = "banner"
    path: str = "/"
    identity: str = ""


@dataclasses.dataclass(frozen=True)
class Reached:
    """What the client met. ``address`` is the one it connected to; codes are 0 where all went well.

    Of a page ``banner`` is the first line, and ``named`` whether the identity stands anywhere in the answer.
    """

    name: str
    addresses: tuple[str, ...]
    resolve_error: int
    address: str
    connected: bool
    connect_error: int
    banner: str
    tls_failed: bool = False
    http_status: int = 0
    named: bool = False

    def as_dict(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "addresses": list(self.addresses)}


def check_client(session: Session, checks: t.Sequence[Check], timeout: float, *, one_check: float = 5.0) -> list[Reached]:
    """Looks at every name, in the order asked. ``one_check`` bounds a connection and the wait for its first line."""
    data = {"checks": [dataclasses.asdict(check) for check in checks], "timeout_ms": int(one_check * 1000)}
    answer = run_script(session, SCRIPT, data, timeout, only_reads=True)
    found = (answer or {}).get("checks") if isinstance(answer, dict) else None
    # Windows PowerShell writes a list of one element as that element.
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or len(listed) != len(checks):
        raise ProtocolError(f"{session.name} did not answer every check", host=session.name)
    return [_reached(one) for one in listed]


def _reached(one: t.Mapping[str, t.Any]) -> Reached:
    addresses = one.get("addresses") or []
    return Reached(
        name=str(one["name"]),
        addresses=tuple(_normal(address) for address in ([addresses] if isinstance(addresses, str) else addresses)),
        resolve_error=int(one.get("resolve_error") or 0),
        address=_normal(one["address"]) if one.get("address") else "",
        connected=bool(one.get("connected")),
        connect_error=int(one.get("connect_error") or 0),
        banner=str(one.get("banner") or ""),
        tls_failed=bool(one.get("tls_failed")),
        http_status=int(one.get("http_status") or 0),
        named=bool(one.get("named")),
    )


def _normal(address: t.Any) -> str:
    try:
        return str(ipaddress.ip_address(str(address)))
    except ValueError:
        return str(address)
