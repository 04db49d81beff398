# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One domain controller over LDAP: a logon that seals, entries read, entries changed, each with a deadline. For one thread."""

from __future__ import annotations

import dataclasses
import socket
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    BadCredentials,
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    ProtocolError,
    RemoteError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import Security
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber, ldap

#: Tokens each way; Kerberos needs three.
ROUNDS = 6


@dataclasses.dataclass(frozen=True)
class Controller:
    """Where a domain controller listens. ``timeout``: seconds for a connection, and for each answer."""

    address: str
    port: int = 389
    name: str = ""
    timeout: float = 10.0

    def __str__(self) -> str:
        place = f"{self.address} port {self.port}"
        return f"{self.name} ({place})" if self.name else place

    @property
    def label(self) -> str:
        """Its key in results."""
        return self.name or (self.address if self.port == 389 else f"{self.address}:{self.port}")


class LdapRefused(RemoteError):
    """``code``: LDAP's result code (RFC 4511 appendix A)."""

    reason = "refused_by_directory"

    def __init__(self, message: str, host: str, code: int) -> None:
        super().__init__(message, host=host, code=code)
        self.code = code


class Directory:
    """One connection. Calls raise TransportError; those that the server refuses AccessDenied or LdapRefused.

    A connection that was sealed and ends takes the logon with it: every call raises ConnectionLost until ``logon`` or ``close``.
    """

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self.controller = controller
        self._clock = clock
        self._socket: socket.socket | None = None
        self._number = 0
        self._security: Security | None = None
        self._was_sealed = False
        self._received = b""
        self._opened = b""

    @property
    def label(self) -> str:
        return self.controller.label

    def close(self) -> None:
        self._hang_up()
        self._was_sealed = False

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._security, self._received, self._opened = None, None, b"", b""

    def logon(self, security: Security) -> None:
        """Raises BadCredentials in one sentence. Everything after it is sealed; before it only the root may be read."""
        self._was_sealed = False
        answer = self._bind(security, security.step(None) or b"")
        for _round in range(ROUNDS):
            if answer.code != ldap.SASL_IN_PROGRESS:
                break
            if not security.complete:
                token = security.step(answer.token) or b""
            else:
                token = security.agreed(answer.token)
                answer = self._bind(security, token)
                if answer.code == ldap.SUCCESS:
                    self._security, self._was_sealed = security, True
                    return
                break
            answer = self._bind(security, token)
        if answer.code == ldap.SUCCESS:
            self.close()
            raise ProtocolError(f"{self.controller} took the logon without agreeing on encryption, so nothing was sent", host=self.label)
        self.close()
        raise BadCredentials(f"{self.controller} does not take the logon ({self._said(answer)}); check the account, and the clocks", host=self.label)

    def _bind(self, security: Security, token: bytes) -> ldap.Answer:
        return self._asked(lambda number: ldap.sasl_bind(number, security.mechanism, token), ldap.BIND_RESPONSE, "log on", clear=True)[-1]

    def root(self) -> ldap.Attributes:
        """What the domain controller says of itself (MS-ADTS 3.1.1.3.2); needs no logon."""
        found = self.read("", ["dnsHostName", "defaultNamingContext", "rootDomainNamingContext", "namingContexts", "supportedSASLMechanisms", "dsServiceName"])
        if found is None:
            raise ProtocolError(f"{self.controller} says nothing of itself, so it is no domain controller", host=self.label)
        return found

    def own_name(self) -> str:
        """As the domain controller says itself; who lies about it has no key for the ticket."""
        return self.root().get("dnshostname", [b""])[0].decode("ascii", "replace").lower()

    def read(self, dn: str, attributes: t.Sequence[str], descriptor: int = 0) -> ldap.Attributes | None:
        """One entry; None where there is none. ``descriptor``: the parts of nTSecurityDescriptor, where that is asked for."""
        try:
            found = self._search(dn, ldap.BASE, attributes, descriptor=descriptor)
        except LdapRefused as error:
            if error.code in (ldap.NO_SUCH_OBJECT, ldap.REFERRAL):
                return None
            raise
        return found[0][1] if found else None

    def find(self, base: str, equal: tuple[str, str], attributes: t.Sequence[str]) -> list[tuple[str, ldap.Attributes]]:
        """Entries below ``base`` that have the attribute with the value: their names and what they have."""
        return self._search(base, ldap.SUBTREE, attributes, equal)

    def _search(
        self, base: str, scope: int, attributes: t.Sequence[str], equal: tuple[str, str] | None = None, *, descriptor: int = 0
    ) -> list[tuple[str, ldap.Attributes]]:
        controls = [ldap.sd_flags(descriptor)] if descriptor else []
        do = f"read {base or 'the root'}"
        answers = self._asked(lambda number: ldap.search(number, base, scope, attributes, equal, controls), ldap.SEARCH_DONE, do, clear=not base)
        self._checked(answers[-1], do)
        return [(answer.dn, answer.attributes) for answer in answers if answer.operation == ldap.ENTRY]

    def modify(self, dn: str, changes: t.Sequence[tuple[int, str, t.Sequence[bytes]]], descriptor: int = 0) -> None:
        """All of the changes or none."""
        controls = [ldap.sd_flags(descriptor)] if descriptor else []
        answers = self._asked(lambda number: ldap.modify(number, dn, changes, controls), ldap.MODIFY_RESPONSE, f"change {dn}")
        self._checked(answers[-1], f"change {dn}")

    def _checked(self, answer: ldap.Answer, do: str) -> None:
        if answer.code == ldap.SUCCESS:
            return
        if answer.code == ldap.ACCESS_DENIED:
            raise AccessDenied(f"{self.controller} does not let the account {do} ({self._said(answer)})", host=self.label)
        raise LdapRefused(f"{self.controller} could not {do}: {self._said(answer)}", self.label, answer.code)

    def _said(self, answer: ldap.Answer) -> str:
        return f"LDAP code {answer.code}" + (f", {' '.join(answer.text.split())[:200]}" if answer.text else "")

    # Octets

    def _asked(self, message: t.Callable[[int], bytes], last: int, do: str, *, clear: bool = False) -> list[ldap.Answer]:
        """Everything that is answered up to the response ``last``. The connection ends with an error. ``clear``: may be asked before the logon."""
        if self._security is None and (self._was_sealed or not clear):
            why = "the connection has ended, and the logon with it" if self._was_sealed else "nobody is logged on"
            raise ConnectionLost(f"could not {do} on {self.controller}: {why}", host=self.label)
        deadline = Deadline(self._clock, self.controller.timeout)
        self._number += 1
        answers: list[ldap.Answer] = []
        try:
            self._send(message(self._number), deadline)
            while not answers or answers[-1].operation != last:
                answer = ldap.read(self._message(deadline))
                if answer.operation == ldap.EXTENDED and answer.id == 0:
                    raise ConnectionLost(f"{self.controller} ends the connection ({self._said(answer)})", host=self.label)
                if answer.id == self._number:
                    answers.append(answer)
        except ProtocolError as error:
            self._hang_up()
            raise ProtocolError(f"could not {do} on {self.controller}: {error.message}", host=self.label) from None
        except BaseException:
            self._hang_up()
            raise
        return answers

    def _send(self, data: bytes, deadline: Deadline) -> None:
        if self._socket is None:
            self._socket = self._connected(deadline)
        if self._security is not None:
            sealed = self._security.seal(data)
            data = len(sealed).to_bytes(4, "big") + sealed
        try:
            self._socket.settimeout(max(0.001, deadline.remaining()))
            self._socket.sendall(data)
        except OSError as error:
            raise self._failure(error, deadline) from None

    def _connected(self, deadline: Deadline) -> socket.socket:
        try:
            made = socket.create_connection((self.controller.address, self.controller.port), max(0.001, deadline.remaining()))
        except ConnectionRefusedError:
            raise ConnectionRefused(f"{self.controller} refuses LDAP: nothing listens there", host=self.label) from None
        except TimeoutError:
            raise Unreachable(f"{self.controller} can't be reached: no connection within {self.controller.timeout:g} s", host=self.label) from None
        except OSError as error:
            raise Unreachable(f"{self.controller} can't be reached: {error.strerror or error}", host=self.label) from None
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _message(self, deadline: Deadline) -> bytes:
        """The next message, out of its seal."""
        while True:
            end = ber.whole(self._opened)
            if end is not None:
                message, self._opened = self._opened[:end], self._opened[end:]
                return message
            if self._security is None:
                self._opened += self._more(deadline)
                continue
            while len(self._received) < 4 or len(self._received) < 4 + self._sealed_length():
                self._received += self._more(deadline)
            end = 4 + self._sealed_length()
            sealed, self._received = self._received[4:end], self._received[end:]
            self._opened += self._security.open(sealed)

    def _sealed_length(self) -> int:
        length = int.from_bytes(self._received[:4], "big")
        if length > ber.LARGEST:
            raise ProtocolError(f"a sealed buffer of {length} octets; {ber.LARGEST} are taken at most")
        return length

    def _more(self, deadline: Deadline) -> bytes:
        if self._socket is None:
            raise AssertionError("an answer is read after its question was sent, which connects")
        if deadline.passed():
            raise self._failure(TimeoutError(), deadline)
        try:
            self._socket.settimeout(max(0.001, deadline.remaining()))
            part = self._socket.recv(65536)
        except OSError as error:
            raise self._failure(error, deadline) from None
        if not part:
            raise ConnectionLost(f"{self.controller} closed the connection before it had answered", host=self.label)
        return part

    def _failure(self, error: OSError, deadline: Deadline) -> ConnectionLost | DeadlineExceeded:
        if isinstance(error, TimeoutError):
            return DeadlineExceeded(f"{self.controller} did not answer within {deadline.seconds:g} s", host=self.label)
        return ConnectionLost(f"{self.controller} broke the connection: {error.strerror or error}", host=self.label)
