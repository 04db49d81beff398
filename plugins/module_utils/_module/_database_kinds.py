# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What mount_databases can mount: one class a kind, each for all databases that one call can reach.

Every image has ``mounted`` (true, false, or None where nobody can say) and what else its kind knows.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import REQUEST
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import exchange, services, sqlserver
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.exchange import Account

Entry = t.Mapping[str, t.Any]

EXCHANGE_STORE = "MSExchangeIS"

#: Seconds between two queries of a command database.
LOOK = 1.0


class Kind(t.Protocol):
    """``entries``: item -> the task's entry. Changes that come to one call all belong to this object."""

    entries: dict[str, Entry]
    overhead: float

    def observe(self) -> dict[str, JSON]:
        pass

    def refusal(self, item: str, image: JSON, mounted: bool) -> tuple[str, str] | None:
        """A reason and a sentence where this database must stop the whole task."""

    def apply(self, changes: list[Change], lease: JSON) -> dict[str, Applied]:
        """``lease``: what a script of ours looks at before each database, see ``lease_file``; a command of the user's can't."""

    def verify(self, changes: list[Change]) -> dict[str, Seen]:
        pass


def database_of(entry: Entry) -> str:
    """The database's own name; ``name`` is what the task calls it."""
    return str(entry["database"] or entry["name"])


def _stopped(session: Session, service: str) -> bool:
    """A database whose service does not run is not mounted, whatever else cannot be asked."""
    found = services.read_services(session, [service], REQUEST)[service]
    return found is not None and found.state == "Stopped"


def _lease_lost(name: str) -> Applied:
    return Applied(False, f"another controller has taken the run over, so database {name} was left alone", "lease_lost")


class ExchangeKind:
    """Mailbox databases of one server."""

    overhead = exchange.OVERHEAD

    def __init__(self, session: Session, clock: Clock, server: str, account: Account) -> None:
        self.session, self.clock, self.server, self.account = session, clock, server, account
        self.entries: dict[str, Entry] = {}
        self._deadline = Deadline(clock, 0.0)
        self._answer: exchange.Answer | None = None

    def observe(self) -> dict[str, JSON]:
        self._answer = exchange.read(self.session, self.server, self.account)
        images: dict[str, JSON] = {item: self._image(self._answer, item) for item in self.entries}
        unknown = [image for image in images.values() if image is not None and image["mounted"] is None]
        if unknown and not self.server and _stopped(self.session, EXCHANGE_STORE):
            for image in unknown:
                image["mounted"] = False
        return images

    def _image(self, answer: exchange.Answer, item: str) -> JSON:
        if not answer.reachable:
            return {"mounted": None, "guid": ""}
        found = answer.find(database_of(self.entries[item]))
        return None if found is None else {"mounted": found.mounted, "guid": found.guid}

    def refusal(self, item: str, image: JSON, mounted: bool) -> tuple[str, str] | None:
        if image is not None or self._answer is None:
            return None
        there = ", ".join(sorted(database.name for database in self._answer.databases.values())) or "none"
        return "unknown_database", f"{self._answer.server} has no mailbox database {database_of(self.entries[item])}; there are {there}"

    def apply(self, changes: list[Change], lease: JSON) -> dict[str, Applied]:
        mount = bool(changes[0].after["mounted"])
        self._answer = None
        databases = [exchange.MailboxDatabase(database_of(self.entries[change.name]), str(change.before["guid"]), None) for change in changes]
        if any(not database.guid for database in databases):
            # It could not be asked before; without a GUID nothing is ever changed.
            fresh = exchange.read(self.session, self.server, self.account)
            if not fresh.reachable:
                return self._unreachable(fresh, changes)
            databases = [fresh.find(database.name) or database for database in databases]
        self._deadline = Deadline(self.clock, sum(float(self.entries[change.name]["timeout"]) for change in changes))
        answer = exchange.change(self.session, self.server, self.account, databases, mount=mount, timeout=self._deadline.remaining(), lease=lease)
        if not answer.reachable:
            return self._unreachable(answer, changes)
        self._answer = answer
        return {change.name: self._applied(answer, change, mount) for change in changes}

    def _unreachable(self, answer: exchange.Answer, changes: list[Change]) -> dict[str, Applied]:
        why = f"Exchange on {answer.server or self.session.name} gave no answer: {answer.message}"
        return {change.name: Applied(False, why, "exchange_unreachable") for change in changes}

    def _applied(self, answer: exchange.Answer, change: Change, mount: bool) -> Applied:
        name = database_of(self.entries[change.name])
        if name.lower() in answer.refused:
            return _lease_lost(name)
        why, found = answer.failed.get(name.lower()), answer.find(name)
        if not why or (found is not None and found.mounted is mount):
            return Applied(True)
        return Applied(False, f"Exchange would not {'mount' if mount else 'dismount'} {name} on {answer.server}: {why}", "refused_by_exchange")

    def verify(self, changes: list[Change]) -> dict[str, Seen]:
        mounted = bool(changes[0].after["mounted"])
        answer, self._answer = self._answer, None
        if answer is None or not all(self._as_wanted(answer, change, mounted) for change in changes):
            read = exchange.read(self.session, self.server, self.account)
            databases = [found for found in (read.find(database_of(self.entries[change.name])) for change in changes) if found is not None]
            answer = exchange.wait(self.session, self.server, self.account, databases, mounted=mounted, seconds=self._deadline.remaining())
        return {change.name: self._seen(answer, change, mounted) for change in changes}

    def _as_wanted(self, answer: exchange.Answer, change: Change, mounted: bool) -> bool:
        found = answer.find(database_of(self.entries[change.name]))
        return answer.reachable and found is not None and found.mounted is mounted

    def _seen(self, answer: exchange.Answer, change: Change, mounted: bool) -> Seen:
        image = self._image(answer, change.name)
        if self._as_wanted(answer, change, mounted):
            return Seen(True, image)
        state = "unknown" if image is None or image["mounted"] is None else "mounted" if image["mounted"] else "not mounted"
        return Seen(False, image, f"{database_of(self.entries[change.name])} is {state} on {answer.server or self.session.name} after its timeout")


class SqlServerKind:
    """Databases of one instance."""

    overhead = sqlserver.OVERHEAD

    def __init__(self, session: Session, clock: Clock, instance: str, account: Account) -> None:
        self.session, self.clock, self.instance, self.account = session, clock, instance, account
        self.entries: dict[str, Entry] = {}
        self._deadline = Deadline(clock, 0.0)
        self._answer: sqlserver.Answer | None = None

    def observe(self) -> dict[str, JSON]:
        self._answer = answer = sqlserver.read(self.session, self.instance, self.account)
        if answer.reachable:
            return {item: self._image(answer, item) for item in self.entries}
        service = self.instance if self.instance == sqlserver.DEFAULT_INSTANCE else f"MSSQL${self.instance}"
        mounted = False if _stopped(self.session, service) else None
        return {item: {"mounted": mounted, "state": "UNKNOWN", "standby": False} for item in self.entries}

    def _image(self, answer: sqlserver.Answer, item: str) -> JSON:
        found = answer.find(database_of(self.entries[item]))
        return None if found is None else {"mounted": found.ready and not found.standby, **found.image()}

    def refusal(self, item: str, image: JSON, mounted: bool) -> tuple[str, str] | None:
        if self._answer is None or not self._answer.reachable:
            return None
        name = database_of(self.entries[item])
        found = self._answer.find(name)
        if found is None:
            there = ", ".join(sorted(database.name for database in self._answer.databases.values())) or "none that this logon may see"
            return "unknown_database", f"instance {self.instance} on {self.session.name} has no database {name}; there are {there}"
        action = sqlserver.action_for(found, mounted, self._answer.files.get(name.lower(), ()))
        return ("needs_a_person", f"database {name} of instance {self.instance} on {self.session.name} is left alone: {action.why}") if action.why else None

    def apply(self, changes: list[Change], lease: JSON) -> dict[str, Applied]:
        online = bool(changes[0].after["mounted"])
        self._answer = None
        self._deadline = Deadline(self.clock, sum(float(self.entries[change.name]["timeout"]) for change in changes))
        fresh = sqlserver.read(self.session, self.instance, self.account)
        if not fresh.reachable:
            why = f"instance {self.instance} on {self.session.name} gave no answer: {fresh.message}"
            return {change.name: Applied(False, why, "instance_unreachable") for change in changes}
        outcomes: dict[str, Applied] = {}
        requests: list[tuple[str, str, float]] = []
        for change in changes:
            name = database_of(self.entries[change.name])
            found = fresh.find(name)
            action = sqlserver.action_for(found, online, fresh.files.get(name.lower(), ())) if found else sqlserver.Action(why="it is gone")
            outcomes[change.name] = Applied(False, f"database {name}: {action.why}", "needs_a_person") if action.why else Applied(True)
            if action.do in ("online", "recover", "offline"):
                requests.append((name, action.do, self.entries[change.name]["timeout"]))
        if requests:
            self._answer = answer = sqlserver.change(self.session, self.instance, self.account, requests, self._deadline.remaining(), lease)
            for change in changes:
                name = database_of(self.entries[change.name])
                cause = answer.failed.get(name.lower())
                if name.lower() in answer.refused:
                    outcomes[change.name] = _lease_lost(name)
                elif cause:
                    outcomes[change.name] = Applied(False, f"SQL Server would not: {cause}", "refused_by_sqlserver")
        return outcomes

    def verify(self, changes: list[Change]) -> dict[str, Seen]:
        online = bool(changes[0].after["mounted"])
        answer, self._answer = self._answer, None
        if answer is None or not all(self._as_wanted(answer, change, online) for change in changes):
            names = [database_of(self.entries[change.name]) for change in changes]
            answer = sqlserver.wait(self.session, self.instance, self.account, names, online=online, seconds=self._deadline.remaining())
        return {change.name: self._seen(answer, change, online) for change in changes}

    def _as_wanted(self, answer: sqlserver.Answer, change: Change, online: bool) -> bool:
        found = answer.find(database_of(self.entries[change.name]))
        return answer.reachable and found is not None and found.ready is online

    def _seen(self, answer: sqlserver.Answer, change: Change, online: bool) -> Seen:
        image = self._image(answer, change.name)
        if self._as_wanted(answer, change, online):
            return Seen(True, image)
        state = image["state"] if image else "not to be seen"
        return Seen(False, image, f"database {database_of(self.entries[change.name])} of instance {self.instance} is {state} after its timeout")


class CommandKind:
    """One database of any other engine: three programs of the user's. Query ends with 0 where it is mounted and with 1 where it is not."""

    overhead = REQUEST

    def __init__(self, session: Session, clock: Clock, item: str, entry: Entry) -> None:
        self.session, self.clock = session, clock
        self.entries: dict[str, Entry] = {item: entry}

    def observe(self) -> dict[str, JSON]:
        return {item: {"mounted": self._mounted(entry)} for item, entry in self.entries.items()}

    def _mounted(self, entry: Entry) -> bool | None:
        return {0: True, 1: False}.get(self._run(entry, "query"))

    def _run(self, entry: Entry, which: str) -> int:
        program, *arguments = entry["command"][which]
        return self.session.run(program, arguments, b"", float(entry["timeout"])).rc

    def refusal(self, item: str, image: JSON, mounted: bool) -> tuple[str, str] | None:
        return None

    def apply(self, changes: list[Change], lease: JSON) -> dict[str, Applied]:
        (change,) = changes
        which = "mount" if change.after["mounted"] else "dismount"
        code = self._run(self.entries[change.name], which)
        why = f"the {which} command of {change.name} on {self.session.name} ended with exit code {code}"
        return {change.name: Applied(True) if code == 0 else Applied(False, why, "command_failed")}

    def verify(self, changes: list[Change]) -> dict[str, Seen]:
        (change,) = changes
        entry = self.entries[change.name]
        deadline = Deadline(self.clock, float(entry["timeout"]))
        while True:
            mounted = self._mounted(entry)
            if mounted is change.after["mounted"]:
                return {change.name: Seen(True, {"mounted": mounted})}
            if deadline.passed():
                state = {True: "mounted", False: "not mounted", None: "unknown, its query ended with neither 0 nor 1"}[mounted]
                return {change.name: Seen(False, {"mounted": mounted}, f"{change.name} is {state} after {deadline.seconds:g} s")}
            self.clock.sleep(min(LOOK, deadline.remaining()))
