# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDAP (RFC 4511) of the lab's domain controllers: the root for everybody, all else behind a logon by Kerberos that encrypts (RFC 4752).

Faults: ``refused`` (nothing listens), ``silent`` (connections are taken and never answered), ``access_denied`` (every change).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import ServedConnection
from ansible_collections.continuity.identity_failover.tests.lab.ldap.entries import ACCESS_DENIED, UNWILLING, Attributes, Entries, Principal, Refused
from ansible_collections.continuity.identity_failover.tests.lab.ldap.realm import Acceptor, LogonRefused
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

FAULTS = ("refused", "silent", "access_denied")
BIND, UNBIND, SEARCH, MODIFY = 0x60, 0x42, 0x63, 0x66
BIND_RESPONSE, ENTRY, SEARCH_DONE, MODIFY_RESPONSE = 0x61, 0x64, 0x65, 0x67
SUCCESS, OPERATIONS_ERROR, PROTOCOL_ERROR, AUTH_METHOD, CRITICAL, SASL_IN_PROGRESS, INVALID_CREDENTIALS = 0, 1, 2, 7, 12, 14, 49
SD_FLAGS = "1.2.840.113556.1.4.801"
#: RFC 4752 section 3.3: encryption alone is offered, in buffers of that many octets.
OFFER = bytes((4,)) + (0xFFFFFF).to_bytes(3, "big")
#: As Active Directory says it to those who did not log on (problem 0x4DC, ERROR_NOT_AUTHENTICATED).
LOG_ON_FIRST = "000004DC: LdapErr: in order to perform this operation a successful bind must be completed on the connection."


class DomainController:
    """One place of the lab with its own copy of the zones."""

    def __init__(self, world: World, name: str, address: str, port: int, entries: Entries, keytab: Path) -> None:
        self.name = name
        self.address = address
        self.port = port
        self.entries = entries
        self.keytab = keytab
        self.faults: set[str] = set()
        self._world = world

    async def start(self) -> None:
        await self._world.network.listen(self.name, self.address, self.port, self._serve)

    async def set_fault(self, kind: str) -> None:
        if kind not in FAULTS:
            raise ValueError(f"{kind} is no fault of a domain controller; there are {', '.join(FAULTS)}")
        if kind == "refused" and kind not in self.faults:
            await self._world.network.close(self.name, self.address, self.port)
        self.faults.add(kind)

    async def clear_fault(self, kind: str | None = None) -> None:
        """Ends one fault, or all."""
        ended = {kind} & self.faults if kind else set(self.faults)
        self.faults -= ended
        if "refused" in ended:
            await self.start()

    def note(self, operation: str, code: int, **data: Any) -> None:
        self._world.trace.add("ldap", self.name, operation=operation, code=code, **data)

    async def _serve(self, reader: Any, writer: Any, connection: ServedConnection) -> None:
        session = Session(self)
        while True:
            data = await reader.read(65536)
            if not data:
                return
            try:
                answer = session.take(data)
            except (ProtocolError, LogonRefused, IndexError, ValueError) as error:
                self.note("broken", PROTOCOL_ERROR, error=str(error))
                return
            if "silent" in self.faults:
                await asyncio.Event().wait()
            if answer is None or "refused" in self.faults:
                return
            writer.write(answer)
            await writer.drain()


class Session:
    """One connection: octets in, octets out."""

    def __init__(self, controller: DomainController) -> None:
        self._controller = controller
        self._acceptor: Acceptor | None = None
        self._offered = False
        self._who: Principal | None = None
        self._received = b""
        self._opened = b""

    def take(self, data: bytes) -> bytes | None:
        """What is answered; None ends the connection. Raises ProtocolError and LogonRefused for what no client may send."""
        answered = b""
        if self._who is None:
            self._opened += data
        else:
            self._received += data
            self._unseal()
        while (end := ber.whole(self._opened)) is not None:
            message, self._opened = self._opened[:end], self._opened[end:]
            sealed = self._who is not None
            answer = self._answer(message)
            if answer is None:
                return None
            answered += self._sealed(answer) if sealed else answer
        return answered

    def _unseal(self) -> None:
        assert self._acceptor is not None
        while len(self._received) >= 4 and len(self._received) >= (end := 4 + int.from_bytes(self._received[:4], "big")):
            self._opened += self._acceptor.unwrap(self._received[4:end], encrypted=True)
            self._received = self._received[end:]

    def _sealed(self, answer: bytes) -> bytes:
        assert self._acceptor is not None
        wrapped = self._acceptor.wrap(answer, encrypt=True)
        return len(wrapped).to_bytes(4, "big") + wrapped

    def _answer(self, message: bytes) -> bytes | None:
        number, operation, *rest = ber.elements(message)[0].children()
        kinds: dict[int, Callable[[int, ber.Element, int], bytes]] = {BIND: self._bind, SEARCH: self._search, MODIFY: self._modify}
        if operation.tag == UNBIND or operation.tag not in kinds:
            return None
        done = {BIND: BIND_RESPONSE, SEARCH: SEARCH_DONE, MODIFY: MODIFY_RESPONSE}[operation.tag]
        try:
            return kinds[operation.tag](number.number(), operation, _parts(rest))
        except Refused as refused:
            self._controller.note({SEARCH: "read", MODIFY: "change"}.get(operation.tag, "logon"), refused.code, dn=operation.children()[0].content.decode())
            return _response(number.number(), done, refused.code, refused.text)

    # Logging on

    def _bind(self, number: int, operation: ber.Element, _parts: int) -> bytes:
        method = operation.children()[2]
        mechanism, *credentials = method.children() if method.tag == 0xA3 else [ber.Element(0, b"")]
        if mechanism.content != b"GSSAPI":
            return _response(number, BIND_RESPONSE, AUTH_METHOD, "the lab's domain controllers take GSSAPI alone")
        token = credentials[0].content if credentials else b""
        try:
            return self._logon(number, token)
        except LogonRefused as error:
            self._acceptor, self._offered = None, False
            self._controller.note("logon", INVALID_CREDENTIALS, error=str(error))
            return _response(number, BIND_RESPONSE, INVALID_CREDENTIALS, "80090308: LdapErr: the logon was not taken")

    def _logon(self, number: int, token: bytes) -> bytes:
        if self._acceptor is None:
            self._acceptor = Acceptor(self._controller.keytab)
        if not self._acceptor.complete:
            return _response(number, BIND_RESPONSE, SASL_IN_PROGRESS, token=self._acceptor.step(token))
        if not self._offered:
            self._offered = True
            return _response(number, BIND_RESPONSE, SASL_IN_PROGRESS, token=self._acceptor.wrap(OFFER, encrypt=False))
        chosen = self._acceptor.unwrap(token, encrypted=False)
        if len(chosen) < 4 or chosen[0] != OFFER[0]:
            raise LogonRefused("the client chose a layer that was not offered")
        who = self._controller.entries.forest.principals.get(self._acceptor.account.lower())
        if who is None:
            raise LogonRefused(f"the directory has no account {self._acceptor.account}")
        self._who = who
        self._controller.note("logon", SUCCESS, account=who.name)
        return _response(number, BIND_RESPONSE, SUCCESS)

    def _known(self) -> Principal:
        if self._who is None:
            raise Refused(OPERATIONS_ERROR, LOG_ON_FIRST)
        return self._who

    # Reading and writing

    def _search(self, number: int, operation: ber.Element, parts: int) -> bytes:
        base, scope, _aliases, _size, _time, _types, wanted, listed = operation.children()
        dn, entries = base.content.decode(), self._controller.entries
        if scope.number() == 0 and not dn:
            found = [("", entries.root())]
        elif scope.number() == 0:
            found = [(dn, entries.read(dn, self._known(), parts))]
        elif wanted.tag == 0xA3:
            self._known()
            attribute, value = (one.content.decode() for one in wanted.children())
            found = entries.find(dn, attribute, value)
        else:
            raise Refused(UNWILLING, "the lab searches below an entry for one value of one attribute")
        asked = {one.content.decode().lower() for one in listed.children()}
        if dn:
            self._controller.note("read", SUCCESS, dn=dn)
        return b"".join(_entry(number, name, has, asked) for name, has in found) + _response(number, SEARCH_DONE, SUCCESS)

    def _modify(self, number: int, operation: ber.Element, parts: int) -> bytes:
        name, listed = operation.children()
        who, dn = self._known(), name.content.decode()
        changes = []
        for one in listed.children():
            kind, attribute, values = one.children()[0], *one.children()[1].children()
            changes.append((kind.number(), attribute.content.decode(), [value.content for value in values.children()]))
        if "access_denied" in self._controller.faults:
            raise Refused(ACCESS_DENIED, "00000005: SecErr: INSUFF_ACCESS_RIGHTS")
        self._controller.entries.modify(dn, changes, who, parts)
        self._controller.note("change", SUCCESS, dn=dn, attributes=[attribute for _kind, attribute, _values in changes], account=who.name)
        return _response(number, MODIFY_RESPONSE, SUCCESS)


def _parts(rest: list[ber.Element]) -> int:
    """Of the SD flags control; 0 without it. Any other control that the client insists on is refused."""
    parts = 0
    for control in [one for controls in rest for one in controls.children()]:
        oid, *more = control.children()
        if oid.content.decode() == SD_FLAGS:
            parts = ber.elements(more[-1].content)[0].children()[0].number()
        elif any(one.tag == ber.BOOLEAN and one.content != b"\0" for one in more):
            raise Refused(CRITICAL, "the lab knows the control of security descriptors alone")
    return parts


def _entry(number: int, dn: str, has: Attributes, asked: set[str]) -> bytes:
    listed = [
        ber.element(ber.SEQUENCE, ber.octets(key), ber.element(ber.SET, *map(ber.octets, values)))
        for key, values in has.items()
        if key.lower() in asked or (key != "nTSecurityDescriptor" and (not asked or "*" in asked))
    ]
    return ber.element(ber.SEQUENCE, ber.integer(number), ber.element(ENTRY, ber.octets(dn), ber.element(ber.SEQUENCE, *listed)))


def _response(number: int, operation: int, code: int, text: str = "", token: bytes | None = None) -> bytes:
    last = ber.octets(token, 0x87) if token is not None else b""
    return ber.element(ber.SEQUENCE, ber.integer(number), ber.element(operation, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(text), last))
