# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Service and Win32_DependentService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim import facts, values
from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import CimClass, Row
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.services import PAUSED, RUNNING, STOPPED, Service

WAIT_HINT = 2000
"""Milliseconds that every pending service announces."""


def service_row(host: Host, service: Service) -> Row:
    pending = service.state.endswith("Pending")
    return {
        "Name": service.name,
        "DisplayName": service.display_name or service.name,
        "Caption": service.display_name or service.name,
        "Description": service.description,
        "State": service.state,
        "Started": service.state in (RUNNING, PAUSED) or pending,
        "StartMode": service.start_mode,
        "DelayedAutoStart": service.delayed,
        "StartName": service.account,
        "PathName": service.path or f"C:\\Windows\\System32\\{service.name.lower()}.exe",
        "ProcessId": service.process_id,
        "ExitCode": service.exit_code,
        "ServiceSpecificExitCode": service.specific_exit_code,
        "CheckPoint": service.check_point(host.world.now()),
        "WaitHint": WAIT_HINT if pending else 0,
        "AcceptStop": service.state in (RUNNING, PAUSED) and service.accepts_stop,
        "AcceptPause": service.state in (RUNNING, PAUSED) and service.accepts_pause,
        "DesktopInteract": False,
        "ErrorControl": "Normal",
        "ServiceType": "Own Process",
        "Status": "OK",
        "TagId": 0,
        "CreationClassName": "Win32_Service",
        "SystemCreationClassName": "Win32_ComputerSystem",
        "SystemName": host.computer_name,
    }


class Win32Service(CimClass):
    name = "Win32_Service"

    def rows(self, host: Host) -> list[Row]:
        return [service_row(host, service) for service in host.services.all()]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if row is None or method not in ("StartService", "StopService", "PauseService", "ResumeService", "ChangeStartMode", "InterrogateService"):
            return await super().invoke(host, method, row, arguments)
        name = row["Name"]
        if method == "StartService":
            code = host.services.start(name)
        elif method == "StopService":
            code = host.services.stop(name)
        elif method in ("PauseService", "ResumeService"):
            code = host.services.pause(name) if method == "PauseService" else host.services.resume(name)
        elif method == "ChangeStartMode":
            code = host.services.change_start_mode(name, arguments["StartMode"])
        else:
            code = 6 if row["State"] == STOPPED else 0
        return {"ReturnValue": code}


class Win32DependentService(CimClass):
    name = "Win32_DependentService"

    def rows(self, host: Host) -> list[Row]:
        known = facts.find("root/cimv2", "Win32_Service")
        rows: list[Row] = []
        for service in host.services.all():
            for needed in host.services.prerequisites(service):
                rows.append(
                    {
                        "Antecedent": values.instance(known, service_row(host, needed)),
                        "Dependent": values.instance(known, service_row(host, service)),
                    }
                )
        return rows


CLASSES = (Win32Service(), Win32DependentService())
