# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.sealed import Sealed, enclosed, taken_out

ODD = st.one_of(
    st.binary(max_size=64), st.sampled_from([b"--Encrypted Boundary--\r\n", b"--Encrypted Boundary\r\n", b"Length=7", b"application/octet-stream\r\n"])
)


@given(st.integers(0, 10**6), st.binary(max_size=32), ODD)
def test_what_is_enclosed_is_taken_out_whatever_it_holds(length: int, signature: bytes, data: bytes) -> None:
    message = Sealed(length, signature, data)
    assert taken_out(enclosed(message)) == message


def test_the_frame_is_that_of_the_documentation() -> None:
    # MS-WSMV 2.2.9.1.1, with a signature of two bytes and sealed data of three.
    assert enclosed(Sealed(1788, b"si", b"abc")) == (
        b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
        b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=1788\r\n--Encrypted Boundary\r\n"
        b"\tContent-Type: application/octet-stream\r\n\x02\x00\x00\x00siabc--Encrypted Boundary--\r\n"
    )


WHOLE = enclosed(Sealed(5, b"si", b"abc"))


HALVES = [b"", b"plain", WHOLE[:-12], WHOLE.replace(b"Length=5", b""), WHOLE.replace(b"\x02\x00\x00\x00", b"\xff\x00\x00\x00")]
#: More digits than Python turns into a number.
ENDLESS = WHOLE.replace(b"Length=5", b"Length=" + b"5" * 5000)


@pytest.mark.parametrize("body", [*HALVES, ENDLESS])
def test_half_a_frame_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not whole"):
        taken_out(body)
