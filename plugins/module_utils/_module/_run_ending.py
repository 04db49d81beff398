# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verbs of failover_run that end or interrupt a run: ``stopped``, ``closed``, ``abandoned``."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import accepting, command, minimum_of, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import failed_steps, in_words, progress
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import OWNER_BEFORE
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo_progress import undo_progress
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import OWNER_AFTERWARDS, abandoning, closing
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.score import score, score_in_words
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import phases
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_debts import settlement, shown, warnings
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker_removal import remove_markers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import (
    FINDING,
    OBSERVED,
    OwnerNotConfirmed,
    against,
    both_hold_addresses,
    observe_owner,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask, releasing
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease


def close(task: RunTask) -> None:
    run, result = task.given_run(), task.result
    record = closing(task.fold, task.identity, run["id"])
    first = task.fold.runs[run["id"]].first_word()
    result.extra["phases"] = phases(task.fold.runs[run["id"]])
    result.extra["owner_afterwards"] = OWNER_AFTERWARDS[run["kind"]]
    if record is None:
        result.outcomes.append(Outcome(run["id"], "already"))
        result.msg = f"{first}run {run['id']} is closed"
        return
    accepted = require_owner(task, record, OWNER_AFTERWARDS[run["kind"]]) if task.definition else {}
    result.changed = True
    judged = score(record.plan, record) if record.plan else {}
    everything = [*record.accepted, *([accepted] if accepted else [])]
    take_markers_away(task, run)
    paid, owed = settlement(task.journal, task.fold, endpoints(task.definition or {}), task.clock, run.get("by") or "", run["id"])
    result.extra["debts"] = shown(owed)
    result.warnings.extend(warnings(owed))
    if not task.check_mode:
        data = {"kind": run["kind"], "accepted": everything, **({"score": judged} if judged else {})}
        by = run.get("by") or ""
        events = [*paid, *([task.journal.draft("accepted", run=run["id"], by=by, data=accepted)] if accepted else [])]
        task.journal.append([*events, task.journal.draft("run_closed", run=run["id"], by=by, data=data)], releasing(run), anywhere=True)
    result.outcomes.append(Outcome(run["id"], task.status(), True, before=task.fold.state, after=task.journal.fold().state))
    result.extra.update(accepted=everything, score=judged)
    result.msg = f"{first}{run['kind']} run {run['id']} of {task.identity} is closed: the {OWNER_AFTERWARDS[run['kind']]} owns the identity"
    if judged:
        result.msg += f"; {score_in_words(judged)}"
    if accepted:
        result.warnings.append(f"{accepted['what']}; accepted: {accepted['reason']}")


def take_markers_away(task: RunTask, run: t.Mapping[str, t.Any]) -> str:
    """The last thing that a run does in DNS. What can't be removed is told and holds nothing up: the next run takes it over.
    Returns what was left behind, as the end of a sentence; empty where nothing was."""
    if not task.definition:
        return ""
    if task.check_mode:
        found = remove_markers(task.identity, task.definition, task.params, task.clock, check_mode=True, epoch=run["epoch"])
    else:
        lease = Lease(task.journal, run["holder"], run["epoch"], run["lease_seconds"], run["id"], run.get("by") or "", task.clock)
        lease.beat()  # a holder that lost its lease changes nothing more
        with lease.kept():
            found = remove_markers(task.identity, task.definition, task.params, task.clock, check_mode=False, epoch=run["epoch"])
    task.result.outcomes.extend(found)
    task.result.warnings.extend(
        f"{one.name} was not removed{' from ' + one.host if one.host else ''}: {one.msg}" for one in found if one.status not in ("done", "predicted")
    )
    left = [one.name for one in found if one.status not in ("done", "predicted", "skipped")]
    return f"; left behind: {', '.join(left)}, which the next run takes over and disarm removes" if left else ""


def end_through_own_lease(task: RunTask, claim: LeaseClaim, events: list[Event]) -> str:
    """Ends a run that another controller may still work on: the lease is taken, so that a living holder keeps it; the run's marker is taken out of
    the zones, and the lease given back. Returns what was left behind, as ``take_markers_away`` does."""
    ours = {"id": claim.run, "epoch": claim.epoch, "holder": claim.holder, "lease_seconds": claim.seconds, "by": claim.by}
    if task.check_mode:
        return take_markers_away(task, ours)
    task.journal.append(events, claim)
    left = take_markers_away(task, ours)
    task.journal.claim(LeaseClaim(**{**vars(claim), "acquire": False, "release": True}))
    return left


def require_owner(task: RunTask, record: RunRecord, promised: str) -> dict[str, t.Any]:
    """The world is looked at once more before the journal says that it is done: the source may have come back meanwhile.
    Returns what was accepted about that, for the journal; empty where nothing contradicts. Raises WrongState."""
    observed, evidence = observe_owner(task.definition, task.hosts, task.clock)
    if observed in (promised, "unknown") or (record.kind == "drill" and observed == "none"):
        return {}
    what = f"names or addresses of the identity lead to {OBSERVED[observed]}, not to the {promised} alone ({against(evidence, promised)})"
    if both_hold_addresses(evidence):
        raise WrongState(f"the {record.kind} is not closed: {what}, and both servers have an address of it. Take it from the one that must not have it")
    reason = reasons(task.params["accept"] or {}).get(FINDING, "")
    if reason:
        return {"what": f"{FINDING}: {what}", "finding": FINDING, "reason": reason}
    # What was accepted before would fail again on the way.
    failures = {entry["step"].partition("@")[0]: entry["reason"] for entry in record.accepted if entry.get("step") and not {"decision", "finding"} & set(entry)}
    accepting_it = command(
        record.kind,
        task.identity,
        failover_accept=task.accepting(FINDING),
        **({"failover_accept_failure": failures} if failures else {}),
    )
    raise OwnerNotConfirmed(
        f"the {record.kind} is not closed: {what}. Run the playbook again: its steps put right what somebody changed since. "
        f"Or accept it with a reason: {accepting_it}",
        observed=observed,
        next=accepting_it,
    )


def stop(task: RunTask) -> None:
    """Gives the lease back without ending the run, so that it can be resumed at once, from any controller."""
    run = task.given_run()
    ours = task.journal.lease.holder == run["holder"] and task.journal.lease.epoch == run["epoch"]
    task.result.changed = ours
    if ours and not task.check_mode:
        task.journal.claim(releasing(run))
    task.result.outcomes.append(Outcome(run["id"], task.status() if ours else "already", ours))
    record = task.fold.runs.get(run["id"])
    first = record.first_word() if record is not None else ""
    task.result.extra["accepted"] = list(record.accepted) if record is not None else []
    if record is not None and record.ended:
        task.result.msg = f"{first}run {record.id} of {task.identity} had been {record.ended} before; {_tell_what_follows(task, record)}"
    else:
        task.result.msg = f"{first}run {run['id']} of {task.identity} is stopped; {_tell_progress(task, run)}"


def _tell_what_follows(task: RunTask, record: RunRecord) -> str:
    """What failed after a run had ended is no part of it: there is nothing to resume and nothing to undo. Returns it as a sentence."""
    extra = task.result.extra
    extra.update(done=progress(record, task.definition)[0], not_done=[], next_accepting="", undo="")
    if record.kind == "failback" and record.ended == "closed":
        extra["next"] = command("arm", task.identity)
        return "what failed came afterwards. The source owns the identity; arm it again"
    if record.kind == "drill":
        # No arming, and no other drill, which arms first: that would take what was left behind for peace time.
        extra["next"] = command("status", task.identity)
        return "what failed came afterwards: take away by hand what it left behind before the identity is armed again"
    extra["next"] = next_of(task.fold, task.identity, task.clock.now(), minimum=minimum_of(task.definition))
    return f"what failed came afterwards. {task.identity} is {task.fold.state}"


def _tell_progress(task: RunTask, run: t.Mapping[str, t.Any]) -> str:
    """Fills in what is done, what is not, and the commands to go on and to undo. Returns it as a sentence."""
    extra, record = task.result.extra, task.fold.runs.get(run["id"])
    done, not_done = progress(record, task.definition) if record is not None else ([], [])
    playbook, did = run["kind"], "changed"
    if record is not None and record.undo_begun_at:
        playbook, did, (done, not_done) = "undo", "put back", undo_progress(record, task.fold.runs.get(record.reverts))
    extra.update(done=done, not_done=not_done)
    extra["next"] = command(playbook, task.identity)
    extra["next_accepting"] = accepting(playbook, task.identity, failed_steps(not_done))
    extra["undo"] = command("undo", task.identity)
    return in_words(done, not_done, did)


def abandon(task: RunTask) -> None:
    record, result = abandoning(task.fold, task.identity), task.result
    if record is None:
        result.outcomes.append(Outcome("run", "already"))
        result.msg = f"{task.identity} has no open run"
        return
    if not task.reason():
        raise InvalidInput("reason: say why the run is given up")
    claim = LeaseClaim(holder=secrets.token_hex(8), epoch=task.journal.lease.epoch + 1, seconds=30.0, by=task.who(), run=record.id, acquire=True)
    result.changed = True
    left = end_through_own_lease(task, claim, [task.journal.draft("run_abandoned", run=record.id, by=claim.by, data={"reason": task.params["reason"]})])
    if not task.definition:
        left = "; whether its marker stayed in DNS was not looked at, as no definition was given"
    result.outcomes.append(Outcome(record.id, task.status(), True, before=task.fold.state, after=task.journal.fold().state))
    owner = OWNER_BEFORE[record.kind]
    result.extra["owner_afterwards"] = owner
    result.msg = (
        f"{record.first_word()}{record.kind} run {record.id} of {task.identity} is abandoned: it had moved nothing, the {owner} owns the identity{left}"
    )
