# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of exchange: mailbox databases of one server."""

from __future__ import annotations

import asyncio
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins.fence import still_ours

LOOK = 0.5


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    server = str(data["server"] or host.computer_name)
    short = server.partition(".")[0]
    name = server if "." in server else f"{server}.{host.machine.domain}"
    session: dict[str, JSON] = {"uri": f"http://{name}/PowerShell/", "authentication": "Kerberos"}
    if data["user"]:
        session.update(user=data["user"], password=data["password"])
    try:
        await calls.call(host, "exchange_session", session)
        states = await _states(host, calls, session, server, short)
    except CallError as error:
        return {"reachable": False, "message": error.message, "server": short, "databases": [], "failed": [], "refused": []}
    failed: list[dict[str, JSON]] = []
    refused: list[JSON] = []
    if data["action"] in ("mount", "dismount"):
        for database in data["databases"]:
            if _is_to_change(data["action"], database, states) and not still_ours(host, data["lease"]):
                refused.append(database["name"])
                continue
            failed += await _change(host, calls, session, data["action"], database, states)
        states = await _states(host, calls, session, server, short)
    if data["action"] == "wait":
        states = await _wait(host, calls, session, server, data, states)
    return {"reachable": True, "message": "", "server": short, "databases": states, "failed": failed, "refused": refused}


def _is_to_change(action: str, database: Any, states: list[dict[str, JSON]]) -> bool:
    found = [each for each in states if database["guid"] and each["guid"] == database["guid"]]
    return len(found) == 1 and found[0]["mounted"] is not (action == "mount")


async def _change(host: Host, calls: LabCalls, session: dict[str, JSON], action: str, database: Any, states: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    """What Exchange said against it, if anything."""
    found = [each for each in states if database["guid"] and each["guid"] == database["guid"]]
    if len(found) != 1:
        return [{"name": database["name"], "message": "the server has no database with this GUID", "id": "NoSuchDatabase"}]
    if found[0]["mounted"] is (action == "mount"):
        return []
    try:
        await calls.call(host, f"exchange_{action}", {**session, "identity": database["guid"]})
    except CallError as error:
        command = "Mount-Database" if action == "mount" else "Dismount-Database"
        return [{"name": database["name"], "message": error.message, "id": f"{error.id.split(',')[0]},{command}"}]
    return []


async def _states(host: Host, calls: LabCalls, session: dict[str, JSON], server: str, short: str) -> list[dict[str, JSON]]:
    found = await calls.call(host, "exchange_get", {**session, "server": server, "status": True})
    return [
        {"name": each["name"], "guid": each["guid"], "mounted": each["mounted"]} for each in found if each["server"].lower() in (short.lower(), server.lower())
    ]


async def _wait(host: Host, calls: LabCalls, session: dict[str, JSON], server: str, data: Any, states: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    wanted = {each["guid"] for each in data["databases"]}
    end = host.world.now() + float(data["seconds"])
    while any(each["guid"] in wanted and each["mounted"] is not bool(data["mounted"]) for each in states) and host.world.now() < end:
        await asyncio.sleep(LOOK)
        states = await _states(host, calls, session, server, server.partition(".")[0])
    return states
