# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RFC 2136 on a snapshot, as BIND 9.18 answers it: CNAME beside data is ignored without a word, and a no-op leaves the serial."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update

from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import ANY, CNAME, NS, SOA, Name, Node, RdataType, RecordSet, Zone, add, remove

CLASS_ANY = dns.rdataclass.ANY
CLASS_NONE = dns.rdataclass.NONE
#: May this key write this name?
Right = Callable[[Name], bool]


class Refused(Exception):
    """The message's answer is this rcode; nothing was changed."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


def apply_update(zone: Zone, message: dns.update.UpdateMessage, right: Right) -> bool:
    """All of the message or nothing. True when the zone changed. Order of checks: RFC 2136 §3.2, rights §3.3, §3.4."""
    _prerequisites(zone, message.prerequisite)
    changes = list(message.update)
    for rrset in changes:
        if not rrset.name.is_subdomain(zone.origin):
            raise Refused(dns.rcode.NOTZONE)
    if not all(right(rrset.name) for rrset in changes):
        raise Refused(dns.rcode.REFUSED)
    nodes = dict(zone.current.nodes)
    for rrset in changes:
        _change(zone.origin, nodes, rrset)
    if nodes == zone.current.nodes:
        return False
    zone.publish(nodes)
    return True


def _prerequisites(zone: Zone, section: list[dns.rrset.RRset]) -> None:
    wanted: dict[tuple[Name, RdataType], set[dns.rdata.Rdata]] = {}
    for rrset in section:
        name, rdtype = rrset.name, rrset.rdtype
        if not name.is_subdomain(zone.origin):
            raise Refused(dns.rcode.NOTZONE)
        node = zone.current.nodes.get(name, {})
        if rrset.deleting == CLASS_ANY:
            if rdtype == ANY and not node:
                raise Refused(dns.rcode.NXDOMAIN)
            if rdtype != ANY and rdtype not in node:
                raise Refused(dns.rcode.NXRRSET)
        elif rrset.deleting == CLASS_NONE:
            if rdtype == ANY and node:
                raise Refused(dns.rcode.YXDOMAIN)
            if rdtype != ANY and rdtype in node:
                raise Refused(dns.rcode.YXRRSET)
        else:
            wanted.setdefault((name, rdtype), set()).update(rrset)
    for (name, rdtype), values in wanted.items():
        present = zone.current.find(name, rdtype)
        if present is None or set(present.values) != values:
            raise Refused(dns.rcode.NXRRSET)


def _change(origin: Name, nodes: dict[Name, Node], rrset: dns.rrset.RRset) -> None:
    name, rdtype = rrset.name, rrset.rdtype
    if rrset.deleting is None:
        _add(origin, nodes, name, rdtype, rrset.ttl, list(rrset))
    elif rrset.deleting == CLASS_NONE:
        _delete_values(origin, nodes, name, rdtype, list(rrset))
    else:
        for present in [rdtype] if rdtype != ANY else list(nodes.get(name, {})):
            if not (name == origin and present in (SOA, NS)):
                remove(nodes, name, present)


def _add(origin: Name, nodes: dict[Name, Node], name: Name, rdtype: RdataType, ttl: int, values: list[dns.rdata.Rdata]) -> None:
    node = nodes.get(name, {})
    if rdtype == SOA:
        return
    if rdtype == CNAME and any(present != CNAME for present in node):
        return
    if rdtype != CNAME and CNAME in node:
        return
    if rdtype == CNAME and node.get(CNAME, RecordSet(0, tuple(values))).values != tuple(values):
        remove(nodes, name, CNAME)
    add(nodes, name, rdtype, ttl, values)


def _delete_values(origin: Name, nodes: dict[Name, Node], name: Name, rdtype: RdataType, values: list[dns.rdata.Rdata]) -> None:
    if name == origin and rdtype == SOA:
        return
    if name == origin and rdtype == NS and set(nodes[origin][NS].values) <= set(values):
        return
    remove(nodes, name, rdtype, values)


def update_parts(message: dns.update.UpdateMessage) -> dict[str, t.Any]:
    """The message for the trace, as text."""
    classes = {None: "IN", CLASS_ANY: "ANY", CLASS_NONE: "NONE"}

    def line(rrset: dns.rrset.RRset) -> str:
        values = " ".join(value.to_text() for value in rrset)
        return f"{rrset.name} {rrset.ttl} {classes[t.cast(t.Any, rrset.deleting)]} {dns.rdatatype.to_text(rrset.rdtype)} {values}".rstrip()

    return {"prerequisites": [line(rrset) for rrset in message.prerequisite], "updates": [line(rrset) for rrset in message.update]}
