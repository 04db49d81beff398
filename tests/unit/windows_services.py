# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service control manager for a FakeSession: pending states that last a number of looks, dependants, codes."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.cim import Reference
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

Keys = t.Mapping[str, t.Any]
MODES = {"Automatic": "Auto", "Manual": "Manual", "Disabled": "Disabled"}


def service(name: str, state: str = "Stopped", mode: str = "Auto", **more: t.Any) -> dict[str, t.Any]:
    base = {"Name": name, "State": state, "StartMode": mode, "DelayedAutoStart": False, "ExitCode": 0, "ServiceSpecificExitCode": 0}
    return {**base, "CheckPoint": 0, "WaitHint": 2000, "ProcessId": 0 if state == "Stopped" else 100, **more}


class Manager:
    """``looks``: how many queries see a pending state before it ends. ``codes``: (service, method) -> codes to answer first."""

    def __init__(self, *services: dict[str, t.Any], needs: t.Mapping[str, t.Sequence[str]] | None = None, looks: int = 0, name: str = "exch2") -> None:
        self.services = list(services)
        self.looks = looks
        self.needs = needs or {}
        self.codes: dict[tuple[str, str], list[int]] = {}
        self.after_start: t.Callable[[dict[str, t.Any]], None] = lambda entry: None
        self.pending: dict[str, tuple[int, str]] = {}
        self.done: list[str] = []
        links = [
            {
                "Dependent": Reference("root/cimv2", "Win32_Service", {"Name": dependent}),
                "Antecedent": Reference("root/cimv2", "Win32_Service", {"Name": antecedent}),
            }
            for dependent, antecedents in self.needs.items()
            for antecedent in antecedents
        ]
        self.session = FakeSession(
            name, instances={("root/cimv2", "Win32_Service"): self.services, ("root/cimv2", "Win32_DependentService"): t.cast("t.Any", links)}
        )
        for method in ("StartService", "StopService", "PauseService", "ResumeService", "ChangeStartMode"):
            self.session.methods[("Win32_Service", method)] = self._method(method)
        query = self.session.query
        self.session.query = self._query(query)  # type: ignore[method-assign]

    def find(self, name: str) -> dict[str, t.Any]:
        return next(entry for entry in self.services if entry["Name"].lower() == name.lower())

    def _query(self, query: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def look(namespace: str, wql: str, timeout: float) -> t.Any:
            for name, (left, state) in list(self.pending.items()):
                entry = self.find(name)
                if left > 0:
                    self.pending[name] = (left - 1, state)
                    entry["CheckPoint"] += 1
                else:
                    del self.pending[name]
                    entry.update(State=state, CheckPoint=0, ProcessId=0 if state == "Stopped" else 200)
                    if state == "Running":
                        self.after_start(entry)
            return query(namespace, wql, timeout)

        return look

    def _method(self, method: str) -> t.Callable[[FakeSession, Keys, Keys], dict[str, t.Any]]:
        def call(session: FakeSession, keys: Keys, arguments: Keys) -> dict[str, t.Any]:
            entry = self.find(keys["Name"])
            waiting = self.codes.get((entry["Name"], method))
            if waiting:
                return {"ReturnValue": waiting.pop(0)}
            return {"ReturnValue": getattr(self, f"_{method}")(entry, arguments)}

        return call

    def _StartService(self, entry: dict[str, t.Any], arguments: Keys) -> int:
        if entry["State"] != "Stopped":
            return 10
        if entry["StartMode"] == "Disabled":
            return 14
        self._begin(entry, "Start Pending", "Running")
        return 0

    def _StopService(self, entry: dict[str, t.Any], arguments: Keys) -> int:
        if entry["State"] not in ("Running", "Paused"):
            return 5
        if any(self.find(name)["State"] != "Stopped" for name, required in self.needs.items() if entry["Name"] in required):
            return 3
        self._begin(entry, "Stop Pending", "Stopped")
        return 0

    def _PauseService(self, entry: dict[str, t.Any], arguments: Keys) -> int:
        if entry["State"] != "Running":
            return 6 if entry["State"] == "Stopped" else 5
        self._begin(entry, "Pause Pending", "Paused")
        return 0

    def _ResumeService(self, entry: dict[str, t.Any], arguments: Keys) -> int:
        self._begin(entry, "Continue Pending", "Running")
        return 0

    def _ChangeStartMode(self, entry: dict[str, t.Any], arguments: Keys) -> int:
        entry["StartMode"] = MODES[arguments["StartMode"]]
        self.done.append(f"{entry['Name']} {entry['StartMode']}")
        return 0

    def _begin(self, entry: dict[str, t.Any], pending: str, end: str) -> None:
        entry["State"] = pending
        self.pending[entry["Name"]] = (self.looks, end)
        self.done.append(f"{entry['Name']} {end}")
