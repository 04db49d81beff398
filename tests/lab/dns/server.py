# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's name servers: authoritative, over UDP and TCP on one port; a primary, one that follows a primary with a lag, or one of several
that keep their zones in a directory (``replicas.py``).

    primary = DnsServer("127.0.53.1", 0, [Zone.from_dict(…)], [Key.from_dict(…)], name="dns1")
    secondary = DnsServer("127.0.53.2", 0, name="dns2", follows=primary, lag=5)
    await primary.start(); await secondary.start()
    primary.port                                   # what the kernel gave for port 0
    primary.lookup("mail.example.com", "A")        # ["127.1.0.21"]
    primary.replace("mail.example.com", "A", ["127.1.0.21"], 60)    # as a host's own registration would
    secondary.lag = 0.5                            # holds for every later change; so does replicas' way to a server
    primary.set_fault("unsigned_replies"); primary.clear_fault()

Faults: ``silent`` (no answers at all), ``lame`` (answers, but not as an authority), ``refused`` (every query and update),
``unsigned_replies``, ``echoed_mac``, ``bad_mac`` (all three on replies to signed messages), ``clock`` (seconds=n, the
server's clock is off), ``lagging`` (seconds=n, all but primaries), ``drop_replies`` (count=n: does what it is asked, and the next
n replies to updates get lost), ``servfail`` (count=n: the next n messages are answered SERVFAIL). A secondary with
``forwards`` passes updates on to its primary, and answers SERVFAIL where that is stopped; one that ``takes_notify`` fetches its
zone when anybody tells it to, others refuse. ``trace(kind, server, **data)`` is called once for each message;
``reachable(a, b)`` with a peer's address or a server's name answers whether a may send to b now.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import typing as t
from collections.abc import Callable, Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.update

from ansible_collections.continuity.identity_failover.tests.lab.dns.answers import answer
from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Replicas
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key, Keyring, Signature
from ansible_collections.continuity.identity_failover.tests.lab.dns.update import Refused, apply_update, update_parts
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Name, RdataType, Snapshot, Zone, add, parse, remove

FAULTS = ("silent", "lame", "refused", "unsigned_replies", "echoed_mac", "bad_mac", "clock", "lagging", "drop_replies", "servfail")
#: How often a secondary that is cut off from its primary tries again, in seconds.
RETRY = 0.2
TraceCall = Callable[..., t.Any]
#: The client's token -> ours, the account and its security context; ValueError where the logon is not taken.
Logon = Callable[[bytes], tuple[bytes, str, t.Any]]
#: RFC 2930 section 2.6.
BADKEY = 17


#: Seconds between two tries to bind a port that is taken.
BIND_PAUSE = 0.1
BIND_ATTEMPTS = 100


class DnsServer:
    def __init__(
        self,
        address: str,
        port: int,
        zones: Iterable[Zone] = (),
        keys: Iterable[Key] = (),
        *,
        name: str = "",
        follows: DnsServer | None = None,
        lag: float = 0.0,
        site: str = "",
        replicas: Replicas | None = None,
        retry: float = RETRY,
        trace: TraceCall | None = None,
        reachable: Callable[[str, str], bool] | None = None,
    ) -> None:
        self.name = name or address
        self.address = address
        self.port = port
        self.lag = lag
        self.site = site
        self.replicas = replicas
        self.retry = retry
        self.zones = {zone.origin: zone for zone in zones}
        self.follows = follows
        self.faults: dict[str, dict[str, t.Any]] = {}
        self.messages = 0
        self.followers: list[DnsServer] = []
        self.forwards = False
        self.takes_notify = False
        self.logon: Logon | None = None
        """Takes the tokens of GSS-TSIG (RFC 3645), where the estate has a Kerberos realm."""
        self._keyring = Keyring(keys)
        self._trace = trace or (lambda kind, server, **data: None)
        self._reachable = reachable or (lambda a, b: True)
        self._timers: set[asyncio.TimerHandle] = set()
        self._cache: dict[bytes, tuple[bytes, dict[str, t.Any]]] = {}
        self._changed = asyncio.Event()
        self._udp: asyncio.DatagramTransport | None = None
        self._datagrams: _Datagrams | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    # Life

    async def start(self) -> None:
        """Listens, and takes its primary's zones as they are now."""
        await self._listen()
        if self.follows is not None:
            self.follows.followers.append(self)
            for zone in self.follows.zones.values():
                self.zones[zone.origin] = Zone(zone.current, "none")
        if self.replicas is not None:
            self.replicas.join(self)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        listener, datagram = _bind(self.address, self.port)
        self.port = listener.getsockname()[1]
        self._tcp = await asyncio.start_server(self._serve_tcp, sock=listener, backlog=512)
        self._udp, self._datagrams = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagram)

    async def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self.follows is not None and self in self.follows.followers:
            self.follows.followers.remove(self)
        if self.replicas is not None:
            self.replicas.leave(self)
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for writer in list(self._connections):
            writer.close()
        if self._tcp is not None:
            await self._tcp.wait_closed()
        if self._datagrams is not None:
            await self._datagrams.ended.wait()  # else the next lab of this process could get the address while it is not free
        self._udp = self._datagrams = self._tcp = None

    # What tests and the estate ask

    def lookup(self, name: str, rdtype: str) -> list[str]:
        """The values that this server would answer now, sorted; empty when there are none. Faults play no part."""
        owner = dns.name.from_text(name)
        zone = self.zone_of(owner)
        found = zone.current.find(owner, RdataType.make(rdtype)) if zone else None
        return sorted(value.to_text() for value in found.values) if found else []

    def ttl(self, name: str, rdtype: str) -> int | None:
        owner = dns.name.from_text(name)
        zone = self.zone_of(owner)
        found = zone.current.find(owner, RdataType.make(rdtype)) if zone else None
        return found.ttl if found else None

    def serial(self, zone: str) -> int:
        return self.zones[dns.name.from_text(zone)].current.serial

    def replace(self, name: str, rdtype: str, values: Iterable[str], ttl: int = 1200) -> None:
        """Sets a record as an administrator or a host's own registration would, without a message; no values = delete."""
        owner = dns.name.from_text(name)
        zone = self.zone_of(owner)
        if zone is None:
            raise KeyError(f"{self.name} serves no zone of {name}")
        kind = RdataType.make(rdtype)
        nodes = dict(zone.current.nodes)
        remove(nodes, owner, kind)
        wanted = [parse(kind, value, zone.origin) for value in values]
        if wanted:
            add(nodes, owner, kind, ttl, wanted)
        if nodes != zone.current.nodes:
            zone.publish(nodes)
            self.published(zone, dynamic=False)

    def set_fault(self, kind: str, **options: t.Any) -> None:
        if kind not in FAULTS:
            raise ValueError(f"{kind} is no fault of a name server; there are {', '.join(FAULTS)}")
        if kind == "lagging" and self.follows is None and self.replicas is None:
            raise ValueError(f"{self.name} is a primary and cannot lag")
        self.faults[kind] = options

    def clear_fault(self, kind: str | None = None) -> None:
        """Ends one fault, or all."""
        for name in [kind] if kind else list(self.faults):
            self.faults.pop(name, None)

    async def wait_for(self, predicate: Callable[[DnsServer], bool], timeout: float = 10.0) -> None:
        """Until the predicate holds; looked at after each change of this server's data. asyncio.TimeoutError otherwise."""

        async def wait() -> None:
            while not predicate(self):
                self._changed.clear()
                await self._changed.wait()

        await asyncio.wait_for(wait(), timeout)

    def zone_of(self, name: Name) -> Zone | None:
        while True:
            if name in self.zones:
                return self.zones[name]
            if name == dns.name.root:
                return None
            name = name.parent()

    # Replication

    def published(self, zone: Zone, dynamic: bool, written: Iterable[tuple[Name, RdataType]] = ()) -> None:
        """A zone changed here. ``dynamic``: by an update, which added values to the sets ``written``."""
        self.took(zone)
        if self.replicas is not None:
            self.replicas.published(self, zone, dynamic, written)

    def took(self, zone: Zone) -> None:
        """A zone changed here or elsewhere."""
        self._cache.clear()
        self._changed.set()
        for follower in self.followers:
            follower._notified(zone.current)

    def arrived(self, name: dns.name.Name) -> None:
        """Another domain controller's entry replicated to this one."""
        self._trace("replicated", self.name, entry=name.to_text(omit_final_dot=True))

    def now(self) -> float:
        """The machine's clock, seconds since 1970."""
        return time.time()

    def own_lag(self) -> float:
        """Seconds that this server is behind of its own."""
        return self.lag + float(self.faults.get("lagging", {}).get("seconds", 0.0))

    def hears(self, other: str) -> bool:
        """Whether messages of another server get here now, and answers back."""
        return self._reachable(other, self.name) and self._reachable(self.name, other)

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Ends with the server."""
        loop = asyncio.get_running_loop()

        def due() -> None:
            self._timers.discard(timer)
            call()

        timer = loop.call_later(delay, due)
        self._timers.add(timer)

    def _notified(self, snapshot: Snapshot) -> None:
        self.later(self.own_lag(), lambda: self._take(snapshot))

    def _take(self, snapshot: Snapshot) -> None:
        assert self.follows is not None
        if not self.hears(self.follows.name):
            self.later(self.retry, lambda: self._take(snapshot))
            return
        zone = self.zones.get(snapshot.origin)
        if zone is not None and 0 < (snapshot.serial - zone.current.serial) & 0xFFFFFFFF < 0x80000000:
            zone.current = snapshot
            self._trace("dns", self.name, transfer=str(snapshot.origin), serial=snapshot.serial)
            self.took(zone)

    # Messages

    def receive(self, wire: bytes, peer: str, transport: str) -> bytes | None:
        """The reply to one message, None = no reply."""
        self.messages += 1
        if "silent" in self.faults or not self._reachable(peer, self.name):
            return None
        cached = self._cache.get(wire[2:]) if not self.faults else None
        if cached is not None and transport == "tcp":
            self._trace("dns", self.name, number=self.messages, peer=peer, transport=transport, **cached[1])
            return wire[:2] + cached[0]
        try:
            reply, noted = self._handle(wire, transport)
        except dns.exception.DNSException as error:
            reply, noted = _bare(wire, dns.rcode.FORMERR), {"rcode": "FORMERR", "error": repr(error)}
        if reply is not None and transport == "tcp" and not self.faults and self._cacheable(noted):
            self._cache[wire[2:]] = (reply[2:], noted)
        self._trace("dns", self.name, number=self.messages, peer=peer, transport=transport, **noted)
        if "drop_replies" in self.faults and noted.get("opcode") == "UPDATE" and self._one_less("drop_replies"):
            return None
        return reply

    def _cacheable(self, noted: dict[str, t.Any]) -> bool:
        return noted.get("opcode") == "QUERY" and not noted["key"] and noted["rcode"] in ("NOERROR", "NXDOMAIN") and len(self._cache) < 100_000

    def _one_less(self, kind: str) -> bool:
        left = int(self.faults[kind].get("count", 1))
        self.faults[kind]["count"] = left - 1
        if left <= 1:
            del self.faults[kind]
        return left > 0

    def _handle(self, wire: bytes, transport: str) -> tuple[bytes | None, dict[str, t.Any]]:
        if len(wire) < 12 or wire[2] & 0x80:
            return None, {"rcode": "ignored"}
        now = int(self.now() + float(self.faults.get("clock", {}).get("seconds", 0)))
        bare, signature = self._keyring.split(wire, now)
        message = dns.message.from_wire(bare)
        noted: dict[str, t.Any] = {"opcode": dns.opcode.to_text(message.opcode()), "key": str(signature.owner) if signature else ""}
        if message.sections[0]:
            question = message.sections[0][0]
            noted.update(question=str(question.name), type=dns.rdatatype.to_text(question.rdtype))
        reply = dns.message.make_response(message)
        if signature is not None and signature.error:
            reply.set_rcode(dns.rcode.NOTAUTH)
            noted["tsig_error"] = int(signature.error)
        elif "servfail" in self.faults and self._one_less("servfail"):
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(message, dns.update.UpdateMessage):
            noted.update(update_parts(message))
            reply.set_rcode(self._update(message, signature))
        elif message.opcode() == dns.opcode.QUERY and noted.get("type") == "TKEY" and self.logon is not None:
            noted["account"] = self._negotiate(message, reply, self.logon)
        elif message.opcode() == dns.opcode.QUERY:
            self._query(message, reply)
        elif message.opcode() == dns.opcode.NOTIFY:
            reply.set_rcode(self._told(message))
        else:
            reply.set_rcode(dns.rcode.NOTIMP)
        noted["rcode"] = dns.rcode.to_text(reply.rcode())
        return self._send(message, reply, signature, now, transport), noted

    def _query(self, message: dns.message.Message, reply: dns.message.Message) -> None:
        if "refused" in self.faults:
            reply.set_rcode(dns.rcode.REFUSED)
        elif "lame" not in self.faults:
            answer(self.zone_of, message, reply)

    def _negotiate(self, message: dns.message.Message, reply: dns.message.Message, logon: Logon) -> str:
        """One token each way (RFC 3645 section 4.1); whose they were, empty where the logon was not taken."""
        asked = next((rdata for rrset in message.additional for rdata in rrset if rdata.rdtype == dns.rdatatype.TKEY), None)
        if asked is None:
            reply.set_rcode(dns.rcode.FORMERR)
            return ""
        name, account, error, token = message.question[0].name, "", 0, b""
        try:
            token, account, context = logon(asked.key)
            self._keyring.add_session(name, account, context)
        except ValueError:
            error = BADKEY
        reply.answer.append(dns.rrset.from_rdata(name, 0, asked.replace(error=error, key=token)))
        return account

    def _told(self, message: dns.message.Message) -> dns.rcode.Rcode:
        """A NOTIFY that does not come from the primary: refused, as BIND does unless it is told otherwise."""
        zone = self.follows.zones.get(message.question[0].name) if self.follows is not None else None
        if zone is None:
            return dns.rcode.NOTAUTH
        if not self.takes_notify:
            return dns.rcode.REFUSED
        self.later(0.0, lambda: self._take(zone.current))
        return dns.rcode.NOERROR

    def _update(self, message: dns.update.UpdateMessage, signature: Signature | None) -> dns.rcode.Rcode:
        zone = self.zones.get(message.zone[0].name)
        if zone is None or "lame" in self.faults:
            return dns.rcode.NOTAUTH
        if self.forwards and self.follows is not None:
            return self.follows._update(message, signature) if self.follows._tcp is not None else dns.rcode.SERVFAIL
        key = signature.key if signature else None
        if "refused" in self.faults or zone.updates == "none" or (key is None and zone.updates == "signed"):
            return dns.rcode.REFUSED
        try:
            changed = apply_update(zone, message, lambda name: self._may(key, name))
        except Refused as refused:
            return refused.rcode
        if changed or self.replicas is not None:
            self.published(zone, dynamic=True, written=[(rrset.name, rrset.rdtype) for rrset in message.update if rrset.deleting is None])
        return dns.rcode.NOERROR

    def _may(self, key: Key | None, name: Name) -> bool:
        """Without a key anybody may, in a zone that takes such updates; what the directory denies it denies to those that it knows."""
        return key is None or (key.may(name) and not (self.replicas is not None and self.replicas.denies(self, name, key.name)))

    def _send(self, message: dns.message.Message, reply: dns.message.Message, signature: Signature | None, now: int, transport: str) -> bytes:
        limit = 65535 if transport == "tcp" else max(512, message.payload) if message.edns >= 0 else 512
        reserve = 200 if signature else 0
        try:
            wire = reply.to_wire(max_size=limit - reserve)
        except dns.exception.TooBig:
            for section in reply.sections[1:]:
                section.clear()
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        if signature is None or "unsigned_replies" in self.faults:
            return wire
        if "echoed_mac" in self.faults:
            return self._keyring.echo(wire, signature)
        signed = self._keyring.sign(wire, signature, now)
        if "bad_mac" in self.faults:
            place = len(signed) - 8 - (6 if signature.error == dns.rcode.BADTIME else 0)
            signed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
        return signed

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        peer = writer.get_extra_info("peername")[0]
        # asyncio only does so for sockets made with an explicit protocol; without it pipelined answers wait 40 ms for an ACK.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = self.receive(await reader.readexactly(length), peer, "tcp")
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self.ended = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()  # the loop closes the socket right behind this

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | t.Any, int]) -> None:
        reply = self._server.receive(data, str(addr[0]), "udp")
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


def _bare(wire: bytes, rcode: int) -> bytes | None:
    """An answer of the header alone, for a message that could not be read."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + bytes([0x80 | wire[2] & 0x79, rcode]) + bytes(8)


def _bind(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on one port; for port 0 tries until the kernel's choice is free for both. A given port may still
    be held for a moment by a lab that is ending, whose network was free already."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for attempt in range(BIND_ATTEMPTS):
        listener = datagram = None
        try:
            listener = socket.create_server((address, port), family=family, backlog=512)
            datagram = socket.socket(family, socket.SOCK_DGRAM)
            datagram.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            datagram.bind((address, listener.getsockname()[1]))
        except OSError:
            for opened in (listener, datagram):
                if opened is not None:
                    opened.close()
            if attempt == BIND_ATTEMPTS - 1:
                raise
            if port:
                time.sleep(BIND_PAUSE)
            continue
        listener.setblocking(False)
        datagram.setblocking(False)
        return listener, datagram
    raise AssertionError("unreachable")
