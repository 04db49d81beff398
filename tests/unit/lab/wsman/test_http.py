# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP reader."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.wsman.http import HttpError, HttpRequest, read_request, response


class _Writer:
    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data


def _read(data: bytes, limit: int = 1000) -> tuple[HttpRequest | None, bytes]:
    async def work() -> tuple[HttpRequest | None, bytes]:
        reader, writer = asyncio.StreamReader(), _Writer()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_request(reader, writer, limit), writer.sent  # type: ignore[arg-type]

    return asyncio.run(work())


def test_content_length() -> None:
    request, sent = _read(b"POST /wsman HTTP/1.1\r\nHost: a\r\nContent-LENGTH: 3\r\n\r\nabcrest")
    assert request == HttpRequest("POST", "/wsman", {"host": "a", "content-length": "3"}, b"abc", True)
    assert sent == b""


def test_expect_is_answered_before_the_body() -> None:
    request, sent = _read(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na")
    assert request is not None and request.body == b"a"
    assert sent == b"HTTP/1.1 100 Continue\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10))
def test_chunks_are_put_together(chunks: list[bytes]) -> None:
    body = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    request, _rest = _read(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert request is not None and request.body == b"".join(chunks)


@pytest.mark.parametrize(
    ("head", "keep"),
    [
        (b"POST / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"POST / HTTP/1.0\r\n\r\n", False),
        (b"POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)
def test_keep_alive(head: bytes, keep: bool) -> None:
    request, _rest = _read(head)
    assert request is not None and request.keep_alive is keep


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 413),
        (b"POST / HT", 400),
        (b"POST / HTTP/1.1\r\nX: " + b"y" * 70000, 400),
    ],
)
def test_what_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(HttpError) as caught:
        _read(data)
    assert caught.value.status == status


def test_the_end_of_the_connection_is_no_error() -> None:
    assert _read(b"")[0] is None


def test_a_body_that_ends_early_is_no_request() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        _read(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")


def test_an_answer() -> None:
    head, _blank, body = response(401, b"", headers=(("WWW-Authenticate", "Negotiate"),), close=True).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 401 "
    assert {"WWW-Authenticate: Negotiate", "Content-Length: 0", "Connection: close", "Server: Microsoft-HTTPAPI/2.0"} <= set(lines)
    assert body == b""
