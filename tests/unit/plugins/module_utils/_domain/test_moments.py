# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import duration, parse_moment


@pytest.mark.parametrize(
    ("text", "microsecond", "hours"),
    [
        ("2026-01-31T12:00:00Z", 0, 0),
        ("2026-01-31T12:00:00.5Z", 500000, 0),
        ("2026-01-31T12:00:00.1234567Z", 123456, 0),
        ("2026-01-31T12:00:00.50102+01:00", 501020, 1),
        ("2026-01-31T12:00:00.123456-05:00", 123456, -5),
    ],
)
def test_any_fraction_is_read(text: str, microsecond: int, hours: int) -> None:
    expected = datetime.datetime(2026, 1, 31, 12, 0, 0, microsecond, datetime.timezone(datetime.timedelta(hours=hours)))
    assert parse_moment(text) == expected


def test_a_moment_without_a_zone_stays_naive() -> None:
    assert parse_moment("2026-01-31T12:00:00").tzinfo is None


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0 s"), (4.2, "4.2 s"), (61.123, "61 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 days")]
)
def test_a_duration_is_told_in_the_largest_unit_above_one(seconds: float, said: str) -> None:
    assert duration(seconds) == said
