# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Kerberos tickets on a client, as far as an administrator over WinRM can see them."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.tickets import Holder, Tickets
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.client_tickets import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script


def read_tickets(session: Session, spns: t.Sequence[str], timeout: float) -> list[Tickets]:
    """One entry for each name, in the order asked. The computer account asks for a ticket, which stays in its cache; nothing else changes."""
    answer = run_script(session, SCRIPT, {"spns": list(spns)}, timeout, only_reads=True)
    found = _listed((answer or {}).get("tickets")) if isinstance(answer, dict) else []
    if len(found) != len(spns):
        raise ProtocolError(f"{session.name} did not answer for every service principal name", host=session.name)
    readable = int(answer.get("sessions_error") or 0) == 0
    return [_tickets(one, readable) for one in found]


def _tickets(one: t.Mapping[str, t.Any], readable: bool) -> Tickets:
    holders = [Holder(str(each["logon"]), str(each["account"]), _age(each.get("age"))) for each in _listed(one.get("sessions"))]
    return Tickets(str(one["spn"]), int(one.get("issued") or 0) == 0, _age(one.get("age")), tuple(holders), readable)


def _age(value: t.Any) -> float | None:
    return None if value is None or int(value) < 0 else float(value)


def _listed(value: t.Any) -> list[t.Any]:
    """Windows PowerShell writes a list of one element as that element."""
    return [] if value is None else value if isinstance(value, list) else [value]
