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
    is_address,
    name_in_value,
    reverse_name,
    with_name,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

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
    pointers: t.Mapping[Item, Item] = dataclasses.field(default_factory=dict)  #: PTR sets that stand elsewhere (RFC 2317): as asked -> where

    def pointer(self, address: str) -> Item:
        """Where the PTR set of an address stands."""
        item = Item(reverse_name(address), "PTR")
        return self.pointers.get(item, item)

    def addresses(self) -> list[tuple[str, str]]:
        return [(source, target) for source, target in self.pairs if is_address(source)]


def items_of(repoint: Repoint) -> list[Item]:
    """Every record set that repointing may touch, in the order asked: the names' own sets, then the addresses' PTR sets."""
    own = [Item(name, rdtype) for name in repoint.names for rdtype in HOST_TYPES]
    pointers = [repoint.pointer(address) for pair in repoint.addresses() for address in pair] if repoint.ptr else []
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
    why = f"{wanted.item} is {now or 'absent'}, and the task expects {expected}; somebody changed it since, so nothing was touched"
    return WrongState(why, items={str(wanted.item): why})


def repointed(repoint: Repoint, now: t.Mapping[Item, RecordSet | None], ttl: int | None, protected: t.Container[str]) -> dict[Item, RecordSet | None]:
    """Item -> the set as it shall be, for every item of ``now``. Other values stay, TTLs too unless ``ttl`` is given.

    Raises WrongState for names that name neither source nor target: their users would not arrive.
    """
    pairs = dict(repoint.pairs)
    after: dict[Item, RecordSet | None] = {}
    own = [item for item in now if item.name in repoint.names]
    for item in own:
        after[item] = _moved(item, now[item], pairs, ttl)
    _must_arrive(repoint, now)
    if repoint.ptr:
        for source, target in repoint.addresses():
            _move_pointers(repoint.pointer(source), repoint.pointer(target), repoint, now, after, ttl, protected)
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


def astray(repoint: Repoint, now: t.Mapping[Item, RecordSet | None]) -> dict[str, list[Item]]:
    """Names that name neither a source nor a target, so that repointing leads nobody to the target -> their sets that are there."""
    ends = {end for pair in repoint.pairs for end in pair}
    found = {}
    for name in repoint.names:
        there = {item: records for item, records in now.items() if item.name == name and records is not None}
        if not any(name_in_value(item.type, value) in ends for item, records in there.items() for value in records.values):
            found[name] = list(there)
    return found


def named(name: str, there: t.Iterable[Item], now: t.Mapping[Item, RecordSet | None]) -> str:
    """What a name has, in a clause."""
    return "; ".join(f"{item.type} {now[item]}" for item in there) or "it has no record"


def _must_arrive(repoint: Repoint, now: t.Mapping[Item, RecordSet | None]) -> None:
    sentences, items = [], {}
    for name, there in astray(repoint, now).items():
        why = f"{name} names neither a source nor a target of repoint ({named(name, there, now)})"
        sentences.append(why)
        items.update(dict.fromkeys(map(str, there or [Item(name, "A")]), why))
    if sentences:
        mend = "mend the record, or take it out of repoint.names" if len(sentences) == 1 else "mend the records, or take them out of repoint.names"
        raise WrongState(f"{'; '.join(sentences)}; {mend}", items=items)


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
