# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
import typing as t

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    DeadlineExceeded,
    DnsRefused,
    InvalidInput,
    MissingLibrary,
    ProtocolError,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_lookup
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_lookup import lookup
from ansible_collections.continuity.identity_failover.tests.unit.local_server import udp_and_tcp

Answer = t.Callable[[dns.message.Message, bool], "bytes | None"]


class Server:
    """One name server on a port of its own, UDP and TCP, that answers as the test says."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[dns.message.Message] = []
        self.udp, self.tcp = udp_and_tcp()
        self.port = self.udp.getsockname()[1]
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def _reply(self, wire: bytes, stream: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        self.asked.append(query)
        return self.answer(query, stream)

    def _serve_udp(self) -> None:
        while True:
            wire, peer = self.udp.recvfrom(65535)
            if wire == b"end":
                return
            reply = self._reply(wire, False)
            if reply is not None:
                self.udp.sendto(reply, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _peer = self.tcp.accept()
            except OSError:
                return
            with connection:
                wire = connection.recv(65535)
                reply = self._reply(wire[2:], True) or b""
                connection.sendall(len(reply).to_bytes(2, "big") + reply)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()
        for thread in self.threads:
            thread.join(5)
        self.udp.close()


@pytest.fixture
def ask() -> t.Iterator[t.Callable[..., list[str]]]:
    servers: list[Server] = []

    def ask_one(answer: Answer, name: str = "mail.example.com", record_type: str = "A", timeout: float = 5.0) -> list[str]:
        servers.append(Server(answer))
        return lookup("127.0.0.1", servers[-1].port, name, record_type, timeout, SystemClock())

    yield ask_one
    for server in servers:
        server.close()


def reply(*sets: tuple[str, str, str], rcode: int = 0, flags: int = 0) -> Answer:
    def make(query: dns.message.Message, stream: bool) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA | (0 if stream else flags)
        response.set_rcode(dns.rcode.Rcode.make(rcode))
        for name, record_type, values in sets if stream or not flags else ():
            response.answer.append(dns.rrset.from_text(name, 60, "IN", record_type, *values.split()))
        return response.to_wire()

    return make


Ask = t.Callable[..., list[str]]


def test_it_asks_with_recursion_as_clients_do(ask: Ask) -> None:
    def answer(query: dns.message.Message, stream: bool) -> bytes:
        assert query.flags & dns.flags.RD and not stream
        return t.cast("bytes", reply(("mail.example.com.", "A", "10.0.1.21 10.0.1.22"))(query, stream))

    assert sorted(ask(answer)) == ["10.0.1.21", "10.0.1.22"]


def test_it_follows_an_alias_in_the_answer(ask: Ask) -> None:
    sets = [("mail.example.com.", "CNAME", "exch2.example.com."), ("exch2.example.com.", "A", "10.0.1.21")]
    assert ask(reply(*sets)) == ["10.0.1.21"]


def test_names_are_told_without_a_dot(ask: Ask) -> None:
    assert ask(reply(("21.1.0.10.in-addr.arpa.", "PTR", "Mail.Example.com.")), "21.1.0.10.in-addr.arpa", "PTR") == ["mail.example.com"]


@pytest.mark.parametrize("rcode", [0, 3])
def test_no_such_record_is_an_empty_list(ask: Ask, rcode: int) -> None:
    assert ask(reply(rcode=rcode)) == []


def test_an_answer_that_was_cut_is_asked_again_by_tcp(ask: Ask) -> None:
    assert ask(reply(("mail.example.com.", "A", "10.0.1.21"), flags=dns.flags.TC)) == ["10.0.1.21"]


@pytest.mark.parametrize("rcode", [2, 5])
def test_an_error_is_no_empty_answer(ask: Ask, rcode: int) -> None:
    with pytest.raises(DnsRefused, match=f"answered {dns.rcode.to_text(dns.rcode.Rcode.make(rcode))} for mail.example.com"):
        ask(reply(rcode=rcode))


def test_silence_ends_with_the_deadline(ask: Ask) -> None:
    with pytest.raises(DeadlineExceeded):
        ask(lambda query, stream: None, timeout=0.2)


def test_rubbish_is_told_from_an_answer(ask: Ask) -> None:
    with pytest.raises(ProtocolError):
        ask(lambda query, stream: query.to_wire()[:2] + b"rubbish")


def test_a_name_that_can_not_be_asked(ask: Ask) -> None:
    with pytest.raises(InvalidInput, match="can not be asked"):
        ask(reply(), "a" * 70 + ".example.com")


def test_without_the_library_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_lookup, "HAS_DNSPYTHON", False)
    with pytest.raises(MissingLibrary, match=r"pip install 'dnspython>=2\.3'"):
        lookup("127.0.0.1", 1, "x.example.com", "A", 1.0, SystemClock())
