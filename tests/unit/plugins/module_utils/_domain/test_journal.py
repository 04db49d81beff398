# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain: whatever is done to a journal's lines shows."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import (
    COMPRESSED_FROM,
    KINDS,
    Event,
    Head,
    chain,
    follow,
    line_hash,
    parse,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken

TEXT = st.text(max_size=20)
DRAFTS = st.lists(
    st.builds(
        Event,
        seq=st.just(0),
        at=st.just("2026-11-22T20:00:00.000Z"),
        kind=st.sampled_from(sorted(KINDS)),
        run=TEXT,
        step=TEXT,
        by=TEXT,
        host=TEXT,
        data=st.dictionaries(TEXT, TEXT, max_size=3),
    ),
    min_size=1,
    max_size=8,
)


@given(DRAFTS)
def test_a_chain_reads_back_as_it_was_written(drafts: list[Event]) -> None:
    events, lines, head = chain(drafts, Head())
    assert follow(lines, Head()) == (events, head)
    assert head == Head(len(drafts), line_hash(lines[-1]))


@given(DRAFTS, st.data())
def test_a_line_that_is_dropped_is_noticed(drafts: list[Event], data: st.DataObject) -> None:
    _events, lines, head = chain(drafts, Head())
    gone = data.draw(st.integers(0, len(lines) - 1))
    left = lines[:gone] + lines[gone + 1 :]
    if gone == len(lines) - 1:
        assert follow(left, Head())[1] != head
    else:
        with pytest.raises(JournalBroken):
            follow(left, Head())


@given(DRAFTS, st.data())
def test_an_edited_line_is_noticed_at_the_next_one(drafts: list[Event], data: st.DataObject) -> None:
    _events, lines, head = chain(drafts, Head())
    edited = data.draw(st.integers(0, len(lines) - 1))
    event = parse(lines[edited])
    lines[edited] = Event(**{**vars(event), "by": event.by + "x"}).line()
    if edited == len(lines) - 1:
        assert follow(lines, Head())[1] != head
    else:
        with pytest.raises(JournalBroken, match=f"event {edited + 2} "):
            follow(lines, Head())


@given(DRAFTS)
def test_a_line_is_ascii_without_line_breaks(drafts: list[Event]) -> None:
    for line in chain(drafts, Head())[1]:
        assert line.isascii()
        assert "\n" not in line and "\r" not in line


@pytest.mark.parametrize("line", ["", "{", "[]", '{"seq":1}', '{"nothing":1}'])
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(JournalBroken):
        parse(line)


@given(st.text(min_size=1, max_size=20).map(lambda text: text * COMPRESSED_FROM))
def test_large_data_are_compressed_and_read_back_as_they_were(much: t.Any) -> None:
    (event,), (line,), head = chain([Event(0, "2026-11-22T20:00:00.000Z", "step_intent", data={"much": much, "less": [1, None, "ü"]})], Head())
    assert '"data_zlib":"' in line and '"data":' not in line
    assert line.isascii()
    assert follow([line], Head()) == ([event], head)


def test_small_data_stand_in_the_line_as_they_are() -> None:
    line = Event(1, "", "step_intent", data={"changes": [{"name": "IS"}] * 50}).line()
    assert '"data":{"changes"' in line and "data_zlib" not in line


def test_a_thousand_records_take_a_thirtieth() -> None:
    change = {"do": "repoint", "before": {"values": ["10.0.0.21"], "ttl": 600}, "after": {"values": ["10.0.1.21"], "ttl": 60}, "grade": "probed"}
    data = {"changes": [{"name": f"host{number}.example.com A", **change} for number in range(1000)]}
    assert len(Event(1, "", "step_intent", data=data).line()) < len(json.dumps(data)) / 30


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(JournalBroken, match="unknown kind 'surprise'"):
        parse(Event(seq=1, at="", kind="surprise").line())
