# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Six name servers of the lab in three sites, in virtual time and without sockets: a day of theirs costs milliseconds.

The modules talk to them in the DNS messages that they would send; only what carries the bytes is replaced.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import functools
import typing as t
from collections.abc import Iterable
from unittest import mock

import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.update

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns as transport_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_discovery, dns_zone
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import TsigKey
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import _Inline
from ansible_collections.continuity.identity_failover.tests.chaos.virtual_time import VirtualClock, VirtualLoop
from ansible_collections.continuity.identity_failover.tests.lab.dns import server as dns_server
from ansible_collections.continuity.identity_failover.tests.lab.dns.example import SECRET
from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing, Replicas
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Name, RdataType, RecordSet, Snapshot, Zone

SITES = {"dns-b1": "berlin", "dns-b2": "berlin", "dns-h1": "hamburg", "dns-h2": "hamburg", "dns-m1": "munich", "dns-m2": "munich"}
ADDRESSES = {name: f"127.0.53.{number}" for number, name in enumerate(SITES, 1)}
#: What was asked, and answered, once is the same on every later day.
_QUERY, _READ_ANSWER, _TARGETS = functools.cache(dns_zone.query), functools.cache(dns_zone.read_answer), functools.cache(dns_discovery.targets)
FORWARD, REVERSE = "example.com", "1.127.in-addr.arpa"
_FORWARD, _REVERSE = dns.name.from_text(FORWARD), dns.name.from_text(REVERSE)
CONTROLLER = "controller"
FAILOVER_KEY = {"name": "failover-key", "secret": SECRET, "algorithm": "hmac-sha256"}
HOST_KEY = "host-exch1"
#: What the source has by itself.
SOURCE_NAMES = ("mail.example.com", "exch1.example.com")
SOURCE, TARGET = "127.1.0.21", "127.1.0.22"
SOURCE_POINTER = "21.0.1.127.in-addr.arpa"


@functools.cache
def _question(query: bytes) -> tuple[Name, Name, RdataType]:
    """The zone, the name and the type that a query (without its id) asks for."""
    asked = dns.message.from_wire(b"\0\0" + query).question[0]
    return _FORWARD if asked.name.is_subdomain(_FORWARD) else _REVERSE, asked.name, asked.rdtype


@dataclasses.dataclass(frozen=True)
class Settings:
    """``model``: directory (every server takes updates) or secondaries (of dns-b1). ``updates``: signed or any. Seconds, hours for ``ageing``."""

    model: str = "directory"
    updates: str = "signed"
    within: float = 15.0
    between: float = 900.0
    slow: float = 0.0  #: how far dns-m2 is behind of its own
    ageing: Ageing | None = None
    retry: float = 300.0


class VirtualServers:
    """``with VirtualServers(Settings()) as lab``. ``down``: servers without power; ``cuts``: pairs of places that do not hear each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.clock = VirtualClock(self.loop)
        self.down: set[str] = set()
        self.sent: list[tuple[str, bytes]] = []  #: the controller's updates
        self.cuts: set[frozenset[str]] = set()
        self.replicas = Replicas(self._lag, settings.ageing) if settings.model == "directory" else None
        self.servers: dict[str, DnsServer] = {}
        self._told: dict[tuple[Snapshot, str, str], tuple[str, ...]] = {}
        self._answers: dict[tuple[bytes, int], tuple[RecordSet, bytes]] = {}  #: with the set, so that its id stays its own
        self._patches = contextlib.ExitStack()
        for name, site in SITES.items():
            self.servers[name] = self._server(name, site)
        self._places = {(one.address, one.port): one for one in self.servers.values()}

    def _lag(self, one: t.Any, other: t.Any) -> float:
        return self.settings.within if one.site == other.site else self.settings.between

    def _server(self, name: str, site: str) -> DnsServer:
        first = not self.servers
        follows = None if first or self.settings.model == "directory" else self.servers["dns-b1"]
        lag = 0.0 if first else (self.settings.within if site == "berlin" else self.settings.between) if follows else 0.0
        keys = [Key.from_dict(FAILOVER_KEY), Key.from_dict({"name": HOST_KEY, "secret": SECRET, "may_write": [*SOURCE_NAMES, SOURCE_POINTER]})]
        return DnsServer(
            ADDRESSES[name],
            53,
            self._zones() if first else [],
            keys,
            name=name,
            site=site,
            follows=follows,
            replicas=self.replicas,
            lag=lag + (self.settings.slow if name == "dns-m2" else 0.0),
            retry=self.settings.retry,
            reachable=self.reachable,
        )

    def _zones(self) -> list[Zone]:
        servers = {f"{name}.{FORWARD}": address for name, address in ADDRESSES.items()}
        names = {"mail": SOURCE, "exch1": "127.1.0.11", "exch2": "127.1.0.12"}
        records = [{"name": name, "type": "A", "ttl": 300, "values": [address]} for name, address in names.items()]
        pointers = [{"name": SOURCE_POINTER + ".", "type": "PTR", "values": ["mail.example.com."]}]
        common = {"servers": servers, "updates": self.settings.updates}
        return [Zone.from_dict({**common, "name": FORWARD, "records": records}), Zone.from_dict({**common, "name": REVERSE, "records": pointers})]

    def __enter__(self) -> VirtualServers:
        async def listen(server: DnsServer) -> None:
            """Messages come from ``ask``."""

        lab = self

        def exchange_many(server: transport_dns.NameServer, wires: t.Sequence[bytes], deadline: Deadline, answers: dict[bytes, bytes]) -> None:
            for wire in wires:
                answers[wire[:2]] = lab.ask(server.endpoint, wire, deadline.remaining(), "tcp")

        def exchange_udp(server: transport_dns.NameServer, wire: bytes, timeout: float) -> bytes:
            return lab.ask(server.endpoint, wire, timeout, "udp")

        replaced: list[tuple[t.Any, str, t.Any]] = [
            (transport_dns.NameServer, "exchange_many", exchange_many),
            (transport_dns.NameServer, "exchange_udp", exchange_udp),
            (concurrent.futures, "ThreadPoolExecutor", _Inline),
            (Lease, "_keep", lambda lease, ended: None),
            (dns_server, "time", self.clock),
            (dns_zone, "query", _QUERY),
            (dns_zone, "read_answer", _READ_ANSWER),
            (dns_discovery, "targets", _TARGETS),
            (DnsServer, "_listen", listen),
        ]
        for owner, name, new in replaced:
            self._patches.enter_context(mock.patch.object(owner, name, new))
        for one in self.servers.values():
            self.loop.do(one.start())
        return self

    def __exit__(self, *_error: object) -> None:
        for one in self.servers.values():
            self.loop.do(one.stop())
        self._patches.close()
        self.loop.close()

    # The network

    def reachable(self, a: str, b: str) -> bool:
        return not {a, b} & self.down and frozenset((a, b)) not in self.cuts

    def ask(self, endpoint: transport_dns.Endpoint, wire: bytes, timeout: float, transport: str) -> bytes:
        """The controller asks. A server without power takes no connection."""
        server = self._places[(endpoint.address, endpoint.port)]
        if not self.reachable(CONTROLLER, server.name):
            self.clock.sleep(timeout)
            raise Unreachable(f"{endpoint} can't be reached: no connection within {timeout:g} s", host=endpoint.label)
        kind = wire[2] >> 3 & 0xF
        if kind == dns.opcode.UPDATE:
            self.sent.append((server.name, wire))
        reply = self._answered(server, wire, transport) if kind == dns.opcode.QUERY else self.loop.do(self._updated(server, wire, transport))
        if reply is None:
            self.clock.sleep(timeout)
            raise DeadlineExceeded(f"{endpoint} did not answer within {timeout:g} s", host=endpoint.label)
        return reply

    def _answered(self, server: DnsServer, wire: bytes, transport: str) -> bytes | None:
        """A query. The answer with a record set is the same for as long as the set is."""
        origin, name, rdtype = _question(wire[2:])
        there = server.zones[origin].current.find(name, rdtype)
        if there is None:
            return server.receive(wire, CONTROLLER, transport)
        known = self._answers.get((wire[2:], id(there)))
        if known is None:
            reply = server.receive(wire, CONTROLLER, transport)
            known = self._answers[wire[2:], id(there)] = (there, (reply or b"")[2:])
        return wire[:2] + known[1]

    async def _updated(self, server: DnsServer, wire: bytes, transport: str) -> bytes | None:
        """What a server tells the others goes through its loop."""
        return server.receive(wire, CONTROLLER, transport)

    # What others do

    def register(self, place: str, server: str, names: Iterable[str], address: str) -> str:
        """As a Windows client does: its own records in place of all others, without a signature first, with its account's when that is refused.

        The answer's rcode of the address records, or "no answer". With the pointer of the address, whose answer nobody looks at.
        """
        update = dns.update.UpdateMessage(FORWARD)
        for name in names:
            update.delete(f"{name}.", "A")
            update.add(f"{name}.", 1200, "A", address)
        pointer = dns.update.UpdateMessage(REVERSE)
        pointer.delete(f"{SOURCE_POINTER}.", "PTR")
        pointer.add(f"{SOURCE_POINTER}.", 1200, "PTR", *(f"{name}." for name in names))
        said = self._persist(place, server, update.to_wire())
        self._persist(place, server, pointer.to_wire())
        return said

    def _persist(self, place: str, name: str, wire: bytes) -> str:
        said = self.said(place, name, wire)
        if said == "REFUSED":
            said = self.said(place, name, TsigAuth(TsigKey.from_text(HOST_KEY, SECRET, "hmac-sha256"), self.clock).sign(name, wire)[0])
        return said

    def said(self, place: str, name: str, wire: bytes) -> str:
        """What a server answers to a message, by its rcode."""
        reply = self.servers[name].receive(wire, place, "udp")
        return dns.rcode.to_text(dns.rcode.Rcode(reply[3] & 0xF)) if reply is not None else "no answer"

    # What clients would be told

    def values(self, name: str, rdtype: str) -> dict[str, tuple[str, ...]]:
        """Server -> what it gives."""
        zone = _FORWARD if name.endswith(FORWARD) else _REVERSE
        return {server.name: self._given(server.zones[zone].current, name, rdtype) for server in self.servers.values()}

    def _given(self, there: Snapshot, name: str, rdtype: str) -> tuple[str, ...]:
        """Worked out once for each state of a zone."""
        known = self._told.get((there, name, rdtype))
        if known is None:
            found = there.find(dns.name.from_text(name), RdataType.make(rdtype))
            known = self._told[there, name, rdtype] = tuple(sorted(one.to_text().rstrip(".") for one in found.values)) if found else ()
        return known

    def everywhere(self, name: str, rdtype: str) -> set[tuple[str, ...]]:
        return set(self.values(name, rdtype).values())

    def later(self, at: float, call: t.Callable[[], t.Any]) -> None:
        """Something that happens that many seconds after the beginning."""
        self.loop.call_at(at, call)

    def do(self, call: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """A change from outside, in the servers' loop."""

        async def done() -> t.Any:
            return call(*arguments)

        return self.loop.do(done())
