# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones kept in a directory, as Active Directory's: every server takes updates, the others have them later, nobody's serial means anything.

    replicas = Replicas(lambda one, other: 15.0 if one.site == other.site else 900.0, Ageing(no_refresh=168, refresh=168))
    DnsServer("127.0.53.1", 0, zones, keys, name="dc1", site="berlin", replicas=replicas)
    DnsServer("127.0.53.2", 0, (), keys, name="dc2", site="munich", replicas=replicas)     # takes dc1's zones when it starts
    replicas.deny(dc1, "mail.example.com", "host-exch1")      # the lock: it travels like a record
    replicas.scavenge(dc1)                                    # what nobody refreshed is deleted, there, and everywhere later

The last writer of a record set wins: the higher number of writes, then the later one, then the server's name (reference: Microsoft, Active Directory
replication, conflict resolution). There the unit is the name with all its types; here it is the record set.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable

import dns.name

from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import SOA, Name, RdataType, RecordSet, Snapshot, Zone, add, remove

HOUR = 3600.0
STATIC = 0


@dataclasses.dataclass(frozen=True)
class Ageing:
    """Hours. A record written by dynamic update bears the hour of that; a refresh counts only after ``no_refresh``, and whoever was not
    refreshed ``refresh`` hours after that is scavenged (reference: Microsoft, DNS ageing and scavenging)."""

    no_refresh: int = 168
    refresh: int = 168


@dataclasses.dataclass(frozen=True, order=True)
class Version:
    number: int = 0
    at: float = 0.0
    server: str = ""


class Key(t.NamedTuple):
    """``rdtype`` None: who is denied to write the name."""

    origin: Name
    name: Name
    rdtype: RdataType | None


@dataclasses.dataclass(frozen=True)
class Held:
    """One attribute as one server has it."""

    version: Version
    records: RecordSet | None = None
    hours: int = STATIC
    denied: frozenset[str] = frozenset()
    descriptor: bytes = b""
    """The security descriptor that says so, where the name was guarded over LDAP."""


class Member(t.Protocol):
    """What a name server is to the others."""

    name: str
    site: str
    retry: float
    zones: dict[Name, Zone]

    def now(self) -> float:
        """Its clock, seconds since 1970."""

    def own_lag(self) -> float:
        """Seconds that it is behind of its own."""

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Calls after that many seconds."""

    def hears(self, other: str) -> bool:
        """Whether messages of another one get here now, and answers back."""

    def zone_of(self, name: Name) -> Zone | None:
        """The zone that holds a name."""

    def published(self, zone: Zone, dynamic: bool) -> None:
        """A zone changed here."""

    def took(self, zone: Zone) -> None:
        """A zone changed, here or elsewhere."""

    def arrived(self, name: Name) -> None:
        """What another one was told of a name is here now: its records, or who may change them."""


class Replicas:
    """``lag(one, other)``: seconds until ``other`` has what ``one`` was told. Zones without ``ageing`` keep records for ever."""

    def __init__(self, lag: Callable[[Member, Member], float], ageing: Ageing | None = None) -> None:
        self.lag = lag
        self.ageing = ageing
        self.members: list[Member] = []
        self._held: dict[str, dict[Key, Held]] = {}
        self._seen: dict[str, dict[Name, Snapshot]] = {}

    def join(self, server: Member) -> None:
        """At its start a server has what the first one has."""
        if self.members:
            first = self.members[0]
            server.zones.update({zone.origin: Zone(zone.current, zone.updates) for zone in first.zones.values()})
            self._held[server.name] = dict(self._held[first.name])
        self._held.setdefault(server.name, {})
        self._seen[server.name] = {zone.origin: zone.current for zone in server.zones.values()}
        self.members.append(server)

    def leave(self, server: Member) -> None:
        if server in self.members:
            self.members.remove(server)

    # What a server asks

    def denies(self, server: Member, name: Name, key: str) -> bool:
        zone = server.zone_of(name)
        held = self._held[server.name].get(Key(zone.origin, name, None)) if zone is not None else None
        return held is not None and key in held.denied

    def descriptor(self, server: Member, name: Name) -> bytes:
        """What was written there as the name's security descriptor; empty where nobody wrote one."""
        zone = server.zone_of(name)
        held = self._held[server.name].get(Key(zone.origin, name, None)) if zone is not None else None
        return held.descriptor if held is not None else b""

    def hours(self, server: Member, name: str, rdtype: str) -> int:
        """The hour in which a record set was written or refreshed, 0 for one that does not age."""
        owner = dns.name.from_text(name)
        zone = server.zone_of(owner)
        held = self._held[server.name].get(Key(zone.origin, owner, RdataType.make(rdtype))) if zone is not None else None
        return held.hours if held is not None else STATIC

    def published(self, server: Member, zone: Zone, dynamic: bool, written: Iterable[tuple[Name, RdataType]] = ()) -> None:
        """``written``: sets that a message added values to, whether they changed or not."""
        hours = self._hour(server) if dynamic else STATIC
        before = self._seen[server.name][zone.origin]
        self._seen[server.name][zone.origin] = zone.current
        changed = list(_difference(before, zone.current))
        for name, rdtype in changed:
            self._write(server, Key(zone.origin, name, rdtype), zone.current.find(name, rdtype), hours)
        for name, rdtype in written:
            if (name, rdtype) not in changed:
                self._refresh(server, Key(zone.origin, name, rdtype), zone.current.find(name, rdtype), hours)

    # What people and time do

    def deny(self, server: Member, name: str, *keys: str, descriptor: bytes = b"") -> None:
        """Whose updates of a name are refused from now on at this server, and at the others once it got there. No keys: nobody's."""
        owner = dns.name.from_text(name)
        zone = server.zone_of(owner)
        if zone is None:
            raise KeyError(f"{server.name} serves no zone of {name}")
        self._tell(
            server, Key(zone.origin, owner, None), Held(self._next(server, Key(zone.origin, owner, None)), denied=frozenset(keys), descriptor=descriptor)
        )

    def static(self, server: Member, name: str, rdtype: str) -> None:
        """The record set does not age any more, until it is written by dynamic update again (so does Samba)."""
        owner = dns.name.from_text(name)
        zone = server.zone_of(owner)
        if zone is None:
            raise KeyError(f"{server.name} serves no zone of {name}")
        kind = RdataType.make(rdtype)
        self._write(server, Key(zone.origin, owner, kind), zone.current.find(owner, kind), STATIC)

    def scavenge(self, server: Member) -> list[str]:
        """Deletes what nobody refreshed in time; which sets those were."""
        if self.ageing is None:
            return []
        limit = self._hour(server) - self.ageing.no_refresh - self.ageing.refresh
        old = [key for key, held in self._held[server.name].items() if key.rdtype is not None and held.records is not None and STATIC < held.hours < limit]
        for key in old:
            zone = server.zones[key.origin]
            nodes = dict(zone.current.nodes)
            remove(nodes, key.name, t.cast(RdataType, key.rdtype))
            zone.publish(nodes)
            server.published(zone, dynamic=False)
        return [f"{key.name} {t.cast(RdataType, key.rdtype).name}" for key in old]

    # Replication

    def _hour(self, server: Member) -> int:
        return int(server.now() // HOUR)

    def _next(self, server: Member, key: Key) -> Version:
        held = self._held[server.name].get(key)
        return Version((held.version.number if held else 0) + 1, server.now(), server.name)

    def _write(self, server: Member, key: Key, records: RecordSet | None, hours: int) -> None:
        self._tell(server, key, Held(self._next(server, key), records, hours))

    def _refresh(self, server: Member, key: Key, records: RecordSet | None, hours: int) -> None:
        held = self._held[server.name].get(key)
        old = held.hours if held is not None else STATIC
        if old == STATIC or self.ageing is None or hours - old < self.ageing.no_refresh:
            return  # within the no-refresh interval nothing is written, so nothing has to travel
        self._write(server, key, records, hours)

    def _tell(self, server: Member, key: Key, held: Held) -> None:
        self._held[server.name][key] = held
        for other in self.members:
            if other is not server:
                other.later(self.lag(server, other) + other.own_lag(), functools.partial(self._arrives, server, other, key, held))

    def _arrives(self, server: Member, other: Member, key: Key, held: Held) -> None:
        if not other.hears(server.name):
            other.later(other.retry, lambda: self._arrives(server, other, key, held))
            return
        there = self._held[other.name].get(key)
        if there is not None and there.version >= held.version:
            return
        self._held[other.name][key] = held
        other.arrived(key.name)
        zone = other.zones.get(key.origin)
        if key.rdtype is None or zone is None or zone.current.find(key.name, key.rdtype) == held.records:
            return
        nodes = dict(zone.current.nodes)
        remove(nodes, key.name, key.rdtype)
        if held.records is not None:
            add(nodes, key.name, key.rdtype, held.records.ttl, held.records.values)
        zone.publish(nodes)
        self._seen[other.name][key.origin] = zone.current
        other.took(zone)


def _difference(before: Snapshot, now: Snapshot) -> Iterable[tuple[Name, RdataType]]:
    for name in {*before.nodes, *now.nodes}:
        old, new = before.nodes.get(name, {}), now.nodes.get(name, {})
        if old is not new:
            for rdtype in {*old, *new}:
                if rdtype != SOA and old.get(rdtype) != new.get(rdtype):
                    yield name, rdtype
