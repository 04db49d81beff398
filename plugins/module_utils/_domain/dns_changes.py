# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a DNS task wants, against what is there: changes, and their inverse. Pure; records are text (see ``dns_names``).

The image of a record set in results and journals is ``{"values": [sorted], "ttl": seconds}``, None where there is no set.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import (
    canonical_address,
    canonical_name,
    canonical_ttl,
    canonical_value,
    is_address,
    name_in_value,
    reverse_name,
    with_name,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState

#: The TTL of a new record set for which the task states none.
DEFAULT_TTL = 300
#: The types whose values can name a host.
HOST_TYPES = ("A", "AAAA", "CNAME", "PTR", "MX", "SRV")


class Item(t.NamedTuple):
    """A record set's place. Its text, ``mail.example.com A``, is the name of the outcome."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"

    @classmethod
    def parse(cls, text: str) -> Item:
        name, _space, rdtype = text.rpartition(" ")
        return cls(name, rdtype)


@dataclasses.dataclass(frozen=True)
class RecordSet:
    """The values of one name and type: sorted, without doubles."""

    values: tuple[str, ...]
    ttl: int

    @classmethod
    def of(cls, values: t.Iterable[str], ttl: int) -> RecordSet:
        return cls(tuple(sorted(set(values))), ttl)

    def image(self) -> dict[str, t.Any]:
        return {"values": list(self.values), "ttl": self.ttl}

    def __str__(self) -> str:
        return ", ".join(self.values)


def from_image(image: t.Mapping[str, t.Any] | None) -> RecordSet | None:
    return RecordSet.of(image["values"], int(image["ttl"])) if image else None


def to_image(records: RecordSet | None) -> dict[str, t.Any] | None:
    return records.image() if records else None


def same_values(one: RecordSet | None, other: RecordSet | None) -> bool:
    return (one.values if one else ()) == (other.values if other else ())


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One entry of ``records``, checked. ``values`` is empty where ``absent`` means the whole set."""

    item: Item
    values: tuple[str, ...]
    ttl: int | None = None
    zone: str | None = None
    expect: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Repoint:
    """The ``repoint`` option, checked: pairs of address and address, or of name and name."""

    pairs: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    ptr: bool = False

    def addresses(self) -> list[tuple[str, str]]:
        return [(source, target) for source, target in self.pairs if is_address(source)]


def read_records(entries: t.Sequence[t.Mapping[str, t.Any]], state: str, protected: t.Container[str], ttl: int | None = None) -> list[Wanted]:
    """The ``records`` option, checked before anything is asked or touched. ``ttl``: the task's own. Raises InvalidInput."""
    wanted: dict[Item, Wanted] = {}
    for number, entry in enumerate(entries, 1):
        where = f"records entry {number} ({entry['name']} {entry['type']})"
        one = _read_record(entry, where, state, ttl)
        if one.item.name in protected:
            raise InvalidInput(f"{where}: {one.item.name} is one of protected_names, a management name that must stay where it is")
        if one.item in wanted:
            how = "twice, the same" if wanted[one.item] == one else "twice, with contradictory values"
            raise InvalidInput(f"{where}: {one.item} stands in records {how}; give each name and type one entry with all its values")
        wanted[one.item] = one
    if state == "present":
        for one in wanted.values():
            beside = [item.type for item in wanted if item.name == one.item.name and item.type != "CNAME"]
            if one.item.type == "CNAME" and beside:
                raise InvalidInput(f"records: {one.item.name} is wanted as CNAME and as {beside[0]}, and a CNAME can't stand beside other data")
    return list(wanted.values())


def _read_record(entry: t.Mapping[str, t.Any], where: str, state: str, ttl: int | None) -> Wanted:
    rdtype = str(entry["type"]).upper()
    name = canonical_name(str(entry["name"]), where)
    given = [canonical_value(rdtype, str(value), where) for value in entry.get("values") or ()]
    if len(set(given)) != len(given):
        raise InvalidInput(f"{where}: the value {next(v for v in given if given.count(v) > 1)!r} is there twice")
    if state == "present" and not given:
        raise InvalidInput(f"{where}: values is empty; to remove the record set, use state 'absent'")
    if rdtype == "CNAME" and len(given) > 1:
        raise InvalidInput(f"{where}: a name has one CNAME value at most, and {len(given)} are listed")
    if rdtype == "CNAME" and given == [name]:
        raise InvalidInput(f"{where}: the CNAME would point at itself")
    zone = canonical_name(str(entry["zone"]), f"{where}: zone") if entry.get("zone") else None
    if zone is not None and name != zone and not name.endswith("." + zone):
        raise InvalidInput(f"{where}: {name} does not lie in the zone {zone}")
    expect = entry.get("expect")
    return Wanted(
        item=Item(name, rdtype),
        values=tuple(sorted(given)),
        ttl=canonical_ttl(entry.get("ttl"), where) or canonical_ttl(ttl, "ttl"),
        zone=zone,
        expect=None if expect is None else tuple(sorted({canonical_value(rdtype, str(value), f"{where}: expect") for value in expect})),
    )


def read_repoint(option: t.Mapping[str, t.Any], protected: t.Container[str]) -> Repoint:
    """The ``repoint`` option, checked. Raises InvalidInput."""
    sources, targets = list(option.get("from") or ()), list(option.get("to") or ())
    if not sources or len(sources) != len(targets):
        raise InvalidInput(f"repoint: from has {len(sources)} entries and to has {len(targets)}; each source needs the target at the same place in the list")
    pairs: dict[str, str] = {}
    for source, target in zip(map(str, sources), map(str, targets), strict=True):
        old, new = _host(source, "repoint: from"), _host(target, "repoint: to")
        if is_address(old) != is_address(new) or (is_address(old) and (":" in old) != (":" in new)):
            raise InvalidInput(f"repoint: {source!r} can't become {target!r}: an IPv4 address pairs with an IPv4 address, IPv6 with IPv6, a name with a name")
        if old == new:
            raise InvalidInput(f"repoint: {source!r} stands in from and in to, so nothing would move")
        if pairs.setdefault(old, new) != new:
            raise InvalidInput(f"repoint: {source!r} is to become {pairs[old]!r} and {target!r}; it can only become one of them")
    both = sorted(set(pairs) & set(pairs.values()))
    if both:
        raise InvalidInput(f"repoint: {both[0]!r} is both a source and a target; do it in two tasks")
    names = tuple(dict.fromkeys(canonical_name(str(name), "repoint: names") for name in option.get("names") or ()))
    if not names:
        raise InvalidInput("repoint: names is empty; list the names that users connect to")
    for name in names:
        if name in protected:
            raise InvalidInput(f"repoint: names: {name} is one of protected_names, a management name that must stay where it is")
    return Repoint(tuple(pairs.items()), names, bool(option.get("ptr")))


def _host(text: str, where: str) -> str:
    return canonical_address(text, where) if is_address(text) else canonical_name(text, where)


def items_of(repoint: Repoint) -> list[Item]:
    """Every record set that repointing may touch, in the order asked: the names' own sets, then the addresses' PTR sets."""
    own = [Item(name, rdtype) for name in repoint.names for rdtype in HOST_TYPES]
    pointers = [Item(reverse_name(address), "PTR") for pair in repoint.addresses() for address in pair] if repoint.ptr else []
    return list(dict.fromkeys([*own, *pointers]))


def present(wanted: Wanted, now: RecordSet | None) -> RecordSet:
    """The set as it shall be. Without a TTL of its own an existing set keeps its TTL."""
    return RecordSet.of(wanted.values, wanted.ttl or (now.ttl if now else DEFAULT_TTL))


def absent(wanted: Wanted, now: RecordSet | None) -> RecordSet | None:
    """The set without the listed values, or no set where none are listed or left."""
    left = [value for value in now.values if value not in wanted.values] if now and wanted.values else []
    return RecordSet.of(left, now.ttl) if now and left else None


def as_expected(wanted: Wanted, now: RecordSet | None, after: RecordSet | None) -> bool:
    """``expect``: are the values recorded earlier still there, or the wanted ones already?"""
    values = now.values if now else ()
    return wanted.expect is None or values == wanted.expect or values == (after.values if after else ())


def unexpected(wanted: Wanted, now: RecordSet | None) -> WrongState:
    expected = ", ".join(wanted.expect or ()) or "no such record"
    return WrongState(f"{wanted.item} is {now or 'absent'}, and the task expects {expected}; somebody changed it since, so nothing was touched")


def repointed(repoint: Repoint, now: t.Mapping[Item, RecordSet | None], ttl: int | None, protected: t.Container[str]) -> dict[Item, RecordSet | None]:
    """Item -> the set as it shall be, for every item of ``now``. Other values stay, TTLs too unless ``ttl`` is given.

    Raises WrongState for a name that names neither source nor target: its users would not arrive.
    """
    pairs = dict(repoint.pairs)
    after: dict[Item, RecordSet | None] = {}
    own = [item for item in now if item.name in repoint.names]
    for item in own:
        after[item] = _moved(item, now[item], pairs, ttl)
    for name in repoint.names:
        _must_arrive(name, {item: after[item] for item in own if item.name == name}, set(pairs.values()), now)
    if repoint.ptr:
        for source, target in repoint.addresses():
            _move_pointers(Item(reverse_name(source), "PTR"), Item(reverse_name(target), "PTR"), repoint, now, after, ttl, protected)
    return {item: after.get(item, now[item]) for item in now}


def _moved(item: Item, now: RecordSet | None, pairs: t.Mapping[str, str], ttl: int | None) -> RecordSet | None:
    if now is None:
        return None
    values = []
    for value in now.values:
        host = name_in_value(item.type, value)
        values.append(with_name(item.type, value, pairs[host]) if host in pairs else value)
    touched = tuple(sorted(set(values))) != now.values or any(name_in_value(item.type, value) in pairs.values() for value in values)
    return RecordSet.of(values, ttl if ttl and touched else now.ttl)


def _must_arrive(name: str, after: t.Mapping[Item, RecordSet | None], targets: t.Container[str], now: t.Mapping[Item, RecordSet | None]) -> None:
    for item, records in after.items():
        if records is not None and any(name_in_value(item.type, value) in targets for value in records.values):
            return
    there = "; ".join(f"{item.type} {records}" for item, records in now.items() if records is not None and item.name == name)
    raise WrongState(f"{name} names neither a source nor a target of repoint ({there or 'it has no record'}); mend the record, or take it out of repoint.names")


def _move_pointers(
    source: Item,
    target: Item,
    repoint: Repoint,
    now: t.Mapping[Item, RecordSet | None],
    after: dict[Item, RecordSet | None],
    ttl: int | None,
    protected: t.Container[str],
) -> None:
    """Values of the source's PTR set that are repointed names go over to the target's; the others stay."""
    old, new = after.get(source, now.get(source)), after.get(target, now.get(target))
    going = [value for value in (old.values if old else ()) if value in repoint.names and value not in protected]
    if old is None or not going:
        return
    left = [value for value in old.values if value not in going]
    after[source] = RecordSet.of(left, old.ttl) if left else None
    after[target] = RecordSet.of([*(new.values if new else ()), *going], ttl or (new.ttl if new else old.ttl))


def undone(item: Item, before: RecordSet | None, after: RecordSet | None, now: RecordSet | None) -> bool:
    """Is there something to put back? TTLs that a server or a person changed don't count as a conflict. Raises WrongState."""
    if now == before:
        return False
    if same_values(now, after) or same_values(now, before):
        return True
    raise WrongState(f"{item} is {now or 'absent'}, and the run left it as {after or 'absent'}: somebody changed it since, so it is not overwritten")
