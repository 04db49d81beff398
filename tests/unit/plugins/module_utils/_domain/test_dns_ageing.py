# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ageing: what scavenging takes, and when."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ageing import (
    Aged,
    Zone,
    is_stale,
    is_static,
    report,
    scavenged_from,
    warning,
)

DAY = datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.timezone.utc)
WEEKS = Zone("example.com", True, 168, 168)
AGEING, STATIC, TEXT = Aged("A", b"\x0a\0\0\1", DAY), Aged("A", b"\x0a\0\0\1", None), Aged("TXT", b"\1x", DAY)


def test_a_record_is_safe_for_both_intervals() -> None:
    assert scavenged_from(AGEING, WEEKS) == DAY + datetime.timedelta(days=14)


@pytest.mark.parametrize(("record", "zone"), [(STATIC, WEEKS), (AGEING, Zone("example.com", False, 168, 168)), (AGEING, Zone())])
def test_static_records_and_zones_that_do_not_scavenge_keep_what_they_have(record: Aged, zone: Zone) -> None:
    assert scavenged_from(record, zone) is None and warning("mail", [record], zone) == ""


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_no_interval_of_a_zone_is_too_long(no_refresh: int, refresh: int) -> None:
    end = scavenged_from(AGEING, Zone("example.com", True, no_refresh, refresh))
    assert end is None or end >= DAY


def test_only_addresses_count() -> None:
    assert is_static([STATIC, TEXT]) and not is_static([STATIC, AGEING]) and is_static([TEXT]) and not is_static([])
    assert is_stale([TEXT, AGEING], {AGEING.data}) and not is_stale([TEXT], {TEXT.data})
    assert warning("mail.example.com", [TEXT], WEEKS) == ""
    assert warning("mail.example.com", [TEXT, AGEING], WEEKS).startswith(
        "mail.example.com ages: zone example.com may delete its address from 2026-03-15T10:00Z"
    )


def test_the_report_has_every_record() -> None:
    assert [one["scavenged_from"] for one in report([STATIC, TEXT], WEEKS)] == ["", "2026-03-15T10:00Z"]
