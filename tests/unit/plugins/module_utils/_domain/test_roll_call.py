# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.roll_call import total
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput


def call(name: str, clients: t.Sequence[str], failed: t.Sequence[str] = (), outcome: str = "flushed", minute: int = 30) -> dict[str, t.Any]:
    return {
        "slice": name,
        "expect": "e3b0c442",
        "started": f"2026-11-26T21:{minute}:00Z",
        "clients": list(clients),
        "expected": len(clients),
        "answered": len(clients) - len(failed),
        "failed": [{"name": one, "reason": "unreachable", "msg": "silence", "tries": 2} for one in failed],
        "skipped": 0,
        "outcome": outcome,
        "last_after": float(len(clients)),
    }


def test_two_slices_that_are_well_are_one_whole() -> None:
    found = total([call("1", ["a", "b"]), call("2", ["c"])], ["a", "b", "c"])
    assert found["complete"] and (found["expected"], found["answered"], found["slices"], found["last_after"]) == (3, 3, 2, 2.0)
    assert found["msg"] == "3 of 3 clients answered in 2 slices"


def test_a_slice_that_fails_is_named_with_its_clients() -> None:
    found = total([call("1", ["a"]), call("2", ["b", "c"], ["c"], "incomplete")], ["a", "b", "c"])
    assert not found["complete"] and found["bad_slices"] == [{"slice": "2", "outcome": "incomplete", "reason": ""}]
    assert [(one["name"], one["slice"]) for one in found["failed"]] == [("c", "2")]
    assert found["msg"] == "2 of 3 clients answered in 2 slices; not well: slice 2 (incomplete); failed: c"


def test_a_slice_that_never_came_is_seen_by_its_clients() -> None:
    found = total([call("1", ["a"])], ["a", "b"])
    assert not found["complete"] and found["missing"] == ["b"] and "called by no slice: b" in found["msg"]


def test_a_client_in_two_slices_is_no_whole() -> None:
    found = total([call("1", ["a", "b"]), call("2", ["b"])])
    assert not found["complete"] and found["twice"] == ["b"]


def uncalled(name: str, clients: t.Sequence[str], minute: int = 30) -> dict[str, t.Any]:
    return {**call(name, clients, minute=minute), "answered": 0, "skipped": len(clients), "outcome": "refused", "reason": "no password"}


def test_a_later_call_settles_what_failed() -> None:
    first, other = call("1", ["a", "b"], ["b"], "incomplete"), call("2", ["c"])
    found = total([first, other, call("1-again", ["b"], minute=40)], ["a", "b", "c"])
    assert found["complete"] and (found["answered"], found["failed"], found["twice"], found["again"]) == (3, [], [], ["b"])
    assert found["msg"] == "3 of 3 clients answered in 3 slices, 1 of them at a later call"


def test_a_later_call_settles_what_was_not_tried() -> None:
    found = total([uncalled("1", ["a", "b"]), call("again", ["a", "b"], minute=40)], ["a", "b"])
    assert found["complete"] and (found["answered"], found["skipped"], found["bad_slices"]) == (2, 0, [])
    found = total([uncalled("1", ["a", "b"]), call("again", ["a"], minute=40)], ["a", "b"])
    assert not found["complete"] and found["skipped"] == 1 and [one["reason"] for one in found["bad_slices"]] == ["no password"]


def test_who_is_called_again_with_all_others_is_counted_once() -> None:
    """The first call reached one, missed one and did not try one; who is who of the other two nobody can say."""
    first = {**call("1", ["a", "b", "c"], ["b"], "incomplete"), "answered": 1, "skipped": 1}
    found = total([first, call("again", ["a", "b", "c"], minute=40)], ["a", "b", "c"])
    assert found["complete"] and (found["answered"], found["skipped"], found["twice"], found["again"]) == (3, 0, [], ["b"])
    found = total([first, call("again", ["b"], minute=40)], ["a", "b", "c"])
    assert not found["complete"] and (found["answered"], found["skipped"]) == (2, 1)


def test_a_slice_that_is_not_well_without_anybody_who_failed_stays_so() -> None:
    assert not total([{**uncalled("1", []), "reason": "nobody is there"}, call("2", ["a"], minute=40)], ["a"])["complete"]


def test_who_failed_again_is_named_once_with_the_last_reason() -> None:
    later = call("1-again", ["b"], ["b"], "incomplete", minute=40)
    found = total([later, call("1", ["a", "b"], ["b"], "incomplete")], ["a", "b"])
    assert not found["complete"] and found["twice"] == [] and [(one["name"], one["slice"]) for one in found["failed"]] == [("b", "1-again")]
    assert [one["slice"] for one in found["bad_slices"]] == ["1-again"] and found["again"] == []


@pytest.mark.parametrize("minute", [30, 29])
def test_a_call_that_is_not_later_settles_nothing(minute: int) -> None:
    found = total([call("1", ["a", "b"], ["b"], "incomplete"), call("2", ["b"], minute=minute)], ["a", "b"])
    assert not found["complete"] and found["twice"] == ["b"] and [one["name"] for one in found["failed"]] == ["b"]


def test_nothing_is_no_whole() -> None:
    assert not total([])["complete"]


def test_where_nobody_is_expected_nobody_would_be_missed() -> None:
    with pytest.raises(InvalidInput, match="no client is expected"):
        total([call("1", ["a"])], [])


def test_slices_that_waited_for_different_values_are_not_of_one_run() -> None:
    calls = [call("1", ["a"]), {**call("2", ["b"]), "expect": "2c26b46b"}]
    with pytest.raises(InvalidInput, match="different values, such as 1 and 2"):
        total(calls, ["a", "b"])
    refused = {**call("2", ["b"], ["b"], "refused"), "expect": ""}
    assert [one["slice"] for one in total([calls[0], refused], ["a", "b"])["bad_slices"]] == ["2"]


@pytest.mark.parametrize(("since", "old"), [("2026-11-26T21:30:00Z", False), ("2026-11-26T22:30:01+01:00", True), ("2026-11-26T22:30:00+01:00", False)])
def test_a_slice_that_began_before_is_of_an_earlier_run(since: str, old: bool) -> None:
    if old:
        with pytest.raises(InvalidInput, match=r"slices began before .*: 1 \(2026-11-26T21:30:00Z\)"):
            total([call("1", ["a"])], ["a"], since)
    else:
        assert total([call("1", ["a"])], ["a"], since)["complete"]


@pytest.mark.parametrize("since", ["yesterday", "2026-11-26T21:30:00"])
def test_a_time_that_is_no_moment_is_refused(since: str) -> None:
    with pytest.raises(InvalidInput, match=f"since is {since}: give a time"):
        total([call("1", ["a"])], ["a"], since)


def test_many_names_are_shortened() -> None:
    assert total([], [f"ws{number:02}" for number in range(30)])["msg"].endswith("ws09 and 20 more")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({**call("7", ["a"]), "answered": 2}, "slice 7 disagrees with itself: 1 clients, 1 expected, and 2 answered"),
        ({**call("7", ["a"], ["b"])}, "slice 7 disagrees with itself: .*somebody failed who is none of them"),
        ({**call("7", ["a"], ["a"]), "failed": [{}]}, "slice 7 can not be added up: it has no usable 'name'"),
        ({"slice": "7"}, "slice 7 can not be added up: it has no usable 'clients'"),
        ({key: value for key, value in call("7", []).items() if key != "expect"}, "slice 7 can not be added up: it has no usable 'expect'"),
        ({**call("7", []), "started": "2026-11-26T21:30:00"}, "slice 7 can not be added up: it has no usable time"),
        ("text", "slice number 1 can not be added up"),
    ],
)
def test_what_is_no_roll_call_is_refused(wrong: t.Any, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        total([wrong])


@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=8), max_size=6), st.sets(st.integers(0, 30)))
def test_complete_means_each_expected_client_once(slices: list[list[int]], expected: set[int]) -> None:
    found = total([call(str(number), [f"ws{one}" for one in names]) for number, names in enumerate(slices)], [f"ws{one}" for one in expected] or None)
    flat = [one for names in slices for one in names]
    assert found["complete"] == (bool(slices) and len(flat) == len(set(flat)) and expected <= set(flat))


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=5), st.lists(st.booleans(), max_size=20), st.data())
def test_trying_again_who_failed_leads_to_a_whole(slices: list[list[bool]], luck: list[bool], data: st.DataObject) -> None:
    """Each later call is of those that the calls so far name as failed, as flush_dns says it; in whatever order the files are read."""
    calls, everybody = [], []
    for number, wells in enumerate(slices):
        names = [f"ws{number}-{one}" for one in range(len(wells))]
        failed = [name for name, well in zip(names, wells, strict=True) if not well]
        calls.append(call(str(number), names, failed, "incomplete" if failed else "flushed"))
        everybody += names
    for number, well in enumerate(luck):
        left = [one["name"] for one in total(calls, everybody)["failed"]]
        if left:
            calls.append(call(f"again-{number}", left, left[1:] if well else left, "incomplete" if left[1:] or not well else "flushed", minute=31 + number))
    found = total(data.draw(st.permutations(calls)), everybody)
    lucky = sum(luck) >= sum(not well for wells in slices for well in wells)
    assert found["complete"] is lucky and found["answered"] + len(found["failed"]) == found["expected"] == len(everybody) and found["twice"] == []
