# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_monitor: counts down while the source does not answer; opens incidents and notices that it came back."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.countdown import Countdown, Observation
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import ageing
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.threats import GUARDED, Evidence, judged, pulling, unproven
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import voided
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_debts import settlement, shown, warnings
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import observe_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._threats import look_for_threats
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import minimum_of, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, HeadMoved, InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._probing import Prober
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.event_log import write_event

#: States in which the source may be found silent, and those whose incident ends when it answers.
WATCHED = ("protected", "suspect", "recovered")
INCIDENT = ("pending", "declined", "approved")
#: Others may append between a judgement and its entry; each try judges anew.
TRIES = 5
#: Kind of event, its data.
Happened = tuple[str, dict[str, t.Any]]
PROBE_SPEC = {
    "kind": {"type": "str", "choices": ["tcp", "wsman", "service"], "required": True},
    "port": {"type": "int"},
    "address": {"type": "str"},
    "names": {"type": "list", "elements": "str", "default": []},
}


def failover_monitor_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "source": {"type": "str", "required": True},
            "vantage_points": {"type": "list", "elements": "dict", "default": [], "options": {"host": {"type": "str", "required": True}}},
            "probes": {"type": "list", "elements": "dict", "default": [], "options": PROBE_SPEC},
            "interval": {"type": "float", "default": 5.0},
            "missed": {"type": "int", "default": 5},
            "trigger": {"type": "str", "choices": ["all", "one"], "default": "all"},
            "duration": {"type": "float", "default": 0.0},
            "definition": {"type": "dict", "options": definition_spec()},
        }
    )


def failover_monitor(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Rounds of probes until an incident opens, one ends, or the time is over."""
    if params["interval"] <= 0 or params["missed"] < 1:
        raise InvalidInput("interval must be more than 0 seconds, and missed at least 1")
    journal = open_journal(params["identity"], params["store"], params["mirror"], hosts, clock, spare=True)
    fold = journal.read()
    result = Result(warnings=journal.warnings)
    fold, owed = _settle_debts(params, journal, fold, clock, result, check_mode)
    if fold.state in GUARDED and params["definition"]:
        _guard(params, hosts, clock, journal, fold, result, check_mode)
    else:
        _count_down(params, hosts, clock, journal, fold, result, check_mode)
    result.extra["debts"] = owed
    return result


def _settle_debts(params: t.Mapping[str, t.Any], journal: Journal, fold: Fold, clock: Clock, result: Result, check_mode: bool) -> tuple[Fold, list[t.Any]]:
    """Name servers that a run went on without are read again; what they have by now is noted. A run that is open does that itself when it is closed."""
    drafts, owed = settlement(journal, fold, endpoints(params["definition"] or {}), clock, "monitor")
    result.warnings.extend(warnings(owed))
    if drafts and not fold.active_run:
        if not check_mode:
            journal.append(drafts, anywhere=True)
        result.changed = True
        for debt in drafts[0].data["settled"]:
            msg = f"has {', '.join(debt['records'])} now"
            result.outcomes.append(Outcome(f"debt of {debt['server']}", "predicted" if check_mode else "done", True, before="owed", after="settled", msg=msg))
        fold = journal.fold()
    return fold, shown(owed)


def _count_down(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    """Rounds of probes of the source."""
    prober = Prober(params["source"], params["vantage_points"], params["probes"], hosts, min(5.0, params["interval"]))
    countdown = Countdown(params["interval"], params["missed"], params["trigger"])
    begun, deadline = clock.monotonic(), Deadline(clock, params["duration"])
    try:
        while True:
            round_begun = clock.monotonic()
            observations = prober.round()
            countdown = countdown.round(observations)
            judge = functools.partial(_judge, params, countdown, observations, clock.monotonic() - begun)
            written = _write(params, hosts, journal, fold, judge, result, check_mode)
            if written is not None:
                fold = written
                break
            if deadline.remaining() <= params["interval"]:
                break
            clock.sleep(params["interval"] - (clock.monotonic() - round_begun))
    finally:
        prober.close()
    _conclude(params, fold, countdown, observations, result, clock)


def _guard(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, journal: Journal, fold: Fold, result: Result, check_mode: bool) -> None:
    """While the target owns the identity there is nothing to count down; what pulls it back is looked for instead."""
    definition, deadline = params["definition"], Deadline(clock, params["duration"])
    while True:
        begun = clock.monotonic()
        _owner, evidence = observe_owner(definition, hosts, clock)
        evidence = look_for_threats(definition, evidence, fold, hosts, clock)
        written = _write(params, hosts, journal, fold, functools.partial(_judge_guarded, evidence), result, check_mode)
        if written is not None:
            fold = written
            break
        if deadline.remaining() <= params["interval"]:
            break
        clock.sleep(params["interval"] - (clock.monotonic() - begun))
    seen = pulling(fold.threats, evidence)
    _conclude(params, fold, Countdown(params["interval"], params["missed"], params["trigger"]), (), result, clock)
    result.extra.update(
        threats=seen,
        next=next_of(fold, params["identity"], clock.now(), threats=seen, minimum=minimum_of(params["definition"])),
    )
    ages = ageing(fold.runs.get(fold.last_failover), clock.now())
    result.warnings.extend(f"{params['identity']}: {sentence}" for sentence in [*unproven(evidence), *ages])
    todo = "; ".join(f"{one['msg']}: {one['remedy']}" for one in seen)
    result.msg = f"{params['identity']} is {fold.state}: {todo or 'nothing pulls it back to the source'}"


def _judge_guarded(evidence: Evidence, fold: Fold) -> Happened | None:
    found = judged(fold.state, fold.threats, evidence)
    if found is None:
        return None
    kind, threats_found = found
    return kind, {"threats": threats_found, "msg": "; ".join(one["msg"] for one in threats_found) or "nothing leads to the source any more"}


def _judge(params: t.Mapping[str, t.Any], countdown: Countdown, observations: t.Sequence[Observation], watched: float, fold: Fold) -> Happened | None:
    """Where this round changed something."""
    about = countdown.failed()
    planned = fold.state in ("approved", "declined") and fold.incident is None  # that word was about a move that nothing forced
    if (fold.state in WATCHED or planned) and about:
        silent = ", ".join(sorted({one.msg for one in observations if one.ok is False and one.msg})) or "no reply"
        data = {
            "class": about,
            "msg": silent,
            "silent_seconds": round(watched, 1),
            "time_to_fail": params["interval"] * params["missed"],
            "missed": params["missed"],
        }
        return "incident_opened", data
    if fold.state in INCIDENT and fold.incident is not None:
        about = fold.incident["class"]
        replies = [one for one in observations if one.about == about and one.ok]
        if replies:
            return "incident_recovered", {"msg": f"{replies[0].kind} from {replies[0].vantage_point} was answered"}
    return None


def _write(
    params: t.Mapping[str, t.Any], hosts: Hosts, journal: Journal, fold: Fold, judge: t.Callable[[Fold], Happened | None], result: Result, check_mode: bool
) -> Fold | None:
    """What the journal amounts to once it is written down what happened; None where nothing did.

    Whoever appended meanwhile (a vote, another monitor) must not make an incident go unrecorded: it is judged again on what
    stands there then. Raises HeadMoved where others keep writing.
    """
    happened = judge(fold)
    for attempt in range(TRIES):
        if happened is None:
            return journal.fold() if attempt else None
        before = journal.fold().state
        try:
            if not check_mode:
                journal.append([journal.draft(happened[0], by="monitor", host=params["source"], data=happened[1])])
            return _written(params, hosts, journal, happened, before, result, check_mode)
        except HeadMoved:
            if attempt == TRIES - 1:
                raise
            happened = judge(journal.fold())
    raise AssertionError("the loop returns or raises")


def _written(params: t.Mapping[str, t.Any], hosts: Hosts, journal: Journal, happened: Happened, before: str, result: Result, check_mode: bool) -> Fold:
    kind, data = happened
    if not check_mode:
        _announce(params, hosts, kind, result)
    fold = journal.fold()
    result.changed = True
    result.outcomes.append(Outcome(kind, "predicted" if check_mode else "done", True, before=before, after=fold.state, msg=str(data.get("msg", ""))))
    result.diff = {"before": {"state": before}, "after": {"state": fold.state}}
    return fold


def _announce(params: t.Mapping[str, t.Any], hosts: Hosts, kind: str, result: Result) -> None:
    """The target's event log, for whoever watches that; the journal is what counts, so a failure is a warning."""
    try:
        write_event(hosts.target(), kind, params["identity"], params["source"], 15.0)
    except FailoverError as error:
        result.warnings.append(f"the event log of the target has no entry for this: {error.message}")


def _conclude(params: t.Mapping[str, t.Any], fold: Fold, countdown: Countdown, observations: t.Sequence[Observation], result: Result, clock: Clock) -> None:
    for one in observations:
        result.outcomes.append(
            Outcome(f"{one.vantage_point} {one.kind} {params['source']}", "skipped" if one.ok is None else "already", msg=one.msg, after=one.ok)
        )
    state = "suspect" if fold.state == "protected" and countdown.state() == "suspect" else fold.state
    result.extra = {
        "state": state,
        "time_to_fail": countdown.time_to_fail(),
        "incident": fold.incident,
        "threats": fold.threats,
        "next": next_of(dataclasses.replace(fold, state=state), params["identity"], clock.now(), minimum=minimum_of(params["definition"])),
        "observations": [{"vantage_point": one.vantage_point, "probe": one.kind, "ok": one.ok, "msg": one.msg} for one in observations],
    }
    left = f"; Time to Fail {countdown.time_to_fail():g} s" if fold.incident is None else ""
    why = f": {'; '.join((fold.incident['msg'], *voided(fold.state, fold.incident, fold.votes)))}" if fold.incident else ""
    result.msg = f"{params['identity']} is {state}{left}{why}"
