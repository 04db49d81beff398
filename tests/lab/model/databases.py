# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailbox databases: who owns them, when they can be mounted, and the data in them.

What happens is modelled on Exchange's documented behaviour; error numbers are those of JET.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data, DatabaseError
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

MISSING_LOGS, FILE_IN_USE, FILE_NOT_FOUND, FOREIGN = -528, -1032, -1811, -1204
"""JET: missing log file, file access denied, file not found; the last stands for Exchange's refusal of a database of another organisation."""


@dataclass
class MailboxDatabase:
    name: str
    guid: str
    server: str
    """Inventory name of the host that owns it."""
    edb_path: str
    mounted: bool = False
    mount_at_startup: bool = True
    allow_file_restore: bool = False
    file_state: str = "clean"
    """"clean", "dirty" (needs its logs), "missing", "foreign"."""
    logs: str = "present"
    """"present" or "missing"."""
    mount_time: float = 0.2
    mounting: bool = False
    data: Data = field(default_factory=Data)


class MailboxStore:
    """Every mailbox database of the organisation."""

    def __init__(self, world: World, databases: Iterable[MailboxDatabase], serves: Callable[[str], bool]) -> None:
        """serves(host): its MSExchangeIS runs and the machine has power."""
        self._world = world
        self._serves = serves
        self.databases = list(databases)
        self.in_use: Callable[[str], bool] = lambda name: False
        """Does replication write into this database's file now?"""
        self.on_change: list[Callable[[str], None]] = []
        """Called with the host's name."""

    def find(self, identity: str) -> MailboxDatabase | None:
        wanted = identity.lower()
        return next((each for each in self.databases if wanted in (each.name.lower(), each.guid.lower())), None)

    def get(self, identity: str | None, server: str | None) -> list[MailboxDatabase]:
        """As Get-MailboxDatabase: an identity that is empty **or not there** gives every database (documented trap)."""
        if server is not None:
            return [each for each in self.databases if each.server.lower() == server.lower()]
        found = self.find(identity) if identity else None
        return [found] if found is not None else list(self.databases)

    def status(self, database: MailboxDatabase) -> bool | None:
        """Mounted as seen by -Status; None when the server cannot be asked."""
        return database.mounted if self._serves(database.server) else None

    def start_mount(self, database: MailboxDatabase, *, force: bool = False, accept_data_loss: bool = False) -> None:
        """Checks, then mounts after the database's own mount time. Raises DatabaseError."""
        if not self._serves(database.server):
            raise DatabaseError(
                0, f"Failed to mount database '{database.name}': the Microsoft Exchange Information Store service on server '{database.server}' is not running."
            )
        if database.mounted or database.mounting:
            return
        if database.file_state == "foreign" and not database.allow_file_restore:
            raise DatabaseError(FOREIGN, f"Failed to mount database '{database.name}': the file belongs to another database (ec=-1204).")
        if database.file_state == "missing" and not force:
            raise DatabaseError(
                FILE_NOT_FOUND, f"Failed to mount database '{database.name}': at least one of this store's database files is missing (ec=-1811)."
            )
        if database.file_state == "dirty" and database.logs == "missing" and not accept_data_loss:
            raise DatabaseError(MISSING_LOGS, f"Failed to mount database '{database.name}': required log files are missing (ec=-528).")
        if self.in_use(database.name):
            raise DatabaseError(FILE_IN_USE, f"Failed to mount database '{database.name}': the file is in use by another process (ec=-1032).")
        if database.file_state == "missing":
            database.data = Data()
            self._world.effect(database.server, "empty_database_created", database=database.name)
        database.mounting = True
        self._world.effect(database.server, "database_mounting", database=database.name)
        self._world.later(database.mount_time, lambda: self._mounted(database))

    def _mounted(self, database: MailboxDatabase) -> None:
        if not database.mounting:
            return
        database.mounting = False
        if self._serves(database.server):
            database.mounted, database.file_state = True, "dirty"
            self._world.effect(database.server, "database_mounted", database=database.name)
            self._changed(database)

    def dismount(self, database: MailboxDatabase) -> None:
        """A clean end. Raises DatabaseError when the store does not run."""
        if not self._serves(database.server):
            raise DatabaseError(
                0, f"Couldn't dismount the database '{database.name}': the Information Store service on server '{database.server}' is not running."
            )
        self._release(database, "clean")

    def _release(self, database: MailboxDatabase, state: str) -> None:
        database.mounting = False
        if database.mounted:
            database.mounted, database.file_state = False, state
            self._world.effect(database.server, "database_dismounted", database=database.name, file_state=state)
            self._changed(database)

    def store_started(self, host: str) -> None:
        """MSExchangeIS runs: what mounts at startup is mounted; a failure goes to nobody but the trace."""
        for database in [each for each in self.databases if each.server == host and each.mount_at_startup]:
            try:
                self.start_mount(database)
            except DatabaseError as error:
                self._world.effect(host, "database_mount_failed", database=database.name, number=error.number)

    def store_stopped(self, host: str, *, clean: bool) -> None:
        for database in [each for each in self.databases if each.server == host]:
            self._release(database, "clean" if clean else "dirty")

    def _changed(self, database: MailboxDatabase) -> None:
        for call in self.on_change:
            call(database.server)

    def describe(self, host: str | None = None) -> JSON:
        return {
            each.name: {
                "server": each.server,
                "mounted": each.mounted,
                "file_state": each.file_state,
                "logs": each.logs,
                "mount_at_startup": each.mount_at_startup,
                "sequence": each.data.sequence,
                "items": len(each.data.items),
            }
            for each in self.databases
            if host in (None, each.server)
        }
