# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IP addresses and network adapters of one host.

A new address is Tentative while the segment is asked whether somebody has it, then Preferred or Duplicate (reference: Microsoft, Get-NetIPAddress,
AddressState; numbers of NL_DAD_STATE). Addresses in the active store are gone after a restart, persistent ones are tested again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.world import Timer, World

INVALID, TENTATIVE, DUPLICATE, DEPRECATED, PREFERRED = 0, 1, 2, 3, 4
STATE_NAMES = {INVALID: "Invalid", TENTATIVE: "Tentative", DUPLICATE: "Duplicate", DEPRECATED: "Deprecated", PREFERRED: "Preferred"}


@dataclass
class Adapter:
    index: int
    alias: str
    mac: str
    dns_servers: tuple[str, ...] = ()
    suffix: str = ""
    registers: bool = True
    """RegisterThisConnectionsAddress."""
    use_suffix: bool = False
    dhcp: bool = False
    enabled: bool = True


@dataclass
class OwnedAddress:
    address: str
    prefix_length: int
    adapter: Adapter
    skip_as_source: bool = False
    active: bool = True
    persistent: bool = True
    state: int = TENTATIVE
    conflict: str = ""
    """The other owner, where it was seen or where the segment was cut and nobody noticed."""
    timer: Timer | None = field(default=None, repr=False)

    def usable(self) -> bool:
        return self.active and self.state == PREFERRED and self.adapter.enabled


class AddressTable:
    """The addresses of one host, its management address among them."""

    def __init__(self, world: World, host: str, detection: float, other_owner: Callable[[str, str], str | None]) -> None:
        """detection: seconds that an address stays Tentative; other_owner(host, address) names another owner that this host can see."""
        self._world = world
        self._host = host
        self._detection = detection
        self._other_owner = other_owner
        self.adapters: list[Adapter] = []
        self._addresses: list[OwnedAddress] = []
        self.on_change: list[Callable[[OwnedAddress], None]] = []
        self.on_duplicate: list[Callable[[OwnedAddress], None]] = []

    def adapter(self, *, index: int | None = None, alias: str | None = None) -> Adapter | None:
        for each in self.adapters:
            if (index is None or each.index == index) and (alias is None or each.alias.lower() == alias.lower()):
                return each
        return None

    def all(self) -> list[OwnedAddress]:
        """Those of the active store, in the order they came."""
        return [each for each in self._addresses if each.active]

    def find(self, address: str) -> OwnedAddress | None:
        return next((each for each in self._addresses if each.active and each.address == address), None)

    def owns(self, address: str) -> bool:
        """Would the host defend it? A duplicate is not used."""
        found = self.find(address)
        return found is not None and found.state in (TENTATIVE, PREFERRED, DEPRECATED) and found.adapter.enabled

    def usable(self) -> list[OwnedAddress]:
        return [each for each in self._addresses if each.usable()]

    def put(self, address: str, prefix_length: int, adapter: Adapter, *, skip_as_source: bool = False) -> OwnedAddress:
        """An address that is simply there, as after years of service: no test, no effect."""
        owned = OwnedAddress(str(ipaddress.IPv4Address(address)), prefix_length, adapter, skip_as_source, state=PREFERRED)
        self._addresses.append(owned)
        return owned

    def add(
        self, address: str, prefix_length: int, adapter: Adapter, *, skip_as_source: bool = False, active: bool = True, persistent: bool = True
    ) -> OwnedAddress:
        """A new static address. Switches DHCP off on its adapter, as Windows does."""
        if adapter.dhcp:
            adapter.dhcp = False
            self._world.effect(self._host, "dhcp_switched_off", interface=adapter.alias)
        owned = OwnedAddress(address, prefix_length, adapter, skip_as_source, active, persistent)
        self._addresses.append(owned)
        self._world.effect(self._host, "address_added", address=address, skip_as_source=skip_as_source, active=active, persistent=persistent)
        if active:
            self._test(owned)
        return owned

    def _test(self, owned: OwnedAddress) -> None:
        owned.state, owned.conflict = TENTATIVE, ""
        self._changed(owned)
        owned.timer = self._world.later(self._detection, lambda: self._tested(owned))

    def _tested(self, owned: OwnedAddress) -> None:
        if owned not in self._addresses or owned.state != TENTATIVE:
            return
        other = self._other_owner(self._host, owned.address)
        owned.state, owned.conflict = (DUPLICATE, other) if other else (PREFERRED, "")
        self._world.effect(self._host, "address_duplicate" if other else "address_preferred", address=owned.address, other=other)
        self._changed(owned)
        if other:
            for call in self.on_duplicate:
                call(owned)

    def remove(self, owned: OwnedAddress) -> None:
        if owned.timer is not None:
            owned.timer.cancel()
        self._addresses.remove(owned)
        owned.active = False
        self._world.effect(self._host, "address_removed", address=owned.address)
        self._changed(owned)

    def set_enabled(self, adapter: Adapter, enabled: bool) -> None:
        """Disabling takes every address of the adapter from the network; enabling tests them again."""
        if adapter.enabled == enabled:
            return
        adapter.enabled = enabled
        self._world.effect(self._host, "adapter_enabled" if enabled else "adapter_disabled", interface=adapter.alias)
        for owned in [each for each in self._addresses if each.adapter is adapter and each.active]:
            if enabled:
                self._test(owned)
            else:
                self._changed(owned)

    def power_off(self) -> None:
        for owned in self._addresses:
            if owned.timer is not None:
                owned.timer.cancel()
            owned.state = INVALID
        self._addresses = [each for each in self._addresses if each.persistent]

    def power_on(self) -> None:
        for owned in list(self._addresses):
            owned.active = True
            self._test(owned)

    def _changed(self, owned: OwnedAddress) -> None:
        for call in self.on_change:
            call(owned)

    def describe(self) -> JSON:
        return {
            each.address: {
                "state": STATE_NAMES[each.state],
                "interface": each.adapter.alias,
                "skip_as_source": each.skip_as_source,
                "persistent": each.persistent,
            }
            for each in self._addresses
            if each.active
        }
