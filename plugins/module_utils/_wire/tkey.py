# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""TKEY (RFC 2930) on bytes, as GSS-TSIG uses it (RFC 3645): one token to the server in a query, one back in the answer."""

from __future__ import annotations

import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import CLASS_ANY, name_to_wire, skip_name

TYPE_TKEY = 249
#: RFC 2930 §2.5: the key comes out of a GSS-API negotiation.
MODE_GSS = 3
#: RFC 3645 §2.2 names it for servers of Windows 2000 and later.
ALGORITHM = "gss-tsig"


class Answer(t.NamedTuple):
    """``rcode`` of the message, ``error`` of the TKEY record (0 = none), the server's ``token``; ``found`` is false without such a record."""

    rcode: int
    error: int
    token: bytes
    found: bool


def negotiation(key_name: str, token: bytes, now: int, lifetime: int) -> bytes:
    """The query that carries our token, with id 0. ``now`` in seconds since 1970, ``lifetime`` in seconds."""
    question = name_to_wire(key_name) + struct.pack("!HH", TYPE_TKEY, CLASS_ANY)
    rdata = name_to_wire(ALGORITHM) + struct.pack("!IIHHH", now, now + lifetime, MODE_GSS, 0, len(token)) + token + struct.pack("!H", 0)
    record = name_to_wire(key_name) + struct.pack("!HHIH", TYPE_TKEY, CLASS_ANY, 0, len(rdata)) + rdata
    return struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 1) + question + record


def read_negotiation(bare: bytes) -> Answer:
    """The server's answer, without its TSIG record. Raises ProtocolError for bytes that are no DNS message."""
    try:
        return _read(bare)
    except (struct.error, IndexError):
        raise ProtocolError("the name server sent bytes that are no DNS message") from None


def _read(bare: bytes) -> Answer:
    questions, answers = struct.unpack("!HH", bare[4:8])
    place = 12
    for _question in range(questions):
        place = skip_name(bare, place) + 4
    for _record in range(answers):
        body = skip_name(bare, place) + 10
        rdtype, _rdclass, _ttl, length = struct.unpack("!HHIH", bare[body - 10 : body])
        if rdtype == TYPE_TKEY:
            after = skip_name(bare, body)
            _inception, _expiration, _mode, error, size = struct.unpack("!IIHHH", bare[after : after + 14])
            return Answer(bare[3] & 15, error, bare[after + 14 : after + 14 + size], True)
        place = body + length
    return Answer(bare[3] & 15, 0, b"", False)
