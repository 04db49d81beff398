# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The rules between the keys of a definition. Each gives whole sentences; the definition is already normalised."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_dns import dns_problems
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_drill import drill_problems
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_names import Inventory, as_address, doubles, normal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import suggestion
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import several
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People, key_of

Definition = t.Mapping[str, t.Any]
Problems = t.Iterator[str]

#: The hooks that the roles look for.
STEPS = ("fence", "data", "identity", "services", "databases", "script", "dns", "clients")
HOOKS = (
    *(f"{when}_{step}" for step in STEPS for when in ("before", "after")),
    *("data", "after_verify", "before_quiesce", "before_source_joins", "after_source_serves"),
)


def rule_problems(definition: Definition, path: str, inventory: Inventory) -> list[str]:
    """One sentence for each rule that the definition breaks."""
    found: list[str] = []
    for rule in (
        _servers,
        _management,
        _probes,
        _directory,
        _addresses,
        _fence,
        _databases,
        _key,
        _clients,
        _store,
        _free_keys,
        _approvals,
    ):
        found += rule(definition, path, inventory)
    found += doubles(definition["monitor"]["vantage_points"], f"{path}.monitor.vantage_points", lambda one: one["host"])
    for key, named_by in _LISTS:
        found += doubles(definition[key], f"{path}.{key}", named_by)
    return [*found, *dns_problems(definition, path), *drill_problems(definition, path, inventory)]


#: Lists whose elements must differ, and what makes an element the same as another.
_LISTS: tuple[tuple[str, t.Callable[[t.Any], t.Hashable]], ...] = (
    ("services", lambda service: str(service["name"]).lower()),
    ("shares", lambda share: str(share["name"]).lower()),
    ("names", lambda name: str(name).lower()),
    ("addresses", lambda address: as_address(address["address"])),
    ("databases", lambda one: (one["kind"], str(one["instance"] or "").lower(), str(one["name"] or one["to"]).lower())),
)


def _servers(definition: Definition, path: str, inventory: Inventory) -> Problems:
    source, target = definition["source"]["host"], definition["target"]["host"]
    if source == target:
        yield f"{path}.target.host is '{target}', which is {path}.source.host too: an identity needs two servers"
    elif inventory.address(source).lower() == inventory.address(target).lower():
        yield f"{path}.target.host '{target}' has the same connection address {inventory.address(target)} as {path}.source.host '{source}'"


def _management(definition: Definition, path: str, inventory: Inventory) -> Problems:
    for role in ("source", "target"):
        host = definition[role]["host"]
        address = inventory.address(host)
        place = place_in_identity(definition, path, address)
        if place:
            yield (
                f"{path}.{role}.host '{host}' is managed through {address}, which belongs to the identity ({place}): "
                "give the host an ansible_host that does not move"
            )


def place_in_identity(definition: Definition, path: str, address: str) -> str:
    """The path of the key by which an address or name moves; empty where it does not.

    A host that is managed through one that moves is another machine after the move.
    """
    moving = {normal(value): place for place, value in _identity_places(definition, path)}
    return moving.get(normal(address), "")


def _identity_places(definition: Definition, path: str) -> t.Iterator[tuple[str, str]]:
    """Every address and name that moves, with the path of the key that says so."""
    for number, address in enumerate(definition["addresses"]):
        yield f"{path}.addresses[{number}].address", address["address"]
    for number, name in enumerate(definition["names"]):
        yield f"{path}.names[{number}]", name
    dns = definition["dns"] or {}
    for number, record in enumerate(dns.get("records", ())):
        yield f"{path}.dns.records[{number}].name", record["name"]
    repoint = dns.get("repoint") or {}
    for key in ("from", "to", "names"):
        for number, value in enumerate(repoint.get(key, ())):
            yield f"{path}.dns.repoint.{key}[{number}]", value


def _probes(definition: Definition, path: str, inventory: Inventory) -> Problems:
    for number, probe in enumerate(definition["monitor"]["probes"]):
        place = f"{path}.monitor.probes[{number}]"
        if probe["kind"] == "tcp" and probe["port"] is None:
            yield f"{place}.port is missing: a tcp probe needs a port"
        if probe["kind"] == "service" and not probe["names"]:
            yield f"{place}.names is missing: a service probe needs the names of services"


def _directory(definition: Definition, path: str, inventory: Inventory) -> Problems:
    if definition["spns"] and definition["directory"] is None:
        yield f"{path}.directory is missing: {path}.spns can only be moved on a domain controller"
    holders: dict[str, str] = {}
    for number, family in enumerate(definition["spns"]):
        if family["from"].lower() == family["to"].lower():
            yield f"{path}.spns[{number}].to is the account {family['to']}, which is {path}.spns[{number}].from too"
        for position, value in enumerate(family["values"]):
            place = f"{path}.spns[{number}].values[{position}]"
            earlier = holders.setdefault(value.lower(), place)
            if earlier != place:
                yield f"{place} is the same as {earlier}: only one account can hold {value}"


def _addresses(definition: Definition, path: str, inventory: Inventory) -> Problems:
    for number, one in enumerate(definition["addresses"]):
        address = as_address(one["address"])
        if address is not None and one["prefix_length"] > address.max_prefixlen:
            yield f"{path}.addresses[{number}].prefix_length must be at most {address.max_prefixlen} for {address}, not {one['prefix_length']}"


def _fence(definition: Definition, path: str, inventory: Inventory) -> Problems:
    """Two machines with one address is what a fence is for: silence and stopped services do not take an address away."""
    moved = [key for key in ("addresses", "names") if definition[key]]
    fence = definition["fence"]
    if moved and fence["minimum"] < 3 and not fence["accept_unfenced"]:
        yield f"{path}.fence.minimum is {fence['minimum']}, and {path}.{moved[0]} move: give 3 (isolated) or 4 (powered off), or a reason in accept_unfenced"


def _databases(definition: Definition, path: str, inventory: Inventory) -> Problems:
    for number, database in enumerate(definition["databases"]):
        yield from _database_problems(database, f"{path}.databases[{number}]")
    drilled = definition["drill"]["databases"]
    for number, database in enumerate([] if drilled == "skip" else drilled["databases"]):
        yield from _database_problems(database, f"{path}.drill.databases.databases[{number}]")


def _database_problems(database: t.Mapping[str, t.Any], path: str) -> Problems:
    """What is wrong with one database, live or of a drill."""
    pair = [database["from"], database["to"]]
    if database["name"] is not None and any(pair):
        yield f"{path}.name stands beside from and to: a database has either one name or one on each server"
    elif database["name"] is None and not all(pair):
        missing = "name" if not any(pair) else "to" if database["from"] else "from"
        yield f"{path}.{missing} is missing: a database needs name, or from and to"
    if database["kind"] == "command" and database["command"] is None:
        yield f"{path}.command is missing: a database of the kind command needs its programs"
    if database["kind"] != "command" and database["command"] is not None:
        yield f"{path}.command belongs to databases of the kind command only, not {database['kind']}"
    if database["instance"] is not None and database["kind"] != "sqlserver":
        yield f"{path}.instance belongs to databases of the kind sqlserver only, not {database['kind']}"


def _key(definition: Definition, path: str, inventory: Inventory) -> Problems:
    # Found here and not by the step: by then the source would be fenced and the workload started.
    if definition["dns"] is not None and definition["dns"]["credential"] is None:
        yield f"{path}.dns.credential is missing: updates of DNS are signed with a TSIG key or by a Kerberos account"


def _clients(definition: Definition, path: str, inventory: Inventory) -> Problems:
    clients = definition["clients"]
    yield from doubles(clients["expect"], f"{path}.clients.expect", lambda expect: normal(expect["name"]))
    for number, expect in enumerate(clients["expect"]):
        if expect["identity"] is not None and expect["port"] is None and clients["port"] is None:
            yield f"{path}.clients.expect[{number}].port is missing: only a connection shows which server answers"
        if expect["protocol"] == "banner" and expect["path"] is not None:
            yield f"{path}.clients.expect[{number}].path is for the protocols http and https"


def _store(definition: Definition, path: str, inventory: Inventory) -> Problems:
    store = definition["store"]
    if store["kind"] == "directory" and store["path"] is None:
        yield f"{path}.store.path is missing: a journal of the kind directory needs its folder"
    if store["kind"] == "directory" and store["host"] is not None:
        yield f"{path}.store.host belongs to a journal of the kind target only"


def _approvals(definition: Definition, path: str, inventory: Inventory) -> Problems:
    """Each account and each key belongs to one person, and a quorum can be reached."""
    approvals, place = definition["approvals"], f"{path}.approvals"
    people = People.of(approvals["people"], approvals["domains"])
    holders: dict[str, tuple[str, str]] = {}
    for number, person in enumerate(approvals["people"]):
        one = f"{place}.people[{number}]"
        spellings = people.spellings(people.persons[number])
        written = [("name" if i == 0 else f"accounts[{i - 1}]", *spelling) for i, spelling in enumerate(spellings)]
        written += [(f"keys[{i}]", "", frozenset([key_of(line)])) for i, line in enumerate(person["keys"])]
        for key, spelling, marks in written:
            if several(spelling):
                yield f"{one}.{key} is {spelling!r}, which is a list: give one name, which has no comma and no semicolon"
            held = [holders.setdefault(mark, (f"{one}.{key}", spelling)) for mark in sorted(marks)]
            earlier, other = next((each for each in held if not each[0].startswith(f"{one}.")), ("", ""))
            if earlier:
                apart = f"; where these are two people, list the domain of each in {place}.domains" if people.doubt(spelling, other) else ""
                yield f"{one}.{key} is the same as {earlier}: an account or a key belongs to one person{apart}"
    with_keys = sum(bool(person["keys"]) for person in approvals["people"])
    if approvals["identity"] == "signature" and with_keys < approvals["required"]:
        yield f"{place}.people has {with_keys} persons with keys, and {place}.required is {approvals['required']}: that many signatures can never come together"
    if approvals["identity"] == "windows_logon" and definition["store"]["kind"] == "directory":
        yield f"{place}.identity is windows_logon, which a journal of the kind directory can not see: give signature or asserted"


def _free_keys(definition: Definition, path: str, inventory: Inventory) -> Problems:
    known: dict[str, tuple[t.Any, t.Collection[str], str]] = {
        f"{path}.accept": (definition["accept"], KINDS, "finding"),
        f"{path}.hooks.timeouts": (definition["hooks"]["timeouts"], HOOKS, "hook"),
        f"{path}.hooks.plan_safe": (definition["hooks"]["plan_safe"], HOOKS, "hook"),
    }
    for place, (given, names, what) in known.items():
        for key in given:
            if key not in names:
                yield f"{place}.{key} is no {what}{suggestion(key, names)}"
    for finding in definition["accept"]:
        if finding in KINDS and not KINDS[finding].acceptable:
            yield f"{path}.accept.{finding} can not be accepted: {KINDS[finding].means}"
