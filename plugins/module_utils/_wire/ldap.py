# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""LDAP messages (RFC 4511): bind by SASL, search, modify, and what is answered. Just what reading and guarding a node of a zone takes."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber

#: Attribute, without regard to case -> its values. Keys are lower case.
Attributes = dict[str, list[bytes]]

BASE, SUBTREE = 0, 2
ADD, DELETE, REPLACE = 0, 1, 2
BIND_RESPONSE, ENTRY, SEARCH_DONE, MODIFY_RESPONSE, REFERENCE, EXTENDED = 0x61, 0x64, 0x65, 0x67, 0x73, 0x78
SUCCESS, SASL_IN_PROGRESS = 0, 14
NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT, INVALID_CREDENTIALS, ACCESS_DENIED, REFERRAL = 16, 32, 49, 50, 10
#: LDAP_SERVER_SD_FLAGS_OID (MS-ADTS 3.1.1.3.4.1.11): which parts of a security descriptor are read or written.
SD_FLAGS = "1.2.840.113556.1.4.801"
OWNER, GROUP, DACL = 1, 2, 4


class Control(t.NamedTuple):
    oid: str
    value: bytes


class Answer(t.NamedTuple):
    """``operation``: the tag of the response; ``code`` and ``text`` where it has them; ``dn`` and ``attributes`` of an entry; ``token`` of a bind."""

    id: int
    operation: int
    code: int = 0
    text: str = ""
    dn: str = ""
    attributes: Attributes = {}
    token: bytes = b""


def sd_flags(parts: int) -> Control:
    return Control(SD_FLAGS, ber.element(ber.SEQUENCE, ber.integer(parts)))


def sasl_bind(number: int, mechanism: str, token: bytes) -> bytes:
    credentials = ber.element(0xA3, ber.octets(mechanism), ber.octets(token))
    return _message(number, ber.element(0x60, ber.integer(3), ber.octets(""), credentials))


def search(number: int, base: str, scope: int, attributes: t.Sequence[str], equal: tuple[str, str] | None = None, controls: t.Sequence[Control] = ()) -> bytes:
    """``equal``: attribute and value that entries must have; without it every entry in scope."""
    wanted = ber.element(0xA3, ber.octets(equal[0]), ber.octets(equal[1])) if equal else ber.octets("objectClass", 0x87)
    # Aliases are never followed, no limit but the peer's, values and not types only.
    limits = ber.integer(0, ber.ENUMERATED) + ber.integer(0) + ber.integer(0) + ber.boolean(False)
    listed = ber.element(ber.SEQUENCE, *map(ber.octets, attributes))
    return _message(number, ber.element(0x63, ber.octets(base), ber.integer(scope, ber.ENUMERATED), limits, wanted, listed), controls)


def modify(number: int, dn: str, changes: t.Sequence[tuple[int, str, t.Sequence[bytes]]], controls: t.Sequence[Control] = ()) -> bytes:
    """``changes``: ADD, DELETE or REPLACE, the attribute, its values. All of them or none."""
    listed = [
        ber.element(
            ber.SEQUENCE,
            ber.integer(operation, ber.ENUMERATED),
            ber.element(ber.SEQUENCE, ber.octets(attribute), ber.element(ber.SET, *map(ber.octets, values))),
        )
        for operation, attribute, values in changes
    ]
    return _message(number, ber.element(0x66, ber.octets(dn), ber.element(ber.SEQUENCE, *listed)), controls)


def _message(number: int, operation: bytes, controls: t.Sequence[Control] = ()) -> bytes:
    listed = [ber.element(ber.SEQUENCE, ber.octets(control.oid), ber.boolean(True), ber.octets(control.value)) for control in controls]
    return ber.element(ber.SEQUENCE, ber.integer(number), operation, ber.element(0xA0, *listed) if listed else b"")


def read(message: bytes) -> Answer:
    """One whole message. Raises ProtocolError for what is no answer of LDAP."""
    try:
        (outer,) = ber.elements(message)
        number, operation, *_controls = outer.children()
        if outer.tag != ber.SEQUENCE or number.tag != ber.INTEGER:
            raise ProtocolError("no LDAP message")
        return _read(number.number(), operation)
    except ProtocolError as error:
        raise ProtocolError(f"bytes that are no answer of LDAP: {error.message}") from None
    except (ValueError, IndexError):
        raise ProtocolError("bytes that are no answer of LDAP") from None


def _read(number: int, operation: ber.Element) -> Answer:
    if operation.tag == REFERENCE:
        return Answer(number, operation.tag)
    parts = operation.children()
    if operation.tag == ENTRY:
        return Answer(number, operation.tag, dn=_text(parts[0].content), attributes=_attributes(parts[1]))
    if parts[0].tag != ber.ENUMERATED:
        raise ProtocolError("a response without a result code")
    token = next((part.content for part in parts[3:] if part.tag == 0x87), b"")
    return Answer(number, operation.tag, parts[0].number(), _text(parts[2].content), token=token)


def _attributes(listed: ber.Element) -> Attributes:
    found: Attributes = {}
    for one in listed.children():
        name, values = one.children()
        found.setdefault(_text(name.content).lower(), []).extend(value.content for value in values.children())
    return found


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").rstrip("\0\n")


def escaped(value: str) -> str:
    """A value of a distinguished name (RFC 4514 section 2.4)."""
    text = "".join(f"\\{character}" if character in '"+,;<>\\=' else character for character in value)
    if text[:1] in ("#", " "):
        text = "\\" + text
    return text[:-1] + "\\ " if text.endswith(" ") and len(value) > 1 else text
