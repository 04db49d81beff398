# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What each name server must give while the target owns the identity, what it gives instead, and what repairs it. Pure.

A source that comes back registers its name again, scavenging deletes a record that nobody refreshes, a person sets a third value: none of
them tells us. So every record is held, on every server, against what the failover left there.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import (
    HOST_TYPES,
    Item,
    RecordSet,
    Repoint,
    Wanted,
    from_image,
    repointed,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ageing import ADDRESSES
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import name_in_value
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

#: The finding that a record is not as the failover left it.
FINDING = "dns_record_changed"
#: The part of its time at whose beginning a record that ages is told.
SOON = 4
#: Stands for the name servers that nobody lists, where the zones could not be asked for them.
ZONES_OWN = "the zones' own name servers"
#: What a server says of a record: it leads to the target alone, to the source alone, to both, elsewhere, nowhere.
RIGHT, SOURCE, BOTH, CHANGED, GONE = "target", "source", "both", "changed", "gone"
Evidence = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Guarded:
    """A record set and what it must be; None = no such set."""

    item: Item
    wanted: RecordSet | None


def guarded(failover: RunRecord | None, listed: t.Sequence[Wanted], repoint: Repoint | None, baseline: t.Mapping[str, t.Any]) -> list[Guarded]:
    """From what the failover left: its last image of each record. What it found as it had to be already is ``listed``, the definition's records.

    An identity that people moved by hand has no such run: there the baseline's records are taken, repointed.
    """
    images = failover.images.get("dns") if failover is not None else None
    if images:
        left = {Item.parse(name): from_image(image["after"]) for name, image in images.items()}
    else:
        left = _from_baseline(repoint, baseline)
    for one in listed:
        left.setdefault(one.item, RecordSet.of(one.values, one.ttl or 0))
    return [Guarded(item, records) for item, records in left.items()]


def _from_baseline(repoint: Repoint | None, baseline: t.Mapping[str, t.Any]) -> dict[Item, RecordSet | None]:
    if repoint is None:
        return {}
    known = {Item.parse(name): from_image(image) for name, image in baseline.items()}
    mine = {item: records for item, records in known.items() if records is not None and item.name in repoint.names}
    try:
        return dict(repointed(Repoint(repoint.pairs, tuple(dict.fromkeys(item.name for item in mine))), mine, None, ()))
    except WrongState:  # a name that named neither server in peace time
        return {}


def judged(one: Guarded, there: RecordSet | None, repoint: Repoint | None) -> str:
    """What a server that has ``there`` says. A TTL that somebody changed leads nobody astray."""
    values = set(there.values if there else ())
    wanted = set(one.wanted.values if one.wanted else ())
    if values == wanted:
        return RIGHT
    sources = {source for source, _target in repoint.pairs} if repoint is not None else set()
    if any(value not in wanted and _host(one.item, value) in sources for value in values):
        return BOTH if values & wanted else SOURCE
    return CHANGED if values else GONE


def _host(item: Item, value: str) -> str:
    return name_in_value(item.type, value) if item.type in HOST_TYPES else ""


def ageing(failover: RunRecord | None, now: datetime.datetime) -> list[str]:
    """A sentence for each name whose address scavenging may delete soon, by the time stamps that the step ``dns_lock`` of the failover read.

    Soon: in the last quarter of the time that it had then. Whoever refreshed it since is not known here.
    """
    if failover is None:
        return []
    facts = (failover.steps.get("dns_lock") or {}).get("evidence") or {}
    # One domain controller that took it out of ageing is enough: the others have it later.
    static = {name for name, image in failover.images.get("dns_lock", {}).items() if (image["after"] or {}).get("static")}
    soonest: dict[str, tuple[datetime.datetime, datetime.datetime]] = {}
    for controller in facts.values():
        for name, records in (controller.get("ageing") or {}).items():
            for one in records:
                if one["type"] in ADDRESSES and one["scavenged_from"] and name not in static:
                    end = (moment(one["scavenged_from"]), moment(one["refreshed"]))
                    soonest[name] = min(end, soonest.get(name, end))
    return [
        f"{name} ages: scavenging may delete its address from {end:%Y-%m-%dT%H:%MZ} on, unless it was refreshed since the failover; update_dns with "
        "'state: locked' and 'static: true' keeps it"
        for name, (end, refreshed) in soonest.items()
        if now >= end - (end - refreshed) / SOON
    ]


def repairs(guards: t.Sequence[Guarded], evidence: t.Sequence[Evidence]) -> list[dict[str, t.Any]]:
    """The records to write again, as update_dns takes them in ``records``; without values what must not exist, which it takes as ``absent``."""
    wrong = {str(one["name"]) for one in evidence if one["kind"] == "dns" and one.get("finding") == FINDING}
    found = []
    for one in guards:
        if str(one.item) in wrong:
            entry = {"name": one.item.name, "type": one.item.type, "values": list(one.wanted.values) if one.wanted else []}
            found.append({**entry, "ttl": one.wanted.ttl} if one.wanted and one.wanted.ttl else entry)
    return found
