# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Exchange mailbox databases of one server, by name: read, mount, dismount, wait. One script call each, for all of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.exchange import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import JSON, run_script

#: Seconds beyond a script's own waiting: connecting to Exchange and starting PowerShell.
OVERHEAD = 60.0


@dataclasses.dataclass(frozen=True)
class Account:
    """Who logs on to Exchange or SQL Server; empty = the WinRM logon itself."""

    user: str = ""
    password: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True)
class MailboxDatabase:
    """``mounted`` is None where the server could not say."""

    name: str
    guid: str
    mounted: bool | None


@dataclasses.dataclass(frozen=True)
class Answer:
    """``reachable`` is false with ``message`` where Exchange gave no answer at all; ``failed`` is database -> what Exchange said.

    ``refused``: databases that were left alone because another controller has taken the lease."""

    reachable: bool
    message: str
    server: str
    databases: dict[str, MailboxDatabase]
    failed: dict[str, str]
    refused: frozenset[str] = frozenset()

    def find(self, name: str) -> MailboxDatabase | None:
        return self.databases.get(name.lower())


def read(session: Session, server: str, account: Account) -> Answer:
    """Every mailbox database that is active on ``server`` (the session's own host when empty)."""
    return _run(session, server, account, {"action": "read", "databases": []}, OVERHEAD)


def change(
    session: Session, server: str, account: Account, databases: t.Sequence[MailboxDatabase], *, mount: bool, timeout: float, lease: JSON = None
) -> Answer:
    """Mounts or dismounts these, by GUID; ``failed`` names those that Exchange refused. Log replay happens inside the mount.

    ``lease``: ``{file, epoch}`` where the run's lease lies on this host.
    """
    data = {"action": "mount" if mount else "dismount", "databases": _named(databases), "lease": lease}
    return _run(session, server, account, data, timeout + OVERHEAD)


def wait(session: Session, server: str, account: Account, databases: t.Sequence[MailboxDatabase], *, mounted: bool, seconds: float) -> Answer:
    """Returns when all of these are as wanted, or after ``seconds``."""
    data = {"action": "wait", "databases": _named(databases), "mounted": mounted, "seconds": seconds}
    return _run(session, server, account, data, seconds + OVERHEAD)


def _named(databases: t.Sequence[MailboxDatabase]) -> list[dict[str, str]]:
    return [{"name": database.name, "guid": database.guid} for database in databases]


def _run(session: Session, server: str, account: Account, data: dict[str, t.Any], timeout: float) -> Answer:
    sent = {"mounted": False, "seconds": 0.0, "lease": None, **data, "server": server, "user": account.user, "password": account.password}
    answer = run_script(session, SCRIPT, sent, timeout, only_reads=data["action"] in ("read", "wait"))
    databases = [MailboxDatabase(entry["name"], entry["guid"], entry["mounted"]) for entry in answer["databases"] or []]
    return Answer(
        reachable=bool(answer["reachable"]),
        message=str(answer["message"] or ""),
        server=str(answer["server"] or ""),
        databases={database.name.lower(): database for database in databases},
        refused=frozenset(str(name).lower() for name in answer["refused"] or []),
        failed={entry["name"].lower(): str(entry["message"]).strip() for entry in answer["failed"] or []},
    )
