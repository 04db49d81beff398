# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a chain is named: which event, how, until where it can be believed, what is safe."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import SAFE, WHAT, broken, rewound
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain, explained, follow, origin
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken

LINES = chain([Event(0, "2026-11-22T20:00:00.000Z", "accepted", data={"n": n}) for n in range(6)], Head())[1]
NEWER = chain([Event(0, "", "surprise")], Head())[1][0]


@pytest.mark.parametrize(
    ("lines", "what", "seq", "trusted"),
    [
        ([*LINES[:2], "half", *LINES[3:]], "unreadable", 3, 2),
        ([*LINES[:2], LINES[2].replace('"seq":3', '"seq":"3"'), *LINES[3:]], "unreadable", 3, 2),
        ([*LINES[:2], LINES[2].replace('"data":{"n":2}', '"data_zlib":"eJw="'), *LINES[3:]], "unreadable", 3, 2),
        ([NEWER], "newer_version", 1, 0),
        ([*LINES[:2], *LINES[3:]], "missing", 3, 2),
        (LINES[1:], "missing", 1, 0),
        ([*LINES[:3], LINES[2], *LINES[3:]], "repeated", 4, 3),
        ([*LINES[:4], LINES[1], *LINES[4:]], "repeated", 5, 4),
        ([*LINES[:2], LINES[3], LINES[2], *LINES[4:]], "reordered", 3, 2),
        ([*LINES[:2], LINES[2].replace('"n":2', '"n":7'), *LINES[3:]], "edited", 4, 2),
        ([LINES[0].replace('"n":0', '"n":7'), *LINES[1:]], "edited", 2, 0),
    ],
)
def test_what_was_done_is_named_with_its_event_and_the_last_one_that_verifies(lines: list[str], what: str, seq: int, trusted: int) -> None:
    with pytest.raises(JournalBroken, match=f"event {seq} of the journal in C: on exch2 {WHAT[what]}") as raised:
        follow(lines, Head(), "C: on exch2")
    details = raised.value.details
    assert (details["what"], details["seq"], details["trusted"]) == (what, seq, trusted)
    assert (f"events up to {trusted} verify" if trusted else "no event before it verifies") in raised.value.message


def test_an_event_behind_a_head_that_is_known_and_was_exchanged_is_trusted_up_to_that_head() -> None:
    head = follow(LINES[:3], Head())[1]
    other = chain([Event(0, "", "accepted", data={"other": n}) for n in range(5)], Head())[1]
    with pytest.raises(JournalBroken) as raised:
        follow(other[3:], head)
    assert (raised.value.details["what"], raised.value.details["seq"], raised.value.details["trusted"]) == ("edited", 4, 3)


def test_a_whole_journal_begins_with_its_first_event_or_with_a_pruning() -> None:
    def begins(kind: str, data: t.Any) -> None:
        explained([Event(5, "", kind, data=data)], "here")

    explained([], "here")
    explained([Event(1, "", "armed")], "here")
    begins("checkpoint", {"fold": {}, "pruned": {"seq": 4}})
    for kind, data in (("checkpoint", {"fold": {}}), ("armed", {"pruned": {"seq": 4}})):
        with pytest.raises(JournalBroken, match="event 5 .* no pruning says"):
            begins(kind, data)


@pytest.mark.parametrize("what", sorted(WHAT))
def test_every_finding_says_what_is_safe(what: str) -> None:
    for error in (broken(what, 3, 2, "here"), rewound(what, 3, 2, "here", store=2, mirror=5)):
        assert error.details["safe"]
        assert all(SAFE[word] in error.message for word in error.details["safe"])


def test_a_first_checkpoint_that_can_not_be_read_is_named_like_any_other_line() -> None:
    line = chain([Event(0, "", "checkpoint", data={"pruned": {"seq": 4}})], Head(4, "x"))[1][0]
    assert origin([line], Head()) == Head(4, "x")
    spoilt = line.replace('"by":""', '"by":')
    with pytest.raises(JournalBroken) as raised:
        follow([spoilt], origin([spoilt], Head()))
    assert (raised.value.details["what"], raised.value.details["seq"]) == ("unreadable", 1)
