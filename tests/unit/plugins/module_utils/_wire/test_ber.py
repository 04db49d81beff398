# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BER: what is written is read again, and no length of a peer is believed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber

TAGS = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=400)), max_size=5))
def test_elements_are_read_as_they_were_written(written: list[tuple[int, bytes]]) -> None:
    assert ber.elements(b"".join(ber.element(tag, content) for tag, content in written)) == [ber.Element(*one) for one in written]


@given(st.integers(-(2**62), 2**62))
def test_numbers(value: int) -> None:
    assert ber.elements(ber.integer(value))[0].number() == value


@given(TAGS, st.binary(max_size=70000), st.binary(max_size=10))
def test_the_end_of_an_element_is_known_as_soon_as_all_of_it_is_there(tag: int, content: bytes, more: bytes) -> None:
    data = ber.element(tag, content)
    assert ber.whole(data + more) == len(data)
    assert ber.whole(data[:-1]) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert b"".join(ber.element(one.tag, one.content) for one in ber.elements(data)) or not data


@pytest.mark.parametrize("data", [b"\x30\x80", b"\x30\x85\x00\x00\x00\x00\x01", b"\x1f\x01x", b"\x30\x84\x7f\xff\xff\xff"])
def test_what_ldap_does_not_send_is_refused_before_it_is_waited_for(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        ber.whole(data)


def test_an_element_that_is_longer_than_its_holder_is_refused() -> None:
    with pytest.raises(ProtocolError, match="longer than what holds it"):
        ber.elements(b"\x04\x05abc")
