# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _probing
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from tests.unit.fakes import FakeHosts, FakeSession, Instance

#: Seconds after which a question that waits in vain for the others gives up.
PATIENCE = 20.0


class Silent(FakeSession):
    """A dead host whose silence lasts until every other question is asked too."""

    def __init__(self, name: str, all_asked: threading.Barrier) -> None:
        super().__init__(name)
        self.all_asked = all_asked

    def identify(self, timeout: float) -> Instance:
        self.all_asked.wait(PATIENCE)
        raise Unreachable(f"{self.name} is silent")


def test_questions_to_a_dead_host_are_asked_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    all_asked = threading.Barrier(2)

    def tcp_answers(address: str, port: int, timeout: float) -> tuple[bool, str]:
        all_asked.wait(PATIENCE)
        return False, "silent"

    monkeypatch.setattr(_probing, "tcp_answers", tcp_answers)
    hosts = FakeHosts(named=[Silent("exch1", all_asked)], settings={"exch1": ConnectionSettings("exch1", "10.99.0.1")})
    prober = _probing.Prober("exch1", [{"host": "controller"}], [{"kind": "tcp", "port": 25}, {"kind": "wsman"}], hosts, 5.0)
    try:
        observations = prober.round()
    finally:
        prober.close()
    assert [(one.kind, one.ok) for one in observations] == [("tcp", False), ("wsman", False)]
