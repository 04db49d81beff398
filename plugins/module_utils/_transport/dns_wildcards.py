# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Records that a name server makes up from a wildcard, told from those that a name has itself.

An answer does not say which it is (RFC 4592). Where a wildcard above a name has records of the type, a name below it is asked for too: below
a name that exists nothing is made up from that wildcard (section 3.3.1), below one that does not the same answer comes.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading

PROBE = "_failover-probe."
#: A name that leaves no room for the probe is taken as it is answered.
LONGEST = 253 - len(PROBE)

Ask = t.Callable[[t.Sequence[Item]], t.Mapping[Item, Reading]]


class Wildcards:
    """Of one name server. What was asked of its wildcards is kept."""

    def __init__(self) -> None:
        self._there: dict[Item, bool] = {}

    def without(self, readings: t.Mapping[Item, Reading], zones: t.Mapping[str, str], ask: Ask) -> dict[Item, Reading]:
        """The readings; what was made up has no records. ``zones``: name -> its zone; a name without is taken as it is answered."""
        above = {item: _wildcards(item, zones[item.name]) for item, reading in readings.items() if item.name in zones and (reading.records or reading.alias)}
        new = dict.fromkeys(wildcard for wildcards in above.values() for wildcard in wildcards if wildcard not in self._there)
        if new:
            self._there.update({item: bool(reading.records or reading.alias) for item, reading in ask(list(new)).items()})
        probes = {item: Item(PROBE + item.name, item.type) for item, wildcards in above.items() if any(self._there[wildcard] for wildcard in wildcards)}
        if not probes:
            return dict(readings)
        answers = ask(list(probes.values()))
        made_up = {item for item, probe in probes.items() if _same(readings[item], answers[probe])}
        return {item: Reading("ok", zone=zones[item.name]) if item in made_up else reading for item, reading in readings.items()}


def _wildcards(item: Item, zone: str) -> list[Item]:
    """The wildcards of the zone above a name, of its type."""
    found = []
    name = item.name
    while name != zone and "." in name and not item.name.startswith("*.") and len(item.name) <= LONGEST:
        name = name.partition(".")[2]
        found.append(Item(f"*.{name}", item.type))
    return found


def _same(one: Reading, other: Reading) -> bool:
    return other.status == "ok" and bool(other.records or other.alias) and (one.records, one.alias) == (other.records, other.alias)
