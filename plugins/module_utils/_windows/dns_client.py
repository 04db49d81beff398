# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Does a Windows host register its addresses in DNS by itself? One switch an adapter, in ``MSFT_DNSClient``."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values

NAMESPACE = "root/StandardCimv2"
CLASS = "MSFT_DNSClient"
KEYS = ("Name", "CreationClassName", "SystemCreationClassName", "SystemName")


@dataclasses.dataclass(frozen=True)
class Registration:
    """One adapter's switch; ``keys`` name exactly this instance."""

    interface: str
    registers: bool
    keys: t.Mapping[str, str]


def read_registrations(session: Session, timeout: float) -> list[Registration]:
    """Every adapter of the host but Windows' own loopback, by alias."""
    found = []
    for instance in session.enumerate(NAMESPACE, CLASS, timeout):
        alias = values.text(instance, "InterfaceAlias")
        # Interface 1 is the loopback on every Windows since Vista; it registers nothing.
        if values.number(instance, "InterfaceIndex") != 1:
            keys = {name: values.text(instance, name) for name in KEYS}
            found.append(Registration(alias, values.flag(instance, "RegisterThisConnectionsAddress"), keys))
    return sorted(found, key=lambda entry: entry.interface.lower())


def set_registration(session: Session, interface: str, registers: bool, timeout: float) -> None:
    """Switches one adapter's registration; what is registered already stays in DNS."""
    for entry in read_registrations(session, timeout):
        if entry.interface == interface:
            if not entry.keys["Name"]:
                raise InvalidInput(f"{session.name} gives no key for the DNS client of {interface}, and without one another adapter could be changed")
            session.put(NAMESPACE, CLASS, entry.keys, {"RegisterThisConnectionsAddress": registers}, timeout)
            return
    raise InvalidInput(f"{session.name} has no adapter {interface}")
