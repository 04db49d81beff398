# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates and their refusals, against the embedded server; and connections that end."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    InvalidInput,
    MissingLibrary,
    ProtocolError,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import BREATH, Endpoint, NameServer, Refusal, judge
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import ALGORITHMS, TsigKey
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port

CLOCK = SystemClock()
MAIL = ("mail.example.com", "A")
SWAP = Message("example.com", exists=(Line(*MAIL, "127.1.0.21"),), deleted=(Line(*MAIL, "127.1.0.21"),), added=(Line(*MAIL, "127.1.0.22", 60),))


@pytest.fixture
def server() -> Iterator[DnsServer]:
    primary = example.primary()
    with background(primary):
        yield primary


@pytest.fixture
def client(server: DnsServer) -> Iterator[NameServer]:
    name_server = NameServer(Endpoint(server.address, server.port, "dns1"), CLOCK)
    yield name_server
    name_server.close()


def auth(name: str = "failover-key", secret: str = example.SECRET, algorithm: str = "hmac-sha256") -> TsigAuth:
    return TsigAuth(TsigKey.from_text(name, secret, algorithm), CLOCK)


def update(client: NameServer, message: Message = SWAP, by: TsigAuth | None = None) -> t.Any:
    return client.update(dns_records.update_wire(message), by or auth(), 5)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_change_is_made_with_every_algorithm(server: DnsServer, client: NameServer, algorithm: str) -> None:
    name = "failover-key" if algorithm == "hmac-sha256" else f"key-{algorithm}"
    assert update(client, by=auth(name, algorithm=algorithm)).authentic
    assert server.lookup("mail.example.com", "A") == ["127.1.0.22"]


class Case(t.NamedTuple):
    code: str
    sentence: str
    by: TsigAuth = auth()
    message: Message = SWAP
    fault: tuple[str, dict[str, t.Any]] | None = None
    authentic: bool = True


#: What the host's key may not do.
FOREIGN = Message("example.com", deleted=(Line("two.example.com", "A", "127.1.0.21"),))
NO_ZONE = Message("example.org", added=(Line("a.example.org", "A", "127.0.0.1", 60),))

CASES = [
    Case("bad_signature", "the secret of the key differs from the server's", auth(secret="b3RoZXI="), authentic=False),
    Case("bad_key", "(key 'nobody', hmac-sha256): it does not know a key of this name and algorithm", auth("nobody"), authentic=False),
    Case("bad_key", "(key 'failover-key', hmac-sha512)", auth(algorithm="hmac-sha512"), authentic=False),
    Case("bad_time", "s ahead of the controller's; set the clocks", fault=("clock", {"seconds": 3600})),
    Case("bad_time", "s behind the controller's; set the clocks", fault=("clock", {"seconds": -3600})),
    Case("refused", "the key has no right to these names", auth("exch1-key"), FOREIGN),
    Case("refused", "(unsigned): the key has no right", TsigAuth(None, CLOCK)),
    Case("not_authoritative", "it does not hold that zone as its primary", message=NO_ZONE),
    Case("not_zone", "a name lies outside the zone", message=Message("example.com", added=(Line("a.example.org", "A", "127.0.0.1", 60),))),
    Case("prerequisite", "a record set is not what it was when it was read; NXRRSET", message=Message("example.com", exists=(Line(*MAIL, "127.1.0.20"),))),
    Case("prerequisite", "a record set that had to be absent exists; YXRRSET", message=Message("example.com", missing=(Line(*MAIL),))),
    Case("prerequisite", "a name that had to be absent exists; YXDOMAIN", message=Message("example.com", missing=(Line(MAIL[0], "ANY"),))),
    Case("refused", "(the answer is not signed, so it is not certain that the server sent it)", auth("exch1-key"), FOREIGN, ("unsigned_replies", {}), False),
    Case("not_authoritative", "or it does not know the key 'nobody'", auth("nobody"), fault=("unsigned_replies", {}), authentic=False),
    Case("refused", "(the answer is not signed as it must be", auth("exch1-key"), FOREIGN, ("echoed_mac", {}), False),
    Case("refused", "the zone takes no such updates", fault=("refused", {})),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}-{case.fault[0] if case.fault else ''}" for case in CASES])
def test_a_refusal_has_our_code_and_one_sentence(server: DnsServer, client: NameServer, case: Case) -> None:
    if case.fault:
        server.set_fault(case.fault[0], **case.fault[1])
    with pytest.raises(Refusal) as caught:
        update(client, case.message, case.by)
    assert (caught.value.reason, caught.value.authentic) == (case.code, case.authentic)
    assert case.sentence in caught.value.message and caught.value.message.startswith(f"dns1 ({example.ADDRESS} port {server.port}) refused the update")
    assert server.lookup("mail.example.com", "A") == ["127.1.0.21"]
    assert example.SECRET not in repr(caught.value.details) + caught.value.message


def test_the_skew_is_told_in_seconds(server: DnsServer, client: NameServer) -> None:
    server.set_fault("clock", seconds=3600)
    with pytest.raises(Refusal) as caught:
        update(client)
    seconds = int(caught.value.message.split("its clock is ")[1].split(" s ")[0])
    assert abs(seconds - 3600) <= 2


@pytest.mark.parametrize(
    ("fault", "words"), [("unsigned_replies", "is not signed;"), ("echoed_mac", "is not signed as it must be"), ("bad_mac", "is not signed as it must be")]
)
def test_a_success_that_nobody_vouches_for_is_not_believed(server: DnsServer, client: NameServer, fault: str, words: str) -> None:
    server.set_fault(fault)
    accepted = update(client)
    assert not accepted.authentic
    assert words in accepted.msg and "only reading back tells" in accepted.msg


def test_a_signed_answer_is_read_without_dnspython(server: DnsServer) -> None:
    """Before 2.7 it can't read one that it may not verify, so no byte of one goes to it."""
    package = NameServer.__module__.rpartition("._transport")[0]
    program = f"""
import sys
sys.modules["dns"] = None
from {package}._clock import SystemClock
from {package}._transport.dns import Endpoint, NameServer
from {package}._transport.dns_auth import TsigAuth
from {package}._wire.tsig import TsigKey
key = TsigKey.from_text("failover-key", {example.SECRET!r}, "hmac-sha256")
print(NameServer(Endpoint({server.address!r}, {server.port}), SystemClock()).update({dns_records.update_wire(SWAP)!r}, TsigAuth(key, SystemClock()), 20.0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Accepted(authentic=True, msg='')"), done.stderr


def test_unsigned_updates_take_unsigned_answers() -> None:
    server = example.primary({**example.FORWARD, "updates": "any"})
    with background(server):
        client = NameServer(Endpoint(server.address, server.port), CLOCK)
        assert update(client, by=TsigAuth(None, CLOCK)).authentic
        client.close()


def test_many_questions_go_over_one_connection(server: DnsServer, client: NameServer) -> None:
    wires = [number.to_bytes(2, "big") + dns_records.query(Item(f"h{number}.example.com", "A"))[2:] for number in range(1000)]
    answers = client.read(wires, [20])
    assert [answer[:2] for answer in answers] == [wire[:2] for wire in wires]
    assert server.messages == 1000


def test_udp_gives_the_same_answer_as_tcp(server: DnsServer, client: NameServer) -> None:
    wire = b"\x12\x34" + dns_records.query(Item(*MAIL))[2:]
    assert client.exchange_udp(wire, 5) == client.exchange(wire, 5)


def test_a_silent_server_ends_at_the_deadline(server: DnsServer, client: NameServer) -> None:
    server.set_fault("silent")
    wire = dns_records.query(Item(*MAIL))
    with pytest.raises(DeadlineExceeded, match=r"dns1 \(127.0.53.1 port \d+\) did not answer within 0.2 s"):
        client.exchange(wire, 0.2)
    with pytest.raises(DeadlineExceeded, match="did not answer within 0.2 s"):
        client.exchange_udp(wire, 0.2)
    server.clear_fault()
    assert client.exchange(wire, 5)


class Passing(SystemClock):
    """Each look at it costs a tenth of a second."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def monotonic(self) -> float:
        self.elapsed += 0.1
        return self.elapsed


FOREIGN_ANSWER = b"xy" + bytes(10)


def by_tcp(listener: socket.socket) -> None:
    connection, _peer = listener.accept()
    with connection:
        question = connection.recv(512)[2:]
        connection.sendall(b"".join(len(answer).to_bytes(2, "big") + answer for answer in [FOREIGN_ANSWER] * 50 + [question]))


def by_udp(listener: socket.socket) -> None:
    question, peer = listener.recvfrom(512)
    for answer in [FOREIGN_ANSWER] * 50 + [question[:2] + bytes([question[2] | 0x80]) + question[3:]]:
        listener.sendto(answer, peer)


@pytest.mark.parametrize(("way", "kind", "serve"), [("exchange", socket.SOCK_STREAM, by_tcp), ("exchange_udp", socket.SOCK_DGRAM, by_udp)])
def test_a_server_that_goes_on_sending_other_answers_ends_at_the_deadline(way: str, kind: socket.SocketKind, serve: t.Any) -> None:
    """Fifty answers nobody asked for come before the right one, which is more than two seconds hold."""
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind((example.ADDRESS, 0))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        flooding = threading.Thread(target=serve, args=(listener,), daemon=True)
        flooding.start()
        client = NameServer(Endpoint(example.ADDRESS, listener.getsockname()[1], "dns1"), Passing())
        with pytest.raises(DeadlineExceeded, match="did not answer within 2 s"):
            getattr(client, way)(dns_records.query(Item(*MAIL)), 2.0)
        client.close()
        flooding.join(5)


def test_an_answer_by_udp_to_another_question_is_passed_over() -> None:
    """Whoever guessed the id has the question to guess as well; letters may come back in another case."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((example.ADDRESS, 0))
        forged = dns_records.query(Item("two.example.com", "A"))[2:]

        def serve() -> None:
            question, peer = listener.recvfrom(512)
            reply = bytes([question[2] | 0x80])
            for answer in (question, question[:2] + reply + forged[1:], question[:2] + reply + bytes(9), question[:2] + reply + question[3:].upper()):
                listener.sendto(answer, peer)

        threading.Thread(target=serve, daemon=True).start()
        client = NameServer(Endpoint(example.ADDRESS, listener.getsockname()[1], "dns1"), CLOCK)
        assert b"MAIL" in client.exchange_udp(dns_records.query(Item(*MAIL)), 2.0)


def test_a_closed_port_is_said_to_be_closed() -> None:
    with closed_port("127.0.53.9") as port:
        client = NameServer(Endpoint("127.0.53.9", port), CLOCK)
        for ask in (client.exchange, client.exchange_udp):
            with pytest.raises(ConnectionRefused, match="nothing listens there"):
                ask(dns_records.query(Item(*MAIL)), 10)


def test_a_deadline_that_has_passed_connects_to_nothing() -> None:
    with pytest.raises(DeadlineExceeded):
        NameServer(Endpoint("127.0.53.9", 9), CLOCK).exchange_many([dns_records.query(Item(*MAIL))], Deadline(CLOCK, 0), {})


class Closing:
    """Answers the first ``answered`` messages of each connection with the header back as a reply, then closes."""

    def __init__(self, answered: int) -> None:
        self.answered = answered
        self.received: list[bytes] = []
        self._listener = socket.create_server((example.ADDRESS, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                for number in range(self.answered + 1):
                    head = stream.read(2)
                    if len(head) < 2:
                        break
                    message = stream.read(int.from_bytes(head, "big"))
                    self.received.append(message)
                    if number == self.answered:
                        break
                    reply = message[:2] + b"\xa8\0" + bytes(8)
                    connection.sendall(len(reply).to_bytes(2, "big") + reply)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def closing(request: pytest.FixtureRequest) -> Iterator[Closing]:
    server = Closing(request.param)
    yield server
    server.close()


class Negotiating(TsigAuth):
    """Agrees on something first, as Kerberos does; a token is larger than what UDP carries."""

    def prepare(self, server: str, exchange: t.Callable[[bytes], bytes]) -> None:
        exchange(bytes(2) + b"\0\0\0\1" + bytes(6) + b"\4mail\7example\3com\0\0\1\0\1" + bytes(1500))


def test_what_is_negotiated_goes_over_tcp_on_the_connection_of_the_update(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str]] = []
    real = server.receive
    monkeypatch.setattr(server, "receive", lambda wire, peer, transport: (seen.append((len(wire), transport)), real(wire, peer, transport))[1])
    client = NameServer(Endpoint(server.address, server.port, "dns1"), CLOCK)
    signer = Negotiating(TsigKey.from_text("failover-key", example.SECRET, "hmac-sha256"), CLOCK)
    client.update(dns_records.update_wire(SWAP), signer, 5.0)
    client.close()
    assert [transport for _size, transport in seen] == ["tcp", "tcp"] and seen[0][0] > 1232


@pytest.mark.parametrize("closing", [1], indirect=True)
def test_a_kept_connection_that_was_lost_is_tried_once_more_with_a_new_signature(closing: Closing) -> None:
    client = NameServer(Endpoint(example.ADDRESS, closing.port), CLOCK)
    for _attempt in range(2):
        assert not update(client).authentic
    client.close()
    assert len(closing.received) == 3
    assert len({message[:2] for message in closing.received}) == 3, "the same signed bytes never go out twice"


@pytest.mark.parametrize("closing", [0], indirect=True)
def test_a_new_connection_that_is_closed_at_once_is_lost(closing: Closing) -> None:
    client = NameServer(Endpoint(example.ADDRESS, closing.port), CLOCK)
    with pytest.raises(ConnectionLost, match="closed the connection before it had answered"):
        update(client)
    assert len(closing.received) == 1


class Renewing(TsigAuth):
    """A key that the server may forget, as Kerberos': the first signature is another key's, and it is agreed anew once."""

    forgotten, renewals = True, 0

    def sign(self, server: str, wire: bytes) -> tuple[bytes, bytes]:
        return (auth(name="forgotten-key") if self.forgotten else super()).sign(server, wire)

    def renewed(self, server: str) -> bool:
        self.forgotten = False
        self.renewals += 1
        return self.renewals == 1


def test_a_key_that_the_server_has_forgotten_is_made_anew_and_the_update_sent_once_more(server: DnsServer, client: NameServer) -> None:
    """It answers BADKEY, with which nothing was done."""
    signer = Renewing(TsigKey.from_text("failover-key", example.SECRET, "hmac-sha256"), CLOCK)
    assert update(client, by=signer).authentic
    assert signer.renewals == 1 and server.lookup("mail.example.com", "A") == ["127.1.0.22"]
    signer.forgotten = True
    with pytest.raises(Refusal) as caught:
        update(client, by=signer)
    assert (caught.value.code, signer.renewals) == ("bad_key", 2)


def test_a_name_server_is_reached_by_ipv6() -> None:
    """Updates and questions by TCP; NOTIFY and what is asked of resolvers by UDP."""
    primary = example.primary()
    primary.address = "::1"
    with background(primary):
        client = NameServer(Endpoint("::1", primary.port), CLOCK)
        assert update(client).authentic and primary.lookup("mail.example.com", "A") == ["127.1.0.22"]
        answer = client.exchange_udp(b"\1\2\0\0\0\1\0\0\0\0\0\0\4mail\7example\3com\0\0\1\0\1", 5.0)
        client.close()
    assert answer[:2] == b"\1\2" and bytes((127, 1, 0, 22)) in answer
    assert str(client.endpoint) == f"::1 port {primary.port}"


def test_a_server_that_is_overrun_is_sent_the_update_once_more_after_a_moment(server: DnsServer) -> None:
    """Knot answers SERVFAIL in bursts; the prerequisites make a second try harmless."""
    clock = FakeClock()
    client = NameServer(Endpoint(server.address, server.port), clock)
    server.set_fault("servfail", count=1)
    assert update(client).authentic
    assert clock.slept == [BREATH]
    server.set_fault("servfail", count=2)
    with pytest.raises(Refusal, match="it failed") as caught:
        update(client)
    client.close()
    assert (caught.value.code, len(clock.slept)) == ("server_failure", 2)


def test_a_refusal_of_an_active_directory_server_is_not_sent_again(server: DnsServer) -> None:
    """Samba 4.17 says SERVFAIL where the account has no right: trying again only hides that."""
    clock = FakeClock()
    client = NameServer(Endpoint(server.address, server.port), clock)
    signer = auth()
    signer.final_failure = GssAuth.final_failure
    server.set_fault("servfail", count=1)
    with pytest.raises(Refusal) as caught:
        client.update(dns_records.update_wire(SWAP), signer, 5.0)
    client.close()
    assert (caught.value.code, clock.slept) == ("server_failure", [])


def test_an_answer_of_a_few_bytes_is_a_broken_one() -> None:
    with pytest.raises(ProtocolError, match="no DNS message"):
        judge(Endpoint("127.0.0.1"), b"1234", None, True, auth())


def test_a_missing_or_old_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    dns_records.require_dnspython()
    monkeypatch.setattr("dns.version.MINOR", 2)
    with pytest.raises(MissingLibrary, match=r"dnspython 2.2 is too old, update_dns needs 2.3 or later: pip install"):
        dns_records.require_dnspython()
    monkeypatch.setattr(dns_records, "HAS_DNSPYTHON", False)
    with pytest.raises(MissingLibrary, match="needs the Python package dnspython"):
        dns_records.require_dnspython()


def test_a_value_that_dns_can_t_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a.example.com TXT: .* is no value of that type"):
        dns_records.update_wire(Message("example.com", added=(Line("a.example.com", "TXT", '"' + "x" * 300 + '"', 60),)))


@pytest.mark.parametrize("wire", [b"", b"short", b"\0\0\x84\0\0\1\0\1" + bytes(4)])
def test_an_answer_that_can_t_be_read_is_a_protocol_error(wire: bytes) -> None:
    with pytest.raises(ProtocolError):
        dns_records.read_answer(wire, Item(*MAIL))
