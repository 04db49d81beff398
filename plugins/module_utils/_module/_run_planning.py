# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verbs of failover_run in plan mode: a plan is begun, made into its document, or dropped. No lease, nothing moved."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command, deciding, minimum_of, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import had_fenced
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Facts, document, expected_durations
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import hooks_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import BREAK_GLASS, OWNER_AFTERWARDS, STARTS, begins_in_vain
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import key_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import live_votes, wished_data
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_opening import run_option
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim


def is_plan(params: t.Mapping[str, t.Any]) -> bool:
    return bool(params["mode"] == "plan" or (params.get("run") or {}).get("mode") == "plan")


def begin_plan(task: RunTask) -> None:
    """Gives what the steps take as ``run``. Nothing is written: a plan that nobody finishes leaves no trace in the journal."""
    kind, fold, result = task.params["kind"], task.fold, task.result
    if kind == "failback" and not fold.last_failover:
        raise WrongState(f"{task.identity} is {fold.state} and was never failed over, so a failback has nothing to put back")
    run_id = f"{task.clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    nobody = LeaseClaim(holder=secrets.token_hex(8), epoch=task.journal.lease.epoch, seconds=task.params["lease_seconds"], by=task.who(), run=run_id)
    data_state = (wished_data(fold.votes, task.clock.now()) or str(task.params.get("data_state") or "")) if kind == "failover" else ""
    result.outcomes.append(Outcome(run_id, "predicted", before=fold.state, after=f"{kind} plan"))
    result.extra.update(
        owner_afterwards=OWNER_AFTERWARDS[kind],
        resumed=False,
        run={**run_option(task, nobody, run_id, data_state), "mode": "plan", "predictions": Predictions.begin().path},
        reverts=fold.last_failover if kind == "failback" else run_id,
    )
    if not fold.armed_at:
        result.warnings.append(f"{task.identity} has no baseline: the plan does not check which machines answer")
    result.msg = f"a {kind} of {task.identity} is planned; afterwards the {OWNER_AFTERWARDS[kind]} would own the identity"


def finish_plan(task: RunTask) -> None:
    """The document of everything that the steps predicted. The journal keeps its hash, so that a run can say what it was opened on."""
    run, result = task.params["run"] or {}, task.result
    missing = [key for key in ("id", "kind", "predictions") if key not in run]
    if missing:
        raise InvalidInput(f"run: {', '.join(missing)} missing; pass the result key run of the task that began the plan")
    if not task.definition:
        raise InvalidInput("definition: a plan's document names the definition that it was made for")
    kept = Predictions(run["predictions"])
    durations = expected_durations(task.fold.runs.values(), run["kind"])
    made = document(_facts(task, run), kept.all(), task.params.get("findings") or [], hooks_of(run["kind"], task.params.get("hooks") or []), durations)
    if not task.check_mode:
        _record(task, run, made)
    kept.end()
    coverage = made["coverage"]
    result.outcomes.append(Outcome(run["id"], "predicted", before=task.fold.state, after=made["hash"]))
    result.extra.update(plan=made, plan_hash=made["hash"], owner_afterwards=made["owner_afterwards"], next=_next(task, run["kind"]))
    in_vain = begins_in_vain(run["kind"], made["state"])
    result.msg = (
        f"plan {made['hash'][:16]}: the {run['kind']} of {task.identity} would make {coverage['changes']} changes "
        f"({coverage['probed']} probed, {coverage['predicted']} predicted, {coverage['unknown']} unknown); "
        f"afterwards the {made['owner_afterwards']} owns the identity{'. Not now, though: ' + in_vain if in_vain else ''}"
    )


def _next(task: RunTask, kind: str) -> str:
    """People decide before a failover, unless one breaks the glass; what needs no decision can begin. A kind that the state does not allow is not
    what is done next."""
    state, undoing, minimum = task.fold.state, task.fold.undoing(), minimum_of(task.definition)
    if undoing or begins_in_vain(kind, state):
        return next_command(state, task.identity, undoing=undoing, minimum=minimum)
    if kind == "failover" and task.params.get("break_glass") and state in (*BREAK_GLASS, "unarmed"):
        return command(kind, task.identity, failover_break_glass="...")  # a word for one opening
    if kind == "failover" and state not in STARTS[kind]:
        votes = live_votes(task.fold.votes, task.clock.now())
        return next_command(state, task.identity, minimum=minimum, votes=votes) or deciding(task.identity, minimum)
    if kind == "failback" and "before_quiesce" not in (task.params.get("hooks") or []) and not task.reason():
        return next_command("failed_over", task.identity)  # it asks what became of the data, unless that hook proves it, or it was said
    return command(kind, task.identity)


def drop_plan(task: RunTask) -> None:
    """After a failure: the file with the predictions goes; there is no lease to give back."""
    run = task.params["run"] or {}
    if run.get("predictions"):
        Predictions(run["predictions"]).end()
    task.result.outcomes.append(Outcome(str(run.get("id", "plan")), "already"))
    task.result.msg = f"the plan of {task.identity} was given up; it had changed nothing"


def _facts(task: RunTask, run: t.Mapping[str, t.Any]) -> Facts:
    fold, kind, now = task.fold, run["kind"], task.clock.now()
    return Facts(
        id=run["id"],
        identity=task.identity,
        kind=kind,
        state=fold.state,
        owner_afterwards=OWNER_AFTERWARDS[kind],
        definition=task.definition,
        intent={
            "identity": task.identity,
            "direction": kind,
            "fence_minimum": (task.definition.get("fence") or {}).get("minimum"),
            "incident": (fold.incident or {}).get("id", ""),
        },
        baseline=fold.baseline,
        armed_at=fold.armed_at,
        baseline_age=round((now - moment(fold.armed_at)).total_seconds(), 1) if fold.armed_at else None,
        made_at=stamp(now),
        by=run.get("by") or task.who(),
        fenced=kind == "failback" and had_fenced(fold.runs.get(fold.last_failover), key_of("fence", "source", task.definition)),
    )


def _record(task: RunTask, run: t.Mapping[str, t.Any], made: t.Mapping[str, t.Any]) -> None:
    """A journal that cannot be written is no reason to keep the plan from those who need it."""
    data = {"hash": made["hash"], "kind": made["kind"], "coverage": made["coverage"]}
    try:
        task.journal.append([task.journal.draft("plan_recorded", run=run["id"], by=made["about"]["by"], data=data)], anywhere=True)
    except FailoverError as error:
        task.result.warnings.append(f"the journal does not know of this plan: {error.message}")
