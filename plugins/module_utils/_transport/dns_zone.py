# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Questions about zones and many records: which zone holds a name, what each server says, who agrees.

Answers are parsed once: an answer whose bytes were seen before (all but the id) is known already. Reading a thousand
records back from four servers again and again costs a comparison of bytes each.
"""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionRefused,
    DnsRefused,
    ProtocolError,
    TransportError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import BREATH, UDP_LIMIT, Endpoint, NameServer, new_id
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading, negative_shape, query, read_answer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_wildcards import Wildcards

#: How often a question is asked again; the time for the answer grows to the endpoint's timeout with the last.
TRIES = 3
#: What a server says of a record set that is expected.
STATUSES = ("ok", "wrong", "unreachable", "not_authoritative")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One server and one record set. ``records`` is what it answered, where it did."""

    status: str
    records: RecordSet | None = None
    msg: str = ""


class NotServed(DnsRefused):
    """A name lies in no zone that the name server answers for as an authority."""

    reason = "no_zone"


@dataclasses.dataclass(frozen=True)
class Cut:
    """What one server says of the zones of names. ``aliases``: names that are CNAMEs, and of what; they lie in a zone all the same."""

    zones: dict[str, str] = dataclasses.field(default_factory=dict)
    aliases: dict[str, str] = dataclasses.field(default_factory=dict)
    missing: dict[str, NotServed] = dataclasses.field(default_factory=dict)


class Servers:
    """The task's name servers: those that take updates first, then those that are only read, then those that a zone names
    itself (``dns_discovery`` adds them). For one thread."""

    def __init__(self, endpoints: t.Sequence[Endpoint], verify_only: t.Sequence[Endpoint], clock: Clock) -> None:
        self.updated = [NameServer(endpoint, clock) for endpoint in endpoints]
        known = {(endpoint.address, endpoint.port) for endpoint in endpoints}
        self.all = [*self.updated, *(NameServer(endpoint, clock) for endpoint in verify_only if (endpoint.address, endpoint.port) not in known)]
        self.listed = tuple(self.all)
        self.clock = clock
        self._scopes: dict[NameServer, set[str]] = {}
        self._parsed: dict[tuple[Item, bytes], Reading] = {}
        self._negative: dict[bytes, Reading] = {}
        self._zones: dict[str, str] = {}
        self._wildcards: dict[NameServer, Wildcards] = {}

    def close(self) -> None:
        for server in self.all:
            server.close()

    def discovered(self, server: NameServer, zone: str) -> None:
        """``zone`` names ``server``: it is asked for the records of this zone, and of no other unless that names it too."""
        if server not in self.all:
            self.all.append(server)
            self._scopes[server] = set()
        if server in self._scopes:
            self._scopes[server].add(zone)

    def found_by_zone(self, server: NameServer) -> bool:
        """Whether a zone names it, and the task does not list it."""
        return server not in self.listed

    def serves_only(self, server: NameServer, zones: t.Iterable[str]) -> None:
        """A server that the task lists has these of its zones, and others have the others."""
        self._scopes[server] = set(zones)

    def serves(self, server: NameServer, zone: str) -> bool:
        """Whether a server is to have the records of a zone: one that the task lists has all of them, unless that was seen to be otherwise."""
        return server not in self._scopes or zone in self._scopes[server]

    def lies_in(self, name: str, zone: str) -> None:
        """A name whose zone need not be asked for."""
        self._zones[name] = zone

    def zone_of(self, item: Item) -> str:
        """The zone that was found for a name; "" before that."""
        return self._zones.get(item.name, "")

    def read(self, server: NameServer, items: t.Sequence[Item], tries: int = TRIES) -> dict[Item, Reading]:
        """All items from one server; what it answers SERVFAIL once more after a moment. Raises TransportError."""
        readings = self._read(server, items, tries)
        failed = [item for item, reading in readings.items() if reading.status == "failed"]
        if failed:
            self.clock.sleep(BREATH)
            readings.update(self._read(server, failed, tries))
        return self._wildcards.setdefault(server, Wildcards()).without(readings, self._zones, lambda more: self._read(server, more, tries))

    def _read(self, server: NameServer, items: t.Sequence[Item], tries: int) -> dict[Item, Reading]:
        return {item: self._parse(item, answer) for item, answer in zip(items, self.answers(server, items, tries), strict=True)}

    def answers(self, server: NameServer, items: t.Sequence[Item], tries: int = TRIES, *, recursion: bool = False) -> list[bytes]:
        """The answers as they came, in the order of the items. Raises TransportError."""
        if not server.endpoint.address:
            raise Unreachable(f"no address of {server.endpoint.label} was found: none of the listed servers knows one", host=server.endpoint.label)
        found: list[bytes] = []
        for start in range(0, len(items), 0x10000):
            part = items[start : start + 0x10000]
            wires = [number + query(item, recursion=recursion)[2:] for number, item in zip(_ids(len(part)), part, strict=True)]
            found += self._ask(server, wires, tries)
        return found

    def recursive(self, resolver: NameServer, items: t.Sequence[Item]) -> dict[Item, Reading]:
        """What a clients' resolver says, by TCP, or by UDP as its clients ask where it has no TCP. One try. Raises TransportError."""
        try:
            answers = self.answers(resolver, items, 1, recursion=True)
        except Unreachable:
            answers = self._by_udp(resolver, [new_id() + query(item, recursion=True)[2:] for item in items])
        return {item: read_answer(answer, item, authority=False) for item, answer in zip(items, answers, strict=True)}

    def _ask(self, server: NameServer, wires: t.Sequence[bytes], tries: int) -> list[bytes]:
        timeout = server.endpoint.timeout
        try:
            return server.read(wires, [timeout * (number + 1) / TRIES + 0.01 * len(wires) for number in range(tries)])
        except ConnectionRefused:
            # A server that only speaks UDP can still be read, one by one.
            answers = self._by_udp(server, wires)
            if any(len(answer) > UDP_LIMIT or answer[2] & 2 for answer in answers):
                raise
            return answers

    def _by_udp(self, server: NameServer, wires: t.Sequence[bytes]) -> list[bytes]:
        """One after the other, within the time that all of them have by TCP."""
        timeout = server.endpoint.timeout
        deadline = Deadline(self.clock, timeout + 0.01 * len(wires))
        return [server.exchange_udp(wire, min(timeout, deadline.remaining())) for wire in wires]

    def _parse(self, item: Item, answer: bytes) -> Reading:
        key = (item, answer[2:])
        reading = self._parsed.get(key)
        if reading is None:
            alike = negative_shape(answer)
            reading = self._negative.get(alike) if alike else None
            if reading is None:
                reading = read_answer(answer, item)
                if alike:
                    self._negative[alike] = reading
            self._parsed[key] = reading
        return reading

    def first(self) -> NameServer:
        """The first server for updates that answers; it is the one that is read and written. Raises the last error."""
        failures: list[TransportError] = []
        for server in self.updated:
            try:
                self.read(server, [Item("", "SOA")], tries=2)
            except ProtocolError:
                return server
            except TransportError as error:
                failures.append(error)
                continue
            return server
        raise failures[-1]

    def host_name(self, label: str) -> str:
        """The name of the server with this label, as it says itself: in Active Directory each is the MNAME of its own SOA.

        Asks for a zone that was found before. Raises NotServed.
        """
        server = next(one for one in self.all if one.endpoint.label == label)
        for zone in dict.fromkeys(self._zones.values()):
            records = self.read(server, [Item(zone, "SOA")])[Item(zone, "SOA")].records
            if records is not None:
                return records.values[0].split()[0].rstrip(".").lower()
        raise NotServed(f"{server.endpoint} serves none of the zones, so its own host name is not known; state it as kerberos.server", host=label)

    def zones(self, server: NameServer, names: t.Iterable[str], stated: t.Mapping[str, str]) -> dict[str, str]:
        """name -> the zone that ``server`` holds it in. ``stated``: zones that the user named; they are checked too.

        Asks for the SOA of each name: its owner, in the answer or beside a negative answer, is the zone. A name that is an
        alias says nothing of its own zone, so its parent is asked. Raises NotServed with a sentence that names the name.
        """
        tops = [Item(zone, "SOA") for zone in dict.fromkeys(stated.values())]
        served = {item.name for item, reading in self.read(server, tops).items() if reading.status == "ok" and reading.records and reading.zone == item.name}
        for name, zone in stated.items():
            if zone not in served:
                amiss = f"{name}: {server.endpoint} does not serve the zone {zone} as an authority"
                raise NotServed(f"{amiss}; name a server of it in servers, or correct zone", host=server.endpoint.label)
            self._zones[name] = zone
        cut = self.cut(server, [name for name in names if name not in self._zones])
        for missing in cut.missing.values():
            raise missing
        return {name: self._zones[name] for name in [*stated, *names]}

    def cut(self, server: NameServer, names: t.Iterable[str]) -> Cut:
        """The same for names that may lie elsewhere: nothing is raised for a name that lies in no zone of this server."""
        found = Cut()
        asked = {name: name for name in names}
        while asked:
            readings = self.read(server, [Item(parent, "SOA") for parent in dict.fromkeys(asked.values())])
            higher: dict[str, str] = {}
            for name, parent in asked.items():
                reading = readings[Item(parent, "SOA")]
                if reading.alias and parent == name:
                    found.aliases[name] = reading.alias
                if reading.status == "ok" and reading.zone and not reading.alias and _below(name, reading.zone):
                    found.zones[name] = self._zones[name] = reading.zone
                elif "." in parent and (reading.alias or reading.status == "ok"):
                    higher[name] = parent.partition(".")[2]
                else:
                    found.missing[name] = _not_served(server, name, reading)
            asked = higher
        return found

    def present(self, server: NameServer, items: t.Sequence[Item]) -> dict[Item, Reading]:
        """What the server that will be written has now. Raises NotServed where it is no authority."""
        readings = self.read(server, items)
        for item, reading in readings.items():
            if reading.status != "ok":
                raise _not_served(server, item.name, reading)
        return readings

    def verify(self, server: NameServer, wanted: t.Mapping[Item, RecordSet | None]) -> dict[Item, Verdict]:
        """What one server says of each set. Values count, and the TTL where the set exists."""
        try:
            readings = self.read(server, list(wanted), tries=1)
        except TransportError as error:
            return {item: Verdict("unreachable", msg=error.message) for item in wanted}
        return {item: _verdict(reading, wanted[item]) for item, reading in readings.items()}


def _ids(count: int) -> list[bytes]:
    """None twice, and none that somebody could guess. Drawn by the handful: each draw is a call of the system."""
    if count > 0x1000:
        return [number.to_bytes(2, "big") for number in secrets.SystemRandom().sample(range(0x10000), count)]
    found: dict[bytes, None] = {}
    while len(found) < count:
        drawn = secrets.token_bytes(2 * (count - len(found)))
        found.update(dict.fromkeys(drawn[start : start + 2] for start in range(0, len(drawn), 2)))
    return list(found)


def _not_served(server: NameServer, name: str, reading: Reading) -> NotServed:
    why = _WHY.get(reading.status, "it knows no zone above it")
    sentence = f"{name} lies in no zone that {server.endpoint} serves ({why}); name a server of its zone in servers, or correct the name"
    return NotServed(sentence, host=server.endpoint.label)


def _below(name: str, zone: str) -> bool:
    return name == zone or name.endswith("." + zone)


_WHY = {
    "refused": "it refuses to answer",
    "not_authoritative": "it is no authority for it",
    "failed": "it answers SERVFAIL: it is overrun, or could not fetch the zone from its primary",
}


def _verdict(reading: Reading, wanted: RecordSet | None) -> Verdict:
    if reading.status != "ok":
        # What a server can't say now it may say later, and its clients have it from elsewhere then: it was not read.
        return Verdict("unreachable" if reading.status == "failed" else "not_authoritative", msg=_WHY[reading.status])
    return Verdict("ok" if reading.records == wanted else "wrong", reading.records)
