# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A run without its mirror: refused, or accepted with a reason, which the run's steps then know."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import MirrorUnwritable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import without

FINDING = "mirror_unwritable"


def accepted_without_mirror(task: RunTask) -> str:
    """The reason for which this run goes on without a mirror; empty where it has one. Raises MirrorUnwritable where nobody gave a reason."""
    if not task.check_mode:
        task.journal.probe_mirror()
    lost = task.journal.mirror_lost
    if not lost:
        return ""
    reason = str((task.params.get("accept") or {}).get(FINDING) or "").strip()
    if not reason:
        accept = command(task.playbook(), task.identity, failover_accept=task.accepting(FINDING))
        raise MirrorUnwritable(f"{without(lost)}. Make the folder writable, or go on without it: {accept}", next=accept)
    return reason


def entry(task: RunTask, reason: str) -> dict[str, str]:
    """What the journal says of it; the report prints it first."""
    return {"what": f"{FINDING}: {without(task.journal.mirror_lost)}", "finding": FINDING, "reason": reason}
