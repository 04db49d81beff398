# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Databases of a SQL Server instance: read, decide, change, wait. One script call each, for all databases of an instance."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.sqlserver import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.exchange import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import JSON, run_script

DEFAULT_INSTANCE = "MSSQLSERVER"

#: Seconds beyond a script's own waiting: connecting to the instance and starting PowerShell.
OVERHEAD = 30.0

MEMBERS = {
    "availability_group": "it belongs to an availability group: fail over the group",
    "mirroring": "it is mirrored: fail over the mirror",
    "log_shipping": "it is a log shipping secondary, and recovering it ends that: remove it from log shipping first",
}


@dataclasses.dataclass(frozen=True)
class SqlDatabase:
    """``state`` is state_desc of sys.databases; ``ready``: online and open for users; ``member``: "" or a key of MEMBERS."""

    name: str
    state: str
    standby: bool = False
    ready: bool = False
    read_only: bool = False
    member: str = ""

    def image(self) -> dict[str, t.Any]:
        return {"state": self.state, "standby": self.standby}


@dataclasses.dataclass(frozen=True)
class Answer:
    """``reachable`` is false with ``message`` where the instance gave no answer; ``failed`` is database -> what SQL Server said.

    ``refused``: databases that were left alone because another controller has taken the lease."""

    reachable: bool
    message: str
    databases: dict[str, SqlDatabase]
    files: dict[str, list[str]]
    failed: dict[str, str]
    refused: frozenset[str] = frozenset()

    def find(self, name: str) -> SqlDatabase | None:
        return self.databases.get(name.lower())


@dataclasses.dataclass(frozen=True)
class Action:
    """``do``: "", online, recover, offline, or wait. ``why``: a person must look first, and this says why."""

    do: str = ""
    why: str = ""


def action_for(database: SqlDatabase, online: bool, files: t.Sequence[str] = ()) -> Action:
    """What brings a database online or offline, by the state it is in (reference: Microsoft, Database states)."""
    if not online:
        return Action("offline") if database.state in ("ONLINE", "RECOVERY_PENDING", "RECOVERING") else Action()
    if database.state in ("SUSPECT", "EMERGENCY"):
        return Action(why=f"it is {database.state}: SQL Server could not recover it, so a person must decide between repair and a backup")
    if database.state == "RECOVERY_PENDING":
        listed = f" ({', '.join(files)})" if files else ""
        return Action(why=f"it is RECOVERY_PENDING: a file is missing, locked or not readable{listed}; make the files right, then run again with it OFFLINE")
    if database.state == "RECOVERING":
        return Action("wait")
    if database.state == "RESTORING" or database.standby:
        return Action(why=MEMBERS[database.member]) if database.member else Action("recover")
    if database.state == "OFFLINE":
        return Action("online")
    if database.state == "ONLINE":
        return Action() if database.ready else Action("wait")
    return Action(why=f"its state {database.state} is not known here")


def read(session: Session, instance: str, account: Account) -> Answer:
    return _run(session, instance, account, {"action": "read", "databases": []}, OVERHEAD)


def change(session: Session, instance: str, account: Account, requests: t.Sequence[tuple[str, str, float]], timeout: float, lease: JSON = None) -> Answer:
    """``requests``: (database, online | recover | offline, seconds). ``lease``: ``{file, epoch}`` where the run's lease lies on this host."""
    databases = [{"name": name, "do": do, "timeout": int(seconds)} for name, do, seconds in requests]
    return _run(session, instance, account, {"action": "change", "databases": databases, "lease": lease}, timeout + OVERHEAD)


def wait(session: Session, instance: str, account: Account, names: t.Sequence[str], *, online: bool, seconds: float) -> Answer:
    """Returns when all of these are ready, or none of them is, or after ``seconds``."""
    data = {"action": "wait", "databases": [{"name": name} for name in names], "online": online, "seconds": seconds}
    return _run(session, instance, account, data, seconds + OVERHEAD)


def _run(session: Session, instance: str, account: Account, data: dict[str, t.Any], timeout: float) -> Answer:
    sent = {"online": False, "seconds": 0.0, "lease": None, **data, "instance": instance, "user": account.user, "password": account.password}
    answer = run_script(session, SCRIPT, sent, timeout, only_reads=data["action"] in ("read", "wait"))
    databases = [SqlDatabase(**{field.name: entry[field.name] for field in dataclasses.fields(SqlDatabase)}) for entry in answer["databases"] or []]
    files: dict[str, list[str]] = {}
    for entry in answer["files"] or []:
        files.setdefault(entry["name"].lower(), []).append(entry["path"])
    return Answer(
        reachable=bool(answer["reachable"]),
        message=str(answer["message"] or "").strip(),
        databases={database.name.lower(): database for database in databases},
        files=files,
        refused=frozenset(str(name).lower() for name in answer["refused"] or []),
        failed={entry["name"].lower(): f"{str(entry['message']).strip()} (error {entry['number']})" for entry in answer["failed"] or []},
    )
