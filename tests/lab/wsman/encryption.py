# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message encryption over http ([MS-WSMV] 2.2.9.1): multipart/encrypted bodies sealed with the connection's security context."""

from __future__ import annotations

import re
import struct

import spnego
from spnego.exceptions import SpnegoError

BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = re.compile(r'protocol="?([^";]+)"?', re.IGNORECASE)
_LENGTH = re.compile(rb"Length=(\d+)")
_MARK = b"application/octet-stream\r\n"


class NotDecryptable(Exception):
    """The body was not sealed with this connection's context, or is no proper multipart body: HTTP 400 with an empty body."""


def protocol_of(content_type: str) -> str | None:
    """The sealing protocol that a Content-Type header names, None when the body is plain."""
    if not content_type.lower().startswith("multipart/encrypted"):
        return None
    found = _PROTOCOL.search(content_type)
    return found.group(1) if found else "application/HTTP-SPNEGO-session-encrypted"


def unseal(context: spnego.ContextProxy | None, body: bytes) -> bytes:
    """The plain text of a sealed body."""
    length = _LENGTH.search(body)
    start = body.find(_MARK)
    end = body.rfind(BOUNDARY + b"--")
    if context is None or length is None or start < 0 or end < start:
        raise NotDecryptable
    payload = body[start + len(_MARK) : end]
    if len(payload) < 4:
        raise NotDecryptable
    header_length = struct.unpack("<I", payload[:4])[0]
    try:
        plain = context.unwrap_winrm(payload[4 : 4 + header_length], payload[4 + header_length :])
    except (SpnegoError, ValueError):
        raise NotDecryptable from None
    if len(plain) != int(length.group(1)):
        raise NotDecryptable
    return plain


def seal(context: spnego.ContextProxy, protocol: str, plain: bytes) -> tuple[str, bytes]:
    """Content-Type and body of a sealed answer; protocol mirrors the request's."""
    wrapped = context.wrap_winrm(plain)
    name = protocol.encode()
    body = b"".join(
        (
            BOUNDARY,
            b"\r\n\tContent-Type: ",
            name,
            b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=",
            str(len(plain) + wrapped.padding_length).encode(),
            b"\r\n",
            BOUNDARY,
            b"\r\n\tContent-Type: ",
            _MARK,
            struct.pack("<I", len(wrapped.header)),
            wrapped.header,
            wrapped.data,
            BOUNDARY,
            b"--\r\n",
        )
    )
    return f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"', body
