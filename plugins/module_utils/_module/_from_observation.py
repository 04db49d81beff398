# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""``from_observation``: a journal that was lost is begun anew, from the mirror and from what is observed (architecture, section 7)."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import restart
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head, chain
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    FailoverError,
    InvalidInput,
    JournalBroken,
    JournalRewound,
    ScriptFailed,
    StoreError,
    TransportError,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import observe_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import TIMEOUT, Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import read_machine

#: What a journal that can't be used raises.
LOST = (JournalBroken, JournalRewound)
#: Seconds for a machine to say who it is, and for the lease that the new beginning is written under.
ASK, LEASE = 20.0, 30.0


def condition_of(error: FailoverError) -> str:
    """One of ``restart.CONDITIONS``."""
    if isinstance(error, JournalRewound):
        return "rewound" if error.details.get("store") else "empty"
    if isinstance(error, JournalBroken):
        return "broken"
    return "silent" if isinstance(error, TransportError) else "unreadable"


def read_or_restart(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, result: Result, *, check_mode: bool) -> tuple[Journal, Fold]:
    """The journal and its meaning; begun anew where it is lost and ``from_observation`` says why that is right."""
    journal = open_journal(params["identity"], params["store"], params["mirror"], hosts, clock, spare=True)
    result.warnings = journal.warnings
    asked = params.get("from_observation")
    if asked is not None and not asked.strip():
        raise InvalidInput("from_observation: an empty reason explains nothing; write why the journal is begun anew")
    try:
        read = journal.read()
    except (*LOST, ScriptFailed, StoreError) as error:
        if not asked:
            error.details.setdefault("next", _next(params, anew=isinstance(error, LOST)))
            raise
        if not isinstance(error, LOST):
            raise StoreError(
                f"the journal cannot be begun anew in {journal.store.place}, which cannot be used ({error.message}): "
                "name another place in the definition (store.path, or store.host) and run the playbook again"
            ) from error
        return _restart(params, hosts, clock, journal, error, result, check_mode=check_mode)
    if asked and not read.armed_at and not journal.events:
        return _restart(params, hosts, clock, journal, None, result, check_mode=check_mode)
    if asked and not _begun_for(asked.strip(), journal):
        journal.warnings.append("from_observation was not needed: the journal verifies")
    return journal, read


def _begun_for(reason: str, journal: Journal) -> bool:
    """Whether this journal was begun anew for this very word: an earlier task of the playbook, or of the one before, did what was asked."""
    return any(event.kind == "journal_restarted" and event.data["reason"] == reason for event in journal.events)


def _next(params: t.Mapping[str, t.Any], *, anew: bool) -> str:
    """The same again; ``anew``: with a new journal, which only a lost one calls for. A store that did not answer has the old one still."""
    opening = "undo" if params.get("mode") == "undo" else params["kind"]
    playbook = {"opened": opening, "taken_over": opening, "adopted": "adopt", "armed": "arm"}.get(params["state"], "status")
    return command(playbook, params["identity"], **({"failover_from_observation": "say why"} if anew and playbook != "status" else {}))


def _restart(
    params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, error: FailoverError | None, result: Result, *, check_mode: bool
) -> tuple[Journal, Fold]:
    identity, definition, by = params["identity"], params["definition"] or {}, params["by"] or "failover_run"
    if not definition:
        raise InvalidInput("from_observation: the definition is needed to observe who owns the identity")
    observed, evidence = observe_owner(definition, hosts, clock)
    if observed == "both":
        raise WrongState(f"{identity}: names or addresses lead to both servers at once: put that right first, no journal is begun on that", evidence=evidence)
    there = journal.store.transact(Request(identity), TIMEOUT)
    found = restart.known(journal.events, journal.head, there.lines)
    condition = condition_of(error) if error is not None else "empty"
    base = fold(found.events, clock.now()) if found.events else _observed(definition, hosts, clock)
    kept, adopt = restart.carried(base, observed)
    word = f"aside-{clock.now():%Y%m%dT%H%M%SZ}"
    data = restart.restart_data(
        kept,
        found,
        condition,
        there.head,
        journal.store.place,
        f"{identity}.journal.{word}" if there.lines else "",
        error.message if error is not None else "",
        observed=observed,
        evidence=evidence,
        reason=str(params["from_observation"]).strip(),
    )
    drafts = [journal.draft("journal_restarted", by=by, host=definition["target"]["host"], data=data)]
    if adopt:
        reason = f"observed when the journal was begun anew: {data['reason']}"
        drafts.append(journal.draft("adopted", by=by, data={"owner": adopt, "reason": reason, "observed": observed, "evidence": evidence, "state": kept.state}))
    begin = restart.start(there.head, there.mark, journal.head, found.head)
    events, lines, head = chain(drafts, begin)
    _tell(result, identity, data, adopt)
    result.changed = True
    if check_mode:
        journal.events, journal.head = events, head
        return journal, journal.fold()
    epoch = restart.later_epoch(kept, there.lease.epoch)
    claim = LeaseClaim(holder=secrets.token_hex(8), epoch=epoch, seconds=LEASE, by=by, run="a new journal", acquire=True)
    _replace(journal, Request(identity, lines=tuple(lines), expect=there.head, lease=claim, aside=word), head)
    journal.set_mirror_aside(word)
    anew = open_journal(identity, params["store"], params["mirror"], hosts, clock, spare=True)
    anew.warnings[:0] = journal.warnings
    result.warnings = anew.warnings
    anew.read()
    anew.claim(LeaseClaim(**{**vars(claim), "acquire": False, "release": True}))
    return anew, anew.fold()


def _replace(journal: Journal, request: Request, head: Head) -> Reply:
    """One transaction. A repeat after a lost answer finds its own beginning."""
    reply = journal.ask(request)
    if reply.verdict != "ok" and reply.head != head:
        journal.refuse(reply)
        raise StoreError(f"somebody wrote to the journal in {journal.store.place} while it was to be begun anew: run the playbook again")
    return reply


def _observed(definition: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock) -> Fold:
    """Without any record: the target must say who it is; the source is mostly dead, and is left out where it does not answer."""
    source, target = definition["source"]["host"], definition["target"]["host"]
    machine = read_machine(hosts.named(target), ASK)
    machines = {target: {"uuid": machine.uuid, "name": machine.name}}
    try:
        other = read_machine(hosts.named(source), ASK)
        machines[source] = {"uuid": other.uuid, "name": other.name}
    except FailoverError:
        pass  # who it is stays unknown, which the opening of a run says
    return restart.observed_only(machines, source, target, stamp(clock.now()))


def _tell(result: Result, identity: str, data: t.Mapping[str, t.Any], adopt: str) -> None:
    cites, known = data["cites"], data["known"]
    kept = f"it is kept as {cites['kept_as']}" if cites["kept_as"] else "nothing is left of it to be kept"
    what = f"the journal in {cites['place']} {restart.CONDITIONS[cites['condition']]}; {kept}"
    begun = f"a new one was begun from {known['of']}" + (f", up to event {known['seq']}" if known["seq"] else " but observation")
    result.warnings.append(f"{identity}: {what}. {begun[0].upper()}{begun[1:]}; observed owner: {data['observed']}")
    if adopt:
        result.warnings.append(f"{identity}: by what was recorded it was elsewhere, and observed is that the {adopt} owns it: that was adopted")
    result.outcomes.append(Outcome("journal", "done", True, before=cites["condition"], after="begun anew", msg=data["reason"]))
