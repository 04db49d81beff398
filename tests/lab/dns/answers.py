# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to queries: authoritative data, referrals at a delegation, NODATA and NXDOMAIN with the SOA. Never recursion."""

from __future__ import annotations

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import ANY, CNAME, NS, SOA, Name, RdataType, Snapshot, Zone, rrset

#: A chain of aliases longer than this is cut, as servers do.
MAX_ALIASES = 16


def answer(zone_of: Callable[[Name], Zone | None], message: dns.message.Message, reply: dns.message.Message) -> None:
    """Fills ``reply``. No zone of ours: REFUSED, as BIND without recursion."""
    if len(message.question) != 1:
        reply.set_rcode(dns.rcode.FORMERR)
        return
    question = message.question[0]
    zone = zone_of(question.name)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return
    reply.flags |= dns.flags.AA
    name = question.name
    for _alias in range(MAX_ALIASES):
        following = _step(zone.current, name, question.rdtype, reply)
        if following is None or following == name:
            return
        name = following
        zone = zone_of(name)
        if zone is None:
            return


def _step(snapshot: Snapshot, name: Name, rdtype: RdataType, reply: dns.message.Message) -> Name | None:
    """One name of the chain. The alias' target when the answer goes on there."""
    cut = snapshot.delegation(name)
    if cut is not None and not (name == cut and rdtype == dns.rdatatype.DS):
        if not reply.answer:
            reply.flags &= ~dns.flags.AA
        reply.authority.append(rrset(cut, NS, snapshot.nodes[cut][NS]))
        for server in snapshot.nodes[cut][NS].values:
            glue = snapshot.find(server.target, RdataType.A)  # type: ignore[attr-defined]
            if glue is not None:
                reply.additional.append(rrset(server.target, RdataType.A, glue))  # type: ignore[attr-defined]
        return None
    node = snapshot.nodes.get(name) or snapshot.nodes.get(_wildcard(snapshot, name), {})
    found = [(kind, records) for kind, records in node.items() if rdtype in (kind, ANY)]
    for kind, records in found:
        reply.answer.append(rrset(name, kind, records))
    if found:
        return None
    if CNAME in node:
        reply.answer.append(rrset(name, CNAME, node[CNAME]))
        return node[CNAME].values[0].target  # type: ignore[attr-defined, no-any-return]
    if not node and not snapshot.exists(name):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    reply.authority.append(rrset(snapshot.origin, SOA, snapshot.soa()))
    return None


def _wildcard(snapshot: Snapshot, name: Name) -> Name:
    """The wildcard that answers for a name that does not exist (RFC 4592): that of the nearest name above it that does."""
    if snapshot.exists(name):
        return name
    while not snapshot.exists(name) and len(name) > len(snapshot.origin):
        name = name.parent()
    return Name((b"*",)).concatenate(name)
