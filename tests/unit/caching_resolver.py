# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clients' resolver: asks one name server of the lab, and answers from its cache while a TTL lasts. It is no authority.

with CachingResolver("127.0.53.8", upstream) as resolver:
    resolver.port; resolver.asked                # how often a question came, by name and type
    resolver.silent = True                       # it answers nobody
    resolver.rcode = "REFUSED"                   # nor does it serve anybody
    resolver.tcp = False                         # before it starts: by UDP alone
"""

from __future__ import annotations

import collections
import contextlib
import socket
import threading
import time
import typing as t
from collections.abc import Callable

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer


class CachingResolver:
    def __init__(self, address: str, upstream: DnsServer, *, tcp: bool = True, lasts: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        """``lasts``: how long a second of TTL lasts, so that a test need not wait for a whole one, in the time of ``now``."""
        self.address = address
        self.upstream = upstream
        self.silent = False
        self.rcode = ""
        self.asked: collections.Counter[str] = collections.Counter()
        self._lasts = lasts
        self._now = now
        self._cache: dict[tuple[str, int], tuple[float, dns.message.Message]] = {}
        self._listener = socket.create_server((address, 0)) if tcp else None
        self.port = self._listener.getsockname()[1] if self._listener else 0
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, self.port))
        self.port = self._udp.getsockname()[1]

    def __enter__(self) -> CachingResolver:
        for serve in [self._serve_udp, *([self._serve_tcp] if self._listener else [])]:
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_error: t.Any) -> None:
        for one in (self._listener, self._udp):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def entry(self, name: str) -> dict[str, t.Any]:
        """It, as the options of update_dns have it."""
        return {"address": self.address, "port": self.port, "name": name}

    def fill(self, name: str, rdtype: str) -> None:
        """As a client's question would."""
        self._answer(dns.message.make_query(name, rdtype).to_wire())

    def _answer(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        name, rdtype = question.question[0].name, question.question[0].rdtype
        self.asked[f"{name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(rdtype)}"] += 1
        if self.rcode:
            refusal = dns.message.make_response(question)
            refusal.set_rcode(dns.rcode.from_text(self.rcode))
            return refusal.to_wire()
        key, now = (str(name).lower(), int(rdtype)), self._now()
        kept = self._cache.get(key)
        if kept is None or now >= kept[0] + _ttl(kept[1]) * self._lasts:
            said = dns.query.udp(dns.message.make_query(name, rdtype), self.upstream.address, timeout=2, port=self.upstream.port)
            kept = self._cache[key] = (now, said)
        reply = dns.message.make_response(question)
        reply.set_rcode(kept[1].rcode())
        reply.flags |= dns.flags.RA
        age = int((now - kept[0]) / self._lasts)
        for source, section in ((kept[1].answer, reply.answer), (kept[1].authority, reply.authority)):
            for rrset in source:
                aged = rrset.copy()
                aged.ttl = rrset.ttl - age
                section.append(aged)
        return reply.to_wire()

    def _serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, peer = self._udp.recvfrom(65535)
                if not wire:  # shut down
                    return
                if not self.silent:
                    self._udp.sendto(self._answer(wire), peer)

    def _serve_tcp(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._listener.accept()
                threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while len(head := stream.read(2)) == 2:
                wire = stream.read(int.from_bytes(head, "big"))
                if not self.silent:
                    answer = self._answer(wire)
                    connection.sendall(len(answer).to_bytes(2, "big") + answer)


def _ttl(message: dns.message.Message) -> int:
    return min((rrset.ttl for rrset in [*message.answer, *message.authority]), default=0)
