# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_ttl
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet

MAIL, SIX, NOTE = Item("mail.example.com", "A"), Item("mail.example.com", "AAAA"), Item("_failover-ttl.mail.example.com", "TXT")
START = datetime.datetime(2026, 11, 26, 20, tzinfo=datetime.timezone.utc)
Sets = dict[Item, "RecordSet | None"]


def after(seconds: float) -> str:
    return (START + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lower(now: Sets, target: int, at: float = 0.0) -> Sets:
    return dns_ttl.lowered(now, lambda item: target, lambda ttl: after(at + ttl))


def records(ttl: int, *values: str) -> RecordSet:
    return RecordSet.of(values or ("10.0.0.1",), ttl)


def there(now: Sets) -> Sets:
    return {item: found for item, found in now.items() if found}


def test_a_ttl_is_lowered_and_what_it_was_stands_beside_it() -> None:
    now: Sets = {MAIL: records(3600), SIX: records(30, "2001:db8::1"), NOTE: None}
    found = lower(now, 60)
    assert found[MAIL] == records(60) and found[SIX] == now[SIX], "one that is lower already stays"
    assert found[NOTE] == RecordSet((f'"A was=3600 to=60 until={after(3600)}"',), 60)
    assert lower(found, 60, at=500) == found
    assert dns_ttl.told({NOTE: found[NOTE]}) == {
        "records": {"mail.example.com A": {"was": 3600, "to": 60, "until": after(3600)}},
        "until": after(3600),
    }


sets = st.none() | st.builds(records, st.integers(1, 100_000), st.sampled_from(["10.0.0.1", "10.0.0.2"]))


@given(sets, sets, st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 5000)), min_size=1, max_size=4))
def test_what_was_lowered_however_often_comes_back_as_it_was(four: RecordSet | None, six: RecordSet | None, steps: list[tuple[int, int]]) -> None:
    now: Sets = {MAIL: four, SIX: six, NOTE: None}
    found = now
    for target, at in steps:
        found = lower(found, target, at)
    assert there(dns_ttl.restored(found)) == there(now)


@given(st.integers(61, 100_000), st.integers(1, 600))
def test_a_failover_and_a_failback_in_between_end_with_the_ttl_of_before(was: int, failed_over: int) -> None:
    lowered = lower({MAIL: records(was), NOTE: None}, 60)
    moved: Sets = {**lowered, MAIL: records(failed_over, "10.0.0.2")}
    assert dns_ttl.restored(moved, lambda item: failed_over)[MAIL] == records(was, "10.0.0.2"), "the stand-in may keep the name"
    back: Sets = {**lowered, MAIL: records(60)}
    assert there(dns_ttl.restored(back)) == {MAIL: records(was)}


def test_a_ttl_that_somebody_set_since_stays_and_the_note_goes() -> None:
    lowered = lower({MAIL: records(3600), NOTE: None}, 60)
    assert there(dns_ttl.restored({**lowered, MAIL: records(1800)}, lambda item: 120)) == {MAIL: records(1800)}


def test_lowering_further_keeps_the_first_and_the_later_end() -> None:
    further = lower(lower({MAIL: records(3600), NOTE: None}, 600), 60, at=10)
    assert dns_ttl.read_notes(further[NOTE])[0]["A"] == dns_ttl.Note("A", 3600, 60, after(3600))
    late = lower(lower({MAIL: records(700), NOTE: None}, 600), 60, at=650)
    assert dns_ttl.read_notes(late[NOTE])[0]["A"].until == after(1250)


def test_what_somebody_raised_in_between_is_what_it_was() -> None:
    raised: Sets = {**lower({MAIL: records(3600), NOTE: None}, 60), MAIL: records(1800)}
    assert dns_ttl.read_notes(lower(raised, 60)[NOTE])[0]["A"].was == 1800


@given(st.lists(st.booleans(), min_size=1, max_size=4))
def test_a_record_that_is_gone_for_a_while_has_its_ttl_again_and_foreign_texts_stay(ways: list[bool]) -> None:
    """Scavenged, or an alias in its place: whichever task comes by then does not forget what the TTL was."""
    lowered = lower({MAIL: records(3600), NOTE: records(60, '"hello"')}, 60)
    gone: Sets = {**lowered, MAIL: None}
    for lowers in ways:
        gone = lower(gone, 60) if lowers else dns_ttl.restored(gone)
    assert gone == {**lowered, MAIL: None}
    assert dns_ttl.restored({**gone, MAIL: records(60)}) == {MAIL: records(3600), NOTE: records(60, '"hello"')}
    assert dns_ttl.restored({MAIL: records(60), NOTE: None}) == {MAIL: records(60), NOTE: None}


@pytest.mark.parametrize("name", ["mail.example.com", "*.example.com", "example.com"])
def test_a_note_belongs_to_its_name(name: str) -> None:
    note = dns_ttl.note_item(name)
    assert dns_ttl.host_of(note.name) == name and dns_ttl.is_note(note) and "*" not in note.name
    assert dns_ttl.host_of(name) == name and not dns_ttl.is_note(Item(name, "TXT"))
