# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough HTTP/1.1 for a server: Content-Length and chunked bodies, Expect: 100-continue, keep-alive."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from email.utils import formatdate

REASONS = {
    200: "",
    400: "Bad Request",
    401: "",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Request Entity Too Large",
    500: "",
    503: "Service Unavailable",
}
HEAD_LIMIT = 65536


class HttpError(Exception):
    """The request cannot be served; the connection is closed after this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass
class HttpRequest:
    """One request. Header names are lower case; body is complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


async def read_head(reader: asyncio.StreamReader) -> tuple[str, str, bool, dict[str, str]] | None:
    """Request line and headers: method, path, is HTTP/1.1, headers. None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise HttpError(400) from None
        return None
    except asyncio.LimitOverrunError:
        raise HttpError(400) from None
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise HttpError(400)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        if line:
            name, colon, value = line.partition(":")
            if not colon:
                raise HttpError(400)
            headers[name.strip().lower()] = value.strip()
    return parts[0], parts[1], parts[2] == "HTTP/1.1", headers


async def _read_chunks(reader: asyncio.StreamReader, limit: int) -> bytes:
    pieces: list[bytes] = []
    total = 0
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise HttpError(400) from None
        total += size
        if total > limit:
            raise HttpError(413)
        data = await reader.readexactly(size + 2)
        if size == 0:
            return b"".join(pieces)
        pieces.append(data[:-2])


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> HttpRequest | None:
    """One request, None at the end of the connection. limit: the largest body in bytes. HttpError: answer with its status and close."""
    head = await read_head(reader)
    if head is None:
        return None
    method, path, is_11, headers = head
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if is_11 else "keep-alive" in connection
    length = 0
    chunked = headers.get("transfer-encoding", "").lower() == "chunked"
    if not chunked:
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            raise HttpError(400) from None
        if length < 0:
            raise HttpError(400)
    if length > limit:
        raise HttpError(413)
    if headers.get("expect", "").lower() == "100-continue" and (chunked or length):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if chunked:
        body = await _read_chunks(reader, limit)
    else:
        body = await reader.readexactly(length) if length else b""
    return HttpRequest(method, path, headers, body, keep_alive)


_date: tuple[int, str] = (0, "")


def _http_date() -> str:
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]


def response(status: int, body: bytes = b"", content_type: str = "", headers: tuple[tuple[str, str], ...] = (), *, close: bool = False) -> bytes:
    """The bytes of one answer. Windows sends no reason for 200, 401 and 500 over WinRM; clients must not need one."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines.append("Server: Microsoft-HTTPAPI/2.0")
    lines.extend(f"{name}: {value}" for name, value in headers)
    lines.append(f"Date: {_http_date()}")
    if close:
        lines.append("Connection: close")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
