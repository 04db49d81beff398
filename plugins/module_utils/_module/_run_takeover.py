# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``taken_over`` of failover_run: a run in progress goes on under another controller."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import held, way_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import LeaseHeld
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_opening import open_or_resume
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_undo import open_undo
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask


def take_over(task: RunTask) -> None:
    """As ``opened``, but the lease is taken from whoever has it: once it has run out, or before with a reason."""
    lease = task.journal.lease
    taken: dict[str, t.Any] = {}
    if lease.holder:
        if lease.live and not task.reason():
            record = task.fold.runs.get(lease.run)
            playbook = record.playbook() if record is not None and record.undo_begun_at else task.playbook()
            why = f"{held(task.identity, lease, task.clock.now())}, so it is taken over only with a reason. {way_out(task.identity, playbook)}"
            raise LeaseHeld(why, holder=lease.by, run=lease.run, remaining=lease.remaining)
        taken = {
            "from": lease.by,
            "since": lease.since,
            "run": lease.run,
            "epoch": lease.epoch,
            "remaining": round(max(0.0, lease.remaining), 1),
            "forced": lease.live,
            "reason": task.reason(),
        }
        if lease.live:
            task.result.warnings.append(f"{held(task.identity, lease, task.clock.now())}; taken over by force: {task.reason()}")
    else:
        task.result.warnings.append(f"nobody holds the lease of {task.identity}, so nothing had to be taken over")
    task.result.extra["taken_from"] = taken
    (open_undo if task.params["mode"] == "undo" else open_or_resume)(task, taken)
