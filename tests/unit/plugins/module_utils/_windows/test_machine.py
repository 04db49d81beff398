# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError, WrongMachine
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import machine
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

UUID = "4C4C4544-0042-3510-8052-B7C04F4A4D32"


def session(uuid: object = UUID, name: str = "EXCH2") -> FakeSession:
    return FakeSession(
        "exch2",
        {("root/cimv2", "Win32_ComputerSystemProduct"): [{"UUID": uuid}], ("root/cimv2", "Win32_ComputerSystem"): [{"Name": name, "Domain": "x"}]},
    )


def test_the_right_machine_in_any_letter_case() -> None:
    fake = session()
    assert machine.require_machine(fake, Machine(UUID.lower(), "exch2"), 5) == Machine(UUID, "EXCH2")
    assert [call[0] for call in fake.calls] == ["query", "query"]


@pytest.mark.parametrize("expected", [Machine(UUID, "EXCH1"), Machine("00000000-0000-0000-0000-000000000000", "EXCH2")])
def test_another_machine_is_refused(expected: Machine) -> None:
    with pytest.raises(WrongMachine, match="nothing was changed") as caught:
        machine.require_machine(session(), expected, 5)
    assert caught.value.details["found"] == {"uuid": UUID, "name": "EXCH2"}


@pytest.mark.parametrize("uuid", [None, ""])
def test_a_machine_that_does_not_tell_is_refused(uuid: object) -> None:
    with pytest.raises(ProtocolError, match="Win32_ComputerSystemProduct.UUID"):
        machine.read_machine(session(uuid), 5)
