# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of client_tickets: asks for tickets as the computer account, and looks into the other logons."""

from __future__ import annotations

from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.users import COMPUTER_LOGON, Ticket
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    return {"tickets": [await _one(host, str(spn), calls) for spn in data["spns"]], "sessions_error": 0}


async def _one(host: Host, spn: str, calls: LabCalls) -> JSON:
    users = host.users_at_it
    asked = await calls.call(host, "program", {"name": "klist", "arguments": ["-li", COMPUTER_LOGON, "get", spn]})
    own = [_age(host, each) for each in users.held(COMPUTER_LOGON, spn)]
    sessions = [
        {"logon": logon, "account": account, "age": max(_age(host, each) for each in users.held(logon, spn))}
        for logon, account in users.accounts.items()
        if users.held(logon, spn)
    ]
    return {"spn": spn, "issued": asked["rc"], "age": min(own, default=-1), "sessions": sessions}


def _age(host: Host, ticket: Ticket) -> int:
    return max(0, round(host.world.now() - ticket.issued))
