# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a client's resolver cache says of the names that were moved, and what keeps an old value there. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

Wanted = t.Mapping[tuple[str, str], t.Collection[str]]
"""(name, type) -> the values that are right, as ``plain`` writes them."""

#: Types whose data the cache holds in a form that compares; of the others only "there is none" is understood.
COMPARED = ("A", "AAAA", "CNAME", "PTR")


@dataclasses.dataclass(frozen=True)
class CacheEntry:
    """One record in a cache. ``asked`` is the question it answers, ``name`` its owner, both in small letters without a final dot; ``data`` as the
    host writes it. ``status`` 0, or the Win32 code of a negative entry, which has no data: 9003 no such name, 9701 no such records."""

    asked: str
    name: str
    type: str
    data: str
    status: int = 0


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``reason`` and ``msg`` are empty where nothing is amiss."""

    reason: str = ""
    msg: str = ""


def plain(value: str) -> str:
    """An address or a name in the one form in which equal ones are equal."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value.rstrip(".").lower()


def old_values(entries: t.Iterable[CacheEntry], wanted: Wanted) -> list[CacheEntry]:
    """Those that answer a question of ``wanted`` with another value. An alias on the way to the right address is none."""
    found = []
    for entry in entries:
        right = wanted.get((entry.asked, entry.type)) or wanted.get((entry.name, entry.type))
        if right is not None and entry.type in COMPARED and entry.status == 0 and plain(entry.data) not in right:
            found.append(entry)
    return found


def negative(entries: t.Iterable[CacheEntry], wanted: Wanted) -> list[CacheEntry]:
    """Those that say that a name or record of ``wanted`` does not exist."""
    return [entry for entry in entries if entry.status != 0 and (entry.asked, entry.type) in wanted]


def wrong_lines(hosts_file: t.Mapping[str, t.Collection[str]], wanted: Wanted) -> list[str]:
    """``address name`` of every line of a hosts file that gives a name of ``wanted`` an address that is not right."""
    right: dict[str, set[str]] = {}
    for (name, kind), values in wanted.items():
        if kind in ("A", "AAAA", "CNAME"):
            right.setdefault(name, set()).update(values)
    return [f"{address} {name}" for name in sorted(right) for address in hosts_file.get(name, ()) if plain(address) not in right[name]]


def verdict(client: str, entries: t.Sequence[CacheEntry], wanted: Wanted, hosts_file: t.Mapping[str, t.Collection[str]] | None) -> Verdict:
    """What is still wrong on a client whose cache was cleared. ``hosts_file`` is None where it was not read."""
    lines = wrong_lines(hosts_file or {}, wanted)
    if lines:
        return Verdict("hosts_file", f"the hosts file of {client} has {', '.join(lines)}, which no name server changes: take the line out there")
    old = old_values(entries, wanted)
    if old:
        seen = ", ".join(dict.fromkeys(f"{entry.asked or entry.name} is {entry.data}" for entry in old))
        where = "its hosts file could not be read, and" if hosts_file is None else "its hosts file does not say so:"
        return Verdict("stale_cache", f"the cache of {client} holds an old value again: {seen}; {where} look at the name servers of its other adapters")
    missing = negative(entries, wanted)
    if missing:
        seen = ", ".join(dict.fromkeys(f"{entry.asked} {entry.type}" for entry in missing))
        return Verdict(
            "negative_entry", f"the cache of {client} says again that there is no {seen}: look at the name servers of its other adapters and at its name policy"
        )
    return Verdict()
