# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A drill may share nothing with the live identity: the rules of ``drill`` in a normalised definition."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_names import Inventory, as_address
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import suggestion

Definition = t.Mapping[str, t.Any]
Problems = t.Iterator[str]


def drill_problems(definition: Definition, path: str, inventory: Inventory) -> Problems:
    """Everything that a drill would share with what users use, one sentence each."""
    for key, rule in _RULES.items():
        part = definition["drill"][key]
        if part != "skip":
            yield from rule(part, definition, f"{path}.drill.{key}", inventory)


def _dns(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    live = live_names(definition)
    seen: dict[str, str] = {}
    for name, shadow in part["names"].items():
        if _plain(name) not in live:
            yield f"{path}.names.{name} is no name of the identity{suggestion(name, live)}"
        if _plain(shadow) in live:
            yield f"{path}.names.{name} is '{shadow}', which is a live name of the identity"
        earlier = seen.setdefault(_plain(shadow), name)
        if earlier != name:
            yield f"{path}.names.{name} is '{shadow}', which is the drill's name for {earlier} too"


def live_names(definition: Definition) -> set[str]:
    """The DNS names that the identity moves, in the form that compares."""
    dns = definition["dns"] or {}
    repointed = (dns.get("repoint") or {}).get("names", ())
    return {_plain(name) for name in repointed} | {_plain(record["name"]) for record in dns.get("records", ())}


def _plain(name: str) -> str:
    return str(name).rstrip(".").lower()


def _clients(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    clients = definition["clients"]
    live = inventory.clients(clients["flush"]) | inventory.clients(clients["sample"])
    for key in ("flush", "sample"):
        for number, name in enumerate(part[key]):
            both = sorted(inventory.clients([name]) & live)
            if both:
                yield f"{path}.{key}[{number}] '{name}' has {both[0]}, which is a client of the live identity too"


def _databases(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    live = {key for database in definition["databases"] for key in _database_keys(database)}
    for number, database in enumerate(part["databases"]):
        if any(key in live for key in _database_keys(database)):
            name = database["name"] or database["to"]
            yield f"{path}.databases[{number}] is '{name}', which is a live database: a drill needs a copy of it"


def _database_keys(database: Definition) -> t.Iterator[tuple[str, str, str]]:
    for name in (database["name"], database["from"], database["to"]):
        if name is not None:
            yield database["kind"], str(database["instance"] or "").lower(), str(name).lower()


def _services(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    yield from _shared(part["services"], definition["services"], f"{path}.services", lambda one: str(one["name"]).lower(), "a service")


def _addresses(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    yield from _shared(part["addresses"], definition["addresses"], f"{path}.addresses", lambda one: str(as_address(one["address"])), "an address")
    repoint = (definition["dns"] or {}).get("repoint") or {"from": (), "to": ()}
    live = {str(as_address(address)) for address in (*repoint["from"], *repoint["to"])}
    for number, one in enumerate(part["addresses"]):
        if str(as_address(one["address"])) in live:
            yield f"{path}.addresses[{number}] is an address of the live identity"


def _shared(drilled: t.Sequence[Definition], live: t.Sequence[Definition], path: str, key: t.Callable[[Definition], str], what: str) -> Problems:
    known = {key(one) for one in live}
    for number, one in enumerate(drilled):
        if key(one) in known:
            yield f"{path}[{number}] is {what} of the live identity"


def _spns(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    live = {value.lower() for family in definition["spns"] for value in family["values"]}
    if definition["directory"] is None:
        yield f"{path} can not be drilled: the definition names no directory"
    for number, family in enumerate(part["spns"]):
        for position, value in enumerate(family["values"]):
            if value.lower() in live:
                yield f"{path}.spns[{number}].values[{position}] is '{value}', which the live identity has"


def _script(part: Definition, definition: Definition, path: str, inventory: Inventory) -> Problems:
    live = definition["post_script"]
    if live is not None and part["path"].lower() == live["path"].lower() and part["arguments"] == live["arguments"]:
        yield f"{path} is the live post_script with the same arguments: a drill needs a script, or arguments, of its own"


_RULES: dict[str, t.Callable[[t.Any, Definition, str, Inventory], Problems]] = {
    "dns": _dns,
    "clients": _clients,
    "databases": _databases,
    "services": _services,
    "script": _script,
    "addresses": _addresses,
    "spns": _spns,
}
