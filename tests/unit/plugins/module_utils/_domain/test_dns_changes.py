# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_changes as changes
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_wanted as options
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

A_MAIL = Item("mail.example.com", "A")


def one(**entry: t.Any) -> changes.Wanted:
    return options.read_records([{"name": "mail.example.com", "type": "A", "values": ["10.0.1.21"], **entry}], "present", ())[0]


def records(*values: str, ttl: int = 300) -> RecordSet:
    return RecordSet.of(values, ttl)


def test_a_ttl_of_its_own_wins_then_the_task_s_then_the_present_one_then_the_default() -> None:
    entry = {"name": "mail.example.com", "type": "A", "values": ["10.0.1.21"]}
    now = records("10.0.0.21", ttl=600)
    with_task = options.read_records([{**entry, "ttl": 30}, {**entry, "name": "b.example.com"}], "present", (), 60)
    assert [changes.present(wanted, now).ttl for wanted in with_task] == [30, 60]
    assert changes.present(one(), now).ttl == 600
    assert changes.present(one(), None).ttl == 300


def test_absent_takes_listed_values_or_all() -> None:
    now = records("10.0.0.1", "10.0.0.2")
    listed = options.read_records([{"name": "a.example", "type": "A", "values": ["10.0.0.1", "10.0.0.9"]}], "absent", ())[0]
    whole = options.read_records([{"name": "a.example", "type": "A"}], "absent", ())[0]
    assert changes.absent(listed, now) == records("10.0.0.2")
    assert changes.absent(listed, records("10.0.0.1")) is None
    assert changes.absent(whole, now) is None and changes.absent(whole, None) is None


def test_expect_refuses_a_value_that_is_neither_expected_nor_wanted() -> None:
    wanted = one(expect=["10.0.0.21"])
    for now in (records("10.0.0.21"), records("10.0.1.21")):
        assert changes.as_expected(wanted, now, records("10.0.1.21"))
    assert not changes.as_expected(wanted, records("10.9.9.9"), records("10.0.1.21"))
    said = changes.unexpected(wanted, records("10.9.9.9")).message
    assert said.startswith("mail.example.com A is 10.9.9.9, and the task expects 10.0.0.21; somebody changed it")
    assert not changes.as_expected(one(expect=[]), records("10.9.9.9"), records("10.0.1.21"))
    assert "the task expects no such record" in changes.unexpected(one(expect=[]), records("10.9.9.9")).message


REPOINT = options.read_repoint(
    {"from": ["10.0.0.21", "exch1.example.com"], "to": ["10.0.1.21", "exch2.example.com"], "names": ["mail.example.com"], "ptr": True}, ()
)
BACK = Item("21.0.0.10.in-addr.arpa", "PTR")
THERE = Item("21.1.0.10.in-addr.arpa", "PTR")


def test_repointing_turns_every_value_that_names_the_source_and_no_other() -> None:
    now: dict[Item, RecordSet | None] = dict.fromkeys(changes.items_of(REPOINT))
    now[A_MAIL] = records("10.0.0.21", "10.0.0.99", ttl=600)
    now[Item("mail.example.com", "MX")] = records("10 exch1.example.com", "20 backup.example.com")
    now[Item("mail.example.com", "SRV")] = records("0 5 443 exch1.example.com")
    now[BACK] = records("mail.example.com", "other.example.com", ttl=900)
    after = changes.repointed(REPOINT, now, 60, ())
    assert after[A_MAIL] == records("10.0.1.21", "10.0.0.99", ttl=60)
    assert after[Item("mail.example.com", "MX")] == records("10 exch2.example.com", "20 backup.example.com", ttl=60)
    assert after[Item("mail.example.com", "SRV")] == records("0 5 443 exch2.example.com", ttl=60)
    assert after[BACK] == records("other.example.com", ttl=900)
    assert after[THERE] == records("mail.example.com", ttl=60)
    assert changes.repointed(REPOINT, after, 60, ()) == after


def test_a_set_that_names_neither_keeps_its_ttl() -> None:
    now: dict[Item, RecordSet | None] = {A_MAIL: records("10.0.0.21"), Item("mail.example.com", "AAAA"): records("2001:db8::1", ttl=77)}
    assert changes.repointed(REPOINT, now, 60, ())[Item("mail.example.com", "AAAA")] == records("2001:db8::1", ttl=77)


def test_a_protected_name_s_pointer_stays() -> None:
    now = {A_MAIL: records("10.0.0.21"), BACK: records("mail.example.com"), THERE: None}
    assert changes.repointed(REPOINT, now, None, {"mail.example.com"})[BACK] == records("mail.example.com")


@pytest.mark.parametrize(("now", "shown"), [(None, "it has no record"), (RecordSet.of(["10.9.9.9"], 1), "A 10.9.9.9")])
def test_a_name_that_names_neither_is_refused(now: RecordSet | None, shown: str) -> None:
    with pytest.raises(WrongState) as caught:
        changes.repointed(REPOINT, {A_MAIL: now}, None, ())
    assert caught.value.message.startswith(f"mail.example.com names neither a source nor a target of repoint ({shown})")
    assert caught.value.items == {"mail.example.com A": f"mail.example.com names neither a source nor a target of repoint ({shown})"}


def test_every_name_that_names_neither_is_told_at_once() -> None:
    repoint = options.read_repoint({"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": ["a.example.com", "b.example.com", "c.example.com"]}, ())
    now = {Item("a.example.com", "A"): records("10.9.9.9"), Item("b.example.com", "A"): records("10.0.0.21"), Item("c.example.com", "MX"): records("5 m")}
    with pytest.raises(WrongState, match="^a.example.com names neither.*; c.example.com names neither.*; mend the records, or take them out") as caught:
        changes.repointed(repoint, now, None, ())
    assert list(caught.value.items) == ["a.example.com A", "c.example.com MX"]


addresses = st.sampled_from([f"10.0.{net}.{host}" for net in (0, 1) for host in (20, 21, 22)])
sets = st.none() | st.builds(RecordSet.of, st.lists(addresses, min_size=1), st.integers(1, 999))


@given(sets, sets, sets)
def test_what_was_put_there_goes_back_and_what_others_put_stays(before: RecordSet | None, after: RecordSet | None, now: RecordSet | None) -> None:
    try:
        back = changes.undone(A_MAIL, before, after, now)
    except WrongState as error:
        assert not changes.same_values(now, after) and not changes.same_values(now, before)
        assert "somebody changed it since" in error.message
    else:
        assert back == (now != before)


@given(st.lists(addresses, min_size=1), st.integers(1, 999), st.none() | st.integers(1, 999))
def test_repointing_is_idempotent_and_leaves_no_source(values: list[str], ttl: int, wanted: int | None) -> None:
    now = {A_MAIL: RecordSet.of(values, ttl)}
    if not {"10.0.0.21", "10.0.1.21"} & set(values):
        return
    after = changes.repointed(REPOINT, now, wanted, ())
    found = after[A_MAIL]
    assert found is not None and "10.0.0.21" not in found.values and "10.0.1.21" in found.values
    assert set(values) - {"10.0.0.21", "10.0.1.21"} == set(found.values) - {"10.0.1.21"}
    assert changes.repointed(REPOINT, after, wanted, ()) == after


@given(sets)
def test_images_are_json_and_come_back(found: RecordSet | None) -> None:
    assert changes.from_image(changes.to_image(found)) == found
    assert Item.parse(str(A_MAIL)) == A_MAIL
