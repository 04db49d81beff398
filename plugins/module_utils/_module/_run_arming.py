# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``armed`` of failover_run: the baseline is taken, and compared with the last one."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.baseline import differences
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.peace_time import require_armable
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.restart import after_disarming, start
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import take_baseline
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask

#: An unchanged baseline is written again after this many seconds, so that its age says when it was last true.
REFRESH = 3600.0


def arm(task: RunTask) -> None:
    identity, fold, result = task.identity, task.fold, task.result
    require_armable(fold, identity)
    credentials = {entry["name"]: entry for entry in task.params.get("credentials") or ()}
    baseline, warnings = take_baseline(task.definition, task.hosts, task.clock, credentials, fold.baseline)
    if down := _accepted_down(baseline, task):
        baseline["accepted_down"] = down
    result.warnings.extend(warnings)
    changed = differences(fold.baseline, baseline)
    old = (task.clock.now() - moment(fold.armed_at)).total_seconds() if fold.armed_at else None
    for name, (before, after) in changed.items():
        result.outcomes.append(Outcome(name, task.status(), True, before=before, after=after))
    if not changed:
        result.outcomes.append(Outcome("baseline", "already", before=fold.armed_at, after=fold.armed_at))
    result.changed = bool(changed)
    # A first baseline differs from nothing.
    result.extra["changes"] = [{"name": name, "before": before, "after": after} for name, (before, after) in changed.items()] if fold.baseline else []
    if not task.check_mode and (changed or old is None or old > REFRESH):
        _write(task, task.journal.draft("armed", by=task.who(), host=task.definition["source"]["host"], data=baseline))
    what = "the baseline is as it was" if not changed else "first baseline" if not fold.baseline else f"{len(changed)} things differ from the last baseline"
    result.msg = f"{identity} is armed: {what}{_begun(task, old)}"


def _begun(task: RunTask, old: float | None) -> str:
    """Said with the first baseline of a journal that nothing is known of before: nobody but the reader can know whether there was one."""
    if old is not None or task.journal.head.seq > 1 or task.fold.runs:
        return ""
    return (
        ". Its journal begins at event 1; where it was armed and disarmed from another controller before, that one's mirror is ahead of it: "
        "remove it there, or let that controller begin anew with failover_from_observation"
    )


def _write(task: RunTask, armed: Event) -> None:
    """An identity that was disarmed begins far behind its former journal: the mirrors of other controllers have not seen its end."""
    journal = task.journal
    ended, kept_as = (Head(), "") if journal.head.seq else journal.disarmed_before()
    if not ended.seq:
        journal.append([armed])
        return
    anew = journal.draft("journal_restarted", by=armed.by, host=task.definition["target"]["host"], data=after_disarming(ended, kept_as))
    journal.begin([anew, armed], start(ended))


def _accepted_down(baseline: t.Mapping[str, t.Any], task: RunTask) -> dict[str, str]:
    """Service of the source that does not run -> why that is right, as said now or when it was armed before. Raises WrongState.

    A failback starts what the baseline recorded: one of a sick source would leave it sick. A drill's services run nowhere in peace time.
    """
    source = baseline["source"]
    images = baseline["services"][source]
    names = [service["name"] for service in task.definition["services"]]
    down = [name for name in names if images[name] is None or images[name]["state"] != "Running"]
    known = task.fold.baseline.get("accepted_down") or {}
    unexplained = [name for name in down if name not in known]
    if unexplained and not task.reason():
        raise WrongState(
            f"{task.identity} is not armed: {', '.join(unexplained)} of {source} do not run, and a failback would leave them so. "
            f"Start them, or say why this is how the source serves, with {option('failover_arm_reason', 'why')} (the option reason of the module)"
        )
    return {name: known.get(name) or task.reason() for name in down}
