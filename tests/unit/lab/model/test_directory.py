# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Account, Directory, DirectoryError

from .support import TestWorld


def directory() -> tuple[TestWorld, Directory, Account, Account]:
    world = TestWorld()
    one = Account("EXCH1$", "computer", "CN=EXCH1,DC=x", "g1", spns=["http/mail"])
    two = Account("EXCH2$", "computer", "CN=EXCH2,DC=x", "g2", writers=("boss",))
    return world, Directory(world, "x", ["dc1"], [one, two]), one, two


def test_a_value_that_another_account_holds_is_refused_with_8647() -> None:
    _world, found, _one, two = directory()
    with pytest.raises(DirectoryError) as refused:
        found.write_spns(two, "boss", add=["HTTP/MAIL"])
    assert refused.value.code == 8647
    assert two.spns == []


def test_removed_first_and_added_then() -> None:
    world, found, one, two = directory()
    found.write_spns(one, "anybody", remove=["HTTP/mail"])
    found.write_spns(two, "Boss", add=["http/mail"])
    assert [each.sam_account_name for each in found.holders("http/MAIL")] == ["EXCH2$"]
    assert world.names() == ["spn_removed", "spn_added"]


def test_rights_are_needed() -> None:
    _world, found, _one, two = directory()
    with pytest.raises(DirectoryError) as refused:
        found.write_spns(two, "anybody", add=["x/y"])
    assert refused.value.code == 5


def test_removing_what_is_not_there_and_adding_what_is_are_errors() -> None:
    _world, found, one, _two = directory()
    with pytest.raises(DirectoryError):
        found.write_spns(one, "u", remove=["nothing/here"])
    with pytest.raises(DirectoryError):
        found.write_spns(one, "u", add=["HTTP/mail"])


@pytest.mark.parametrize("identity", ["exch1$", "EXCH1", "cn=exch1,dc=x", "G1"])
def test_an_account_has_several_names(identity: str) -> None:
    _world, found, one, _two = directory()
    assert found.find(identity) is one


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["a/1", "A/1", "b/2"])), max_size=20))
def test_no_value_ever_has_two_holders(steps: list[tuple[bool, bool, str]]) -> None:
    _world, found, one, two = directory()
    for first, adding, value in steps:
        try:
            found.write_spns(one if first else two, "boss", add=[value] if adding else [], remove=[] if adding else [value])
        except DirectoryError:
            pass
        assert len(found.holders(value)) <= 1
