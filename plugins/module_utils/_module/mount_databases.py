# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""mount_databases: mounts and dismounts databases of several engines."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._database_kinds import CommandKind, ExchangeKind, Kind, SqlServerKind
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import HostStep, lease_file, refuse_all
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.exchange import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.sqlserver import DEFAULT_INSTANCE

#: Documentation of SQL Server: an instance name is a letter or underscore, then letters, digits, $, # and underscores.
INSTANCE = re.compile(r"[A-Za-z_][A-Za-z0-9_$#]{0,29}")

COMMANDS = ("mount", "dismount", "query")

#: Options that only some kinds have.
BELONGS = {
    "instance": ("sqlserver",),
    "server": ("exchange",),
    "command": ("command",),
    "user": ("exchange", "sqlserver"),
    "password": ("exchange", "sqlserver"),
}


def mount_databases_spec() -> ArgumentSpec:
    command = {name: {"type": "list", "elements": "str", "required": True} for name in COMMANDS}
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["mounted", "dismounted", "reverted"], "default": "mounted"},
            "databases": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "kind": {"type": "str", "choices": ["exchange", "sqlserver", "command"], "required": True},
                    "database": {"type": "str"},
                    "instance": {"type": "str"},
                    "server": {"type": "str"},
                    "user": {"type": "str"},
                    "password": {"type": "str", "no_log": True},
                    "timeout": {"type": "float", "default": 300.0},
                    "command": {"type": "dict", "options": command},
                },
                "required_together": [("user", "password")],
                "required_if": [("kind", "command", ["command"])],
            },
        }
    )


def mount_databases(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Brings the listed databases into the wanted state; see the module's documentation."""
    step = DatabasesStep(params, hosts.target(), clock)
    return drive(step, params, hosts, clock, check_mode=check_mode)


def item_of(entry: t.Mapping[str, t.Any]) -> str:
    """A database's name in results and journal; a named instance is part of it, as SQL Server writes it."""
    instance = entry["instance"]
    named = entry["kind"] == "sqlserver" and instance and instance.upper() != DEFAULT_INSTANCE
    return f"{instance}\\{entry['name']}" if named else str(entry["name"])


def _check(databases: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    if not databases:
        raise InvalidInput("databases is empty: name at least one database")
    seen: set[str] = set()
    for number, entry in enumerate(databases, 1):
        name = entry["name"]
        if not name.strip() or (entry["database"] is not None and not entry["database"].strip()):
            raise InvalidInput(f"databases: entry {number} has an empty name, and Exchange takes an empty name for every database")
        if item_of(entry).lower() in seen:
            raise InvalidInput(f"databases: {item_of(entry)} is listed twice")
        seen.add(item_of(entry).lower())
        if entry["timeout"] <= 0:
            raise InvalidInput(f"databases: the timeout of {name} is {entry['timeout']:g}: give more than 0 seconds")
        if entry["instance"] is not None and INSTANCE.fullmatch(entry["instance"]) is None:
            raise InvalidInput(f"databases: {entry['instance']!r} cannot be the name of a SQL Server instance")
        for option, kinds in BELONGS.items():
            if entry[option] is not None and entry["kind"] not in kinds:
                raise InvalidInput(f"databases: {name} is of kind {entry['kind']} and has {option}, which belongs to {' and '.join(kinds)}")
        for which, command in (entry["command"] or {}).items():
            if not command or not command[0].strip():
                raise InvalidInput(f"databases: the {which} command of {name} names no program")


class DatabasesStep(HostStep):
    """One database is one item."""

    def __init__(self, params: t.Mapping[str, t.Any], session: Session, clock: Clock) -> None:
        super().__init__("databases", session, clock)
        _check(params["databases"])
        self.run: t.Mapping[str, t.Any] = params["run"] or {}
        self.mounted = params["state"] == "mounted"
        self.order = [item_of(entry) for entry in params["databases"]]
        self.kinds: dict[str, Kind] = {}
        shared: dict[tuple[str, ...], Kind] = {}
        for entry in params["databases"]:
            item, kind = item_of(entry), self._kind(entry, shared)
            kind.entries[item] = entry
            self.kinds[item] = kind

    def _kind(self, entry: t.Mapping[str, t.Any], shared: dict[tuple[str, ...], Kind]) -> Kind:
        """Databases that one logon to one engine reaches share an object, and so their calls."""
        if entry["kind"] == "command":
            return CommandKind(self.session, self.clock, item_of(entry), entry)
        account = Account(entry["user"] or "", entry["password"] or "")
        place = (entry["server"] or "") if entry["kind"] == "exchange" else (entry["instance"] or DEFAULT_INSTANCE)
        place = DEFAULT_INSTANCE if place.upper() == DEFAULT_INSTANCE else place
        key = (entry["kind"], place.lower(), account.user, account.password)
        if key not in shared:
            engine = ExchangeKind if entry["kind"] == "exchange" else SqlServerKind
            shared[key] = engine(self.session, self.clock, place, account)
        return shared[key]

    def observe(self) -> dict[str, JSON]:
        images: dict[str, JSON] = {}
        for kind in {id(kind): kind for kind in self.kinds.values()}.values():
            images.update(kind.observe())
        return {item: images[item] for item in self.order}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        bad: dict[str, tuple[str, str]] = {}
        for item, image in before.items():
            why = self.kinds[item].refusal(item, image, self.mounted)
            if why and (image is None or image["mounted"] is not self.mounted):
                bad[item] = why
        if bad:
            sentences = {item: why for item, (_reason, why) in bad.items()}
            raise refuse_all(f"nothing was touched: {'; '.join(sentences.values())}", next(iter(bad.values()))[0], sentences, before, self.host)
        changes = [self._change(item, image, self.mounted) for item, image in before.items()]
        wanted = [change for change in changes if change is not None]
        return wanted if self.mounted else list(reversed(wanted))

    def _change(self, item: str, image: JSON, mounted: bool) -> Change | None:
        if image["mounted"] is mounted or (not mounted and image["mounted"] is False):
            return None
        grade = "unknown" if image["mounted"] is None else "predicted"
        # One call does several, one after the other, so each may last as long as all of them; apply and verify each start programs.
        kind = self.kinds[item]
        seconds = sum(float(entry["timeout"]) for entry in kind.entries.values()) + 2 * kind.overhead
        return Change(item, "mount it" if mounted else "dismount it", image, {"mounted": mounted}, grade, seconds)

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        """Neighbours of one engine that go the same way go together."""
        return [list(group) for _key, group in itertools.groupby(changes, lambda change: (id(self.kinds[change.name]), change.after["mounted"]))]

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        return self.kinds[group[0].name].apply(group, lease_file(self.run, self.host, fence))

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return self.kinds[group[0].name].verify(group)

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        known = (baseline.get("databases") or {}).get(self.host) or {}
        return known.get(name) is not None, known.get(name)

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """Back to mounted or not mounted. What was RESTORING before can only go OFFLINE: a restore sequence does not start again."""
        if now is None:
            raise WrongState(f"{self.host} has no database {name} any more, so it cannot be put back")
        if before.get("guid") and now.get("guid") and before["guid"] != now["guid"]:
            raise WrongState(f"the database {name} on {self.host} is another one now (GUID {now['guid']}, it was {before['guid']}), so it is left alone")
        return self._change(name, now, bool(before["mounted"]))
