# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of leftovers: finds or removes everything of one identity in the collection's folder."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls


def _names(files: Files, folder: str) -> list[str] | None:
    """What lies in a folder, files and folders; None where there is no such folder."""
    if not files.is_folder(folder):
        return None
    inside = folder.lower() + "\\"
    return [path[len(inside) :] for path in files.names() if path.lower().startswith(inside)]


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    folder, identity, files = str(data["path"]), str(data["identity"]), host.files
    answer: dict[str, Any] = {"files": [], "removed": [], "failed": [], "others": False, "folder": "absent", "refused": ""}
    names = _names(files, folder)
    if names is None:
        return answer
    journal = f"{identity}.journal".lower()
    ours = [name for name in names if name.lower().startswith(identity.lower() + ".") and "\\" not in name]
    rest, last = sorted(name for name in ours if name.lower() != journal), [name for name in ours if name.lower() == journal]
    answer.update(folder="kept", others=len(ours) < len(names), files=rest + last)
    if data["action"] != "remove":
        return answer
    if last:
        line = files.read(f"{folder}\\{last[0]}").rstrip(b"\n").rpartition(b"\n")[2]
        if hashlib.sha256(line).hexdigest() != str(data["last"]):
            return {**answer, "refused": "journal_moved"}
    for name in answer["files"]:
        files.delete(f"{folder}\\{name}")
        answer["removed"].append(name)
    if not answer["others"]:
        files.remove_folder(folder)
        answer["folder"] = "removed"
    return answer
