# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The body of a message that is sealed over http (reference: Microsoft, MS-WSMV, 2.2.9.1): what stands around signature and sealed data."""

from __future__ import annotations

import re
import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_MARK = b"Content-Type: application/octet-stream\r\n"
_LENGTH = re.compile(rb"Length=(\d{1,18})\b")


class Sealed(t.NamedTuple):
    """One sealed message: ``length`` is that of its plain text."""

    length: int
    signature: bytes
    data: bytes


def enclosed(message: Sealed) -> bytes:
    return b"".join(
        (
            _BOUNDARY + b"\r\n\tContent-Type: " + PROTOCOL.encode(),
            b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" + str(message.length).encode(),
            b"\r\n" + _BOUNDARY + b"\r\n\t" + _MARK,
            struct.pack("<I", len(message.signature)) + message.signature + message.data,
            _BOUNDARY + b"--\r\n",
        )
    )


def taken_out(body: bytes) -> Sealed:
    """The one message in a body. Raises ProtocolError for what is none. The sealed data may hold anything, so only its first and last mark count."""
    length, start, end = _LENGTH.search(body), body.find(_MARK), body.rfind(_BOUNDARY + b"--")
    if length is None or length.start() > start or end < start + len(_MARK) + 4:
        raise ProtocolError("the sealed answer is not whole")
    payload = body[start + len(_MARK) : end]
    (size,) = struct.unpack("<I", payload[:4])
    if size > len(payload) - 4:
        raise ProtocolError("the sealed answer is not whole")
    return Sealed(int(length.group(1)), payload[4 : 4 + size], payload[4 + size :])
