# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what by a security descriptor, as the lab's directory decides it."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import security_descriptor
from ansible_collections.continuity.identity_failover.tests.lab.ldap import rights
from ansible_collections.continuity.identity_failover.tests.lab.ldap.rights import ALLOW, DENY, FULL, WRITE_DACL, WRITE_PROPERTY, Guard, entry

SOURCE, ADMINISTRATORS, OTHER = (rights.sid(f"S-1-5-21-1-2-3-{number}") for number in (1103, 1101, 1104))
NODE = rights.node_guard(SOURCE, ADMINISTRATORS)


def guarded(*entries: bytes) -> Guard:
    return dataclasses.replace(NODE, dacl=rights.acl(entries))


@pytest.mark.parametrize(("who", "may"), [(SOURCE, True), (ADMINISTRATORS, True), (OTHER, False)])
def test_a_node_is_its_owner_s_and_the_administrators(who: bytes, may: bool) -> None:
    assert NODE.grants({who, rights.sid(rights.EVERYONE)}, WRITE_PROPERTY) is may


def test_entries_count_in_their_order() -> None:
    deny, allow = entry(DENY, WRITE_PROPERTY, SOURCE), entry(ALLOW, FULL, SOURCE)
    assert not guarded(deny, allow).grants({SOURCE}, WRITE_PROPERTY)
    assert guarded(allow, deny).grants({SOURCE}, WRITE_PROPERTY)
    assert guarded(deny, allow).grants({ADMINISTRATORS, SOURCE}, rights.READ_CONTROL)
    assert not guarded(entry(ALLOW, FULL, SOURCE, rights.INHERIT_ONLY)).grants({SOURCE}, WRITE_PROPERTY)


def test_an_owner_may_always_change_the_list() -> None:
    assert guarded(entry(DENY, WRITE_DACL, SOURCE)).grants({SOURCE}, WRITE_DACL)
    assert not guarded(entry(DENY, WRITE_DACL, OTHER)).grants({OTHER}, WRITE_DACL)


def test_what_our_code_adds_denies_the_source_alone_and_is_gone_byte_for_byte() -> None:
    before = NODE.to_bytes()
    locked = security_descriptor.with_lock(security_descriptor.parse(before), SOURCE)
    guard = rights.parse(locked.to_bytes())
    assert [guard.grants({who}, WRITE_PROPERTY) for who in (SOURCE, ADMINISTRATORS)] == [False, True]
    assert security_descriptor.without_lock(locked, SOURCE).to_bytes() == before


@pytest.mark.parametrize("cut", [0, 19, 60, len(NODE.to_bytes()) - 1])
def test_half_a_descriptor_is_none(cut: int) -> None:
    with pytest.raises(rights.Malformed):
        rights.parse(NODE.to_bytes()[:cut])
