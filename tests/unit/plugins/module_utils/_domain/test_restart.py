# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is still known of a journal that was lost, and what of it is over."""

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import restart
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain

EMPTY = Head()


def written(hour: int, count: int, head: Head = EMPTY) -> tuple[list[Event], list[str], Head]:
    drafts = [Event(seq=0, at=f"2026-11-22T{hour:02}:00:{second:02}.000Z", kind="accepted", data={}) for second in range(count)]
    return chain(drafts, head)


@pytest.mark.parametrize(
    ("hour", "count", "of"),
    [
        (20, 3, "store"),  # disarmed and armed again since: however short, it is what counts
        (4, 3, "mirror"),  # somebody put an older journal there
        (4, 9, "store"),
    ],
)
def test_a_store_that_began_after_the_mirror_s_last_event_is_another_journal(hour: int, count: int, of: str) -> None:
    events, _lines, head = written(10, 5)
    _events, lines, _head = written(hour, count)
    assert restart.known(events, head, lines).of == of


def test_a_store_that_was_set_back_and_written_on_is_the_same_journal() -> None:
    events, lines, head = written(10, 5)
    _events, later, _head = written(20, 1, Head(2, events[2].prev))
    assert restart.known(events, head, [*lines[:2], *later]) == restart.Known("mirror", tuple(events), head)
    assert restart.known((), Head(), lines).of == "store"
    assert restart.known(events, head, ()).of == "mirror"
