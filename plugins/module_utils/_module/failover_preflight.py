# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_preflight: every finding that a later step would meet, found while nothing is changed."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, accounts_option, connection_spec, hosts_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.data_choice import HOOK, refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS, Finding, counts, judged, reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings_text import findings_table
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import ARMABLE
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, approved_data
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    FailoverError,
    InvalidInput,
    JournalBroken,
    JournalRewound,
    MirrorUnwritable,
    TransportError,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _preflight_dns, _preflight_hosts, _preflight_lock, _preflight_workload
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import AUTH_OPTIONS
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import FanOut, allowed_failures
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_hosts import Case
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror, without
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.exchange import Account

#: Seconds for one client's answer, and how many of the silent ones are named.
CLIENT = 10.0
NAMED = 20


def failover_preflight_spec() -> ArgumentSpec:
    """Everything that the module takes."""
    spec = ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "definition": {"type": "dict", "required": True, "options": definition_spec()},
            "kind": {"type": "str", "choices": ["failover", "failback", "drill"], "default": "failover"},
            "data_state": {"type": "str", "choices": list(DATA_STATES)},
            "hooks": {"type": "list", "elements": "str", "default": []},
            **AUTH_OPTIONS,
            "credentials": accounts_option(),
            "accept": {"type": "dict", "default": {}},
        }
    )
    return spec.merge(connection_spec()).merge(hosts_spec())


def failover_preflight(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Looks at everything, changes nothing, and fails on what nobody has accepted; see the module's documentation."""
    definition = normalise(params["definition"])
    accept = reasons({**definition["accept"], **params["accept"]})
    case = Case(definition, params["kind"], hosts, clock)
    begun = clock.monotonic()
    accounts = {entry["name"]: Account(entry["user"] or "", entry["password"] or "") for entry in params["credentials"]}
    # A dead source keeps its asker waiting: meanwhile what does not depend on it is looked at.
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="source") as pool:
        source = pool.submit(_preflight_hosts.ask, case, case.source)
        found = _preflight_hosts.reached(case, case.target, _preflight_hosts.ask(case, case.target))
        found += _preflight_dns.dns(definition, params, clock) + _preflight_lock.lock(case, params) + _clients(case) + _preflight_workload.spns(case)
        journal = _journal(case, params["identity"])
        if case.receiving == case.target:
            found += _receiving(case, accounts)
        found += _preflight_hosts.reached(case, case.source, source.result())
    if case.receiving == case.source:
        found += _receiving(case, accounts)
    if isinstance(journal, Fold):
        found += _preflight_hosts.baseline(case, journal) + _preflight_lock.lost(case, params, journal)
    else:
        found += journal
    found += _mirror(case, params["identity"])
    found += _preflight_hosts.management(case) + _preflight_hosts.clocks(case)
    found += _data_choice(definition, params, journal if isinstance(journal, Fold) else None, clock)
    result = _result(judged(found, accept), params["identity"], params["kind"], journal.state if isinstance(journal, Fold) else "")
    result.timing["total"] = clock.monotonic() - begun
    return result


def _receiving(case: Case, accounts: t.Mapping[str, Account]) -> list[Finding]:
    """What must be there on the host that will own the identity."""
    found = _preflight_hosts.services(case) + _preflight_hosts.adapters(case) + _preflight_hosts.disks(case)
    return found + _preflight_workload.databases(case, accounts)


def _data_choice(definition: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], fold: Fold | None, clock: Clock) -> list[Finding]:
    """Found before anything is moved: a choice for the data that no step could carry out."""
    if params["kind"] != "failover":
        return []
    active = fold.active() if fold is not None else None
    approved = active.data_state if active is not None else _approved(definition, fold, clock) if fold is not None else ""
    choice, engine = approved or params["data_state"] or "apply_queues", definition["engine"]["kind"]
    why = refusal(engine, choice, hook=HOOK in params["hooks"])
    return [Finding("data_choice_unserved", "", {"engine": engine, "choice": choice}, why)] if why else []


def _approved(definition: t.Mapping[str, t.Any], fold: Fold, clock: Clock) -> str:
    """The choice that the run would take; a word of too few, or one on which people disagree, is not one."""
    approvals = definition["approvals"]
    return approved_data(fold.votes, clock.now(), int(approvals["required"]), str(approvals["identity"]))


def _journal(case: Case, identity: str) -> Fold | list[Finding]:
    """What the journal says, or why it can not be read where it lies. A read takes the way of a write: same script, same folder."""
    store = case.definition["store"]
    try:
        return open_journal(identity, store, case.definition["mirror"], case.hosts, case.clock, spare=True).read()
    except TransportError as error:
        if case.target not in case.sessions and store["kind"] == "target" and store["host"] in (None, case.target):
            return []  # told already, as target_unreachable
        return [_preflight_hosts.failed(store["host"] or case.target, "the journal", error)]
    except InvalidInput:
        raise
    except (JournalBroken, JournalRewound) as error:
        return [Finding("journal_lost", store["host"] or case.target, {"reason": error.reason}, error.message)]
    except FailoverError as error:
        where = "the controller" if store["kind"] == "directory" else store["host"] or case.target
        return [Finding("store_unwritable", where, {"reason": error.reason}, f"the journal of {identity} can not be used: {error.message}")]


def _mirror(case: Case, identity: str) -> list[Finding]:
    """Could the mirror be written? Without it a store that was set back is not noticed, but a failover must not wait for a folder."""
    folder = case.definition["mirror"]
    if not folder:
        return []
    try:
        Mirror(folder, identity).probe()
    except MirrorUnwritable as error:
        return [Finding("mirror_unwritable", "the controller", {"folder": folder}, without(error.message))]
    return []


def _clients(case: Case) -> list[Finding]:
    """How many of the users' machines answer? Asked without a logon, so that a wrong password is no silence."""
    section = case.definition["clients"]
    if case.kind == "drill":
        section = case.definition["drill"]["clients"]
        if section == "skip":
            return []
        section = {"flush": [], "sample": [], **section}
    named = list(dict.fromkeys([*(section["flush"] or []), *(section["sample"] or [])]))
    known = set(case.hosts.names())
    clients = [name for name in named if name in known]
    unknown = [name for name in named if name not in known]
    found = []
    if unknown:
        msg = f"could not look at {len(unknown)} clients, whose connection settings are not known: {', '.join(unknown[:NAMED])}"
        found.append(Finding("check_failed", evidence={"check": "clients", "names": unknown[:NAMED]}, msg=msg, severity="warning"))
    return found + (_silent_clients(case, clients, section) if clients else [])


def _silent_clients(case: Case, clients: t.Sequence[str], section: t.Mapping[str, t.Any]) -> list[Finding]:
    answers = FanOut(case.hosts, case.clock, host_timeout=CLIENT).run(clients, _identify)
    silent = {name: answer for name, answer in answers.items() if not answer.ok}
    if not silent:
        return []
    evidence = {
        "expected": len(clients),
        "answered": len(clients) - len(silent),
        "failed": [{"name": name, "reason": answer.reason} for name, answer in list(silent.items())[:NAMED]],
    }
    limit = allowed_failures(float(section.get("max_failures") or 0), len(clients))
    shown = ", ".join(list(silent)[:3]) + (", …" if len(silent) > 3 else "")
    return [Finding("client_unreachable", evidence=evidence, msg=f"{len(silent)} of {len(clients)} clients do not answer ({shown}); {limit} may fail")]


def _identify(session: Session, deadline: Deadline) -> None:
    session.identify(deadline.remaining())


def _result(findings: t.Sequence[Finding], identity: str, kind: str, state: str = "") -> Result:
    shown = [finding.as_dict() for finding in findings]
    result = Result(extra={"findings": shown, "table": findings_table(shown).splitlines(), "counts_by_severity": counts(findings), "next": ""})
    for finding in findings:
        result.outcomes.append(Outcome(finding.id, "failed" if finding.stops() else "already", host=finding.host, msg=finding.msg, reason=finding.severity))
    stopping = [finding for finding in findings if finding.stops()]
    if _arming_helps(findings, stopping, state):
        result.extra["next"] = command("arm", identity)
    elif stopping and all(KINDS[finding.id].acceptable for finding in stopping):
        result.extra["next"] = _accepting(kind, identity, stopping)
    if stopping:
        first = stopping[0]
        more = f" (and {len(stopping) - 1} more)" if len(stopping) > 1 else ""
        result.failed, result.reason = True, first.id
        result.msg = f"{identity} can not be moved as it is: {first.msg}{more}; to mend it, {KINDS[first.id].remedy}"
    else:
        accepted = sum(bool(finding.accepted) for finding in findings)
        told = f"; {len(findings)} finding{'s' if len(findings) > 1 else ''}" if findings else ""
        told += f", {accepted} of them accepted" if accepted else ""
        result.msg = f"{identity} can be moved as it is{told}"
    return result


def _arming_helps(findings: t.Sequence[Finding], stopping: t.Sequence[Finding], state: str) -> bool:
    """A baseline can be taken while both servers answer and the source owns the identity; what could never be accepted comes first."""
    ids = {finding.id for finding in findings}
    if state not in ARMABLE or ids & {"source_unreachable", "target_unreachable"} or not all(KINDS[finding.id].acceptable for finding in stopping):
        return False
    return any(finding.id == "baseline_missing" for finding in stopping) or (
        not stopping and any(f.id == "baseline_stale" and not f.accepted for f in findings)
    )


def _accepting(kind: str, identity: str, stopping: t.Sequence[Finding]) -> str:
    """The command that goes on in spite of what was found; a journal that is lost has a word of its own."""
    accepted = {finding.id: "say why" for finding in stopping if finding.id != "journal_lost"}
    variables: dict[str, t.Any] = {"failover_accept": accepted} if accepted else {}
    if len(accepted) < len({finding.id for finding in stopping}):
        variables["failover_from_observation"] = "say why"
    return command(kind, identity, **variables)
