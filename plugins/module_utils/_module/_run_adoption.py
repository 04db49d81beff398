# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``adopted`` of failover_run: people moved the identity by hand, and the journal learns of it."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import step_state
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import (
    FINDING,
    OBSERVED,
    OwnerNotConfirmed,
    against,
    both_hold_addresses,
    observe_owner,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_ending import end_through_own_lease
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
    observed, evidence, accepted = _require_no_contradiction(task, owner)
    result.extra["observed"] = observed
    if to is None:
        result.outcomes.append(Outcome("owner", "already", before=owner, after=owner))
        otherwise = f"what says otherwise is accepted and needs no record ({accepted['what']})" if accepted else "nothing that could be asked says otherwise"
        result.msg = f"{task.identity} is {before}: by the journal the {owner} owns it already, and {otherwise}"
        return
    claim = LeaseClaim(
        holder=secrets.token_hex(8), epoch=task.journal.lease.epoch + 1, seconds=30.0, by=task.who(), run=record.id if record else "adopted", acquire=True
    )
    data = {"owner": owner, "reason": task.reason(), "observed": observed, "evidence": evidence, "state": before, "accepted": [accepted] if accepted else []}
    result.changed = True
    run, by = record.id if record else "", task.who()
    # Without an open run it belongs to the failover that is over with this; the fold gives it to a run of its own otherwise.
    to_run = run or (fold.last_failover if owner == "source" else "")
    events = [task.journal.draft("accepted", run=to_run, by=by, data=accepted)] if accepted else []
    left = end_through_own_lease(task, claim, [*events, task.journal.draft("adopted", run=run, by=by, host=task.definition[owner]["host"], data=data)])
    result.outcomes.append(Outcome("owner", task.status(), True, before=before, after=to, grade="probed" if observed == owner else "unknown"))
    ended = f"; run {record.id} is ended as adopted" if record else ""
    seen = "as observed" if observed == owner else "which could not be observed" if observed == "unknown" else "which was observed otherwise and is accepted"
    result.msg = f"{task.identity} is {to}: the {owner} owns it, {seen}{ended}{left}"
    if accepted:
        result.warnings.append(f"{accepted['what']}; accepted: {accepted['reason']}")
    if observed == "unknown":
        result.warnings.append(f"{task.identity}: no name server and no address could be asked, so that the {owner} owns it rests on the reason alone")


def _require_no_contradiction(task: RunTask, owner: str) -> tuple[str, list[dict[str, t.Any]], dict[str, t.Any]]:
    """What is observed, the evidence, and what was accepted about it, where it is neither ``owner`` nor unknown. Raises WrongState."""
    observed, evidence = observe_owner(task.definition, task.hosts, task.clock)
    if observed in (owner, "unknown"):
        return observed, evidence, {}
    what = f"names or addresses of the identity lead to {OBSERVED[observed]}, not to the {owner} alone ({against(evidence, owner)})"
    facts: dict[str, t.Any] = {"observed": observed, "evidence": evidence}
    if both_hold_addresses(evidence):
        raise WrongState(
            f"it was not recorded that the {owner} owns {task.identity}: {what}, and both servers have an address of it. "
            "Take it from the one that must not have it",
            **facts,
        )
    reason = reasons(task.params["accept"] or {}).get(FINDING, "")
    if reason:
        return observed, evidence, {"what": f"{FINDING}: {what}", "finding": FINDING, "reason": reason}
    accepting_it = command("adopt", task.identity, failover_owner=owner, failover_reason=task.reason(), failover_accept=task.accepting(FINDING))
    raise OwnerNotConfirmed(
        f"it was not recorded that the {owner} owns {task.identity}: {what}. Put that right first, name the other owner, "
        f"or accept it with a reason: {accepting_it}",
        next=accepting_it,
        **facts,
    )
