# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Ageing of records in Active Directory: when scavenging may delete one that nobody refreshes. Pure.

A zone that ages lets a record be for the no-refresh interval, then waits for the refresh interval; behind both it may be scavenged (reference:
Microsoft, DNS aging and scavenging). A source that is down refreshes nothing, and a stand-in does not know the name. A record that a person
made is static: it has no time stamp and never ages.
"""

from __future__ import annotations

import datetime
import typing as t

#: What scavenging takes from users first, and what ``static`` changes.
ADDRESSES = ("A", "AAAA")


class Aged(t.NamedTuple):
    """One record of a name. ``data``: as it goes over the wire; ``refreshed``: None for a static record."""

    type: str
    data: bytes
    refreshed: datetime.datetime | None


class Zone(t.NamedTuple):
    """``ages``: whether its records are scavenged at all. The intervals are hours."""

    name: str = ""
    ages: bool = False
    no_refresh: int = 0
    refresh: int = 0


def scavenged_from(record: Aged, zone: Zone) -> datetime.datetime | None:
    """From when on it may be deleted, if nobody refreshes it; None: never."""
    if record.refreshed is None or not zone.ages:
        return None
    try:
        return record.refreshed + datetime.timedelta(hours=zone.no_refresh + zone.refresh)
    except OverflowError:
        return None


def is_static(records: t.Sequence[Aged]) -> bool:
    """Whether there are records, and no address among them ages: a name that is an alias has none that could."""
    return bool(records) and all(one.refreshed is None for one in records if one.type in ADDRESSES)


def is_stale(records: t.Sequence[Aged], old: t.Collection[bytes]) -> bool:
    """Whether an address is still one of the source's: this domain controller has not learned of the move, and writing the record there
    would bring the old one back to all others."""
    return any(one.type in ADDRESSES and one.data in old for one in records)


def report(records: t.Sequence[Aged], zone: Zone) -> list[dict[str, t.Any]]:
    """``{type, static, refreshed, scavenged_from}`` of each record, times as ISO 8601 in UTC, empty where there is none."""
    return [
        {"type": one.type, "static": one.refreshed is None, "refreshed": _stamp(one.refreshed), "scavenged_from": _stamp(scavenged_from(one, zone))}
        for one in records
    ]


def warning(name: str, records: t.Sequence[Aged], zone: Zone) -> str:
    """One sentence where scavenging would take an address away; empty where it would not."""
    ends = [end for end in (scavenged_from(one, zone) for one in records if one.type in ADDRESSES) if end is not None]
    if not ends:
        return ""
    return (
        f"{name} ages: zone {zone.name} may delete its address from {_stamp(min(ends))} on, as nobody refreshes a name that leads to a stand-in; "
        "'static: true' keeps it"
    )


def _stamp(moment: datetime.datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ") if moment is not None else ""
