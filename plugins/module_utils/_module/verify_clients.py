# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""verify_clients: do users arrive? Sample clients resolve, connect and identify, again and again, until enough of them do."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import STAGES, Met, Wanted, advice, curve, passed
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import WORKERS, Answer, FanOut
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._plan_mode import planned_look
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import look
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import (
    CONNECT_ERRORS,
    RESOLVE_ERRORS,
    Check,
    Reached,
    check_client,
)

#: Seconds between two looks at the clients that are not there yet: a look costs each of them a PowerShell process.
LOOK = 2.0
#: Seconds for one connection and its first line, and for one look at one client.
ONE_CHECK = 5.0
ONE_CLIENT = 60.0


def verify_clients_spec() -> ArgumentSpec:
    """Everything that the module takes."""
    spec = ArgumentSpec(
        argument_spec={
            "clients": {"type": "list", "elements": "str", "required": True},
            "expect": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "port": {"type": "int"},
                    "identity": {"type": "str"},
                    "addresses": {"type": "list", "elements": "str", "default": []},
                },
            },
            "workers": {"type": "int", "default": WORKERS},
            "verify_timeout": {"type": "float", "default": 120.0},
            "share": {"type": "float", "default": 1.0},
        }
    )
    return spec.merge(hosts_spec()).merge(run_spec())


def verify_clients(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Asks the sample until ``share`` of it arrives; see the module's documentation."""
    clients = list(dict.fromkeys(params["clients"]))
    wanted = _wanted(params, clients)
    run = open_run(params, hosts, clock) if (params.get("run") or {}).get("mode") == "plan" else None
    if run is not None:
        result = planned_look("verify", clients, "look whether the client arrives", run)
        result.extra["curves"] = {}
        return result
    return look("verify", lambda: _watch(params, clients, wanted, hosts, clock, check_mode), params, hosts, clock, check_mode=check_mode)


def _watch(params: t.Mapping[str, t.Any], clients: list[str], wanted: list[Wanted], hosts: Hosts, clock: Clock, check_mode: bool) -> Result:
    sample = Sample(clients, wanted, FanOut(hosts, clock, workers=int(params["workers"]), host_timeout=ONE_CLIENT), clock)
    begun = clock.monotonic()
    sample.watch(0.0 if check_mode else float(params["verify_timeout"]), float(params["share"]))
    result = sample.result(float(params["share"]))
    if check_mode:
        _as_it_is(result)
    result.timing["total"] = clock.monotonic() - begun
    return result


def _wanted(params: t.Mapping[str, t.Any], clients: t.Sequence[str]) -> list[Wanted]:
    if not clients:
        raise InvalidInput("clients names no host: give hosts or a group of the inventory that has some")
    if not params["expect"]:
        raise InvalidInput("expect is empty: say at least one name that the clients must reach")
    if not 0 <= params["share"] <= 1:
        raise InvalidInput(f"share must be from 0 to 1, not {params['share']:g}")
    if params["workers"] <= 0 or params["verify_timeout"] < 0:
        raise InvalidInput("workers must be more than 0, and verify_timeout 0 or more")
    found = []
    for entry in params["expect"]:
        if entry.get("identity") and not entry.get("port"):
            raise InvalidInput(f"expect for {entry['name']} has an identity but no port: only a connection shows which server answers")
        found.append(
            Wanted(
                entry["name"].rstrip("."), frozenset(_address(one) for one in entry.get("addresses") or ()), entry.get("port") or 0, entry.get("identity") or ""
            )
        )
    return found


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise InvalidInput(f"expect has the address {text!r}, which is no IP address") from error


def _as_it_is(result: Result) -> None:
    """Check mode looks once and tells how it is now: that clients are not there before anything was moved is no failure."""
    result.failed, result.reason = False, ""
    for outcome in result.outcomes:
        if outcome.status == "failed":
            outcome.status, outcome.grade = "predicted", "unknown"


class Sample:
    """What is known of every client: what it met at last, and when it first passed each stage under every name."""

    def __init__(self, clients: t.Sequence[str], wanted: t.Sequence[Wanted], fan_out: FanOut, clock: Clock) -> None:
        self.clients = clients
        self.wanted = wanted
        self.fan_out = fan_out
        self.clock = clock
        self.begun = clock.monotonic()
        self.last: dict[str, Answer[list[Reached]]] = {}
        self.since: dict[str, dict[str, float]] = {stage: {} for stage in STAGES}
        self.checks = [Check(one.name, one.port, _type_of(one)) for one in wanted]
        #: The last stage that the expectations can prove at all.
        self.goal = max((one.stages()[-1] for one in wanted), key=STAGES.index)

    def watch(self, seconds: float, share: float) -> None:
        """Looks again at those that are not there, until ``share`` of all is, or the time is over."""
        deadline = Deadline(self.clock, seconds)
        while True:
            self._look([name for name in self.clients if not self._arrived(name)])
            if self._enough(share) or deadline.passed():
                return
            self.clock.sleep(min(LOOK, deadline.remaining()))

    def _look(self, names: t.Sequence[str]) -> None:
        for name, answer in self.fan_out.run(names, self._check).items():
            self.last[name] = answer
            if not answer.ok or answer.value is None:
                continue
            for stage in STAGES:
                able = [number for number, one in enumerate(self.wanted) if stage in one.stages()]
                if able and all(stage in passed(self.wanted[number], answer.value[number]) for number in able):
                    self.since[stage].setdefault(name, answer.seconds)
                else:
                    # Two servers that answer in turn: a stage counts only while it lasts.
                    self.since[stage].pop(name, None)

    def _check(self, session: Session, deadline: Deadline) -> list[Reached]:
        return check_client(session, self.checks, deadline.remaining(), one_check=ONE_CHECK)

    def _arrived(self, name: str) -> bool:
        answer = self.last.get(name)
        if answer is None or answer.value is None:
            return False
        return all(passed(one, met) == one.stages() for one, met in zip(self.wanted, answer.value, strict=True))

    def _enough(self, share: float) -> bool:
        return sum(self._arrived(name) for name in self.clients) >= share * len(self.clients)

    def result(self, share: float) -> Result:
        outcomes = [self._outcome(name) for name in self.clients]
        there = sum(self._arrived(name) for name in self.clients)
        result = Result(outcomes=outcomes, extra={"curves": self.curves()})
        late = [outcome for outcome in outcomes if outcome.status == "failed"]
        if not self._enough(share):
            first = late[0]
            result.failed, result.reason = True, "clients_not_there"
            more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
            result.msg = f"{there} of {len(self.clients)} clients arrive, {share:.0%} must; {first.name}{more}: {first.msg}"
        elif late:
            result.msg = f"{there} of {len(self.clients)} clients arrive, which is enough"
            for outcome in late:
                outcome.status = "skipped"
        return result

    def curves(self) -> dict[str, t.Any]:
        """Each stage by itself. That a client also got a Kerberos ticket for the moved name is nowhere looked at, and so unproven."""
        count = len(self.clients)
        provable = {stage for one in self.wanted for stage in one.stages()}
        curves = {stage: {**curve(self.since[stage], count), "unproven": 0 if stage in provable else count} for stage in STAGES}
        return {**curves, "kerberos": {**curve({}, count), "unproven": count}}

    def _outcome(self, name: str) -> Outcome:
        answer = self.last[name]
        if not answer.ok or answer.value is None:
            return Outcome(name, "failed", host=name, msg=answer.msg, reason=answer.reason)
        seen = {"checks": [met.as_dict() for met in answer.value]}
        for one, met in zip(self.wanted, answer.value, strict=True):
            if passed(one, met) != one.stages():
                stage = one.stages()[len(passed(one, met))]
                return Outcome(name, "failed", host=name, msg=advice(one, met, _words), reason=f"not_there_{stage}", after=seen)
        grade = "probed" if self.goal == "identity" else "unknown"
        return Outcome(name, "already", grade=grade, host=name, after=seen)


def _words(met: Met) -> str:
    if not met.addresses:
        return RESOLVE_ERRORS.get(met.resolve_error, f"error {met.resolve_error}")
    return CONNECT_ERRORS.get(met.connect_error, f"error {met.connect_error}")


def _type_of(wanted: Wanted) -> str:
    """AAAA only where nothing but IPv6 is expected."""
    return "AAAA" if wanted.addresses and all(":" in address for address in wanted.addresses) else "A"
