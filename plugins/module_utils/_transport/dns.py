# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One name server: bytes out, bytes in, with deadlines; signed updates and what their refusals mean.

Sending, receiving and the judgement of signatures are ours, not dnspython's (``_wire.tsig`` says why). Nothing here
sends the same signed bytes twice: BIND answers BADSIG to the second.
"""

from __future__ import annotations

import dataclasses
import secrets
import socket
import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    DnsRefused,
    ProtocolError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import BADTIME, Tsig, split_tsig

#: Queries in flight on one connection, so that neither side's buffer fills while the other only sends.
WINDOW = 100
#: Seconds before what a server answered SERVFAIL is asked or sent once more.
BREATH = 0.3
#: What a resolver may be sent by UDP without fragments (RFC 6891 and the DNS flag day of 2020).
UDP_LIMIT = 1232

RCODE_WORDS = (
    *("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"),
    *(f"rcode {number}" for number in range(11, 16)),
)
#: rcode -> (code, what it means to the user). Source: RFC 2136 §2.2, and BIND, Knot, PowerDNS and Samba as they answer.
RCODES: t.Mapping[int, tuple[str, str]] = {
    1: ("malformed", "it could not read the message"),
    2: ("server_failure", "it failed; Active Directory's and Samba's DNS answer so as well when the account has no right to the record"),
    3: ("prerequisite", "a name that had to exist does not"),
    4: ("not_supported", "it takes no dynamic updates at all (list the zone's primary)"),
    5: ("refused", "the key has no right to these names, or the zone takes no such updates (BIND grants them by update-policy or allow-update)"),
    6: ("prerequisite", "a name that had to be absent exists"),
    7: ("prerequisite", "a record set that had to be absent exists"),
    8: ("prerequisite", "a record set is not what it was when it was read"),
    9: ("not_authoritative", "it does not hold that zone as its primary (list the one that does)"),
    10: ("not_zone", "a name lies outside the zone"),
}
#: TSIG error (RFC 8945 §5.2) -> the same.
TSIG_ERRORS: t.Mapping[int, tuple[str, str]] = {
    16: ("bad_signature", "the signature is wrong; the secret of the key differs from the server's"),
    17: ("bad_key", "it does not know a key of this name and algorithm (compare both with its configuration)"),
    18: ("bad_time", "the clocks differ too much"),
    22: ("bad_truncation", "the signature is shorter than it accepts"),
}
#: Refusals that another server of the zone may not share: a secondary answers so.
ELSEWHERE = ("not_authoritative", "refused", "bad_key", "not_supported")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where a name server listens. ``timeout``: seconds for a connection, and for the answer to one query. ``address`` is empty for a
    server of a zone whose name leads to no address: nobody can ask it, and nobody may forget it."""

    address: str
    port: int = 53
    name: str = ""
    timeout: float = 3.0

    def __str__(self) -> str:
        place = f"{self.address} port {self.port}" if self.address else "address not found"
        return f"{self.name} ({place})" if self.name else place

    @property
    def label(self) -> str:
        """Its key in results."""
        return self.name or (self.address if self.port == 53 else f"{self.address}:{self.port}")


class Refusal(DnsRefused):
    """``code`` is ours (see RCODES and TSIG_ERRORS) and is the result's reason. ``authentic``: the refusal was signed."""

    def __init__(self, message: str, endpoint: Endpoint, code: str, *, rcode: int, authentic: bool, tsig_error: int = 0) -> None:
        super().__init__(message, host=endpoint.label, code=code, rcode=rcode, tsig_error=tsig_error, authentic=authentic)
        self.reason = code
        self.code = code
        self.authentic = authentic


@dataclasses.dataclass(frozen=True)
class Accepted:
    """A NOERROR. Not ``authentic``: it is not signed as it must be, so only reading back tells whether it was done."""

    authentic: bool
    msg: str = ""


class NameServer:
    """One name server over one kept TCP connection; for one thread. Calls raise TransportError, updates Refusal too."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._socket: socket.socket | None = None
        self._received = bytearray()  #: what came and was not looked at yet
        self._used = False

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received = bytearray()
        self._used = False

    def exchange(self, wire: bytes, timeout: float) -> bytes:
        """One message and its answer. A kept connection that the server has closed meanwhile raises ConnectionLost."""
        answers: dict[bytes, bytes] = {}
        self.exchange_many([wire], Deadline(self._clock, timeout), answers)
        return answers[wire[:2]]

    def read(self, wires: t.Sequence[bytes], timeouts: t.Sequence[float]) -> list[bytes]:
        """The answers to queries, in their order; their ids must differ. One try for each of ``timeouts`` (seconds), which
        asks only what is unanswered; a kept connection that was lost costs no try. All or an error."""
        answers: dict[bytes, bytes] = {}
        left = list(timeouts)
        while len(answers) < len(wires):
            kept = self._used
            deadline = Deadline(self._clock, left.pop(0))
            try:
                self.exchange_many([wire for wire in wires if wire[:2] not in answers], deadline, answers)
            except (ConnectionLost, DeadlineExceeded) as error:
                if kept and isinstance(error, ConnectionLost):
                    left.insert(0, deadline.seconds)
                elif not left:
                    raise
        return [answers[wire[:2]] for wire in wires]

    def exchange_many(self, wires: t.Sequence[bytes], deadline: Deadline, answers: dict[bytes, bytes]) -> None:
        """Sends all and puts the answers into ``answers``, by id. The connection ends with an error."""
        try:
            for start in range(0, len(wires), WINDOW):
                window = wires[start : start + WINDOW]
                self._send(b"".join(struct.pack("!H", len(wire)) + wire for wire in window), deadline)
                missing = {wire[:2] for wire in window}
                while missing:
                    answer = self._receive_one(deadline)
                    if answer[:2] in missing:
                        missing.discard(answer[:2])
                        answers[answer[:2]] = answer
                    elif deadline.passed():  # answers that nobody asked for may be there without end
                        raise self._failure(TimeoutError(), deadline)
            self._used = True
        except BaseException:
            self.close()
            raise

    def exchange_udp(self, wire: bytes, timeout: float) -> bytes:
        """One message by UDP; answers with another id or question or from another address are passed over: anybody can send those. One try."""
        deadline = Deadline(self._clock, timeout)
        family = socket.AF_INET6 if ":" in self.endpoint.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            try:
                udp.connect((self.endpoint.address, self.endpoint.port))
                udp.send(wire)
                while not deadline.passed():
                    udp.settimeout(max(0.001, deadline.remaining()))
                    answer = udp.recv(65535)
                    if _answers(answer, wire):
                        return answer
                raise TimeoutError  # whoever floods us with other answers is no better than one who keeps silent
            except ConnectionRefusedError:
                raise ConnectionRefused(f"{self.endpoint} refuses DNS: nothing listens there", host=self.endpoint.label) from None
            except TimeoutError:
                raise DeadlineExceeded(f"{self.endpoint} did not answer within {timeout:g} s", host=self.endpoint.label) from None
            except OSError as error:
                raise Unreachable(f"{self.endpoint} can't be reached: {error.strerror or error}", host=self.endpoint.label) from None

    def update(self, wire: bytes, auth: Auth, timeout: float) -> Accepted:
        """Sends an update, signed now. On a kept connection that was lost it is signed anew and sent once more: its
        prerequisites make a second try harmless, and its refusal is then settled by reading back. A key that the server does
        not know any more is made anew, where it can be: with BADKEY nothing was done. SERVFAIL is asked again after a moment, as
        Knot answers so when it is overrun, unless it may mean that the account has no right."""
        kept = self._used
        try:
            return self._update_once(wire, auth, timeout)
        except ConnectionLost:
            if not kept:
                raise
        except Refusal as refusal:
            if refusal.code == "server_failure" and not auth.final_failure:
                self._clock.sleep(BREATH)
            elif refusal.code != "bad_key" or not auth.renewed(self.endpoint.label):
                raise
        return self._update_once(wire, auth, timeout)

    def _update_once(self, wire: bytes, auth: Auth, timeout: float) -> Accepted:
        auth.prepare(self.endpoint.label, lambda query: self.exchange(new_id() + query[2:], timeout))
        wire = new_id() + wire[2:]
        signed, request_mac = auth.sign(self.endpoint.label, wire)
        reply = self.exchange(signed, timeout)
        bare, tsig = split_tsig(reply)
        return judge(self.endpoint, bare, tsig, auth.accepts(self.endpoint.label, bare, tsig, request_mac), auth)

    def _connect(self, deadline: Deadline) -> socket.socket:
        timeout = min(self.endpoint.timeout, deadline.remaining())
        deadline.check(f"connecting to {self.endpoint}", self.endpoint.label)
        try:
            return socket.create_connection((self.endpoint.address, self.endpoint.port), timeout)
        except ConnectionRefusedError:
            raise ConnectionRefused(f"{self.endpoint} refuses DNS over TCP: nothing listens there", host=self.endpoint.label) from None
        except TimeoutError:
            raise Unreachable(f"{self.endpoint} can't be reached: no connection within {timeout:g} s", host=self.endpoint.label) from None
        except OSError as error:
            raise Unreachable(f"{self.endpoint} can't be reached: {error.strerror or error}", host=self.endpoint.label) from None

    def _send(self, data: bytes, deadline: Deadline) -> None:
        if self._socket is None:
            self._socket = self._connect(deadline)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.settimeout(max(0.001, deadline.remaining()))
            self._socket.sendall(data)
        except OSError as error:
            raise self._failure(error, deadline) from None

    def _receive_one(self, deadline: Deadline) -> bytes:
        (length,) = struct.unpack("!H", self._receive(2, deadline))
        return self._receive(length, deadline)

    def _receive(self, count: int, deadline: Deadline) -> bytes:
        """Takes all that there is at once: a thousand answers cost a few calls of the system."""
        if self._socket is None:
            raise AssertionError("an answer is read after its question was sent, which connects")
        while len(self._received) < count:
            try:
                if deadline.passed():  # bytes that come one by one never let the socket time out
                    raise TimeoutError
                self._socket.settimeout(max(0.001, deadline.remaining()))
                part = self._socket.recv(0x10000)
            except OSError as error:
                raise self._failure(error, deadline) from None
            if not part:
                raise ConnectionLost(f"{self.endpoint} closed the connection before it had answered", host=self.endpoint.label)
            self._received += part
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def _failure(self, error: OSError, deadline: Deadline) -> ConnectionLost | DeadlineExceeded:
        if isinstance(error, TimeoutError):
            return DeadlineExceeded(f"{self.endpoint} did not answer within {deadline.seconds:g} s", host=self.endpoint.label)
        return ConnectionLost(f"{self.endpoint} broke the connection: {error.strerror or error}", host=self.endpoint.label)


def _answers(answer: bytes, wire: bytes) -> bool:
    """Whether ``answer`` has the id of the message and repeats its first question, or none at all, as an answer that is only an error may.
    Bytes that are no message are told as such by whoever reads them."""
    if answer[:2] != wire[:2] or len(answer) < 12:
        return answer[:2] == wire[:2]
    if not answer[2] & 0x80:
        return False
    end = 12
    while wire[end]:
        end += wire[end] + 1
    asked = wire[12 : end + 5]
    return answer[12 : end + 5].lower() == asked.lower() or (answer[4:6] == b"\0\0" and answer[3] & 0x0F != 0)


def judge(endpoint: Endpoint, bare: bytes, tsig: Tsig | None, authentic: bool, auth: Auth) -> Accepted:
    """What an answer to an update means. An error is that error even when nobody vouches for it; a success is not."""
    if len(bare) < 12:
        raise ProtocolError(f"{endpoint} sent bytes that are no DNS message", host=endpoint.label)
    rcode = bare[3] & 0x0F
    tsig_error = tsig.error if tsig is not None else 0
    vouched = "" if authentic or not auth.signs else f" (the answer is {_flaw(tsig)}, so it is not certain that the server sent it)"
    if rcode == 0 and not tsig_error:
        return Accepted(authentic, "" if authentic else f"{endpoint} said yes, but its answer is {_flaw(tsig)}; only reading back tells whether it was done")
    if tsig_error in TSIG_ERRORS:
        code, meaning = TSIG_ERRORS[tsig_error]
        if tsig_error == BADTIME:
            meaning = _skew(tsig, auth.now())
    elif rcode == 9 and tsig is None and auth.signs:
        code, meaning = "not_authoritative", f"it does not hold that zone as its primary, or it does not know the {auth.words} (compare with its configuration)"
    else:
        code, meaning = RCODES.get(rcode, ("refused", "it gave no reason"))
    raise Refusal(
        f"{endpoint} refused the update ({auth.words}): {meaning}; {RCODE_WORDS[rcode]}{vouched}",
        endpoint,
        code,
        rcode=rcode,
        authentic=authentic,
        tsig_error=tsig_error,
    )


def _flaw(tsig: Tsig | None) -> str:
    return "not signed" if tsig is None else "not signed as it must be"


def _skew(tsig: Tsig | None, now: int) -> str:
    theirs = tsig.server_time() if tsig is not None else None
    if theirs is None:
        return TSIG_ERRORS[BADTIME][1]
    return f"its clock is {abs(theirs - now)} s {'ahead of' if theirs > now else 'behind'} the controller's; set the clocks, 300 s are tolerated"


def new_id() -> bytes:
    return secrets.token_bytes(2)
