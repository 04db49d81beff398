# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Undoing a run: it is resumed in order to be put back (``opened`` with mode ``undo``), and ends as ``reverted``."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import no_return, undo
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo_progress import what_it_takes
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import (
    FINDING,
    OBSERVED,
    OwnerNotConfirmed,
    against,
    both_hold_addresses,
    observe_owner,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._probing import source_answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_ending import take_markers_away
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_opening import begin
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask, releasing


def open_undo(task: RunTask, taken: t.Mapping[str, t.Any] | None = None) -> None:
    """Takes the lease of the open run, of whatever kind, in order to put it back. Says beforehand what that means, and changes nothing itself.
    ``taken``: whose lease is taken over; the reason is then for that, and consent for the data comes as ``accept.data_at_stake``.
    An undo that goes on has what was said of the data in the journal, and does not ask again."""
    record, result = undo.undoing(task.fold, task.identity), task.result
    if record is None:
        result.outcomes.append(Outcome("undo", "already", before=task.fold.state, after=task.fold.state))
        result.msg = f"{task.identity} has no open run: there is nothing to undo"
        return
    if task.params["kind"] != record.kind:
        task = dataclasses.replace(task, params={**task.params, "kind": record.kind})
    owner = undo.owner_after_undo(task.fold, record.kind)
    point = _data_at_stake(record, task)
    consent = reasons(task.params["accept"] or {}).get("data_at_stake", "") or (task.reason() if taken is None else "")
    consent = consent or record.data_consent
    if point is not None and not consent:
        taker = task.definition[no_return.TAKER[record.kind]]["host"]
        raise InvalidInput(
            f"undoing the {record.kind} run {record.id} of {task.identity} gives the identity back to the {owner}, but {point.because}. "
            f"Bring what was written on {taker} since to the {owner} first and say how with {option('failover_data_restored', '...')}, "
            f"or give it up with {option('failover_discard', 'why')}",
            point_of_no_return=point.step,
            next=command("undo", task.identity, failover_data_restored="..."),
        )
    begin(task, record.id, taken=taken, consent=consent)
    facts = _facts(record, task, undo.still_to_put_back(record, task.fold.runs.get(record.reverts)))
    result.extra.update(owner_afterwards=owner, reverts=record.id, undoing=facts)
    stays = f" What stays: {'; '.join(facts['lasting'])}." if facts["lasting"] else ""
    result.msg = (
        f"{record.first_word()}the {record.kind} run {record.id} of {task.identity} is resumed in order to undo it; {what_it_takes(facts['steps'], record)}. "
        f"Afterwards the {owner} owns the identity.{stays}"
    )


def _data_at_stake(record: RunRecord, task: RunTask) -> no_return.PointOfNoReturn | None:
    if not task.definition:
        return None
    return no_return.data_at_stake(record, task.definition, task.fold.runs.get(record.reverts), task.params.get("hooks") or [])


def _facts(record: RunRecord, task: RunTask, steps: list[dict[str, str]]) -> dict[str, t.Any]:
    point = _data_at_stake(record, task)
    return {
        "kind": record.kind,
        "steps": steps,
        "clients": "clients" in record.images and record.kind != "drill",
        "point_of_no_return": point.step if point is not None else "",
        "lasting": undo.lasting(undo.begun(record), record.images, record.steps),
    }


def revert(task: RunTask) -> None:
    """Ends an undone run, once the journal shows that its steps were put back and the world shows who owns the identity."""
    run, result = task.given_run(), task.result
    record = undo.undone(task.fold, task.identity, run["id"])
    owner = undo.owner_after_undo(task.fold, run["kind"])
    result.extra["owner_afterwards"] = owner
    if record is None:
        result.outcomes.append(Outcome(run["id"], "already"))
        result.msg = f"{task.fold.runs[run['id']].first_word()}run {run['id']} is undone"
        return
    observed, accepted = _read_back(task, record, owner)
    left = undo.left_behind(record)
    lasting = undo.lasting(undo.begun(record), record.images, record.steps)
    data = {"kind": record.kind, "owner": owner, "observed": observed, "left": left, "lasting": lasting, "accepted": record.accepted}
    result.changed = True
    take_markers_away(task, run)
    if not task.check_mode:
        journal = task.journal
        drafts = [journal.draft("accepted", run=record.id, by=run.get("by") or "", data=accepted)] if accepted else []
        journal.append([*drafts, journal.draft("run_reverted", run=record.id, by=run.get("by") or "", data=data)], releasing(run), anywhere=True)
        _look_at_the_source(task)
    result.outcomes.append(Outcome(record.id, task.status(), True, before=task.fold.state, after=task.journal.fold().state))
    result.warnings.extend(f"not put back, as accepted: {one}" for one in left)
    result.extra["undoing"] = {**_facts(record, task, undo.undo_order(record, task.fold.runs.get(record.reverts))), "left": left, "observed": observed}
    result.extra["accepted"] = [*record.accepted, *([accepted] if accepted else [])]
    stays = f". What stays: {'; '.join([*left, *lasting])}" if left or lasting else ""
    result.msg = f"{record.first_word()}the {record.kind} run {record.id} of {task.identity} is undone: the {owner} owns the identity{stays}"


def _look_at_the_source(task: RunTask) -> None:
    """An incident whose source answers by now is over: nobody is to decide on it any more."""
    if not task.definition or task.journal.fold().state != "pending":
        return
    answer = source_answers(task.definition, task.hosts, task.clock)
    if answer:
        source = task.definition["source"]["host"]
        task.journal.append([task.journal.draft("incident_recovered", by="failover_run", host=source, data={"msg": answer})], anywhere=True)
        task.result.warnings.append(f"{source} answers again ({answer}): the incident is over")


def _read_back(task: RunTask, record: RunRecord, owner: str) -> tuple[str, dict[str, t.Any]]:
    """Who owns the identity as observed, and what was accepted about that. A dead owner's silence is no contradiction."""
    if not task.definition:
        return "unknown", {}
    observed, evidence = observe_owner(task.definition, task.hosts, task.clock)
    if observed in (owner, "unknown") or (observed == "none" and (record.kind == "drill" or not undo.leads_anywhere(record))):
        return observed, {}
    what = f"names or addresses of the identity lead to {OBSERVED[observed]}, not to the {owner} alone ({against(evidence, owner)})"
    absolute = both_hold_addresses(evidence)
    if task.reason() and not absolute:
        return observed, {"what": what, "finding": FINDING, "reason": task.reason()}
    accepting_it = "" if absolute else command("undo", task.identity, failover_accept=task.accepting(FINDING))
    told: dict[str, t.Any] = {"observed": observed, **({"next": accepting_it} if accepting_it else {})}
    raise (WrongState if absolute else OwnerNotConfirmed)(
        f"the {record.kind} is not undone: {what}. Put right by hand what somebody changed on a server since, "
        "and run the undo playbook again: it looks at the records once more" + (f", or accept it with a reason: {accepting_it}" if accepting_it else ""),
        **told,
    )
