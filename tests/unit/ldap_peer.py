# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain controller in memory, for tests: it takes LDAP by bytes, over a socket, sealed. Neither Kerberos nor rights are real here."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
from collections.abc import Iterator

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber, ldap

#: What the two sides send each other to log on; the server's offer of layers comes sealed without encryption.
HELLO, WELCOME = b"let me in", b"you are known"
CLEAR, SEALED = b"clear:", b"sealed:"


def seal(data: bytes) -> bytes:
    return SEALED + bytes(octet ^ 0x5A for octet in data)


def unseal(data: bytes) -> bytes:
    if not data.startswith(SEALED):
        raise ProtocolError("not sealed")
    return bytes(octet ^ 0x5A for octet in data[len(SEALED) :])


class FakeSeal:
    """Takes the part of Kerberos."""

    mechanism = "GSSAPI"

    def __init__(self, *_account: t.Any) -> None:
        self._steps = 0

    def step(self, token: bytes | None) -> bytes | None:
        self._steps += 1
        if self._steps == 1:
            return HELLO
        if token != WELCOME:
            raise BadCredentials("the peer is not who it says it is")
        return b""

    @property
    def complete(self) -> bool:
        return self._steps >= 2

    def agreed(self, offer: bytes) -> bytes:
        if not offer.removeprefix(CLEAR)[0] & 4:
            raise ProtocolError("no encryption offered")
        return CLEAR + b"\x04\xff\xff\xff"

    def seal(self, data: bytes) -> bytes:
        return seal(data)

    def open(self, data: bytes) -> bytes:
        return unseal(data)


class Peer:
    """``entries``: DN -> attribute -> values, all names in lower case. ``refuse``: DN in lower case -> LDAP's code for whatever is asked of it.
    ``layers``: what it offers; ``known``: whether it takes the logon; ``raw``: bytes that it answers with instead of all else,
    ``stray`` before all else. ``cuts``: connections that it ends before it takes a change. Who is not logged on gets the root alone
    (operationsError otherwise); ``in_clear``: what was asked without a seal all the same."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, list[bytes]]] = {"": {"dnshostname": [b"dc1.example.com"], "defaultnamingcontext": [b"DC=example,DC=com"]}}
        self.refuse: dict[str, int] = {}
        self.refuse_changes: dict[str, int] = {}
        self.layers, self.known, self.raw, self.stray = 7, True, b"", b""
        self.before_change: t.Callable[[], None] = lambda: None
        self.seals: t.Callable[[bytes], bytes] = seal
        self.cuts = 0
        self.seen: list[str] = []
        self.in_clear: list[str] = []
        self.flags: list[int] = []
        self.port = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator[Peer]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        sealed, received, opened, rounds = False, b"", b"", 0
        with connection, contextlib.suppress(OSError):
            while True:
                part = connection.recv(65536)
                if not part:
                    return
                if sealed:
                    received += part
                    while len(received) >= 4 and len(received) >= 4 + int.from_bytes(received[:4], "big"):
                        end = 4 + int.from_bytes(received[:4], "big")
                        opened, received = opened + unseal(received[4:end]), received[end:]
                else:
                    opened += part
                while (end := ber.whole(opened)) is not None:
                    message, opened = opened[:end], opened[end:]
                    number, operation = ber.elements(message)[0].children()[:2]
                    controls = ber.elements(message)[0].children()[2:]
                    answers, now_sealed = self._answer(number.number(), operation, controls, rounds, sealed)
                    rounds += operation.tag == 0x60
                    data = self.raw or self.stray + b"".join(answers)
                    if sealed:
                        data = b"".join(
                            len(one).to_bytes(4, "big") + one for one in (self.seals(data[:7]), self.seals(data[7:]))
                        )  # a message may come in parts
                    connection.sendall(data)
                    sealed = sealed or now_sealed

    def _answer(self, number: int, operation: ber.Element, controls: t.Sequence[ber.Element], rounds: int, sealed: bool) -> tuple[list[bytes], bool]:
        if operation.tag == 0x60:
            return self._logon(number, operation, rounds)
        name = operation.children()[0].content.decode().lower()
        if not sealed and (name or operation.tag != 0x63):
            self.in_clear.append(name)
            return [_response(number, ldap.SEARCH_DONE if operation.tag == 0x63 else ldap.MODIFY_RESPONSE, 1, "log on first")], False
        flags = [ber.elements(one.children()[2].content)[0].children()[0].number() for entry in controls for one in entry.children()]
        if operation.tag == 0x63:
            return self._search(number, operation), False
        if operation.tag == 0x66:
            return [self._modify(number, operation, flags)], False
        return [], False

    def _logon(self, number: int, operation: ber.Element, rounds: int) -> tuple[list[bytes], bool]:
        token = operation.children()[2].children()[1].content
        if not self.known:
            return [_response(number, ldap.BIND_RESPONSE, ldap.INVALID_CREDENTIALS, "no such account")], False
        if rounds == 0:
            return [_response(number, ldap.BIND_RESPONSE, ldap.SASL_IN_PROGRESS, token=WELCOME)], False
        if rounds == 1:
            return [_response(number, ldap.BIND_RESPONSE, ldap.SASL_IN_PROGRESS, token=CLEAR + bytes((self.layers, 255, 255, 255)))], False
        return [_response(number, ldap.BIND_RESPONSE, ldap.SUCCESS if token == CLEAR + b"\x04\xff\xff\xff" else 49)], True

    def _search(self, number: int, operation: ber.Element) -> list[bytes]:
        base, scope, *_limits, wanted, listed = operation.children()
        name = base.content.decode().lower()
        self.seen.append(f"read {name}")
        if name in self.refuse:
            return [_response(number, ldap.SEARCH_DONE, self.refuse[name], "as the test wants it")]
        attributes = [one.content.decode().lower() for one in listed.children()]
        if scope.number() == ldap.BASE:
            found = {name: self.entries[name]} if name in self.entries else None
        else:
            attribute, value = (one.content.decode().lower() for one in wanted.children())
            having = [dn for dn, entry in self.entries.items() if value in [text.decode("latin-1").lower() for text in entry.get(attribute, [])]]
            found = {dn: self.entries[dn] for dn in having if dn.endswith(name)}
        if found is None:
            return [_response(number, ldap.SEARCH_DONE, ldap.NO_SUCH_OBJECT)]
        entries = [
            ber.element(
                ber.SEQUENCE,
                ber.integer(number),
                ber.element(
                    ldap.ENTRY,
                    ber.octets(dn),
                    ber.element(
                        ber.SEQUENCE,
                        *(
                            ber.element(ber.SEQUENCE, ber.octets(key), ber.element(ber.SET, *map(ber.octets, values)))
                            for key, values in entry.items()
                            if key in attributes
                        ),
                    ),
                ),
            )
            for dn, entry in found.items()
        ]
        return [*entries, _response(number, ldap.SEARCH_DONE, ldap.SUCCESS)]

    def _modify(self, number: int, operation: ber.Element, flags: list[int]) -> bytes:
        name, changes = operation.children()
        dn = name.content.decode().lower()
        if self.cuts:
            self.cuts -= 1
            raise ConnectionResetError
        self.before_change()
        self.seen.append(f"change {dn}")
        self.flags += flags
        if dn in self.refuse_changes:
            return _response(number, ldap.MODIFY_RESPONSE, self.refuse_changes[dn], "as the test wants it")
        if dn not in self.entries:
            return _response(number, ldap.MODIFY_RESPONSE, ldap.NO_SUCH_OBJECT)
        entry = {key: list(values) for key, values in self.entries[dn].items()}
        for change in changes.children():
            kind, part = change.children()
            attribute, values = part.children()
            key, given = attribute.content.decode().lower(), [value.content for value in values.children()]
            there = entry.setdefault(key, [])
            if kind.number() == ldap.REPLACE:
                entry[key] = given
            elif kind.number() == ldap.DELETE:
                if any(value not in there for value in given):
                    return _response(number, ldap.MODIFY_RESPONSE, ldap.NO_SUCH_ATTRIBUTE)
                entry[key] = [value for value in there if value not in given]
            else:
                there.extend(given)
        self.entries[dn] = entry
        return _response(number, ldap.MODIFY_RESPONSE, ldap.SUCCESS)


def _response(number: int, operation: int, code: int, text: str = "", token: bytes | None = None) -> bytes:
    last = ber.octets(token, 0x87) if token is not None else b""
    body = ber.element(operation, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(text), last)
    return ber.element(ber.SEQUENCE, ber.integer(number), body)
