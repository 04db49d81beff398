# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The choice for the data as commands to type. Pure.

Names of cmdlets, parameters and values are those that Double-Take's module of the builds 8.0 to 8.1 declares; they were not run against the product.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

#: choice -> FailoverDataAction of the product's module, and what Failover Control Center calls it.
ACTIONS = {
    "apply_queues": ("Apply", "Apply Data in Target Queues Then Failover"),
    "discard_queues": ("Flush", "Discard Data in Target Queues and Failover Immediately"),
    "revert_to_snapshot": ("Revert", "Revert to Last Good Snapshot if Target Data State is Bad"),
}
INSTALLED = r"HKLM:\SOFTWARE\NSI Software\Double-Take\CurrentVersion"
NOTHING = "nothing; a red message would be an error"


def data_commands(change: t.Mapping[str, t.Any], definition: Definition) -> list[Line]:
    """The engine's own commands for the choice; for an engine that we do not know, what has to be reached."""
    engine = definition.get("engine") or {}
    choice = str((change["after"] or {}).get("choice") or "apply_queues")
    if engine.get("kind") != "double_take":
        do = choice.replace("_", " ")
        return [
            Line(f"# With the engine's own means, or as the hook data does it: {do}, and stop the replication from the source", "nothing"),
            Line("# Look in the engine", "the target's data may be used, the old direction is stopped; write down up to which moment the data are there"),
        ]
    return _double_take(choice, str(engine.get("job") or ""), str(definition["target"]["host"]))


def _double_take(choice: str, job: str, target: str) -> list[Line]:
    action, words = ACTIONS[choice]
    chosen = quoted(job) if job else "(Read-Host 'Id of the job')"
    found = "Get-DtJob -ServiceHost $server"
    pick = [] if job else [Line(f"{found} | Format-Table Id, JobType, SourceHostUri", "a line for each job; the one of the source is meant")]
    options = "(Get-DtRecommendedFailoverOptions -ServiceHost $server -JobId $job.Id).FailoverOptions"
    return [
        Line(f"Import-Module (Join-Path (Get-ItemProperty -LiteralPath {quoted(INSTALLED)}).InstallPath 'Console\\DoubleTake.PowerShell.dll')", NOTHING),
        Line(f"$server = New-DtServer -Name {quoted(target)}", NOTHING),
        *pick,
        Line(f"$job = {found} -JobId {chosen}", NOTHING),
        Line("$job.Status | Format-List HighLevelState, TargetState, CanFailover", "CanFailover : True"),
        Line(f"$options = {options}", NOTHING),
        Line(f"$options.FailoverMode = 'Live'; $options.FailoverDataAction = '{action}'", f"nothing. In Failover Control Center the same is called: {words}"),
        Line("Start-DtJobFailover -ServiceHost $server -JobId $job.Id -FailoverOptions $options", "nothing, or the token of the activity"),
        Line(
            f"({found} -JobId $job.Id).Status.HighLevelState",
            "FailedOver, after a while of FailingOver; the target state RestoreRequired belongs to it. FailoverFailed: stop",
        ),
        Line("Disconnect-DtServer -ServiceHost $server", NOTHING),
    ]
