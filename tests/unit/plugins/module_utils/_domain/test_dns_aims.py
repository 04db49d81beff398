# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_aims import Aims, when_it_fails
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ttl import note_item, read_notes

MAIL = Item("mail.example.com", "A")
NOTE = note_item(MAIL.name)
ZONES = {MAIL.name: "example.com", NOTE.name: "example.com"}
OLD, NEW = "10.0.0.21", "10.0.0.22"


def aims(state: str, own: int | None = None, ttl: int | None = None, values: t.Sequence[str] = (NEW,)) -> Aims:
    return Aims(state, {MAIL: Wanted(MAIL, tuple(values), own)}, None, ttl, (), ZONES, 7.0, lambda seconds: f"{seconds:020.3f}Z")


def test_values_come_and_go_by_the_state() -> None:
    now = {MAIL: RecordSet((OLD,), 600)}
    assert aims("present").after(now) == {MAIL: RecordSet((NEW,), 600)}
    assert aims("absent", values=[OLD]).after(now) == {MAIL: None}


stated = st.none() | st.integers(1, 5000)


@given(stated, stated, st.integers(1, 5000))
def test_the_lower_of_the_stated_ttls_counts_and_what_it_was_comes_back(own: int | None, ttl: int | None, was: int) -> None:
    now = {MAIL: RecordSet((OLD,), was), NOTE: None}
    lowered = aims("ttl_lowered", own, ttl).after(now)
    assert lowered[MAIL] == RecordSet((OLD,), min(was, *([one for one in (own, ttl) if one] or [60])))
    assert aims("ttl_restored", own, ttl).after(lowered) == now


def test_a_lowered_ttl_has_run_out_once_every_server_has_the_new_one() -> None:
    """The old TTL, a message with what it deletes and adds (5 s and 0.1 s a record), and reading back twice."""
    lowered = aims("ttl_lowered", ttl=60).after({MAIL: RecordSet((OLD,), 600), NOTE: None})
    assert read_notes(lowered[NOTE])[0]["A"].until == f"{600 + 5 + 0.3 + 14:020.3f}Z"


@pytest.mark.parametrize(
    ("asked", "state", "in_run", "accepted", "becomes"),
    [
        (None, "present", False, False, "rollback"),
        (None, "repointed", False, False, "rollback"),
        (None, "ttl_lowered", False, False, "rollback"),
        (None, "ttl_restored", False, False, "keep"),
        (None, "reverted", True, False, "keep"),
        (None, "present", True, False, "keep"),
        (None, "absent", False, True, "keep"),
        ("keep", "present", False, False, "keep"),
        ("rollback", "present", True, False, "rollback"),
        ("rollback", "absent", False, True, "rollback"),
    ],
)
def test_what_is_half_done_stays_only_where_somebody_goes_on_from_there(asked: str | None, state: str, in_run: bool, accepted: bool, becomes: str) -> None:
    assert when_it_fails(asked, state, in_run=in_run, accepted=accepted) == becomes
