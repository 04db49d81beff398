# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import http_answer


@pytest.mark.parametrize(
    ("wire", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcmore", 200, b"abc"),
        (b"HTTP/1.1 200\r\ncontent-length:3\r\n\r\nabc", 200, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\nx", 500, b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n", 200, b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, b"to the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    ],
)
def test_an_answer_is_read_as_far_as_it_goes(wire: bytes, status: int, body: bytes) -> None:
    answer = http_answer.read(io.BytesIO(wire))
    assert (answer.status, answer.body) == (status, body)


def test_headers_that_come_twice_are_both_kept() -> None:
    answer = http_answer.read(io.BytesIO(b"HTTP/1.1 401 x\r\nWWW-Authenticate: Kerberos\r\nwww-authenticate: Negotiate abc\r\nContent-Length: 0\r\n\r\n"))
    assert answer.headers["www-authenticate"] == ["Kerberos", "Negotiate abc"]


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        (b"", ConnectionResetError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", ConnectionResetError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", ConnectionResetError),
        (b"HTTP/1.1 200 OK\r\nContent-Le", ProtocolError),
        (b"SSH-2.0-OpenSSH\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n0123456789abcdef\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\nabc", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nabc", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * http_answer.HEAD_LIMIT + b"\r\n\r\n", ProtocolError),
    ],
)
def test_half_an_answer_is_none(wire: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        http_answer.read(io.BytesIO(wire))


@pytest.mark.parametrize(
    "body",
    [b"\r\n0123456789", b"Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n", b"Content-Length: 9\r\n\r\n012345678"],
)
def test_no_form_of_a_body_grows_without_end(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_answer, "BODY_LIMIT", 8)
    with pytest.raises(ProtocolError, match="more than 8 bytes"):
        http_answer.read(io.BytesIO(b"HTTP/1.1 200 OK\r\n" + body))
