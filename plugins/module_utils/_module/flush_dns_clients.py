# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""flush_dns_clients: clears the resolver caches of many clients, each once the name server that it asks has the new values."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import WORKERS, Answer, FanOut, allowed_failures
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._resolvers import Convergence, await_resolvers, expected_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import dns_cache

#: From this many clients on the result lists only the failed ones, unless ``details`` says otherwise.
MANY = 100
CLEARED = "cleared"


def flush_dns_clients_spec() -> ArgumentSpec:
    """Everything that the module takes; ``details`` without a default, which depends on the number of clients."""
    spec = ArgumentSpec(
        argument_spec={
            "clients": {"type": "list", "elements": "str", "required": True},
            "expect": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "type": {"type": "str", "choices": ["A", "AAAA", "CNAME", "PTR"], "default": "A"},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "workers": {"type": "int", "default": WORKERS},
            "client_timeout": {"type": "float", "default": 30.0},
            "resolver_timeout": {"type": "float", "default": 60.0},
            "max_failures": {"type": "float", "default": 0.0},
            "dns_port": {"type": "int", "default": 53},
            "read_back": {"type": "bool", "default": False},
        }
    ).merge(hosts_spec())
    return spec.merge(without_default(run_spec(), "details"))


def without_default(spec: ArgumentSpec, option: str) -> ArgumentSpec:
    options = {name: {**entry} for name, entry in spec.argument_spec.items()}
    options[option].pop("default", None)
    return dataclasses.replace(spec, argument_spec=options)


@dataclasses.dataclass
class ManyResult(Result):
    """Lists only what went wrong when there are very many items and nobody asked for all."""

    few: bool = True

    def as_dict(self, details: str = "all") -> dict[str, t.Any]:
        return super().as_dict(details if self.few else "counts")


def flush_dns_clients(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Clears the caches of all clients side by side; see the module's documentation."""
    clients = list(dict.fromkeys(params["clients"]))
    _check(params, clients)
    step = FlushStep(params, clients, hosts, clock)
    result = drive(step, params, hosts, clock, check_mode=check_mode)
    result.extra["roll_call"] = step.roll_call()
    if step.roll_call()["failed"] and not result.failed:
        result.warnings.append(f"{len(step.roll_call()['failed'])} of {len(clients)} clients were not reached, which max_failures allows")
    result.timing.update(step.timing)
    return ManyResult(
        **{field.name: getattr(result, field.name) for field in dataclasses.fields(Result)}, few=bool(params.get("details")) or len(clients) <= MANY
    )


def _check(params: t.Mapping[str, t.Any], clients: t.Sequence[str]) -> None:
    if not clients:
        raise InvalidInput("clients names no host: give hosts or a group of the inventory that has some")
    if params.get("state") == "reverted":
        raise InvalidInput("a cleared cache can not be filled again, so this module has no state 'reverted'")
    for option in ("workers", "client_timeout", "resolver_timeout"):
        if params[option] <= 0:
            raise InvalidInput(f"{option} must be more than 0, not {params[option]:g}")
    if params["max_failures"] < 0:
        raise InvalidInput(f"max_failures must be 0 or more, not {params['max_failures']:g}")
    for entry in params["expect"]:
        if not entry["values"]:
            raise InvalidInput(f"expect names no value for {entry['name']}: a client's cache is only worth clearing once there is a new one")


class FlushStep:
    """Every client is one item; clearing its cache is one change. All clients are one group."""

    key = "clients"
    host = ""
    #: Nothing is read before a cache is cleared, so no prediction is probed.
    looks = False

    def __init__(self, params: t.Mapping[str, t.Any], clients: t.Sequence[str], hosts: Hosts, clock: Clock) -> None:
        self.clients = clients
        self.hosts = hosts
        self.clock = clock
        self.expect = expected_records(params["expect"])
        self.port = int(params["dns_port"])
        self.resolver_timeout = float(params["resolver_timeout"])
        self.client_timeout = float(params["client_timeout"])
        self.read_back = bool(params["read_back"])
        self.allowed = allowed_failures(float(params["max_failures"]), len(clients))
        self.fan_out = FanOut(hosts, clock, workers=int(params["workers"]), host_timeout=self.client_timeout)
        self.answers: dict[str, Answer[list[str]]] = {}
        self.timing: dict[str, float] = {}

    def check_machine(self, expected: Machine | None) -> None:
        """There is no machine of the step: any client may be cleared, whichever answers."""

    def observe(self) -> dict[str, JSON]:
        """Nothing is read: what a cache holds says nothing about what it will hold a second later."""
        return dict.fromkeys(self.clients)

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        # For very many clients it may take longer; the lease is renewed meanwhile, and a cache may be cleared by anybody at any time.
        deadline = self.resolver_timeout + 2 * self.client_timeout
        return [Change(name, "clear the resolver cache", image, CLEARED, "predicted", deadline) for name, image in before.items()]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return [changes]

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        names = [change.name for change in group]
        begun = self.clock.monotonic()
        for resolver_clients in self._ready(names):
            self.answers.update(self.fan_out.run(resolver_clients, self._clear))
        self.timing["clients"] = self.clock.monotonic() - begun
        failed = [name for name in names if not self.answers[name].ok]
        tolerated = len(failed) <= self.allowed
        return {name: _applied(self.answers[name], tolerated) for name in names}

    def _ready(self, names: list[str]) -> t.Iterator[list[str]]:
        """Portions of clients, each as soon as the name server of all of them has converged. Fills in who can not be."""
        if not self.expect:
            yield names
            return
        by_server: dict[str, list[str]] = {}
        for name, server in self._servers(names).items():
            by_server.setdefault(server, []).append(name)
        for outcome in await_resolvers(list(by_server), self.port, self.expect, self.resolver_timeout, self.clock):
            self.timing["resolvers"] = max(self.timing.get("resolvers", 0.0), outcome.seconds)
            if outcome.problem:
                self.answers.update({name: _not_cleared(outcome) for name in by_server[outcome.server]})
            else:
                yield by_server[outcome.server]

    def _servers(self, names: list[str]) -> dict[str, str]:
        """Client -> the name server that it asks first: from the inventory, else the client says so itself."""
        known = {name: self.hosts.settings(name).resolver for name in names}
        asked = self.fan_out.run([name for name, server in known.items() if not server], self._ask_server)
        for name, answer in asked.items():
            if answer.ok and answer.value:
                known[name] = answer.value
            elif answer.ok:
                self.answers[name] = Answer(None, "resolver_unknown", f"{name} names no DNS server: set failover_resolver for it in the inventory")
            else:
                self.answers[name] = Answer(None, answer.reason, answer.msg, answer.seconds, answer.tries)
        return {name: server for name, server in known.items() if server}

    @staticmethod
    def _ask_server(session: Session, deadline: Deadline) -> str:
        return next(iter(dns_cache.name_servers(session, deadline.remaining())), "")

    def _clear(self, session: Session, deadline: Deadline) -> list[str]:
        """The stale names that the cache holds afterwards; looked at only with ``read_back``."""
        dns_cache.clear_cache(session, deadline.remaining())
        if not self.read_back or not self.expect:
            return []
        wanted = {(record.name, record.type): record.values for record in self.expect}
        deadline.check("clearing the cache", session.name)
        return [f"{entry.name} is {entry.data}" for entry in dns_cache.stale_entries(dns_cache.read_cache(session, deadline.remaining()), wanted)]

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """The return value of Clear is the evidence that the cache was cleared; ``read_back`` looks into it as well."""
        return {change.name: _seen(change.name, self.answers[change.name].value or []) for change in group}

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        raise WrongState(f"the cache of {name} was cleared, which can not be undone and does no harm")

    def roll_call(self) -> dict[str, t.Any]:
        """Who answered: ``expected`` = ``answered`` + the number of ``failed`` + ``skipped``, each client in exactly one."""
        answered = [name for name in self.clients if name in self.answers and self.answers[name].ok]
        failed = [
            {"name": name, "reason": self.answers[name].reason, "msg": self.answers[name].msg}
            for name in self.clients
            if name in self.answers and not self.answers[name].ok
        ]
        return {
            "expected": len(self.clients),
            "answered": len(answered),
            "failed": failed,
            "skipped": len(self.clients) - len(self.answers),
            "last_after": round(max((self.answers[name].seconds for name in answered), default=0.0), 3),
        }


def _not_cleared(outcome: Convergence) -> Answer[list[str]]:
    return Answer(None, outcome.reason, f"not cleared: {outcome.problem}. A cache that is cleared now would only take the old value again")


def _applied(answer: Answer[t.Any], tolerated: bool) -> Applied:
    if answer.ok:
        return Applied(ok=True)
    return Applied(ok=tolerated, msg=answer.msg, reason=answer.reason, skipped=tolerated)


def _seen(name: str, stale: t.Sequence[str]) -> Seen:
    if stale:
        msg = f"the cache of {name} holds an old value again: {', '.join(stale)}. Look into its hosts file and at the name servers of its other adapters"
        return Seen(confirmed=False, image=None, msg=msg, reason="stale_cache")
    return Seen(confirmed=True, image=CLEARED)
