# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances of SQL Server and the states of their databases (reference: Microsoft, Database States; sys.databases)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data, DatabaseError
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World


@dataclass
class SqlDatabase:
    name: str
    state: str = "ONLINE"
    """state_desc of sys.databases."""
    files: str = "present"
    """"present" or "missing"."""
    standby: bool = False
    member: str = ""
    """"availability_group", "mirroring", "log_shipping"."""
    recovery_time: float = 0.1
    data: Data = field(default_factory=Data)


#: state of sys.databases by state_desc (reference: Microsoft, sys.databases).
SQL_STATES = {"ONLINE": 0, "RESTORING": 1, "RECOVERING": 2, "RECOVERY_PENDING": 3, "SUSPECT": 4, "EMERGENCY": 5, "OFFLINE": 6}


class SqlInstance:
    """One instance of SQL Server on one host."""

    def __init__(
        self, world: World, host: str, name: str, databases: Iterable[SqlDatabase], runs: Callable[[], bool], logins: tuple[str, ...] = ("*",)
    ) -> None:
        """runs(): the service of the instance runs; logins: who may log on (Windows login of the caller), "*" = every administrator."""
        self._world = world
        self._host = host
        self.name = name
        self.runs = runs
        self.logins = logins
        self.passwords: dict[str, str] = {}
        """SQL Server's own logins, in small letters."""
        self.databases = list(databases)
        self.on_change: list[Callable[[], None]] = []

    def find(self, name: str) -> SqlDatabase | None:
        return next((each for each in self.databases if each.name.lower() == name.lower()), None)

    def _existing(self, name: str) -> SqlDatabase:
        found = self.find(name)
        if found is None:
            raise DatabaseError(911, f"Database '{name}' does not exist. Make sure that the name is entered correctly.")
        return found

    def set_online(self, name: str) -> None:
        database = self._existing(name)
        if database.state == "ONLINE":
            return
        if database.state in ("RESTORING", "RECOVERING"):
            raise DatabaseError(5052, f"ALTER DATABASE is not permitted while a database is in the {database.state.title()} state.")
        if database.files == "missing":
            self._enter(database, "RECOVERY_PENDING")
            raise DatabaseError(
                5120, f"Unable to open the physical file of database '{database.name}'. Operating system error 2: the system cannot find the file specified."
            )
        if database.state in ("SUSPECT", "EMERGENCY"):
            raise DatabaseError(926, f"Database '{database.name}' cannot be opened. It has been marked SUSPECT by recovery.")
        self._recover(database)

    def recover(self, name: str) -> None:
        """RESTORE DATABASE ... WITH RECOVERY without a FROM clause."""
        database = self._existing(name)
        if database.state != "RESTORING" and not database.standby:
            raise DatabaseError(3153, f"The database '{database.name}' is already fully recovered.")
        if database.files == "missing":
            raise DatabaseError(
                5120, f"Unable to open the physical file of database '{database.name}'. Operating system error 2: the system cannot find the file specified."
            )
        database.standby = False
        self._recover(database)

    def _recover(self, database: SqlDatabase) -> None:
        self._enter(database, "RECOVERING")
        self._world.later(database.recovery_time, lambda: self._recovered(database))

    def _recovered(self, database: SqlDatabase) -> None:
        if database.state == "RECOVERING" and self.runs():
            self._enter(database, "ONLINE")
            self._world.effect(self._host, "database_online", database=database.name, instance=self.name)

    def set_offline(self, name: str) -> None:
        database = self._existing(name)
        if database.state == "RESTORING":
            raise DatabaseError(5052, "ALTER DATABASE is not permitted while a database is in the Restoring state.")
        if database.state != "OFFLINE":
            self._enter(database, "OFFLINE")
            self._world.effect(self._host, "database_offline", database=database.name, instance=self.name)

    def service_started(self) -> None:
        """What was ONLINE goes through recovery again."""
        for database in self.databases:
            if database.state in ("ONLINE", "RECOVERING"):
                self._recover(database)

    def _enter(self, database: SqlDatabase, state: str) -> None:
        database.state = state
        for call in self.on_change:
            call()

    def describe(self) -> JSON:
        return {each.name: {"state": each.state, "sequence": each.data.sequence, "items": len(each.data.items)} for each in self.databases}
