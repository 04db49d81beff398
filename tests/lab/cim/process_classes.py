# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Process: Create starts a program that outlives the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import CimClass, Row
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host

PATH_NOT_FOUND, INVALID_PARAMETER = 9, 21


class Win32Process(CimClass):
    name = "Win32_Process"

    def rows(self, host: Host) -> list[Row]:
        """The processes of running services, and of users' programs that hold a connection."""
        programs = {service.process_id: f"{service.name.lower()}.exe" for service in host.services.all() if service.process_id}
        programs.update({each.process: each.program for each in host.users_at_it.connections})
        return [
            {
                "Handle": str(number),
                "ProcessId": number,
                "Name": program,
                "Caption": program,
                "CreationClassName": "Win32_Process",
                "CSName": host.computer_name,
                "CSCreationClassName": "Win32_ComputerSystem",
                "ParentProcessId": 600,
            }
            for number, program in programs.items()
        ]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if method != "Create":
            return await super().invoke(host, method, row, arguments)
        line = arguments["CommandLine"].strip()
        if not line:
            return {"ReturnValue": INVALID_PARAMETER}
        try:
            process = host.start_process(line, (), {}, skip_cmd_shell=True)
        except FileNotFoundError:
            return {"ReturnValue": PATH_NOT_FOUND}
        number = host.services.new_process()
        host.world.effect(host.name, "process_started", process_id=number, program=line.split(" ")[0])
        host.world.spawn(_run(host, process, number))
        return {"ReturnValue": 0, "ProcessId": number}


async def _run(host: Host, process: Any, number: int) -> None:
    _out, _err, code = await process.communicate(b"")
    host.world.effect(host.name, "process_ended", process_id=number, exit_code=code)


CLASSES = (Win32Process(),)
