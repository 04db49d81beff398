# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_status: what the journal and the world say of an identity. Changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock, threats
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.threats import GUARDED
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._threats import look_for_threats
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._record_guard import guards_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command, minimum_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import ageing, repairs
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord, without_approval
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import next_kind
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.situation import ownership, situation
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES, rightful_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import accepted_of, broken_glasses, run_reports, timeline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import owner_after_undo
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import live_votes, shown, standing_against
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_debts
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import AUTH_OPTIONS
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._lock_guard import look_at_locks
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import observe_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._journal_source import (
    Source,
    next_with,
    overtaken,
    read_what_verifies,
    seen_state,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

#: Seconds between two reads while a state is waited for.
LOOK = 2.0


def failover_status_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "definition": {"type": "dict", "options": definition_spec()},
            "kerberos": AUTH_OPTIONS["kerberos"],
            "wait_for": {"type": "list", "elements": "str", "choices": [state.name for state in STATES]},
            "timeout": {"type": "float", "default": 300.0},
        }
    )


def failover_status(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Reads; waits for one of ``wait_for`` where that is given."""
    identity, result = params["identity"], Result()
    journal = open_journal(identity, params["store"], params["mirror"], hosts, clock, spare=True, whole=True)
    deadline = Deadline(clock, params["timeout"])
    fold, source = read_what_verifies(journal, clock, result)
    while params["wait_for"] and fold.state not in params["wait_for"]:
        if deadline.passed():
            raise DeadlineExceeded(f"{identity} is still {fold.state}, not {' or '.join(params['wait_for'])}, after {params['timeout']:g} s", state=fold.state)
        clock.sleep(min(LOOK, deadline.remaining()))
        fold, source = read_what_verifies(journal, clock, result)
    observed, evidence = observe_owner(params["definition"], hosts, clock) if params["definition"] else ("unknown", [])
    if source.read_from == "observation":
        fold.state = seen_state(observed)
    rightful = rightful_owner(fold.state)
    # What to do against a threat, or to repair, is for a journal that holds: by an older mirror it would be done to the rightful owner.
    doubt = overtaken(source, fold, identity, observed)
    guarded = fold.state in GUARDED and not doubt
    pulling = fold.threats
    if params["definition"] and fold.state in GUARDED:
        evidence = look_for_threats(params["definition"], evidence, fold, hosts, clock)
        pulling = threats.pulling(fold.threats, evidence)
        ages = ageing(fold.runs.get(fold.last_failover), clock.now())
        result.warnings.extend(f"{identity}: {sentence}" for sentence in [*threats.unproven(evidence), *ages])
    result.warnings.extend([doubt] if doubt else [f"{identity}: {one['msg']}: {one['remedy']}" for one in pulling])
    if observed == "both":
        result.warnings.append(f"{identity}: names or addresses lead to both servers at once")
    result.warnings.extend(f"{identity}: {sentence}" for sentence in standing_against(fold.state, fold.incident, fold.votes, clock.now()))
    result.warnings.extend(journal.warnings)
    result.outcomes.append(Outcome(identity, "already", before=fold.state, after=fold.state))
    result.extra = _facts(journal, source, fold, clock)
    glass = _open_glass(fold)
    result.warnings.extend(
        f"break-glass: {one['by']} opened the {one['kind']} run {one['run']} at {one['at']} without approval: {one['reason']}" for one in glass
    )
    result.warnings.extend(
        f"the {one.kind} run {one.id} stopped and was not put back before another run was opened. To put it back: {command('undo', identity)}"
        for one in fold.left_over()
    )
    result.extra.update(owner={"rightful": rightful, "observed": observed, "evidence": evidence}, read_from=source.read_from, at=stamp(clock.now()))
    result.extra.update(guarded=guarded, threats=pulling, doubt=doubt)
    lease = journal.lease if source.condition == "ok" else None
    result.extra["situation"] = situation(fold, source.known.events, params["definition"] or {}, lease, clock.now())
    owed = _dns_debts.read_again(fold.debts, endpoints(params["definition"] or {}), clock)
    result.extra["debts"] = _dns_debts.shown(owed)
    result.warnings.extend(f"{identity}: {warning}" for warning in _dns_debts.warnings(owed))
    _tell_locks(params, fold, clock, result, guarded=guarded)
    result.extra["repairs"] = repairs(guards_of(params["definition"], fold), evidence) if params["definition"] and guarded else []
    result.extra["next"] = command("status", identity) if doubt else next_with(source, fold, identity, clock.now(), pulling, minimum_of(params["definition"]))
    # Status writes nothing: the state is what the journal says, until the monitor has looked.
    pulls = f"; {len(pulling)} thing{'s pull' if len(pulling) > 1 else ' pulls'} it back (see the warnings)" if pulling else ""
    pulls = "; the mirror may be out of date (see the warnings)" if doubt else pulls
    threatened = " and threatened" if pulling and not doubt and fold.state == "failed_over" else ""
    active = fold.active()
    given_back = owner_after_undo(fold, active.kind) if active is not None and active.undo_begun_at else ""
    first = without_approval(glass[0]["reason"]) if glass else ""
    result.msg = f"{first}{identity} is {fold.state}{threatened}; {ownership(fold.state, rightful, observed, given_back)}{pulls}"
    return result


def _tell_locks(params: t.Mapping[str, t.Any], fold: Fold, clock: Clock, result: Result, *, guarded: bool) -> None:
    """What the journal knows as locked, and what the directory says of it, where there is an account to ask it with. A lock is only ``lost`` where
    it is still to be there, which is while the identity is ``guarded``."""
    identity, locked = params["identity"], dns_lock.left_locked(fold.runs.values())
    there = look_at_locks(params["definition"] or {}, params.get("kerberos"), fold, clock)
    lost = there.lost if guarded else []
    result.extra.update(locked=sorted(locked), locks=there.sites, lock_lost=sorted({one.name for one in lost}))
    result.warnings.extend(f"{identity}: {sentence}" for sentence in there.doubts)
    result.warnings.extend(f"{identity}: {one.msg}: find out who took it away, then let the playbook repair_dns lock it again" for one in lost)
    if rightful_owner(fold.state) == "source" and fold.active() is None:
        left = {name: account for name, account in locked.items() if name not in there.gone}
        result.warnings.extend(filter(None, [dns_lock.forgotten(identity, left)]))


def _open_glass(fold: Fold) -> list[dict[str, t.Any]]:
    """Of the runs that still matter: the open one, and the failover that has not been taken back."""
    matter = {fold.active_run} | ({fold.last_failover} if rightful_owner(fold.state) != "source" else set())
    return [one for one in broken_glasses(fold) if one["run"] in matter]


def _who(run: RunRecord) -> dict[str, str]:
    return {"id": run.id, "kind": run.kind, "opened_at": run.opened_at, "by": run.by}


def _facts(journal: Journal, source: Source, fold: Fold, clock: Clock) -> dict[str, t.Any]:
    active = fold.active()
    return {
        "break_glass": broken_glasses(fold),
        "state": fold.state,
        "next_kind": next_kind(fold.state),
        "incident": fold.incident,
        "votes": [shown(vote) for vote in live_votes(fold.votes, clock.now())],
        "active_run": _who(active) if active else None,
        "left_over": [_who(run) for run in fold.left_over()],
        "lease": {"by": journal.lease.by, "run": journal.lease.run, "remaining": round(max(0.0, journal.lease.remaining), 1)} if journal.lease.live else None,
        "baseline": {
            "armed_at": fold.armed_at,
            "age": (clock.now() - moment(fold.armed_at)).total_seconds() if fold.armed_at else None,
            "machines": fold.baseline.get("machines", {}),
        },
        "accepted": accepted_of(fold),
        "runs": run_reports(fold),
        "timeline": timeline(source.known.events),
        "head": {"seq": source.known.head.seq, "hash": source.known.head.hash},
        "unexpected": fold.unexpected,
        "journal": {"condition": source.condition, "place": journal.store.place, "msg": source.msg},
        "certain": list(source.certain),
        "uncertain": list(source.uncertain),
    }
