# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fencing import Evidence, Silence, evidence_given, grade, missing, silent
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
AT = "2026-03-01T11:59:00Z"


def fact(number: int) -> Evidence:
    return Evidence(number, "hyperv", "Off", AT)


CONTROLLER = Silence("controller", answered=False, network_works=True)
WITNESS = Silence("wit1", answered=False, network_works=True)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([CONTROLLER, WITNESS], True),
        ([], False),
        ([CONTROLLER, Silence("wit1", answered=True, network_works=True)], False),
        ([CONTROLLER, Silence("wit1", answered=None, network_works=False)], False),
        ([Silence("controller", answered=False, network_works=False)], False),
    ],
)
def test_silence_needs_every_place_and_a_working_network(places: list[Silence], expected: bool):
    assert silent(places) is expected


def test_the_best_evidence_counts():
    assert grade([fact(1), fact(4)], [CONTROLLER]) == 4
    assert grade([], [CONTROLLER, WITNESS]) == 0


def test_isolation_needs_silence_from_two_places():
    assert grade([fact(3)], [CONTROLLER]) == 0
    assert grade([fact(3)], [CONTROLLER, WITNESS]) == 3


@given(st.lists(st.sampled_from([1, 2, 3, 4])))
def test_a_source_that_is_heard_is_neither_off_nor_isolated(grades: list[int]):
    heard = [CONTROLLER, Silence("wit1", answered=True, network_works=True)]
    assert grade([fact(number) for number in grades], heard) == (2 if 2 in grades else 0)


def test_evidence_of_a_hook_is_taken():
    assert evidence_given([{"grade": 4, "kind": "hyperv", "observed": "Off", "at": AT}], NOW) == [fact(4)]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"grade": 0}, "give 1 to 4"),
        ({"grade": 5}, "give 1 to 4"),
        ({"kind": " "}, "lacks kind or observed"),
        ({"observed": ""}, "lacks kind or observed"),
        ({"at": "noon"}, "no time that can be read"),
        ({"at": "2026-03-01T11:59:00"}, "without a zone"),
        ({"at": "2026-03-01T12:05:00Z"}, "from the future"),
        ({"at": "2026-03-01T11:00:00Z"}, "3600 s old"),
    ],
)
def test_what_cannot_be_evidence_is_refused(change: dict[str, object], word: str):
    with pytest.raises(InvalidInput, match=word):
        evidence_given([{"grade": 4, "kind": "hyperv", "observed": "Off", "at": AT, **change}], NOW)


def test_the_sentence_says_what_is_missing():
    places = [CONTROLLER, Silence("wit1", answered=True, network_works=True), Silence("dc1", answered=None, network_works=False)]
    sentence = missing(0, 2, places)
    assert "grade 0 (none), 2 (services_disabled) is needed" in sentence
    assert "still answers wit1" in sentence and "dc1 could not look" in sentence and "accept_unfenced" in sentence
