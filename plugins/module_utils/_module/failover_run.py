# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_run: arms an identity, opens, closes and abandons its runs. Every other module works inside what this opens."""

from __future__ import annotations

import getpass
import secrets
import socket
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.baseline import differences
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import OWNER_AFTERWARDS, Opening, abandoning, closing, opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import phases, timeline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import take_baseline
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import observe_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._probing import source_answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import require_machine

#: An unchanged baseline is written again after this many seconds, so that its age says when it was last true.
REFRESH = 3600.0


def failover_run_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["armed", "opened", "stopped", "closed", "abandoned"], "required": True},
            "definition": {"type": "dict", "options": definition_spec()},
            "kind": {"type": "str", "choices": ["failover", "failback", "drill"], "default": "failover"},
            "mode": {"type": "str", "choices": ["execute", "plan"], "default": "execute"},
            "run": {"type": "dict"},
            "lease_seconds": {"type": "float", "default": 60.0},
            "by": {"type": "str"},
            "reason": {"type": "str"},
        },
        required_if=[
            ("state", "armed", ["definition"]),
            ("state", "opened", ["definition"]),
            ("state", "closed", ["run"]),
            ("state", "stopped", ["run"]),
            ("state", "abandoned", ["reason"]),
        ],
    )


def failover_run(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """One verb of a run's life. Every verb says who owns the identity afterwards (``owner_afterwards``)."""
    journal = open_journal(params["identity"], params["store"], params["mirror"], hosts, clock)
    fold = journal.read()
    result = Result(warnings=journal.warnings)
    verb = {"armed": _arm, "opened": _open, "stopped": _stop, "closed": _close, "abandoned": _abandon}[params["state"]]
    verb(params, hosts, clock, journal, fold, result, check_mode)
    after = journal.fold()
    result.diff = {"before": {"state": fold.state}, "after": {"state": after.state}}
    result.extra.setdefault("run", {})
    result.extra.update(state=after.state, timeline=timeline(journal.events), baseline=after.baseline)
    result.extra.setdefault("owner_afterwards", "target" if after.state in ("failed_over", "threatened") else "source")
    return result


def _arm(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    identity = params["identity"]
    if fold.active_run or fold.state not in ("unarmed", "protected"):
        raise WrongState(f"{identity} is {fold.state}: a baseline can only be taken while the source owns the identity and no run is open")
    baseline, warnings = take_baseline(params["definition"], hosts, clock)
    _healthy(baseline, params, identity)
    result.warnings.extend(warnings)
    changed = differences(fold.baseline, baseline)
    old = (clock.now() - moment(fold.armed_at)).total_seconds() if fold.armed_at else None
    for name, (before, after) in changed.items():
        result.outcomes.append(Outcome(name, "predicted" if check_mode else "done", True, before=before, after=after))
    if not changed:
        result.outcomes.append(Outcome("baseline", "already", before=fold.armed_at, after=fold.armed_at))
    result.changed = bool(changed)
    if not check_mode and (changed or old is None or old > REFRESH):
        journal.append([journal.draft("armed", by=_who(params), host=params["definition"]["source"]["host"], data=baseline)])
    result.msg = f"{identity} is armed: " + (
        f"{len(changed)} things differ from the last baseline"
        if changed and fold.baseline
        else "the baseline is as it was"
        if not changed
        else "first baseline"
    )


def _healthy(baseline: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], identity: str) -> None:
    """A failback starts what the baseline recorded: one of a sick source would leave it sick."""
    source = baseline["source"]
    down = [name for name, image in baseline["services"][source].items() if image is None or image["state"] != "Running"]
    if down and not (params["reason"] or "").strip():
        raise WrongState(
            f"{identity} is not armed: {', '.join(down)} of {source} do not run, and a failback would leave them so. "
            "Start them, or say with reason why this is how the source serves"
        )


def _open(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    identity, kind, definition = params["identity"], params["kind"], params["definition"]
    plan = params["mode"] == "plan"
    found = Opening("open") if plan else opening(fold, identity, kind)
    if plan and fold.state == "unarmed":
        raise WrongState(f"{identity} is unarmed: a plan compares with the baseline; run the arm playbook first")
    if found.beside:
        result.warnings.append(f"the drill run {found.beside} had stopped and was not put back; the failover goes on beside it")
    result.extra["owner_afterwards"] = OWNER_AFTERWARDS[kind]
    if found.how == "already":
        result.outcomes.append(Outcome(kind, "already", before=fold.state, after=fold.state))
        result.msg = f"{identity} is {fold.state}: there is nothing to do"
        return
    _right_target(definition, fold, hosts)
    if found.how == "open" and kind == "failover" and fold.incident and not plan:
        _refuse_recovered_source(definition, hosts, clock, journal, check_mode, identity)
    run_id = found.run or f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    claim = LeaseClaim(holder=secrets.token_hex(8), epoch=journal.lease.epoch + 1, seconds=params["lease_seconds"], by=_who(params), run=run_id, acquire=True)
    event_kind = "run_resumed" if found.how == "resume" else "run_opened"
    planned = fold.incident is None
    data = {
        "kind": kind,
        "mode": params["mode"],
        "epoch": claim.epoch,
        "planned": planned,
        "reverts": fold.last_failover if kind == "failback" else "",
        "reason": params["reason"] or "",
    }
    result.changed = True
    result.outcomes.append(Outcome(run_id, "predicted" if check_mode else "done", True, before=fold.state, after=f"{kind} {found.how}"))
    if not check_mode:
        # A plan changes nothing, so it takes no lease and is in nobody's way.
        journal.append([journal.draft(event_kind, run=run_id, by=claim.by, host=definition["target"]["host"], data=data)], None if plan else claim)
    result.extra["resumed"] = found.how == "resume"
    result.extra["run"] = _run_option(params, fold, claim, run_id)
    result.extra["reverts"] = fold.last_failover if kind == "failback" else run_id
    result.msg = (
        f"{kind} run {run_id} of {identity} is {'resumed' if found.how == 'resume' else 'open'}; afterwards the {OWNER_AFTERWARDS[kind]} owns the identity"
    )


def _right_target(definition: t.Mapping[str, t.Any], fold: Fold, hosts: Hosts) -> None:
    """The target must be the machine that was armed. The source may be dead; each step that touches it looks for itself."""
    host = definition["target"]["host"]
    known = fold.baseline.get("machines", {}).get(host)
    if known is None or definition["source"]["host"] not in fold.baseline["machines"]:
        raise WrongState("the baseline does not know both hosts of the definition: it was changed since the identity was armed; run the arm playbook again")
    require_machine(hosts.named(host), Machine(uuid=known["uuid"], name=known["name"]), 20.0)


def _refuse_recovered_source(definition: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, check_mode: bool, identity: str) -> None:
    """Votes are for a dead source: when it answers again nobody has approved anything."""
    answer = source_answers(definition, hosts, clock)
    if answer:
        if not check_mode:
            journal.append([journal.draft("incident_recovered", by="failover_run", host=definition["source"]["host"], data={"msg": answer})])
        raise WrongState(
            f"{identity}: the source answers again ({answer}); the votes are void and nothing was moved. For a planned move decide again with the ack playbook"
        )


def _run_option(params: t.Mapping[str, t.Any], fold: Fold, claim: LeaseClaim, run_id: str) -> dict[str, t.Any]:
    """What every step of the run takes as its ``run`` option."""
    definition, store = params["definition"], dict(params["store"] or {})
    if store.get("kind") != "directory" and not store.get("host"):
        store = {"kind": "target", "host": definition["target"]["host"], "path": store.get("path")}
    return {
        "id": run_id,
        "identity": params["identity"],
        "kind": params["kind"],
        "mode": params["mode"],
        "epoch": claim.epoch,
        "holder": claim.holder,
        "by": claim.by,
        "lease_seconds": claim.seconds,
        "store": store,
        "mirror": params["mirror"],
        "machines": fold.baseline.get("machines", {}),
    }


def _close(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    run = _given_run(params)
    record = closing(fold, params["identity"], run["id"])
    result.extra["phases"] = phases(journal.events, run["id"])
    result.extra["owner_afterwards"] = OWNER_AFTERWARDS[run["kind"]]
    if record is None:
        result.outcomes.append(Outcome(run["id"], "already"))
        result.msg = f"run {run['id']} is closed"
        return
    plan = record.mode == "plan"
    if params["definition"] and not plan:
        _owner_as_promised(params["definition"], hosts, clock, run["kind"])
    result.changed = True
    if not check_mode:
        claim = LeaseClaim(holder=run["holder"], epoch=run["epoch"], seconds=run["lease_seconds"], by=run.get("by") or "", run=run["id"], release=True)
        event = journal.draft("run_closed", run=run["id"], by=claim.by, data={"kind": run["kind"], "accepted": record.accepted})
        journal.append([event], None if plan else claim, anywhere=True)
    result.outcomes.append(Outcome(run["id"], "predicted" if check_mode else "done", True, before=fold.state, after=journal.fold().state))
    result.extra["accepted"] = record.accepted
    result.msg = f"{run['kind']} run {run['id']} of {params['identity']} is closed: the {OWNER_AFTERWARDS[run['kind']]} owns the identity"


def _owner_as_promised(definition: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, kind: str) -> None:
    """The world is looked at once more before the journal says that it is done: the source may have come back meanwhile."""
    promised = OWNER_AFTERWARDS[kind]
    observed, evidence = observe_owner(definition, hosts, clock)
    if observed in (promised, "unknown") or (kind == "drill" and observed == "none"):
        return
    against = [one for one in evidence if one["says"] not in (promised, "unreachable", "")]
    shown = "; ".join(f"{one['of']}: {one.get('name', '')} {', '.join(one.get('values') or ()) or 'nothing'}" for one in against[:3])
    raise WrongState(
        f"the {kind} is not closed: names or addresses of the identity lead to the {observed}, not to the {promised} ({shown}). "
        "Run the playbook again: its steps put right what somebody changed since",
        observed=observed,
    )


def _stop(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    """Gives the lease back without ending the run, so that it can be resumed at once, from any controller."""
    run = _given_run(params)
    ours = journal.lease.holder == run["holder"] and journal.lease.epoch == run["epoch"]
    result.changed = ours
    if ours and not check_mode:
        journal.claim(LeaseClaim(holder=run["holder"], epoch=run["epoch"], seconds=run["lease_seconds"], by=run.get("by") or "", run=run["id"], release=True))
    result.outcomes.append(Outcome(run["id"], "already" if not ours else "predicted" if check_mode else "done", ours))
    result.msg = f"run {run['id']} of {params['identity']} is stopped; run the {run['kind']} playbook again to resume it"


def _abandon(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    record = abandoning(fold, params["identity"])
    if record is None:
        result.outcomes.append(Outcome("run", "already"))
        result.msg = f"{params['identity']} has no open run"
        return
    if not (params["reason"] or "").strip():
        raise InvalidInput("reason: say why the run is given up")
    claim = LeaseClaim(holder=secrets.token_hex(8), epoch=journal.lease.epoch + 1, seconds=30.0, by=_who(params), run=record.id, acquire=True)
    result.changed = True
    if not check_mode:
        # Through a lease of our own, so that a controller that still works on the run keeps it.
        journal.append([journal.draft("run_abandoned", run=record.id, by=claim.by, data={"reason": params["reason"]})], claim)
        journal.claim(LeaseClaim(**{**vars(claim), "acquire": False, "release": True}))
    result.outcomes.append(Outcome(record.id, "predicted" if check_mode else "done", True, before=fold.state, after=journal.fold().state))
    result.msg = f"run {record.id} of {params['identity']} is abandoned: it had moved nothing, the source owns the identity"


def _given_run(params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    run = params["run"]
    missing = [key for key in ("id", "kind", "epoch", "holder", "lease_seconds") if key not in run]
    if missing:
        raise InvalidInput(f"run: {', '.join(missing)} missing; pass the result key run of the task that opened the run")
    return t.cast("t.Mapping[str, t.Any]", run)


def _who(params: t.Mapping[str, t.Any]) -> str:
    return params["by"] or f"{getpass.getuser()}@{socket.gethostname()}"
