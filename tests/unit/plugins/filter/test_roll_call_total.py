# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that adds up roll calls is the domain's function, whose refusals are sentences of a filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.filter.roll_call_total import FilterModule

CALL = {
    "slice": "1",
    "expect": "e3b0c442",
    "started": "2026-11-26T21:30:00Z",
    "clients": ["a"],
    "expected": 1,
    "answered": 1,
    "failed": [],
    "skipped": 0,
    "outcome": "flushed",
}


def test_roll_calls_are_added_up() -> None:
    total = FilterModule().filters()["roll_call_total"]
    assert total([CALL], ["a"])["complete"] and total([CALL], ["a", "b"])["missing"] == ["b"]


def test_an_empty_group_and_an_old_roll_call_are_refused() -> None:
    total = FilterModule().filters()["roll_call_total"]
    assert total([CALL])["complete"] and total([CALL], ["a"], "2026-11-26T21:30:00Z")["complete"]
    with pytest.raises(AnsibleFilterError, match="no client is expected"):
        total([CALL], [])
    with pytest.raises(AnsibleFilterError, match="began before"):
        total([CALL], ["a"], since="2026-11-26T21:30:01Z")


def test_a_refusal_is_one_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match="slice 1 disagrees with itself"):
        FilterModule().filters()["roll_call_total"]([{**CALL, "answered": 0}])
