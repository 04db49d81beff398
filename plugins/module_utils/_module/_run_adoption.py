# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``adopted`` of failover_run: people moved the identity by hand, and the journal learns of it."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import step_state
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import observe_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim


def adopt(task: RunTask) -> None:
    owner, fold, result = str(task.params["owner"]), task.fold, task.result
    if not task.reason():
        raise InvalidInput("reason: say who moved the identity, and how")
    record, before = fold.active(), fold.state
    to = step_state(before, f"adopted_{owner}")
    result.extra["owner_afterwards"] = owner
    if to is None and before == "unarmed":
        raise WrongState(f"{task.identity} is unarmed and its source owns it: there is nothing to adopt", next=command("arm", task.identity))
    observed, evidence = _require_no_contradiction(task, owner)
    result.extra["observed"] = observed
    if to is None:
        result.outcomes.append(Outcome("owner", "already", before=owner, after=owner))
        result.msg = f"{task.identity} is {before}: by the journal the {owner} owns it already, and nothing that could be asked says otherwise"
        return
    claim = LeaseClaim(
        holder=secrets.token_hex(8), epoch=task.journal.lease.epoch + 1, seconds=30.0, by=task.who(), run=record.id if record else "adopted", acquire=True
    )
    data = {"owner": owner, "reason": task.reason(), "observed": observed, "evidence": evidence, "state": before}
    result.changed = True
    if not task.check_mode:
        # Through a lease of our own, so that a controller that still works on the run keeps it.
        host = task.definition[owner]["host"]
        task.journal.append([task.journal.draft("adopted", run=record.id if record else "", by=task.who(), host=host, data=data)], claim)
        task.journal.claim(LeaseClaim(**{**vars(claim), "acquire": False, "release": True}))
    result.outcomes.append(Outcome("owner", task.status(), True, before=before, after=to, grade="probed" if observed == owner else "unknown"))
    ended = f"; run {record.id} is ended as adopted" if record else ""
    seen = "as observed" if observed == owner else "which could not be observed"
    result.msg = f"{task.identity} is {to}: the {owner} owns it, {seen}{ended}"
    if observed == "unknown":
        result.warnings.append(f"{task.identity}: no name server and no address could be asked, so that the {owner} owns it rests on the reason alone")


def _require_no_contradiction(task: RunTask, owner: str) -> tuple[str, list[dict[str, t.Any]]]:
    """What is observed, where it is ``owner`` or nothing could be asked. Raises WrongState for anything else."""
    observed, evidence = observe_owner(task.definition, task.hosts, task.clock)
    if observed in (owner, "unknown"):
        return observed, evidence
    against = [one for one in evidence if one["says"] not in (owner, "unreachable", "")]
    shown = "; ".join(f"{one['of']}: {one.get('name', '')} {', '.join(one.get('values') or ()) or 'nothing'}" for one in against[:3])
    says = {"both": "names or addresses lead to both servers at once", "none": "names and addresses lead to neither server"}.get(observed, f"the {observed}")
    raise WrongState(
        f"it was not recorded that the {owner} owns {task.identity}: observed is {says} ({shown}). Put that right first, or name the other owner",
        observed=observed,
        evidence=evidence,
    )
