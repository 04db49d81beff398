# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Asks a host which machine it is, before anything is done to it."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError, WrongMachine
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql


def read_machine(session: Session, timeout: float) -> Machine:
    """Two queries: Win32_ComputerSystemProduct.UUID and Win32_ComputerSystem.Name. ``timeout`` is for each."""
    return Machine(_one(session, "Win32_ComputerSystemProduct", "UUID", timeout), _one(session, "Win32_ComputerSystem", "Name", timeout))


def require_machine(session: Session, expected: Machine, timeout: float) -> Machine:
    """The machine, or WrongMachine if another one answers; nothing is changed either way."""
    found = read_machine(session, timeout)
    if not found.same_as(expected):
        raise WrongMachine(
            f"{session.name} is reached, but {found} answers where {expected} was expected; nothing was changed. Check its management address",
            host=session.name,
            expected={"uuid": expected.uuid, "name": expected.name},
            found={"uuid": found.uuid, "name": found.name},
        )
    return found


def _one(session: Session, class_name: str, name: str, timeout: float) -> str:
    rows: list[dict[str, t.Any]] = session.query("root/cimv2", wql.select(class_name, [name]), timeout)
    values = [value for row in rows for key, value in row.items() if key.lower() == name.lower()]
    if len(values) != 1 or not values[0]:
        raise ProtocolError(f"{session.name} does not tell its {class_name}.{name}, so it cannot be told which machine it is", host=session.name)
    return str(values[0])
