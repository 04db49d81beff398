# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The rules between the keys of a definition's ``dns``. Each gives whole sentences; the definition is already normalised."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_names import as_address, doubles, normal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import read_require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

Definition = t.Mapping[str, t.Any]
Problems = t.Iterator[str]


def dns_problems(definition: Definition, path: str) -> t.Iterator[str]:
    """One sentence for each rule that ``dns`` breaks: what the step would refuse, before the source is fenced for it."""
    for rule in (_repoint, _records, _told_twice, _servers, _require, _lock, _wildcards):
        yield from rule(definition, path)


def _repoint(definition: Definition, path: str) -> Problems:
    repoint = (definition["dns"] or {}).get("repoint")
    if repoint is None:
        return
    place = f"{path}.dns.repoint"
    old, new = repoint["from"], repoint["to"]
    if len(old) != len(new):
        yield f"{place}.to has {len(new)} and {place}.from {len(old)} addresses: each address needs the one that takes its place"
        return
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        first, second = as_address(before), as_address(after)
        if first is not None and second is not None and first.version != second.version:
            yield f"{place}.to[{number}] is an IPv{second.version} address, but takes the place of the IPv{first.version} address {before}"
    both = {normal(value) for value in old} & {normal(value) for value in new}
    if both:
        yield f"{place}.to has {sorted(both)[0]}, which is in {place}.from too"
    for key in ("from", "names"):
        yield from doubles(repoint[key], f"{place}.{key}", normal)


def _require(definition: Definition, path: str) -> Problems:
    dns = definition["dns"]
    if dns is None:
        return
    try:
        number = read_require(dns["require"], f"{path}.dns.require").number
    except InvalidInput as error:
        yield error.message
        return
    listed = len({(as_address(one["address"]), one["port"]) for one in [*dns["servers"], *dns["verify_servers"]]})
    if number > listed and not dns["discover"]:
        yield f"{path}.dns.require is {number}, and {path}.dns.servers and {path}.dns.verify_servers have {listed} name servers"


def _lock(definition: Definition, path: str) -> Problems:
    dns = definition["dns"]
    if dns is None:
        return
    if dns["static"] and dns["lock"] is None:
        yield f"{path}.dns.static needs {path}.dns.lock, which says where the directory is: a dynamic update can't take a record out of ageing"
    if dns["lock"] is not None and dns["repoint"] is None and not dns["records"]:
        yield f"{path}.dns.lock has no names to lock: {path}.dns has neither repoint nor records"


def _wildcards(definition: Definition, path: str) -> Problems:
    dns = definition["dns"] or {}
    named = [(f"repoint.names[{number}]", name) for number, name in enumerate((dns.get("repoint") or {}).get("names", ()))]
    named += [(f"records[{number}].name", record["name"]) for number, record in enumerate(dns.get("records", ()))]
    for place, name in named:
        if name.startswith("*") and not dns["allow_wildcards"]:
            yield f"{path}.dns.{place} is '{name}', one record for many names: set {path}.dns.allow_wildcards, or name them one by one"


def _records(definition: Definition, path: str) -> Problems:
    dns = definition["dns"]
    if dns is None:
        return
    protected = {normal(name) for name in dns["protected_names"]}
    try:
        # What a type needs dnspython for is read where that is at hand.
        read_records(dns["records"], "present", protected, wildcards=True, other_values=lambda _type, text, _where: text)
    except InvalidInput as error:
        yield f"{path}.dns.{error.message}"


def _told_twice(definition: Definition, path: str) -> Problems:
    """An address record that ``repoint`` moves and ``records`` writes: clients would be waited for with both."""
    dns = definition["dns"] or {}
    repoint = dns.get("repoint") or {"names": (), "to": ()}
    moved = {normal(name) for name in repoint["names"]}
    for number, record in enumerate(dns.get("records") or ()):
        version = {"A": 4, "AAAA": 6}.get(record["type"].upper())
        to = {address for address in map(as_address, repoint["to"]) if address is not None and address.version == version}
        if to and normal(record["name"]) in moved and {as_address(value) for value in record["values"]} != to:
            yield (
                f"{path}.dns.records[{number}] gives {record['name']} other {record['type']} values than {path}.dns.repoint, which moves it to "
                f"{', '.join(sorted(map(str, to)))}: leave it out of one of them"
            )


def _servers(definition: Definition, path: str) -> Problems:
    """One server under two names would count twice for C(require), and two under one name could not be told apart."""
    dns = definition["dns"] or {}
    lists = [(key, dns.get(key) or ()) for key in ("servers", "verify_servers", "resolvers")]
    lists.append(("lock.domain_controllers", (dns.get("lock") or {}).get("domain_controllers") or ()))
    for key, entries in lists:
        place = f"{path}.dns.{key}"
        yield from doubles(entries, place, lambda one: (as_address(one["address"]), one["port"]))
        named = [normal(one["name"]) if one["name"] else f"[{number}]" for number, one in enumerate(entries)]
        yield from (f"{problem}: they have one name" for problem in doubles(named, place, str))
