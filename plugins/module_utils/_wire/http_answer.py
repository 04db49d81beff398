# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One answer of HTTP/1.1 from a stream of bytes (reference: RFC 9112): as long as it announces, in chunks, or to the end of the stream.

The standard library's client does the same and takes more than four times the CPU for it, because it reads headers as those of a mail.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

#: Bytes of a status line with its headers, which the standard library's own client bounds too.
HEAD_LIMIT = 65536
#: Bytes of a body: far above what a host puts into one answer (MaxEnvelopeSizekb, 500 unless somebody raised it), far below what would fill our memory.
BODY_LIMIT = 64 * 1024 * 1024
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(r"[0-9A-Fa-f]+")


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, list[str]]
    """Name in small letters -> its values, in order."""
    body: bytes


def read(reader: t.Any) -> Answer:
    """One answer; interim ones (1xx) are passed over. Raises ConnectionResetError where it is not whole, ProtocolError where it is none."""
    while True:
        status, headers = _head(reader)
        if status >= 200:
            break
    if "chunked" in ",".join(headers.get("transfer-encoding", ())).lower():
        return Answer(status, headers, _chunks(reader))
    length = headers.get("content-length", [""])[0]
    if length:
        if not _LENGTH.fullmatch(length):
            raise ProtocolError(f"the answer announces {length[:60]!r} as its length, which is none")
        return Answer(status, headers, _exactly(reader, int(length)))
    return Answer(status, headers, b"" if status in (204, 304) else _to_the_end(reader))


def _head(reader: t.Any) -> tuple[int, dict[str, list[str]]]:
    first = _line(reader, HEAD_LIMIT)
    parts = first.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise ProtocolError(f"the answer begins with {first[:60]!r}, which is no HTTP")
    headers: dict[str, list[str]] = {}
    left = HEAD_LIMIT
    while line := _line(reader, left):
        left -= len(line)
        name, _colon, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(parts[1]), headers


def _line(reader: t.Any, limit: int) -> str:
    line: bytes = reader.readline(max(1, limit) + 1)
    if not line:
        raise ConnectionResetError("the connection ended before the answer")
    if not line.endswith(b"\n"):
        raise ProtocolError("the head of the answer is not whole, or too long")
    return line.rstrip(b"\r\n").decode("latin-1")


def _chunks(reader: t.Any) -> bytes:
    body = b""
    while size := _chunk_size(_line(reader, HEAD_LIMIT)):
        body += _exactly(reader, size, len(body))
        if _line(reader, HEAD_LIMIT):
            raise ProtocolError("a part of the answer is longer than announced")
    while _line(reader, HEAD_LIMIT):
        pass
    return body


def _chunk_size(line: str) -> int:
    text = line.partition(";")[0].strip()
    if not _CHUNK_SIZE.fullmatch(text):
        raise ProtocolError(f"a part of the answer announces {text[:60]!r} as its length, which is no hexadecimal number")
    return int(text, 16)


def _to_the_end(reader: t.Any) -> bytes:
    body: bytes = reader.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise _too_long()
    return body


def _too_long() -> ProtocolError:
    return ProtocolError(f"the answer has more than {BODY_LIMIT} bytes")


def _exactly(reader: t.Any, length: int, before: int = 0) -> bytes:
    if before + length > BODY_LIMIT:
        raise _too_long()
    body: bytes = reader.read(length)
    if len(body) < length:
        raise ConnectionResetError("the answer is shorter than announced")
    return body
