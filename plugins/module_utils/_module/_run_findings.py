# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a run's opening meets, and who accepted it: every finding but the absolute ones can be accepted with a reason.

Opening on a plan belongs here: the plan is compared with what would be planned now, and only conflicts stop it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.drift import conflicts, drift
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS, reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import read
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.score import kept
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask

#: How many conflicts a sentence names.
NAMED = 3


class Met:
    """The findings of one opening. ``accepted``: what the journal says of them."""

    def __init__(self, task: RunTask, resumed: str = "") -> None:
        self._task = task
        record = task.fold.runs.get(resumed)
        #: A run that is resumed was accepted when it was opened.
        self._before = {str(entry.get("finding", "")): str(entry["reason"]) for entry in (record.accepted if record else ())}
        self._reasons = reasons(task.params.get("accept") or {})
        self.accepted: list[dict[str, t.Any]] = []
        self.plan: dict[str, t.Any] = {}

    def accepts(self, finding: str) -> bool:
        return finding in self._reasons

    def settle(self, finding: str, msg: str, consequence: str = "", **details: t.Any) -> None:
        """Goes on where ``finding`` was accepted, and says with what consequence; else raises WrongState with the finding as its reason."""
        reason = self._before.get(finding) or self._reasons.get(finding)
        if reason is None:
            anyway = option("failover_accept", self._task.accepting(finding))
            error = WrongState(f"{msg}. To mend it, {KINDS[finding].remedy}; to go on all the same, type the same command with {anyway}", **details)
            error.reason = finding
            raise error
        if finding not in self._before:
            self.accepted.append({"what": f"{finding}: {msg}", "finding": finding, "reason": reason})
        self._task.result.warnings.append(f"{msg}; accepted: {reason}{'. ' + consequence if consequence else ''}")

    def compare_with_plan(self) -> None:
        """The plan that the run is opened on, against the one of this moment."""
        task = self._task
        given = task.params.get("plan")
        if not given:
            return
        if not task.params.get("replanned"):
            raise InvalidInput("replanned: to open a run on a plan, give the plan of this moment too; the roles make it")
        kind = task.params["kind"]
        another = command("plan", task.identity, failover_kind=kind)
        try:
            planned, now = (read(one, task.identity, kind) for one in (given, task.params["replanned"]))
        except InvalidInput as error:
            error.details["next"] = another
            raise
        found = drift(planned, now)
        task.result.extra["drift"] = [difference.as_dict() for difference in found]
        self.plan = kept(planned)
        against = conflicts(found)
        if against:
            shown = "; ".join(one.sentence() for one in against[:NAMED]) + (f"; and {len(against) - NAMED} more" if len(against) > NAMED else "")
            msg = f"{task.identity} is not as plan {planned['hash'][:16]} of {planned['about']['made_at']} found it: {shown}"
            self.settle("plan_conflict", msg, conflicts=[one.as_dict() for one in against], next=another)
