# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DNS client of one host: its cache, its hosts file, and real queries over UDP to its own DNS servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

SUCCESS, NO_SUCH_NAME, NO_RECORDS = 0, 9003, 9701
"""Status of MSFT_DNSClientCache (reference: Microsoft; Win32 DNS errors)."""

MAX_TTL = 86400
ATTEMPTS = (1.0, 1.0, 2.0)
"""Seconds that a server has for each try. Windows goes on to 10 s in all (reference: Microsoft, DNS client resolution timeouts)."""


@dataclass(frozen=True)
class NameServer:
    """A DNS server as the lab's clients know it."""

    name: str
    """Its place, for cuts."""
    address: str
    port: int


@dataclass(frozen=True)
class Record:
    name: str
    type: int
    ttl: int
    data: str


@dataclass
class Entry:
    """What the cache holds for one question."""

    name: str
    type: int
    status: int
    records: tuple[Record, ...]
    stored: float
    ttl: int

    def remaining(self, now: float) -> int:
        return max(0, int(self.ttl - (now - self.stored)))


@dataclass(frozen=True)
class Answer:
    status: int
    """SUCCESS, NO_SUCH_NAME, NO_RECORDS; 1460 = no server answered."""
    records: tuple[Record, ...] = ()
    source: str = ""
    """"hosts", "cache", "server" or "nobody"."""
    server: str = ""
    ttl: int = 0

    def addresses(self) -> list[str]:
        return [record.data for record in self.records if record.type == dns.rdatatype.A]


TIMED_OUT = Answer(1460, source="nobody")


class _Exchange(asyncio.DatagramProtocol):
    """One question, one answer."""

    def __init__(self, wanted: int) -> None:
        self.answer: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()
        self._wanted = wanted

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            message = dns.message.from_wire(data, ignore_trailing=True)
        except dns.exception.DNSException:
            return
        if message.id == self._wanted and message.flags & dns.flags.QR and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


class Resolver:
    """servers are asked in order; a negative answer of any of them ends the search, as in Windows."""

    def __init__(self, world: World, host: str, address: str, servers: Sequence[NameServer], *, negative_ttl: int = 5, stubborn: str = "") -> None:
        """address: what queries come from; stubborn: "" = none, "ttl" = entries never expire, "application" = programs keep the first
        answer for themselves, whatever the cache says."""
        self._world = world
        self._host = host
        self._address = address
        self.servers = list(servers)
        self.negative_ttl = negative_ttl
        self.stubborn = stubborn
        self.hosts_file: dict[str, str] = {}
        """name in small letters → address"""
        self._cache: dict[tuple[str, int], Entry] = {}
        self._kept: dict[str, Answer] = {}

    # The cache

    def entries(self) -> list[Entry]:
        """Those that have not expired; what the hosts file says comes first, for ever."""
        now = self._world.now()
        for key in [key for key, entry in self._cache.items() if self._expired(entry, now)]:
            del self._cache[key]
        preloaded = [
            Entry(name, dns.rdatatype.A, SUCCESS, (Record(name, dns.rdatatype.A, MAX_TTL, address),), now, MAX_TTL) for name, address in self.hosts_file.items()
        ]
        return preloaded + list(self._cache.values())

    def _expired(self, entry: Entry, now: float) -> bool:
        return self.stubborn != "ttl" and now - entry.stored >= entry.ttl

    def clear(self) -> None:
        """What the hosts file says stays."""
        count = len(self._cache)
        self._cache.clear()
        self._world.effect(self._host, "cache_cleared", entries=count)

    def restart(self) -> None:
        self._cache.clear()
        self._kept.clear()

    # Questions

    async def ask(self, name: str, kind: str = "A") -> Answer:
        """As a program asks: through the hosts file, the cache, then the servers."""
        asked = name.rstrip(".").lower()
        rdtype = dns.rdatatype.from_text(kind)
        if rdtype == dns.rdatatype.A and asked in self.hosts_file:
            return Answer(SUCCESS, (Record(asked, rdtype, MAX_TTL, self.hosts_file[asked]),), "hosts", ttl=MAX_TTL)
        now = self._world.now()
        entry = self._cache.get((asked, rdtype))
        if entry is not None and not self._expired(entry, now):
            return Answer(entry.status, entry.records, "cache", ttl=entry.remaining(now))
        answer = await self.ask_servers(asked, kind)
        if answer.source == "server" and answer.ttl > 0:
            self._cache[(asked, rdtype)] = Entry(asked, rdtype, answer.status, answer.records, self._world.now(), answer.ttl)
        return answer

    async def ask_as_application(self, name: str) -> Answer:
        """A stubborn application keeps the first address it got until it is restarted."""
        kept = self._kept.get(name.lower())
        if kept is not None and self.stubborn == "application":
            return kept
        answer = await self.ask(name)
        if answer.status == SUCCESS:
            self._kept[name.lower()] = answer
        return answer

    async def ask_servers(self, name: str, kind: str = "A", servers: Sequence[NameServer] | None = None) -> Answer:
        """Past hosts file and cache, and without storing the answer."""
        for seconds in ATTEMPTS:
            for server in self.servers if servers is None else servers:
                if (answer := await self._ask_one(server, name, kind, seconds)) is not None:
                    return answer
        return TIMED_OUT

    async def _ask_one(self, server: NameServer, name: str, kind: str, seconds: float) -> Answer | None:
        """None = silence, or an answer that sends on to the next server."""
        if not self._world.network.reachable(self._host, server.name):
            await asyncio.sleep(seconds)
            return None
        query = dns.message.make_query(name, kind)
        loop = asyncio.get_running_loop()
        try:
            transport, exchange = await loop.create_datagram_endpoint(
                lambda: _Exchange(query.id), local_addr=(self._address, 0), remote_addr=(server.address, server.port)
            )
        except OSError:
            return None
        try:
            transport.sendto(query.to_wire())
            message = await asyncio.wait_for(exchange.answer, seconds)
        except asyncio.TimeoutError:
            return None
        except OSError:
            await asyncio.sleep(min(0.2, seconds))  # the port is closed: Windows goes on to the next server
            return None
        finally:
            transport.close()
        if not self._world.network.reachable(server.name, self._host):
            return None
        return self._read(message, server, name, kind)

    def _read(self, message: dns.message.Message, server: NameServer, name: str, kind: str) -> Answer | None:
        if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        records = tuple(_records(message, name))
        if any(record.type == dns.rdatatype.from_text(kind) for record in records):
            return Answer(SUCCESS, records, "server", server.name, min([MAX_TTL] + [record.ttl for record in records]))
        status = NO_SUCH_NAME if message.rcode() == dns.rcode.NXDOMAIN else NO_RECORDS
        return Answer(status, (), "server", server.name, min(self.negative_ttl, _negative_ttl(message)))

    def describe(self) -> JSON:
        now = self._world.now()
        return [_described(entry, now) for entry in self.entries()]


def _described(entry: Entry, now: float) -> JSON:
    kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(entry.type))
    return {"name": entry.name, "type": kind, "status": entry.status, "ttl": entry.remaining(now), "data": [record.data for record in entry.records]}


def _records(message: dns.message.Message, name: str) -> list[Record]:
    """The chain of the answer section that begins at the name asked."""
    found: list[Record] = []
    for rrset in message.answer:
        for rdata in rrset:
            found.append(Record(rrset.name.to_text(omit_final_dot=True).lower(), rrset.rdtype, rrset.ttl, rdata.to_text().rstrip(".")))
    return found


def _negative_ttl(message: dns.message.Message) -> int:
    """RFC 2308: the smaller of the SOA's TTL and its minimum; 0 without one."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return int(min(rrset.ttl, rrset[0].minimum))
    return 0


def hosts_file_text(entries: Mapping[str, str]) -> str:
    """As C:\\Windows\\System32\\drivers\\etc\\hosts holds it."""
    return "".join(f"{address}\t{name}\r\n" for name, address in entries.items())


def read_hosts_file(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = line.partition("#")[0].split()
        for name in parts[1:]:
            found.setdefault(name.lower(), parts[0])
    return found
