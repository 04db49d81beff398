# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switchable faults: kinds, parameters, seeds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.faults import KINDS, Faults
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_defaults_and_can_be_healed(kind: str) -> None:
    faults = Faults("exch1", 0)
    assert faults.set(kind, {}) == KINDS[kind]
    assert faults.heal(kind) == [kind] and faults.active == {} and faults.heal() == []


@pytest.mark.parametrize(
    ("kind", "parameters", "text"),
    [
        ("nope", {}, "no fault 'nope'"),
        ("slow", {"x": 1}, "no parameter 'x'; it has: ms"),
        ("slow", {"ms": "x"}, "needs a number for ms"),
        ("drop", {"when": "never"}, "one of before, after, either"),
        ("refuse", {"ms": 1}, "it has: none"),
    ],
)
def test_wrong_faults_are_told(kind: str, parameters: dict[str, object], text: str) -> None:
    with pytest.raises(LabError, match=text):
        Faults("exch1", 0).set(kind, parameters)


def test_texts_of_the_command_line_become_numbers() -> None:
    assert Faults("exch1", 0).set("drop", {"percent": "30", "after": "2"}) == {"percent": 30, "after": 2, "when": "before"}


def test_an_unknown_kind_cannot_be_healed() -> None:
    with pytest.raises(LabError, match="no fault"):
        Faults("exch1", 0).heal("nope")


def test_matching_ignores_letter_case_and_empty_means_all() -> None:
    faults = Faults("exch1", 0)
    assert faults.matches("return_value", "A", "b") is None
    faults.set("return_value", {"class": "win32_service"})
    assert faults.matches("return_value", "Win32_Service", "StopService") is not None
    assert faults.matches("return_value", "Win32_Process", "Create") is None


def _sequence(seed: int, percent: int, after: int, count: int = 200) -> list[bool]:
    faults = Faults("exch1", seed)
    faults.set("drop", {"percent": percent, "after": after})
    return [faults.dropped().before for _number in range(count)]


@given(st.integers(), st.integers(0, 100), st.integers(0, 50))
def test_drops_are_seeded_and_let_the_first_pass(seed: int, percent: int, after: int) -> None:
    dropped = _sequence(seed, percent, after)
    assert dropped == _sequence(seed, percent, after)
    assert not any(dropped[:after])
    if percent in (0, 100):
        assert dropped[after:] == [percent == 100] * (200 - after)


def test_either_loses_requests_and_answers() -> None:
    faults = Faults("exch1", 1)
    faults.set("drop", {"when": "either"})
    seen = {(one.before, one.after) for one in (faults.dropped() for _number in range(50))}
    assert seen == {(True, False), (False, True)}
