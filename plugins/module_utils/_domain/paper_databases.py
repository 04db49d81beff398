# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Databases on paper: Exchange by its own shell, SQL Server by sqlcmd, others by the user's programs. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition, databases
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import program, quoted, sql_name, sql_text

JSON = t.Any
EXCHANGE = "Exchange Management Shell"


def database_commands(change: t.Mapping[str, JSON], definition: Definition) -> list[Line]:
    side = "source" if change["host"] == definition["source"]["host"] else "target"
    mount = bool((change["after"] or {}).get("mounted"))
    for entry in databases(definition, side, {}):
        if _item(entry) != change["item"]:
            continue
        if entry["kind"] == "exchange":
            return _exchange(entry["name"], mount)
        if entry["kind"] == "sqlserver":
            server = f".\\{entry['instance']}" if _named_instance(entry) else "."
            return _sqlserver(entry["name"], server, mount, str((change["before"] or {}).get("state") or ""))
        return _command(entry["command"], mount)
    raise ValueError(f"the definition has no database {change['item']} on the {side}")


def database_items(definition: Definition, side: str) -> list[str]:
    """What a step calls the databases of one side."""
    return [_item(entry) for entry in databases(definition, side, {})]


def _item(entry: t.Mapping[str, JSON]) -> str:
    return f"{entry['instance']}\\{entry['name']}" if _named_instance(entry) else str(entry["name"])


def _named_instance(entry: t.Mapping[str, JSON]) -> bool:
    return entry["kind"] == "sqlserver" and str(entry.get("instance") or "MSSQLSERVER").upper() != "MSSQLSERVER"


def _exchange(name: str, mount: bool) -> list[Line]:
    do = f"Mount-Database -Identity {quoted(name)}" if mount else f"Dismount-Database -Identity {quoted(name)} -Confirm:$false"
    look = f"(Get-MailboxDatabase -Identity {quoted(name)} -Status).Mounted"
    return [Line(do, "nothing; a red message would be an error", EXCHANGE), Line(look, str(mount), EXCHANGE)]


def _sqlserver(name: str, server: str, mount: bool, state: str) -> list[Line]:
    if not mount:
        do = f"ALTER DATABASE {sql_name(name)} SET OFFLINE WITH ROLLBACK IMMEDIATE"
    elif state == "RESTORING":
        do = f"RESTORE DATABASE {sql_name(name)} WITH RECOVERY"
    else:
        do = f"ALTER DATABASE {sql_name(name)} SET ONLINE"
    look = f"SET NOCOUNT ON; SELECT state_desc FROM sys.databases WHERE name = {sql_text(name)}"
    return [
        Line(program("sqlcmd.exe", "-S", server, "-E", "-b", "-Q", do), "nothing, or how many pages were processed; Msg begins an error"),
        Line(program("sqlcmd.exe", "-S", server, "-E", "-b", "-h", "-1", "-Q", look), "ONLINE" if mount else "OFFLINE"),
    ]


def _command(command: t.Mapping[str, t.Sequence[str]], mount: bool) -> list[Line]:
    return [
        Line(program(*command["mount" if mount else "dismount"]), "what the program prints"),
        Line(program(*command["query"]) + "; $LASTEXITCODE", f"{0 if mount else 1} as the last line"),
    ]
