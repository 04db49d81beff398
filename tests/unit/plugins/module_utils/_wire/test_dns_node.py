# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records and settings of zones as Active Directory keeps them; the octets come from Samba 4.17."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.dns_node import (
    AGING,
    ALLOW_UPDATE,
    NodeRecord,
    record,
    zone_property,
    zone_settings,
)

LONG, SHORT = st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)
BYTE = st.integers(0, 255)


@given(st.builds(NodeRecord, SHORT, LONG, LONG, st.binary(max_size=300), BYTE, BYTE, SHORT, LONG, LONG))
def test_a_record_is_read_as_it_was_written(one: NodeRecord) -> None:
    assert record(one.to_bytes()) == one


def test_a_record_of_samba() -> None:
    seen = bytes.fromhex("04000100 05f00000 01000000 00000384 00000000 00000000 7f00350a")
    assert record(seen) == NodeRecord(1, 900, 0, b"\x7f\x00\x35\x0a", serial=1)
    assert record(seen).refreshed is None
    aged = dataclasses.replace(record(seen), timestamp=3733260)
    assert aged.refreshed == datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)


@given(st.binary(max_size=40))
def test_any_octets_are_a_record_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert record(data).to_bytes() == data
    with contextlib.suppress(ProtocolError):
        zone_property(data)


def test_a_time_beyond_the_calendar_is_told() -> None:
    with pytest.raises(ProtocolError, match="time stamp"):
        assert NodeRecord(1, 60, 2**32 - 1, b"").refreshed


def test_settings_of_a_zone() -> None:
    secure = bytes.fromhex("01000000 00000000 00000000 01000000 02000000 02 00")
    ageing = bytes.fromhex("04000000 00000000 00000000 01000000 40000000 01000000 00")
    assert zone_settings([secure, ageing]) == {ALLOW_UPDATE: 2, AGING: 1}
