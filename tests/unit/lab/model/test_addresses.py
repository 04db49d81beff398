# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.continuity.identity_failover.tests.lab.model.addresses import DUPLICATE, PREFERRED, TENTATIVE, Adapter, AddressTable

from .support import TestWorld

ADDRESS = "127.77.20.21"


def table(owner: str | None = None) -> tuple[TestWorld, AddressTable, Adapter]:
    world = TestWorld()
    found = AddressTable(world, "h", 3.0, lambda host, address: owner)
    adapter = Adapter(7, "Ethernet", "00-00")
    found.adapters.append(adapter)
    return world, found, adapter


def test_an_address_is_tentative_until_nobody_has_answered() -> None:
    world, addresses, adapter = table()
    owned = addresses.add(ADDRESS, 24, adapter)
    assert owned.state == TENTATIVE and not owned.usable()
    world.clock.advance(3.0)
    assert owned.state == PREFERRED and owned.usable()


def test_an_address_that_somebody_has_is_a_duplicate_and_never_used() -> None:
    world, addresses, adapter = table("other")
    seen: list[str] = []
    addresses.on_duplicate.append(lambda owned: seen.append(owned.conflict))
    owned = addresses.add(ADDRESS, 24, adapter)
    world.clock.advance(3.0)
    assert owned.state == DUPLICATE and not owned.usable() and not addresses.owns(ADDRESS)
    assert seen == ["other"]


def test_the_active_store_is_gone_after_a_restart_and_the_persistent_one_is_tested_again() -> None:
    world, addresses, adapter = table()
    addresses.add("127.77.20.1", 24, adapter, persistent=False)
    addresses.add("127.77.20.2", 24, adapter)
    addresses.add("127.77.20.3", 24, adapter, active=False)
    world.clock.advance(3.0)
    assert [each.address for each in addresses.usable()] == ["127.77.20.1", "127.77.20.2"]
    addresses.power_off()
    assert addresses.usable() == []
    addresses.power_on()
    assert [each.state for each in addresses.all()] == [TENTATIVE, TENTATIVE]
    world.clock.advance(3.0)
    assert [each.address for each in addresses.usable()] == ["127.77.20.2", "127.77.20.3"]


def test_a_static_address_switches_dhcp_off() -> None:
    world, addresses, adapter = table()
    adapter.dhcp = True
    addresses.add(ADDRESS, 24, adapter)
    assert not adapter.dhcp
    assert world.seen.effects("dhcp_switched_off")


def test_a_disabled_adapter_has_no_usable_address_and_tests_again_when_enabled() -> None:
    world, addresses, adapter = table()
    owned = addresses.put(ADDRESS, 24, adapter)
    addresses.set_enabled(adapter, False)
    assert not owned.usable() and not addresses.owns(ADDRESS)
    addresses.set_enabled(adapter, True)
    assert owned.state == TENTATIVE
    world.clock.advance(3.0)
    assert owned.usable()


def test_removing_a_tentative_address_ends_its_test() -> None:
    world, addresses, adapter = table()
    addresses.remove(addresses.add(ADDRESS, 24, adapter))
    world.clock.advance(3.0)
    assert addresses.all() == []
    assert not world.seen.effects("address_preferred")
