# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of post_script: looks at a user's script and its markers, and records a run with the exit code that the estate file states."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins.fence import still_ours


def _stamp() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    path, files, mark = str(data["path"]), host.files, str(data["mark"] or "")
    started_file, done_file = f"{data['folder']}\\{mark}.started", f"{data['folder']}\\{mark}.done"
    answer: dict[str, JSON] = {"exists": files.exists(path), "sha256": "", "started": False, "done": None, "ran": False, "refused": "", "record": None}
    if answer["exists"]:
        answer["sha256"] = hashlib.sha256(files.read(path)).hexdigest()
    if mark:
        answer["started"] = files.exists(started_file)
        answer["done"] = json.loads(files.read(done_file)) if files.exists(done_file) else None
    if data["action"] != "run" or not answer["exists"]:
        return answer
    if not still_ours(host, data["lease"]):
        return {**answer, "refused": "lease_lost"}
    begun, account = _stamp(), f"{host.machine.domain.split('.')[0].upper()}\\{host.user}"
    if mark:
        if answer["started"] and not data.get("again"):
            return {**answer, "refused": "started"}
        files.write(started_file, json.dumps({"path": path, "sha256": answer["sha256"], "started": begun, "account": account}).encode())
    host.world.effect(host.name, "script_started", script=path)
    await asyncio.sleep(host.script_seconds.get(path.lower(), 0.0))
    record = {
        "exit_code": host.script_results.get(path.lower(), 0),
        "started": begun,
        "ended": _stamp(),
        "sha256": answer["sha256"],
        "account": account,
        "pid": host.services.new_process(),
        "timed_out": False,
        "stdout_tail": f"recorded, not run: {path}\r\n",
        "stderr_tail": "",
    }
    if mark:
        files.write(done_file, json.dumps(record).encode())
    return {**answer, "ran": True, "started": True, "done": record if mark else None, "record": record}
