# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The options ``records`` and ``repoint`` of a DNS task, checked before anything is asked or touched. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, Repoint, Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import (
    canonical_address,
    canonical_name,
    canonical_ttl,
    canonical_value,
    is_address,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import OWN, SINGLE, canonical_type
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: type, text, where -> the value of a type that has no text of our own, as it compares. Raises InvalidInput.
OtherValues = t.Callable[[str, str, str], str]


def read_records(
    entries: t.Sequence[t.Mapping[str, t.Any]],
    state: str,
    protected: t.Container[str],
    ttl: int | None = None,
    *,
    wildcards: bool = False,
    other_values: OtherValues | None = None,
) -> list[Wanted]:
    """The ``records`` option, checked before anything is asked or touched. ``ttl``: the task's own. Raises InvalidInput."""
    wanted: dict[Item, Wanted] = {}
    zones: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        where = f"records entry {number} ({entry['name']} {entry['type']})"
        one = _read_record(entry, where, state, ttl, wildcards, other_values or _no_other)
        if one.item.name in protected:
            raise InvalidInput(f"{where}: {one.item.name} is one of protected_names, a management name that must stay where it is")
        if one.item in wanted:
            how = "twice, the same" if wanted[one.item] == one else "twice, with contradictory values"
            raise InvalidInput(f"{where}: {one.item} stands in records {how}; give each name and type one entry with all its values")
        zone = zones.setdefault(one.item.name, one.zone) if one.zone else one.zone
        if zone != one.zone:
            raise InvalidInput(f"{where}: {one.item.name} is said to lie in the zone {one.zone}, and in {zone} by an entry before it; it lies in one of them")
        wanted[one.item] = one
    if state == "present":
        _refuse_contradictions(wanted)
    return list(wanted.values())


def _no_other(rdtype: str, text: str, where: str) -> str:
    raise InvalidInput(f"{where}: {text!r} can't be read: records of type {rdtype} need dnspython")


def _refuse_contradictions(wanted: t.Mapping[Item, Wanted]) -> None:
    """What one entry says and another makes impossible: a server would do one of them, and ignore the other without a word."""
    types: dict[str, list[str]] = {}
    for item in wanted:
        types.setdefault(item.name, []).append(item.type)
    tops = {name for name, there in types.items() if "DNAME" in there}
    for name, there in types.items():
        beside = [rdtype for rdtype in there if rdtype != "CNAME"]
        if "CNAME" in there and beside:
            raise InvalidInput(f"records: {name} is wanted as CNAME and as {beside[0]}, and a CNAME can't stand beside other data")
        above = next((top for top in _parents(name) if top in tops), "") if tops else ""
        if above:
            raise InvalidInput(f"records: {name} lies below {above}, which is wanted as DNAME, and nobody is answered what stands below a DNAME")
    aliases = {item.name: one.values[0] for item, one in wanted.items() if item.type == "CNAME"}
    for name in aliases:
        seen = [name]
        while seen[-1] in aliases:
            seen.append(aliases[seen[-1]])
            if seen[-1] == name:
                raise InvalidInput(f"records: the CNAMEs {' -> '.join(seen)} lead round in a circle")
            if seen[-1] in seen[:-1]:
                break


def _parents(name: str) -> t.Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _read_record(entry: t.Mapping[str, t.Any], where: str, state: str, ttl: int | None, wildcards: bool, other_values: OtherValues) -> Wanted:
    rdtype = canonical_type(str(entry["type"]), where)
    name = canonical_name(str(entry["name"]), where, wildcards=wildcards)
    value_of: OtherValues = canonical_value if rdtype in OWN else other_values
    given = _read_values(entry.get("values") or (), rdtype, where, value_of)
    expect = None if entry.get("expect") is None else _read_values(entry["expect"], rdtype, f"{where}: expect", value_of)
    if state == "present" and not given:
        raise InvalidInput(f"{where}: values is empty; to remove the record set, use state 'absent'")
    if rdtype in SINGLE and len(given) > 1:
        raise InvalidInput(f"{where}: a name has one {rdtype} value at most, and {len(given)} are listed")
    if rdtype in SINGLE and given == [name]:
        raise InvalidInput(f"{where}: the {rdtype} would point at itself")
    zone = canonical_name(str(entry["zone"]), f"{where}: zone") if entry.get("zone") else None
    if zone is not None and name != zone and not name.endswith("." + zone):
        raise InvalidInput(f"{where}: {name} does not lie in the zone {zone}")
    return Wanted(
        item=Item(name, rdtype),
        values=tuple(sorted(given)),
        ttl=canonical_ttl(entry.get("ttl"), where) or canonical_ttl(ttl, "ttl"),
        zone=zone,
        expect=None if expect is None else tuple(sorted(expect)),
    )


def _read_values(listed: t.Iterable[t.Any], rdtype: str, where: str, value_of: OtherValues) -> list[str]:
    values = [value_of(rdtype, str(value), where) for value in listed]
    if len(set(values)) != len(values):
        raise InvalidInput(f"{where}: the value {next(v for v in values if values.count(v) > 1)!r} is there twice")
    return values


def read_repoint(option: t.Mapping[str, t.Any], protected: t.Container[str], *, wildcards: bool = False) -> Repoint:
    """The ``repoint`` option, checked. Raises InvalidInput."""
    sources, targets = list(option.get("from") or ()), list(option.get("to") or ())
    if not sources or len(sources) != len(targets):
        raise InvalidInput(f"repoint: from has {len(sources)} entries and to has {len(targets)}; each source needs the target at the same place in the list")
    pairs: dict[str, str] = {}
    for number, (source, target) in enumerate(zip(map(str, sources), map(str, targets), strict=True), 1):
        old, new = _host(source, "repoint: from"), _host(target, "repoint: to")
        if is_address(old) != is_address(new) or (is_address(old) and (":" in old) != (":" in new)):
            raise InvalidInput(f"repoint: {source!r} can't become {target!r}: an IPv4 address pairs with an IPv4 address, IPv6 with IPv6, a name with a name")
        if old == new:
            raise InvalidInput(f"repoint: {source!r} stands in from and in to, so nothing would move")
        if pairs.setdefault(old, new) != new:
            raise InvalidInput(f"repoint: {source!r} is to become {pairs[old]!r} and {target!r}; it can only become one of them")
        if len(pairs) < number:
            raise InvalidInput(f"repoint: from entry {number} ({source}): {old} is listed twice; list each source once")
    both = sorted(set(pairs) & set(pairs.values()))
    if both:
        raise InvalidInput(f"repoint: {both[0]!r} is both a source and a target; do it in two tasks")
    names = tuple(read_names(option.get("names") or (), "repoint: names", wildcards=wildcards))
    if not names:
        raise InvalidInput("repoint: names is empty; list the names that users connect to")
    for name in names:
        if name in protected:
            raise InvalidInput(f"repoint: names: {name} is one of protected_names, a management name that must stay where it is")
    return Repoint(tuple(pairs.items()), names, bool(option.get("ptr")))


def read_names(given: t.Iterable[t.Any], where: str, *, wildcards: bool) -> list[str]:
    """Canonical names. Raises InvalidInput, also for a name that is there twice, in whatever spelling: one of the two may have been meant otherwise."""
    names: dict[str, str] = {}
    for number, name in enumerate(map(str, given), 1):
        canonical = canonical_name(name, where, wildcards=wildcards)
        if canonical in names:
            spelled = "" if names[canonical] == name else f", once as {names[canonical]} and once as {name}"
            raise InvalidInput(f"{where} entry {number} ({name}): {canonical} is listed twice{spelled}; list each name once")
        names[canonical] = name
    return list(names)


def list_once(labels: dict[tuple[str, int], str], address: str, port: int, label: str, where: str) -> None:
    """Adds a server to those that a list has so far. Raises InvalidInput for one that is there already: under two names it would count twice."""
    if label in labels.values():
        raise InvalidInput(f"{where}: {label} is listed twice; list each server once")
    earlier = labels.setdefault((address, port), label)
    if earlier != label:
        raise InvalidInput(f"{where}: {label} is {address} port {port}, which is listed as {earlier} before; list each server once")


def _host(text: str, where: str) -> str:
    return canonical_address(text, where) if is_address(text) else canonical_name(text, where)
