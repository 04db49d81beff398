# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``opened`` of failover_run: a run is opened, or the one that stopped is resumed."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import without_approval
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import OWNER_AFTERWARDS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import UndoBegun, changed_meanwhile, forward_refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import LeaseHeld
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._probing import source_answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_approval import UNASKED, Approval, approved_opening, break_glass
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_findings import Met
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_mirror import accepted_without_mirror, entry
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim, unsettled
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import require_machine


def open_or_resume(task: RunTask, taken: t.Mapping[str, t.Any] | None = None) -> None:
    """``taken``: whose lease is taken over, as the journal is to say it; empty or None where nobody's is."""
    kind, fold, result = task.params["kind"], task.fold, task.result
    found, approval = approved_opening(task)
    met = Met(task, found.run)
    if found.beside:
        result.warnings.append(f"the drill run {found.beside} had stopped and was not put back; the failover goes on beside it")
    result.extra["owner_afterwards"] = OWNER_AFTERWARDS[kind]
    if found.how == "already":
        result.outcomes.append(Outcome(kind, "already", before=fold.state, after=fold.state))
        result.msg = f"{task.identity} is {fold.state}: there is nothing to do"
        return
    if found.how == "open" and not found.beside:
        _refuse_unsettled(task)
    if found.how == "resume":
        _refuse_after_undo(task, found.run)
        _changed_meanwhile(task, found.run, met)
    _right_target(task, met)
    if found.how == "open":
        if kind == "failover" and fold.incident:
            _recovered_source(task, approval, met)
        met.compare_with_plan()
    begin(task, found.run, approval, met, taken)
    if found.how == "resume" and task.params["mode"] != "plan" and not task.check_mode:
        _settle_undo(task, found.run)


def _settle_undo(task: RunTask, run_id: str) -> None:
    """An undo that had begun may still have a change under way, and this run is about to do the opposite.

    Waited for once the lease is ours: until then the undo's controller may have begun more.
    """
    record, run = task.fold.runs[run_id], task.result.extra["run"]
    if record.kind == "drill" or not (record.undo_begun_at or record.undone):
        return  # a drill that is resumed is only put back, and the steps that put back wait themselves
    if break_glass(task):
        task.result.warnings.append(f"break-glass: not waited for what the undo of run {run_id} may have begun")
        return
    lease = Lease(task.journal, run["holder"], run["epoch"], run["lease_seconds"], run_id, run["by"], task.clock)
    waited = lease.settle()
    if waited > 0:
        task.result.warnings.append(f"waited {waited:.0f} s for a change that the undo of run {run_id} had begun")


def _refuse_after_undo(task: RunTask, run_id: str) -> None:
    """A run whose undo has let the former owner serve again does not turn round by itself: that is a new decision."""
    record = task.fold.runs[run_id]
    why = forward_refusal(record, task.definition["source"]["host"], task.definition["target"]["host"])
    if why:
        raise UndoBegun(
            f"{task.identity}: the {record.kind} run {run_id} does not go forward again: {why}. "
            f"Finish the undo: ansible-playbook continuity.identity_failover.undo -e failover_identity={task.identity}"
        )


def _changed_meanwhile(task: RunTask, run_id: str, met: Met) -> None:
    """What somebody else changed, as the undo reported it, is not set anew without a person's word."""
    record = task.fold.runs[run_id]
    found = [] if record.kind == "drill" else changed_meanwhile(record)
    if found:
        msg = (
            f"{task.identity}: the undo of run {run_id} found what somebody else had changed and left it so, and going forward sets it anew: {'; '.join(found)}"
        )
        anyway = command(record.kind, task.identity, failover_accept=task.accepting("changed_by_other"))
        met.settle("changed_by_other", msg, "An undo then puts back what was there before the run", next=anyway)


def begin(
    task: RunTask, resumed: str, approval: Approval = UNASKED, met: Met | None = None, taken: t.Mapping[str, t.Any] | None = None, consent: str = ""
) -> None:
    """Takes the lease and writes the opening, of a new run or of ``resumed``; fills in what the steps take as ``run``.
    ``consent``: what was said of the data that an undo may lose."""
    kind, fold, result, journal = task.params["kind"], task.fold, task.result, task.journal
    unmirrored = accepted_without_mirror(task)
    if task.params["mode"] == "undo":
        journal.playbook = "undo"  # whoever is refused the lease is told how to go on in the direction that was asked for
    run_id = resumed or f"{task.clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    claim = LeaseClaim(
        holder=secrets.token_hex(8),
        epoch=journal.lease.epoch + 1,
        seconds=task.params["lease_seconds"],
        by=task.who(),
        run=run_id,
        acquire=True,
        force=bool(taken and taken.get("forced")),
    )
    data = {
        "kind": kind,
        "mode": task.params["mode"],
        "epoch": claim.epoch,
        "planned": fold.incident is None,
        "reverts": fold.last_failover if kind == "failback" else "",
        "reason": task.params["reason"] or "",
        **({} if resumed else approval.as_data()),
        **({"plan": met.plan} if met is not None and met.plan else {}),
        **({"taken": dict(taken)} if taken else {}),
        **({"data_consent": consent} if consent else {}),
    }
    result.changed = True
    result.outcomes.append(Outcome(run_id, task.status(), True, before=fold.state, after=f"{kind} {'resume' if resumed else 'open'}"))
    if not task.check_mode:
        event = "run_opened" if not resumed else "run_taken_over" if taken else "run_resumed"
        events = [journal.draft(event, run=run_id, by=claim.by, host=task.definition["target"]["host"], data=data)]
        if approval.break_glass:
            events.append(journal.draft("accepted", run=run_id, by=claim.by, data=approval.accepted()))
        events += [journal.draft("accepted", run=run_id, by=claim.by, data=one) for one in (met.accepted if met is not None else ())]
        if unmirrored:
            events.append(journal.draft("accepted", run=run_id, by=claim.by, data=entry(task, unmirrored)))
        journal.append(events, claim)
    result.extra.update(
        owner_afterwards=OWNER_AFTERWARDS[kind],
        resumed=bool(resumed),
        run={**run_option(task, claim, run_id, fold.runs[resumed].data_state if resumed else approval.data_state), "without_mirror": unmirrored},
        reverts=fold.last_failover if kind == "failback" else run_id,
    )
    now = "taken over" if resumed and taken else "resumed" if resumed else "open"
    first = without_approval(fold.runs[resumed].break_glass if resumed else approval.break_glass)
    result.msg = f"{first}{kind} run {run_id} of {task.identity} is {now}; afterwards the {OWNER_AFTERWARDS[kind]} owns the identity"


def _refuse_unsettled(task: RunTask) -> None:
    """Resuming a run goes on in its direction; another run may not, so it waits for what a dead controller had begun."""
    lease = task.journal.lease
    if not lease.live and lease.unsettled > 0:
        if break_glass(task):
            task.result.warnings.append(f"break-glass: not waited for: {unsettled(task.identity, lease, task.clock.now())}")
            return
        again = command(task.params["kind"], task.identity)
        raise LeaseHeld(unsettled(task.identity, lease, task.clock.now()), holder=lease.by, run=lease.run, remaining=lease.unsettled, next=again)


def _right_target(task: RunTask, met: Met) -> None:
    """The target must be the machine that was armed. The source may be dead; each step that touches it looks for itself."""
    host, machines = task.definition["target"]["host"], task.fold.baseline.get("machines", {})
    unknown = [name for name in (task.definition["source"]["host"], host) if name not in machines]
    if unknown:
        what = "no baseline" if not task.fold.armed_at else f"a baseline that does not know {' and '.join(unknown)}: the definition was changed since"
        met.settle("baseline_missing", f"{task.identity} has {what}", f"Not checked: whether {' and '.join(unknown)} are the right machines")
    if host in machines:
        machine = Machine(uuid=machines[host]["uuid"], name=machines[host]["name"])
        repeated(lambda: require_machine(task.hosts.named(host), machine, 20.0), task.clock)


def _recovered_source(task: RunTask, approval: Approval, met: Met) -> None:
    """Votes are for a dead source: when it answers again nobody has approved anything. Who breaks the glass is told."""
    answer = source_answers(task.definition, task.hosts, task.clock)
    if not answer:
        return
    if approval.break_glass:
        task.result.warnings.append(f"{task.identity}: the source answers again ({answer}), and the run goes on because the glass was broken")
        return
    if not met.accepts("source_answers") and not task.check_mode:
        event = task.journal.draft("incident_recovered", by="failover_run", host=task.definition["source"]["host"], data={"msg": answer})
        task.journal.append([event])
    msg = f"{task.identity}: the source answers again ({answer}); the votes are void and nothing was moved"
    met.settle("source_answers", msg, "The run goes on on the votes for a dead source; the fence decides whether it can serve")


def run_option(task: RunTask, claim: LeaseClaim, run_id: str, data_state: str) -> dict[str, t.Any]:
    """What every step of the run takes as its ``run`` option."""
    store = dict(task.params["store"] or {})
    if store.get("kind") != "directory" and not store.get("host"):
        store = {"kind": "target", "host": task.definition["target"]["host"], "path": store.get("path")}
    return {
        "id": run_id,
        "identity": task.identity,
        "kind": task.params["kind"],
        "mode": "undo" if task.params["mode"] == "undo" else "execute",
        "epoch": claim.epoch,
        "holder": claim.holder,
        "by": claim.by,
        "lease_seconds": claim.seconds,
        "data_state": data_state,
        "store": store,
        "mirror": task.params["mirror"],
        "machines": task.fold.baseline.get("machines", {}),
    }
