# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host registers its own names in DNS: dynamic update, unsigned first, signed with the host's own key when that is refused.

So does Windows (reference: Microsoft, KB 246804 and KB 816592): it overwrites what others put there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import dns.asyncquery
import dns.exception
import dns.name
import dns.rcode
import dns.tsig
import dns.update

from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

TTL = 1200
TIMEOUT = 1.0
TRIES = 3


@dataclass(frozen=True)
class HostKey:
    """The TSIG key that stands for the computer account's own credentials."""

    name: str
    secret: str = field(repr=False)
    algorithm: str = "hmac-sha256"


class Registration:
    """Registers names in one zone at its primary."""

    def __init__(self, world: World, host: str, source: str, zone: str, primary: NameServer, key: HostKey | None) -> None:
        self._world = world
        self._host = host
        self._source = source
        self._zone = zone
        self._primary = primary
        self._key = key

    async def register(self, name: str, addresses: list[str]) -> str:
        """Replaces every A record of the name; returns the rcode's name, or "no answer"."""
        rcode = await self._persist(name, addresses, None)
        if rcode == "REFUSED" and self._key is not None:
            rcode = await self._persist(name, addresses, self._key)
        self._world.effect(self._host, "name_registered" if rcode == "NOERROR" else "name_registration_failed", name=name, addresses=addresses, rcode=rcode)
        return rcode

    async def _persist(self, name: str, addresses: list[str], key: HostKey | None) -> str:
        """A message may get lost; Windows tries again after minutes, the lab at once."""
        rcode = "no answer"
        for _attempt in range(TRIES):
            rcode = await self._send(name, addresses, key)
            if rcode != "no answer":
                break
        return rcode

    async def _send(self, name: str, addresses: list[str], key: HostKey | None) -> str:
        network = self._world.network
        if not network.reachable(self._host, self._primary.name) or not network.reachable(self._primary.name, self._host):
            return "no answer"
        update = dns.update.UpdateMessage(self._zone)
        owner = dns.name.from_text(name)
        update.delete(owner, "A")
        for address in addresses:
            update.add(owner, TTL, "A", address)
        if key is not None:
            update.use_tsig(dns.tsig.Key(key.name, key.secret, key.algorithm))
        try:
            reply = await dns.asyncquery.udp(update, self._primary.address, TIMEOUT, self._primary.port, source=self._source)
        except (dns.exception.DNSException, OSError, asyncio.TimeoutError):
            return "no answer"
        return dns.rcode.to_text(reply.rcode())
