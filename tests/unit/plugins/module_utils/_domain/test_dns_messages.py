# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_messages as messages
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit, Line, Marker, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

ZONE = "example.com"
MAIL = Item("mail.example.com", "A")
OLD, NEW = RecordSet.of(["10.0.0.1", "10.0.0.2"], 300), RecordSet.of(["10.0.0.2", "10.0.0.3"], 300)

names = st.sampled_from([f"h{number}.example.com" for number in range(8)] + [f"{number}.0.0.10.in-addr.arpa" for number in range(4)])
values = st.sampled_from([f"10.0.0.{number}" for number in range(9)])
sets = st.none() | st.builds(RecordSet.of, st.lists(values, min_size=1), st.sampled_from([60, 300]))
edits = st.dictionaries(st.builds(Item, names, st.sampled_from(["A", "TXT", "MX"])), st.tuples(sets, sets), max_size=30).map(
    lambda found: [Edit(item, before, after, "10.in-addr.arpa" if "arpa" in item.name else ZONE) for item, (before, after) in found.items()]
)
State: t.TypeAlias = "dict[Item, RecordSet | None]"


def serve(state: State, update: Message) -> State | None:
    """A name server of dictionaries; None when a prerequisite fails."""
    there: dict[Item, dict[str, int]] = {item: dict.fromkeys(found.values, found.ttl) for item, found in state.items() if found}
    for item in {Item(line.name, line.type) for line in update.exists}:
        if set(there.get(item, {})) != {line.value for line in update.exists if Item(line.name, line.type) == item}:
            return None
    if any(line.type != "ANY" and there.get(Item(line.name, line.type)) for line in update.missing):
        return None
    for line in update.deleted:
        there[Item(line.name, line.type)].pop(str(line.value))
    for line in update.added:
        there.setdefault(Item(line.name, line.type), {})[str(line.value)] = line.ttl
    result: State = {}
    for item, found in there.items():
        assert len(set(found.values())) <= 1, "one TTL in a set"
        if found:
            result[item] = RecordSet.of(found, next(iter(found.values())))
    return result


def there(state: State) -> State:
    return {item: found for item, found in state.items() if found}


@given(edits)
@settings(max_examples=200)
def test_messages_make_exactly_the_changes_and_their_inverse_puts_all_back(asked: list[Edit]) -> None:
    before: State = {edit.item: edit.before for edit in asked}
    state: State | None = before
    for batch in messages.batches(asked):
        assert state is not None
        state = serve(state, messages.message(batch))
    assert state is not None and there(state) == there({edit.item: edit.after for edit in asked})
    for batch in messages.batches([dataclasses.replace(edit, before=edit.after, after=edit.before) for edit in asked]):
        assert state is not None
        state = serve(state, messages.message(batch))
    assert state is not None and there(state) == there(before)


@given(edits, values)
def test_a_value_that_slipped_in_is_never_overwritten(asked: list[Edit], slipped: str) -> None:
    for edit in asked:
        now = RecordSet.of([*(edit.before.values if edit.before else ()), slipped], 300)
        if edit.before is None or now.values != edit.before.values:
            assert serve({edit.item: now}, messages.message([edit])) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 200)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_messages_are_bounded_and_keep_names_together(sizes: list[tuple[int, int]]) -> None:
    asked = []
    for number, (count, length) in enumerate(sizes):
        found = RecordSet.of([f'"{value}{"x" * length}"' for value in range(count)], 60)
        asked += [Edit(Item(f"n{number}.example.com", kind), None, found, ZONE) for kind in ("TXT", "X")]
    seen: list[str] = []
    for batch in messages.batches(asked):
        assert sum(edit.weight() for edit in batch) <= messages.MAX_RECORDS and sum(edit.size() for edit in batch) <= messages.MAX_BYTES
        here = list(dict.fromkeys(edit.item.name for edit in batch))
        assert not set(here) & set(seen)
        seen += here
    assert len(seen) == len(sizes)


def test_forward_zones_come_before_reverse_zones() -> None:
    pointer = Edit(Item("1.0.0.10.in-addr.arpa", "PTR"), None, RecordSet.of(["mail.example.com"], 60), "10.in-addr.arpa")
    assert [batch[0].zone for batch in messages.batches([pointer, Edit(MAIL, OLD, NEW, ZONE)])] == [ZONE, "10.in-addr.arpa"]


def test_a_thousand_records_are_four_messages() -> None:
    asked = [Edit(Item(f"h{number}.example.com", "A"), RecordSet.of(["10.0.0.1"], 60), RecordSet.of(["10.0.0.2"], 60), ZONE) for number in range(1000)]
    assert [len(batch) for batch in messages.batches(asked)] == [250] * 4


def test_a_name_that_no_message_can_hold_is_refused() -> None:
    many = RecordSet.of([f"10.0.{number // 250}.{number % 250}" for number in range(251)], 60)
    with pytest.raises(InvalidInput, match="mail.example.com: its 251 records .* are more than one message may hold"):
        messages.batches([Edit(MAIL, None, many, ZONE)])


def test_a_change_compares_all_values_and_deletes_record_by_record() -> None:
    guard = ("_failover-mail.example.com", Marker("r1", 7))
    update = messages.message([Edit(MAIL, OLD, NEW, ZONE)], guard)
    assert update.exists == (Line(guard[0], "TXT", '"run=r1 epoch=7"'), Line(*MAIL, "10.0.0.1"), Line(*MAIL, "10.0.0.2"))
    assert update.missing == ()
    assert update.deleted == (Line(*MAIL, "10.0.0.1"),)
    assert update.added == (Line(*MAIL, "10.0.0.3", 300),)


def test_a_new_ttl_deletes_and_adds_every_value() -> None:
    update = messages.message([Edit(MAIL, OLD, RecordSet.of(OLD.values, 60), ZONE)])
    assert [line.value for line in update.deleted] == [line.value for line in update.added] == list(OLD.values)
    assert {line.ttl for line in update.added} == {60}


def test_a_new_set_must_be_missing_and_a_new_alias_needs_an_empty_name() -> None:
    assert messages.message([Edit(MAIL, None, NEW, ZONE)]).missing == (Line(*MAIL), Line("mail.example.com", "CNAME"))
    alias = Edit(Item("m.example.com", "CNAME"), None, RecordSet.of(["a.example.com"], 60), ZONE)
    assert messages.message([alias]).missing == (Line("m.example.com", "CNAME"), Line("m.example.com", "ANY"))
    address = Edit(Item("m.example.com", "A"), OLD, None, ZONE)
    assert messages.message([address, alias]).missing == (Line("m.example.com", "CNAME"),)
    back = [dataclasses.replace(address, before=None, after=OLD), dataclasses.replace(alias, before=alias.after, after=None)]
    assert messages.message(back).missing == (Line("m.example.com", "A"),), "an alias that the message deletes is no hindrance"


def test_the_time_limit_grows_with_the_records() -> None:
    assert messages.message([Edit(MAIL, OLD, NEW, ZONE)]).seconds() == pytest.approx(5.2)


@given(st.integers(0, 10**9), st.text("abcdef0123456789-", min_size=1))
def test_the_marker_comes_back_from_its_text(epoch: int, run: str) -> None:
    assert messages.read_marker(Marker(run, epoch).text()) == Marker(run, epoch)


def test_other_text_is_no_marker() -> None:
    assert messages.read_marker('"v=spf1 -all"') is None and messages.read_marker('"run=a epoch=x"') is None


def test_the_marker_s_name_is_a_label() -> None:
    assert messages.marker_name("Mail (Berlin)", ZONE) == "_failover-mail-berlin.example.com"
    assert len(messages.marker_name("x" * 99, ZONE).partition(".")[0]) <= 63


def test_taking_over_swaps_what_was_read() -> None:
    update = messages.take_over("mail", ZONE, '"run=a epoch=1"', Marker("b", 2))
    assert update.exists == update.deleted == (Line("_failover-mail.example.com", "TXT", '"run=a epoch=1"'),)
    assert update.added == (Line("_failover-mail.example.com", "TXT", '"run=b epoch=2"', 60),)
    assert messages.take_over("mail", ZONE, None, Marker("b", 2)).missing == (Line("_failover-mail.example.com", "TXT"),)


@pytest.mark.parametrize(("records", "seconds"), [(0, 7.0), (1, 5.0 + 0.2 + 7.0 + 7.0), (251, 2 * (5.0 + 7.0) + 251 * 0.2 + 7.0)])
def test_the_time_until_all_servers_have_it_covers_every_message_and_its_reading_back(records: int, seconds: float) -> None:
    edits = [Edit(Item(f"n{number}.example", "A"), RecordSet(("10.0.0.1",), 60), RecordSet(("10.0.0.1",), 30), "example") for number in range(records)]
    assert messages.spread_seconds(edits, 7.0) == pytest.approx(seconds)
