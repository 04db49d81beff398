# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""BER as LDAP uses it (RFC 4511 section 5.1): definite lengths, primitive strings. Lengths of a peer are never trusted."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
#: Octets of one message. A node of a zone, with its security descriptor, has a few hundred; a descriptor has at most 65,535.
LARGEST = 0xFFFFFF


class Element(t.NamedTuple):
    tag: int
    content: bytes

    def children(self) -> list[Element]:
        return elements(self.content)

    def number(self) -> int:
        if not 0 < len(self.content) <= 8:
            raise ProtocolError(f"an integer of {len(self.content)} octets")
        return int.from_bytes(self.content, "big", signed=True)


def element(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    return element(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool) -> bytes:
    return element(BOOLEAN, b"\xff" if value else b"\x00")


def elements(data: bytes) -> list[Element]:
    """What stands side by side in ``data``. Raises ProtocolError where a length does not fit."""
    found, place = [], 0
    while place < len(data):
        end = whole(data, place)
        if end is None:
            raise ProtocolError("a BER element is longer than what holds it")
        begin = place + 2 + (data[place + 1] & 0x7F if data[place + 1] > 0x80 else 0)
        found.append(Element(data[place], data[begin:end]))
        place = end
    return found


def whole(data: bytes, place: int = 0) -> int | None:
    """Where the element ends that begins at ``place``; None where more of it has to be received. Raises ProtocolError for what LDAP does not send."""
    if len(data) < place + 2:
        return None
    if data[place] & 0x1F == 0x1F:
        raise ProtocolError("a BER tag of several octets, which LDAP has none of")
    begin, size = place + 2, data[place + 1]
    if size == 0x80 or size > 0x84:
        raise ProtocolError("a BER length that LDAP does not use")
    if size > 0x80:
        begin += size & 0x7F
        if len(data) < begin:
            return None
        size = int.from_bytes(data[place + 2 : begin], "big")
    if size > LARGEST:
        raise ProtocolError(f"a BER element of {size} octets; {LARGEST} are taken at most")
    return begin + size if len(data) >= begin + size else None
