# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of one zone: immutable snapshots, so that a secondary can hold an old one and an update is all or nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Name = dns.name.Name
RdataType = dns.rdatatype.RdataType
SOA = RdataType.SOA
NS = RdataType.NS
CNAME = RdataType.CNAME
ANY = RdataType.ANY


class RecordSet(t.NamedTuple):
    """The values of one name and type; the order is that of their arrival."""

    ttl: int
    values: tuple[dns.rdata.Rdata, ...]


Node = dict[RdataType, RecordSet]


class Snapshot:
    """One state of a zone. ``nodes`` is never changed once the snapshot is published."""

    def __init__(self, origin: Name, nodes: dict[Name, Node], serial: int) -> None:
        self.origin = origin
        self.nodes = nodes
        self.serial = serial
        #: Names without data that have names below them (they exist: NOERROR, not NXDOMAIN).
        self._empty: set[Name] | None = None

    def soa(self) -> RecordSet:
        return self.nodes[self.origin][SOA]

    def find(self, name: Name, rdtype: RdataType) -> RecordSet | None:
        return self.nodes.get(name, {}).get(rdtype)

    def exists(self, name: Name) -> bool:
        if name in self.nodes:
            return True
        if self._empty is None:
            self._empty = {parent for node in self.nodes for parent in _between(node, self.origin)}
        return name in self._empty

    def delegation(self, name: Name) -> Name | None:
        """The cut between the apex and ``name`` (or at it), if this zone has handed that part away."""
        for parent in [*reversed(list(_between(name, self.origin))), name]:
            if parent != self.origin and NS in self.nodes.get(parent, {}):
                return parent
        return None


def _between(name: Name, origin: Name) -> Iterable[Name]:
    """The parents of ``name`` below ``origin``, nearest first."""
    while len(name) > len(origin) + 1:
        name = name.parent()
        yield name


def absolute(text: str, origin: Name = dns.name.root) -> Name:
    """``@`` is the origin; a name without a final dot is below it."""
    return origin if text == "@" else dns.name.from_text(text, origin)


def parse(rdtype: RdataType, text: str, origin: Name) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, origin=origin, relativize=False)


def rrset(name: Name, rdtype: RdataType, records: RecordSet) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, records.ttl, records.values)


class Zone:
    """A zone as a server holds it. From the estate file:

        {"name": "example.com", "ttl": 300, "servers": {"dns1.example.com": "127.0.53.1"}, "updates": "signed",
         "records": [{"name": "mail", "type": "A", "ttl": 60, "values": ["127.1.0.21"]}, …]}

    ``servers``: its name servers, address by name; the first is the SOA's MNAME. A records for them are added when they
    lie inside the zone. ``updates``: signed (default), any (unsigned too), none. A name without a final dot is relative
    to the zone unless it ends in the zone's name.
    """

    def __init__(self, snapshot: Snapshot, updates: str = "signed") -> None:
        if updates not in ("signed", "any", "none"):
            raise ValueError(f"zone {snapshot.origin}: updates is {updates!r}, not signed, any or none")
        self.origin = snapshot.origin
        self.current = snapshot
        self.updates = updates

    @classmethod
    def from_dict(cls, described: Mapping[str, t.Any]) -> Zone:
        origin = dns.name.from_text(str(described["name"]))
        ttl = int(described.get("ttl", 300))
        servers: Mapping[str, str] = described["servers"]
        names = [_owner(server, origin) for server in servers]
        serial = int(described.get("serial", 1))
        soa = parse(SOA, f"{names[0]} hostmaster.{origin} {serial} 3600 600 86400 {int(described.get('negative_ttl', 30))}", origin)
        nodes: dict[Name, Node] = {origin: {SOA: RecordSet(ttl, (soa,)), NS: RecordSet(ttl, tuple(parse(NS, str(name), origin) for name in names))}}
        for name, address in zip(names, servers.values(), strict=True):
            if name.is_subdomain(origin):
                add(nodes, name, RdataType.A, ttl, [parse(RdataType.A, address, origin)])
        for record in described.get("records", []):
            rdtype = RdataType.make(str(record["type"]))
            values = [parse(rdtype, str(value), origin) for value in record["values"]]
            add(nodes, _owner(str(record["name"]), origin), rdtype, int(record.get("ttl", ttl)), values)
        return cls(Snapshot(origin, nodes, serial), str(described.get("updates", "signed")))

    def publish(self, nodes: dict[Name, Node]) -> None:
        """A new state; the serial steps by one."""
        serial = (self.current.serial + 1) & 0xFFFFFFFF
        ttl, (soa,) = nodes[self.origin][SOA]
        nodes[self.origin] = {**nodes[self.origin], SOA: RecordSet(ttl, (soa.replace(serial=serial),))}
        self.current = Snapshot(self.origin, nodes, serial)


def _owner(text: str, origin: Name) -> Name:
    name = absolute(text, dns.name.root)
    return name if text != "@" and (text.endswith(".") or name.is_subdomain(origin)) else absolute(text, origin)


def add(nodes: dict[Name, Node], name: Name, rdtype: RdataType, ttl: int, values: Iterable[dns.rdata.Rdata]) -> None:
    """Adds values to a set; replaces the node's dictionary, never changes it, as older snapshots share it."""
    node = nodes.get(name, {})
    present = node.get(rdtype, RecordSet(ttl, ())).values
    nodes[name] = {**node, rdtype: RecordSet(ttl, present + tuple(value for value in values if value not in present))}


def remove(nodes: dict[Name, Node], name: Name, rdtype: RdataType, values: Iterable[dns.rdata.Rdata] | None = None) -> None:
    """Removes values of a set (None = the whole set), and the name with its last set."""
    node = dict(nodes.get(name, {}))
    present = node.pop(rdtype, None)
    if present is None:
        return
    gone = set(present.values if values is None else values)
    kept = tuple(value for value in present.values if value not in gone)
    if kept:
        node[rdtype] = RecordSet(present.ttl, kept)
    if node:
        nodes[name] = node
    else:
        del nodes[name]
