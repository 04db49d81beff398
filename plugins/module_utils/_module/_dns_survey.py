# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Where the records of a DNS task stand: the zone of each name, the name server that holds each zone, and where PTR records really are.

A provider that hands out less than 256 addresses delegates them one by one: 21.0.0.10.in-addr.arpa is a CNAME to a name like
21.16-31.0.0.10.in-addr.arpa in a zone of the customer's (RFC 2317), and that is where the PTR record stands.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import is_reverse
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, ProtocolError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import discover
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import read_answer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Cut, NotServed, Servers

#: How many aliases in a row are followed.
MAX_HOPS = 8


class Survey:
    """``zones``: name -> zone. ``holders``: zone -> the server that is read and written for it. ``moved``: PTR set as asked -> where it stands."""

    def __init__(self, servers: Servers) -> None:
        self.zones: dict[str, str] = {}
        self.holders: dict[str, NameServer] = {}
        self.moved: dict[Item, Item] = {}
        self._aliases: dict[str, str] = {}
        self.servers = servers

    def locate(self, items: t.Sequence[Item], stated: t.Mapping[str, str]) -> None:
        """Asks the first server that answers, and the others for what it does not serve. ``stated``: name -> its zone as the user named it.
        Raises NotServed with a sentence that names the name."""
        known = self.zones, self.holders, self.moved
        try:
            for missing in self.locate_most(items, stated).values():
                raise missing
            self._refuse_doubles(items)
        except FailoverError:
            self.zones, self.holders, self.moved = known  # what was found before holds until something else is
            raise

    def locate_most(self, items: t.Sequence[Item], stated: t.Mapping[str, str]) -> dict[str, FailoverError]:
        """The same for names that need not all be found: name -> why it lies in no zone of the servers. Raises TransportError where none answers."""
        self.zones, self.holders, self.moved, self._aliases = {}, {}, {}, {}
        missing: dict[str, FailoverError] = {}
        first = self.servers.first()
        for zone in dict.fromkeys(stated.values()):
            names = {name: zone for name, named in stated.items() if named == zone}
            try:
                self._stated(first, names)
            except FailoverError as error:
                missing.update(dict.fromkeys(names, error))
        left = {item: item for item in items if item.name not in missing}
        for _hop in range(MAX_HOPS):
            cut = self._cut(first, dict.fromkeys(there.name for there in left.values() if there.name not in self.zones))
            self._aliases.update(cut.aliases)
            self._ask_holders([there for there in left.values() if _may_lead_on(there) and there.name in self.zones and there.name not in self._aliases])
            left = {asked: Item(alias, "PTR") for asked, there in left.items() for alias in [self._alias(there, cut)] if alias}
            missing.update(cut.missing)
            self.moved.update(left)
            if not left:
                break
        for asked, there in left.items():
            missing[asked.name] = InvalidInput(f"{asked}: {asked.name} leads from alias to alias, at last to {there.name}, and to no end")
        self._divide()
        return missing

    def discover(self) -> None:
        """Adds the name servers that the zones name themselves, as the holder of each tells. Raises TransportError where one does not answer."""
        for holder in dict.fromkeys(self.holders.values()):
            discover(self.servers, holder, [zone for zone, other in self.holders.items() if other is holder], self.servers.clock)

    def beside(self, item: Item, name: str) -> Item:
        """``item`` lies in the zone of ``name``, which was found."""
        self.zones[item.name] = self.zones[name]
        self.servers.lies_in(item.name, self.zones[name])
        return item

    def where(self, item: Item) -> Item:
        """Where a set stands that the task asks for."""
        return self.moved.get(item, item)

    def holder(self, zone: str) -> NameServer:
        return self.holders[zone]

    def by_holder(self, items: t.Iterable[Item]) -> dict[NameServer, list[Item]]:
        """The items that each server is asked for."""
        divided: dict[NameServer, list[Item]] = {}
        for item in items:
            divided.setdefault(self.holders[self.zones[item.name]], []).append(item)
        return divided

    def _found(self, server: NameServer, zones: t.Mapping[str, str]) -> None:
        self.zones.update(zones)
        for zone in zones.values():
            self.holders.setdefault(zone, server)

    def _stated(self, first: NameServer, names: t.Mapping[str, str]) -> None:
        """One zone that the user named, by the first server that serves it. Raises the first server's NotServed."""
        failures: list[FailoverError] = []
        for server in [first, *(server for server in self.servers.updated if server is not first)]:
            try:
                self._found(server, self.servers.zones(server, [], names))
                return
            except (NotServed, TransportError) as error:
                failures.append(error)
        raise failures[0]

    def _cut(self, first: NameServer, names: t.Iterable[str]) -> Cut:
        """By the first server, and of what it does not serve by the others for updates, in their order."""
        cut = self.servers.cut(first, names)
        self._found(first, cut.zones)
        for server in self.servers.updated:
            if cut.missing and server is not first:
                try:
                    other = self.servers.cut(server, cut.missing)
                except TransportError:
                    continue
                self._found(server, other.zones)
                cut = Cut(cut.zones | other.zones, cut.aliases | other.aliases, {name: why for name, why in cut.missing.items() if name in other.missing})
        return cut

    def _alias(self, item: Item, cut: Cut) -> str:
        """What a PTR set's name is an alias of; "" where it is none. Takes a name out of ``cut.missing`` that lies in a provider's zone."""
        if not _may_lead_on(item):
            return ""
        alias = self._aliases.get(item.name) or (self._ask_for_alias(item) if item.name in cut.missing else "")
        if alias:
            cut.missing.pop(item.name, None)
        return alias

    def _ask_holders(self, items: t.Sequence[Item]) -> None:
        """Samba answers other questions as if there were no alias; the question for the alias itself is answered everywhere."""
        for holder, held in self.by_holder(Item(item.name, "CNAME") for item in items).items():
            found = {item.name: reading.records for item, reading in self.servers.read(holder, held).items()}
            self._aliases.update({name: records.values[0] for name, records in found.items() if records})

    def _ask_for_alias(self, item: Item) -> str:
        """The provider's zone is asked for through the listed servers, as clients ask."""
        question = Item(item.name, "CNAME")
        for server in self.servers.all:
            try:
                records = read_answer(self.servers.answers(server, [question], 1, recursion=True)[0], question, authority=False).records
            except (TransportError, ProtocolError):
                continue
            if records:
                return records.values[0]
        return ""

    def _refuse_doubles(self, items: t.Sequence[Item]) -> None:
        for asked, there in self.moved.items():
            if there in items:
                raise InvalidInput(f"{asked.name} is an alias of {there.name} (RFC 2317), and both are listed; give the record one entry")

    def _divide(self) -> None:
        """Zones of one task on several servers: each server is to have those that it serves, unless it serves none at all."""
        if len(set(self.holders.values())) < 2:
            return
        tops = [Item(zone, "SOA") for zone in self.holders]
        for server in self.servers.listed:
            try:
                readings = self.servers.read(server, tops, 1)
            except TransportError:
                held = [zone for zone, holder in self.holders.items() if holder is server]
            else:
                held = [item.name for item, reading in readings.items() if reading.status == "ok" and reading.zone == item.name]
            if held:
                self.servers.serves_only(server, held)


def _may_lead_on(item: Item) -> bool:
    return item.type == "PTR" and is_reverse(item.name)
