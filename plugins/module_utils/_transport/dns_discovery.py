# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The name servers that a zone names itself, by its NS records and the MNAME of its SOA.

In Active Directory every domain controller answers with itself as MNAME, so each server that is found is asked for its own SOA.
NS records carry no port: a server that is found is asked at the port of the server that told of it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import targets
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers


def discover(servers: Servers, teller: NameServer, zones: t.Iterable[str], clock: Clock) -> None:
    """Adds the name servers of each zone to ``servers``; one whose address nobody knows too, without one. ``teller`` serves the
    zones. Raises TransportError where ``teller`` does not answer."""
    listed = list(servers.all)
    addresses: dict[str, list[str]] = {}
    for zone in dict.fromkeys(zones):
        by_name, by_mname = servers.answers(teller, [Item(zone, "NS"), Item(zone, "SOA")])
        left = [*targets(by_name, "NS"), *targets(by_mname, "SOA")]
        seen: set[str] = set()
        while left:
            name = left.pop(0)
            if not name or name in seen:
                continue
            seen.add(name)
            if name not in addresses:
                addresses[name] = addresses_of(servers, listed, name)
            server = _known(servers, name, addresses[name]) or NameServer(_endpoint(servers, teller, zone, name, addresses[name], clock), clock)
            servers.discovered(server, zone)
            if server is not teller:
                left += _says_of_itself(servers, server, zone)


def addresses_of(servers: Servers, listed: t.Sequence[NameServer], name: str) -> list[str]:
    """What the first of ``listed`` that knows any address of ``name`` says, IPv4 first; they may ask others for it."""
    for server in listed:
        try:
            found = servers.answers(server, [Item(name, "A"), Item(name, "AAAA")], 1, recursion=True)
        except TransportError:
            continue
        values = [*targets(found[0], "A"), *targets(found[1], "AAAA")]
        if values:
            return values
    return []


def _known(servers: Servers, name: str, addresses: t.Sequence[str]) -> NameServer | None:
    """The server that is in the list already, under this name or at one of these addresses."""
    for server in servers.all:
        if server.endpoint.name.rstrip(".").lower() == name or server.endpoint.address in addresses:
            return server
    return None


def _endpoint(servers: Servers, teller: NameServer, zone: str, name: str, addresses: t.Sequence[str], clock: Clock) -> Endpoint:
    """Where to ask: of several addresses the first that answers, as a controller may lack IPv6 or one of the networks."""
    port, timeout = teller.endpoint.port, teller.endpoint.timeout
    candidates = [Endpoint(address, port, name, timeout) for address in addresses] or [Endpoint("", port, name, timeout)]
    for candidate in candidates if len(candidates) > 1 else ():
        probe = NameServer(candidate, clock)
        try:
            servers.answers(probe, [Item(zone, "SOA")], 1)
        except TransportError:
            continue
        finally:
            probe.close()
        return candidate
    return candidates[0]


def _says_of_itself(servers: Servers, server: NameServer, zone: str) -> list[str]:
    """The MNAME that this very server answers with."""
    try:
        return targets(servers.answers(server, [Item(zone, "SOA")], 1)[0], "SOA")
    except TransportError:
        return []


def forwards(servers: Servers, server: NameServer, zone: str) -> bool:
    """Whether a server that took an update is a secondary that passed it on: its SOA names a primary at another address. In Active
    Directory each names itself. What can't be found out is taken for a primary."""
    names = _says_of_itself(servers, server, zone)
    if not names or server.endpoint.name.rstrip(".").lower() == names[0]:
        return False
    addresses = addresses_of(servers, [server, *(other for other in servers.all if other is not server)], names[0])
    return bool(addresses) and server.endpoint.address not in addresses
