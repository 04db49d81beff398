# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store's script in a real PowerShell: one process for all transactions of a module's tests, since a start costs a second of CPU."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.store import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine

# What Windows alone can do is played: the boot that a test sets, and access rights, which are noted beside the folder.
LOOP = r"""
function Get-CimInstance { param($ClassName, $Property) [pscustomobject]@{ LastBootUpTime = [datetime]$script:boot } }
function Get-Acl {
    param($LiteralPath)
    $acl = [pscustomobject]@{ Sddl = '' }
    $acl | Add-Member ScriptMethod SetSecurityDescriptorSddlForm { param($text) $this.Sddl = $text }
    $acl
}
function Set-Acl { param($LiteralPath, $AclObject) [System.IO.File]::WriteAllText($LiteralPath + '.acl', $AclObject.Sddl) }
$body = { %s }
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $sent = $line | ConvertFrom-Json
    $script:boot = $sent.boot
    [Console]::Out.WriteLine((ConvertTo-Json -InputObject (& $body $sent.data) -Depth 6 -Compress))
    [Console]::Out.Flush()
}
"""


class StoreEngine:
    """Uptime is the machine's own. What the script calls ``C:\\folder\\file`` is a file with a backslash in its name, beside ``path``."""

    def __init__(self, folder: pathlib.Path) -> None:
        script = folder / "loop.ps1"
        script.write_text(LOOP % SCRIPT, encoding="utf-8")
        # In a file: the script complains of what this system has no account for, more than a pipe that nobody reads holds.
        self.errors = folder / "errors.txt"
        with self.errors.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [str(engine()), "-NoProfile", "-File", str(script)],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PWSH_JSON": "5.1"},
            )

    def transact(self, path: pathlib.Path, request: Request, boot: str) -> Reply:
        """``path``: the store's folder. ``boot``: when the store's machine started, as ISO 8601 has it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"boot": boot, "data": {"path": str(path), "request": request.as_json()}}) + "\n")
        self.process.stdin.flush()
        hung = threading.Timer(60.0, self.process.kill)
        hung.start()
        line = self.process.stdout.readline()
        hung.cancel()
        return Reply.from_json(json.loads(line)) if line else pytest.fail(self.errors.read_text(encoding="utf-8"))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
