# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of sqlserver: databases of one instance."""

from __future__ import annotations

import asyncio
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.scripts import TwinError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins.fence import still_ours

LOOK = 0.5
STATEMENTS = {
    "online": "ALTER DATABASE {} SET ONLINE",
    "recover": "RESTORE DATABASE {} WITH RECOVERY",
    "offline": "ALTER DATABASE {} SET OFFLINE WITH ROLLBACK IMMEDIATE",
}

#: The first that names a database counts.
MEMBERS = {
    "availability_group": "SELECT name FROM sys.databases WHERE replica_id IS NOT NULL",
    "mirroring": "SELECT DB_NAME(database_id) FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL",
    "log_shipping": "SELECT secondary_database FROM msdb.dbo.log_shipping_secondary_databases",
}


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    source = "." if data["instance"] == "MSSQLSERVER" else f".\\{data['instance']}"
    logon = f"User ID={_quoted(data['user'])};Password={_quoted(data['password'])}" if data["user"] else "Integrated Security=SSPI"
    connection = f"Data Source={_quoted(source)};{logon}"
    try:
        await calls.call(host, "sql_open", {"connection": connection})
    except CallError as error:
        return {"reachable": False, "number": error.code, "message": error.message, "databases": [], "files": [], "failed": [], "refused": []}
    failed, refused = await _change(host, calls, connection, data["databases"], data["lease"]) if data["action"] == "change" else ([], [])
    states = await _states(host, calls, connection)
    if data["action"] == "wait":
        wanted = {each["name"].lower() for each in data["databases"]}
        end = host.world.now() + float(data["seconds"])
        while any(each["name"].lower() in wanted and each["ready"] is not bool(data["online"]) for each in states) and host.world.now() < end:
            await asyncio.sleep(LOOK)
            states = await _states(host, calls, connection)
    files: list[dict[str, JSON]] = []
    if any(each["state"] == "RECOVERY_PENDING" for each in states):
        text = "SELECT DB_NAME(database_id), physical_name FROM sys.master_files"
        found = await calls.call(host, "sql", {"connection": connection, "text": text})
        files = [{"name": row[0], "path": row[1]} for row in found["rows"]]
    return {"reachable": True, "number": 0, "message": "", "databases": states, "files": files, "failed": failed, "refused": refused}


async def _change(host: Host, calls: LabCalls, connection: str, databases: Any, lease: Any) -> tuple[list[dict[str, JSON]], list[JSON]]:
    failed: list[dict[str, JSON]] = []
    refused: list[JSON] = []
    for database in databases:
        if database["do"] not in STATEMENTS:
            raise TwinError("unknown request for a database", "unknown request for a database")
        text = STATEMENTS[database["do"]].format("[" + database["name"].replace("]", "]]") + "]")
        if not still_ours(host, lease):
            refused.append(database["name"])
            continue
        try:
            await calls.call(host, "sql", {"connection": connection, "text": text})
        except CallError as error:
            failed.append({"name": database["name"], "number": error.code, "message": error.message})
    return failed, refused


async def _states(host: Host, calls: LabCalls, connection: str) -> list[dict[str, JSON]]:
    async def ask(text: str) -> list[list[JSON]]:
        rows: list[list[JSON]] = (await calls.call(host, "sql", {"connection": connection, "text": text}))["rows"]
        return rows

    members: dict[str, str] = {}
    for member, text in reversed(MEMBERS.items()):
        members.update({str(row[0]).lower(): member for row in await ask(text)})
    return [
        {
            "name": row[0],
            "state": row[1],
            "standby": bool(row[2]),
            "read_only": bool(row[3]),
            "ready": row[1] == "ONLINE" and bool(row[4]),
            "member": members.get(str(row[0]).lower(), ""),
        }
        for row in await ask("SELECT name, state_desc, is_in_standby, is_read_only, collation_name FROM sys.databases")
    ]
