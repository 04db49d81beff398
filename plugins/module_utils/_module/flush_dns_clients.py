# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""flush_dns_clients: clears the resolver caches of many clients, each once the name server that it asks has the new values."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import Verdict
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import FOR_CLIENTS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._cache_clearing import CacheClearing, Cleared
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import WORKERS, Answer, FanOut, allowed_failures
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._resolvers import expected_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

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
                    "type": {"type": "str", "choices": list(FOR_CLIENTS), "default": "A"},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "workers": {"type": "int", "default": WORKERS},
            "client_timeout": {"type": "float", "default": 30.0},
            "resolver_timeout": {"type": "float", "default": 60.0},
            "max_failures": {"type": "float", "default": 0.0},
            "dns_port": {"type": "int", "default": 53},
            "read_back": {"type": "bool", "default": True},
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

    def as_dict(self, details: str = "all", *, diff: bool = True) -> dict[str, t.Any]:
        return super().as_dict(details if self.few else "counts", diff=diff)


def flush_dns_clients(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Clears the caches of all clients side by side; see the module's documentation."""
    clients = list(dict.fromkeys(params["clients"]))
    _check(params, clients)
    step = FlushStep(params, clients, hosts, clock)
    result = drive(step, params, hosts, clock, check_mode=check_mode)
    roll_call = result.extra["roll_call"] = step.roll_call()
    if roll_call["failed"] and not result.failed:
        result.warnings.append(f"{len(roll_call['failed'])} of {len(clients)} clients failed, which max_failures allows")
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
    if not 0 < params["dns_port"] < 65536:
        raise InvalidInput(f"dns_port {params['dns_port']} is not between 1 and 65535")
    if params["max_failures"] < 0:
        raise InvalidInput(f"max_failures must be 0 or more, not {params['max_failures']:g}")
    for entry in params["expect"]:
        if not entry["values"]:
            raise InvalidInput(f"expect names no value for {entry['name']}: a client's cache is only worth clearing once there is a new one")
    if params["expect"] and not expected_records(params["expect"]):
        raise InvalidInput("expect names wildcards only, which no name server can be asked for: add a name that a client asks for")


class FlushStep:
    """Every client is one item; clearing its cache is one change. All clients are one group."""

    key = "clients"
    host = ""
    #: Nothing is read before a cache is cleared, so no prediction is probed.
    looks = False

    def __init__(self, params: t.Mapping[str, t.Any], clients: t.Sequence[str], hosts: Hosts, clock: Clock) -> None:
        self.clients = clients
        self.clock = clock
        self.resolver_timeout = float(params["resolver_timeout"])
        self.client_timeout = float(params["client_timeout"])
        self.allowed = allowed_failures(float(params["max_failures"]), len(clients))
        self.clearing = CacheClearing(
            {name: hosts.settings(name).resolver for name in clients},
            expected_records(params["expect"]),
            FanOut(hosts, clock, workers=int(params["workers"]), host_timeout=self.client_timeout),
            clock,
            port=int(params["dns_port"]),
            resolver_timeout=self.resolver_timeout,
            read_back=bool(params["read_back"]),
        )
        self.answers: dict[str, Answer[Cleared]] = {}
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
        self.answers.update(self.clearing.run(names))
        self.timing["clients"] = self.clock.monotonic() - begun
        if self.clearing.waited:
            self.timing["resolvers"] = self.clearing.waited
        failed = [name for name in names if _problem(self.answers[name]).reason]
        tolerated = len(failed) <= self.allowed
        return {name: _applied(self.answers[name], tolerated) for name in names}

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """What was read back in the session that cleared the cache; without that, the return value of Clear."""
        return {change.name: _seen(self.answers[change.name]) for change in group}

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        raise WrongState(f"the cache of {name} was cleared, which can not be undone and does no harm")

    def roll_call(self) -> dict[str, t.Any]:
        """Who answered: ``expected`` = ``answered`` + the number of ``failed`` + ``skipped``, each client in exactly one."""
        problems = {name: _problem(answer) for name, answer in self.answers.items()}
        answered = [name for name in self.clients if name in problems and not problems[name].reason]
        failed = [
            {"name": name, "reason": problems[name].reason, "msg": problems[name].msg, "tries": self.answers[name].tries}
            for name in self.clients
            if name in problems and problems[name].reason
        ]
        return {
            "expected": len(self.clients),
            "answered": len(answered),
            "failed": failed,
            "skipped": len(self.clients) - len(self.answers),
            "not_read_back": [name for name in answered if not (self.answers[name].value or Cleared()).read_back],
            "last_after": round(max((self.answers[name].seconds for name in answered), default=0.0), 3),
        }


def _problem(answer: Answer[Cleared]) -> Verdict:
    """Why a client is not as wanted, empty where it is: it could not be cleared, or its cache holds something else again."""
    return (answer.value or Cleared()).verdict if answer.ok else Verdict(answer.reason, answer.msg)


def _applied(answer: Answer[Cleared], tolerated: bool) -> Applied:
    problem = _problem(answer)
    if not problem.reason:
        return Applied(ok=True)
    # A cache that was cleared and holds something else again is the verification's to tell.
    return Applied(ok=tolerated or answer.ok, msg=problem.msg, reason=problem.reason, skipped=tolerated)


def _seen(answer: Answer[Cleared]) -> Seen:
    problem = _problem(answer)
    if problem.reason:
        return Seen(confirmed=False, image=None, msg=problem.msg, reason=problem.reason)
    how = (answer.value or Cleared()).how
    return Seen(confirmed=True, image=CLEARED, msg="by ipconfig, and not read back: this Windows has no class for its cache" if how == "ipconfig" else "")
