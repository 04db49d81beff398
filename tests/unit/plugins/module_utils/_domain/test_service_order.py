# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.service_order import dependants, start_order, stop_order
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

NEEDS = {"MSExchangeIS": ["MSExchangeADTopology", "LanmanServer"], "MSExchangeADTopology": ["NetTcpPortSharing"], "W3SVC": ["WAS"]}


def test_order_as_listed_where_nothing_contradicts():
    assert start_order(["W3SVC", "MSExchangeADTopology", "Spooler"], NEEDS) == ["W3SVC", "MSExchangeADTopology", "Spooler"]


def test_a_dependency_comes_first_though_it_was_listed_last():
    assert start_order(["MSExchangeIS", "Spooler", "msexchangeadtopology"], NEEDS) == ["msexchangeadtopology", "MSExchangeIS", "Spooler"]


def test_a_dependency_by_way_of_a_service_that_is_not_listed():
    assert start_order(["MSExchangeIS", "NetTcpPortSharing"], NEEDS) == ["NetTcpPortSharing", "MSExchangeIS"]


def test_stopping_is_the_reverse():
    assert stop_order(["MSExchangeADTopology", "MSExchangeIS"], NEEDS) == ["MSExchangeIS", "MSExchangeADTopology"]


def test_a_circle_is_named():
    with pytest.raises(InvalidInput, match="a -> b -> a"):
        start_order(["A"], {"A": ["b"], "B": ["a"]})


@pytest.mark.parametrize(("listed", "word"), [(["A", "a"], "twice"), (["A", " "], "without a name")])
def test_a_list_that_cannot_be_meant(listed: list[str], word: str):
    with pytest.raises(InvalidInput, match=word):
        start_order(listed, {})


def test_dependants_directly_and_by_way_of_others():
    assert dependants("nettcpportsharing", NEEDS) == ["MSExchangeADTopology", "MSExchangeIS"]
    assert dependants("W3SVC", NEEDS) == []


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], dict[str, list[str]]]:
    """Any graph without circles (each needs only those before it), and some of its services in any order."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    needs = {name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) for index, name in enumerate(names) if index}
    return draw(st.permutations(names))[: draw(st.integers(1, len(names)))], needs


@given(graphs())
def test_every_service_starts_after_what_it_needs(case: tuple[list[str], dict[str, list[str]]]):
    listed, needs = case
    order = start_order(listed, needs)
    assert sorted(order) == sorted(listed)
    for name in order:
        later = order[order.index(name) + 1 :]
        assert not set(later) & set(needs.get(name, []))
    assert stop_order(listed, needs) == order[::-1]


@given(st.lists(st.text("abcdef", min_size=1, max_size=4), unique=True))
def test_without_dependencies_the_listed_order_stands(listed: list[str]):
    assert start_order(listed, {}) == listed
