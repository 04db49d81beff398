# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""IP addresses of a Windows host by ``MSFT_NetIPAddress``: read, add, wait until usable, remove exactly one."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Instance, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values

NAMESPACE = "root/StandardCimv2"
CLASS = "MSFT_NetIPAddress"
KEYS = ("Name", "CreationClassName", "SystemCreationClassName", "SystemName")

#: AddressFamily (documentation of MSFT_NetIPAddress).
FAMILIES = {4: 2, 6: 23}
#: AddressState: what duplicate address detection found.
STATES = {0: "Invalid", 1: "Tentative", 2: "Duplicate", 3: "Deprecated", 4: "Preferred"}
#: Store: what is in effect; 0 is what survives a restart.
ACTIVE = 1

#: Seconds between two looks at a tentative address; detection takes about three seconds by default.
LOOK = 0.5


@dataclasses.dataclass(frozen=True)
class Address:
    """One address on one adapter in one store; ``keys`` name exactly this instance."""

    address: str
    prefix_length: int
    interface: str
    interface_index: int
    state: str
    skip_as_source: bool
    store: int
    keys: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Interface:
    """One adapter as one address family sees it."""

    alias: str
    index: int
    dhcp: bool


def normal(address: str) -> str:
    """The address in its one canonical spelling. Raises InvalidInput for what is none; a zone index is none of ours."""
    try:
        return str(ipaddress.ip_address(address.strip()))
    except ValueError as error:
        raise InvalidInput(f"{address!r} is not an IP address") from error


def family(address: str) -> int:
    return FAMILIES[ipaddress.ip_address(address).version]


def read_addresses(session: Session, timeout: float) -> list[Address]:
    """Every address of the host, once for each store that the host answers with."""
    return [_address(instance) for instance in session.enumerate(NAMESPACE, CLASS, timeout)]


def _address(instance: Instance) -> Address:
    plain = values.text(instance, "IPAddress").partition("%")[0]
    return Address(
        address=str(ipaddress.ip_address(plain)) if plain else "",
        prefix_length=values.number(instance, "PrefixLength"),
        interface=values.text(instance, "InterfaceAlias"),
        interface_index=values.number(instance, "InterfaceIndex"),
        state=STATES.get(values.number(instance, "AddressState"), "Invalid"),
        skip_as_source=values.flag(instance, "SkipAsSource"),
        store=ACTIVE if values.field(instance, "Store") is None else values.number(instance, "Store"),
        keys={name: values.text(instance, name) for name in KEYS},
    )


def found(addresses: t.Iterable[Address], address: str) -> Address | None:
    """The instance that says most about one address: the active one where there are two."""
    same = [entry for entry in addresses if entry.address == address]
    return max(same, key=lambda entry: entry.store, default=None)


def read_interfaces(session: Session, address_family: int, timeout: float) -> list[Interface]:
    """The adapters that speak this address family (2 = IPv4, 23 = IPv6)."""
    seen: dict[int, Interface] = {}
    for instance in session.enumerate(NAMESPACE, "MSFT_NetIPInterface", timeout):
        if values.number(instance, "AddressFamily") == address_family:
            index = values.number(instance, "InterfaceIndex")
            dhcp = values.number(instance, "Dhcp") == 1 or (index in seen and seen[index].dhcp)
            seen[index] = Interface(values.text(instance, "InterfaceAlias"), index, dhcp)
    return list(seen.values())


def choose_interface(wanted: str | None, address: str, prefix_length: int, interfaces: t.Sequence[Interface], addresses: t.Sequence[Address]) -> Interface:
    """The adapter that an address goes to: the one named (alias or index), else the only one that has an address in its network.

    Raises InvalidInput where that is none or more than one.
    """
    if wanted:
        named = [entry for entry in interfaces if entry.alias.lower() == wanted.lower() or str(entry.index) == wanted]
        if len(named) == 1:
            return named[0]
        raise InvalidInput(f"no adapter {wanted!r} for {address}: there are {_listed(interfaces)}")
    network = ipaddress.ip_network(f"{address}/{prefix_length}", strict=False)
    # Windows' own loopback adapter is never meant, though it may hold a network that is.
    indexes = {entry.interface_index for entry in addresses if entry.address not in ("", "127.0.0.1", "::1") and ipaddress.ip_address(entry.address) in network}
    fitting = [entry for entry in interfaces if entry.index in indexes]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise InvalidInput(f"no adapter has an address in {network}, so it is not clear where {address} goes: give interface, one of {_listed(interfaces)}")
    raise InvalidInput(f"{address} could go to {_listed(fitting)}: give interface")


def _listed(interfaces: t.Sequence[Interface]) -> str:
    return ", ".join(f"{entry.alias} ({entry.index})" for entry in interfaces) or "none"


def add_address(session: Session, interface: Interface, address: str, prefix_length: int, *, skip_as_source: bool, active_only: bool, timeout: float) -> None:
    """Adds one address. Without ``active_only`` it goes into both stores and survives a restart.

    The caller has looked that the adapter does not use DHCP: adding an address would switch it off.
    """
    arguments: dict[str, t.Any] = {
        "InterfaceIndex": interface.index,
        "IPAddress": address,
        "AddressFamily": family(address),
        "PrefixLength": prefix_length,
        "SkipAsSource": skip_as_source,
    }
    if active_only:
        arguments["PolicyStore"] = "ActiveStore"
    code = values.number(session.invoke(NAMESPACE, CLASS, "Create", arguments, timeout), "ReturnValue")
    if code != 0:
        raise RemoteError(f"could not add {address} to {interface.alias} on {session.name}: Windows error {code}", host=session.name, code=code)


def set_skip_as_source(session: Session, address: str, skip_as_source: bool, timeout: float) -> None:
    for entry in read_addresses(session, timeout):
        if entry.address == address:
            session.put(NAMESPACE, CLASS, _full(session, entry), {"SkipAsSource": skip_as_source}, timeout)


def await_usable(session: Session, address: str, deadline: Deadline, clock: Clock) -> str:
    """Waits while the address is tentative; returns its state then, "" when it is not there at all."""
    while True:
        entry = found(read_addresses(session, max(deadline.remaining(), 5.0)), address)
        if entry is None or entry.state != "Tentative" or deadline.passed():
            return entry.state if entry else ""
        clock.sleep(min(LOOK, deadline.remaining()))


def remove_address(session: Session, address: str, timeout: float) -> None:
    """Removes this one address from every store that holds it. Raises InvalidInput rather than delete without a full key."""
    for entry in read_addresses(session, timeout):
        if entry.address == address:
            session.delete(NAMESPACE, CLASS, _full(session, entry), timeout)


def _full(session: Session, entry: Address) -> t.Mapping[str, str]:
    if not entry.keys["Name"]:
        raise InvalidInput(f"{session.name} gives no key for {entry.address}, and without one more than this address could be changed")
    return entry.keys
