# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two Windows servers made of dictionaries and a journal in a folder, for unit tests of a run's life: estate.run("armed")."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_run import failover_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeSession

CIMV2 = "root/cimv2"


def machine(name: str, uuid: str, state: str) -> FakeSession:
    return FakeSession(
        name,
        instances={
            (CIMV2, "Win32_ComputerSystem"): [{"Name": name.upper()}],
            (CIMV2, "Win32_ComputerSystemProduct"): [{"UUID": uuid}],
            (CIMV2, "Win32_Service"): [{"Name": "IS", "State": state, "StartMode": "Auto" if state == "Running" else "Manual", "DelayedAutoStart": False}],
        },
    )


class Estate:
    """exch1 and exch2; a dead host raises on everything."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.clock = FakeClock()
        self.sessions = {
            "exch1": machine("exch1", "11111111-0000-0000-0000-000000000000", "Running"),
            "exch2": machine("exch2", "22222222-0000-0000-0000-000000000000", "Stopped"),
        }
        self.dead: set[str] = set()
        self.store = {"kind": "directory", "path": str(folder / "store"), "host": None}
        self.mirror = str(folder / "mirror")
        self.definition = normalise(
            {"source": {"host": "exch1"}, "target": {"host": "exch2"}, "services": [{"name": "IS"}], "monitor": {"interval": 5, "missed": 3}}
        )

    def target(self) -> t.Any:
        return self.named("exch2")

    def named(self, name: str) -> t.Any:
        if name in self.dead:
            raise Unreachable(f"{name} does not answer", host=name)
        session = self.sessions[name]
        session.methods.setdefault(("Win32_Process", "Create"), lambda s, keys, args: {"ReturnValue": 0})
        return session

    def settings(self, name: str) -> t.Any:
        # A port that nothing listens on: a knock there is refused at once.
        return types.SimpleNamespace(endpoint="https://127.0.0.1:9/wsman")

    def names(self) -> list[str]:
        return list(self.sessions)

    def close(self) -> None:
        """Nothing is open."""

    def do(self, function: t.Any, check_mode: bool = False, **params: t.Any) -> t.Any:
        defaults = {
            "identity": "mail",
            "store": self.store,
            "mirror": self.mirror,
            "by": "ops",
            "reason": "because",
            "definition": self.definition,
            "kind": "failover",
            "mode": "execute",
            "run": None,
            "lease_seconds": 60.0,
            "accept": {},
            "from_observation": None,
            "decision": "proceed",
            "data_state": "apply_queues",
            "fence_minimum": 2,
            "required": 1,
            "expires": 3600.0,
            "how": "asserted",
            "minimum": "asserted",
            "people": [],
            "domains": [],
            "logon": None,
            "statement": None,
            "statement_only": False,
            "signature": None,
            "signing_key": None,
            "data_at_risk": None,
            "source": "exch1",
            "vantage_points": [],
            "probes": [],
            "interval": 5.0,
            "missed": 3,
            "trigger": "all",
            "duration": 60.0,
            "wait_for": None,
            "timeout": 10.0,
        }
        return function({**defaults, **params}, self, self.clock, check_mode=check_mode)

    def run(self, state: str, **params: t.Any) -> t.Any:
        return self.do(failover_run, **{"state": state, "data_state": None, **params})

    def fail(self) -> t.Any:
        self.dead.add("exch1")
        return self.do(failover_monitor)


def make_estate(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Its journal's uptime is the estate's clock."""
    made = Estate(tmp_path)
    monkeypatch.setattr(opening, "DirectoryStore", lambda path: DirectoryStore(path, made.clock.monotonic, lambda: "boot"))
    return made
