# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""verify_clients: do users arrive? Sample clients resolve, connect and identify, again and again, until enough of them do."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import PROTOCOLS, Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._arrival_sample import Sample
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import WORKERS, FanOut
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._plan_mode import planned_look
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import look
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

#: Seconds for one look at one client.
ONE_CLIENT = 60.0
#: What may stand in a request line, and the shape of a service principal name (class/host, with a port or an instance).
PATH = re.compile(r"/[!-~]*")
SPN = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)?(/[A-Za-z0-9._-]+)?")


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
                    "old_addresses": {"type": "list", "elements": "str", "default": []},
                    "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "banner"},
                    "path": {"type": "str", "default": "/"},
                    "spn": {"type": "str"},
                },
            },
            "workers": {"type": "int", "default": WORKERS},
            "verify_timeout": {"type": "float", "default": 120.0},
            "share": {"type": "float", "default": 1.0},
            "moved_at": {"type": "str"},
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
        result.extra.update(curves={}, stubborn=[])
        return result
    return look("verify", lambda: _watch(params, clients, wanted, hosts, clock, check_mode), params, hosts, clock, check_mode=check_mode)


def _watch(params: t.Mapping[str, t.Any], clients: list[str], wanted: list[Wanted], hosts: Hosts, clock: Clock, check_mode: bool) -> Result:
    fan_out = FanOut(hosts, clock, workers=int(params["workers"]), host_timeout=ONE_CLIENT)
    sample = Sample(clients, wanted, fan_out, clock, _moved_before(params, clock), tickets=not check_mode)
    begun = clock.monotonic()
    sample.watch(0.0 if check_mode else float(params["verify_timeout"]), float(params["share"]))
    sample.diagnose()
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
    return [_one_wanted(entry) for entry in params["expect"]]


def _one_wanted(entry: t.Mapping[str, t.Any]) -> Wanted:
    name, port, identity, spn = entry["name"].rstrip("."), entry.get("port") or 0, entry.get("identity") or "", entry.get("spn") or ""
    protocol, path = entry.get("protocol") or "banner", entry.get("path") or "/"
    canonical_name(name, "expect", wildcards=True)  # which a definition may list, and a DNS server answers literally
    if not 0 <= port < 65536:
        raise InvalidInput(f"expect for {name} has the port {port}, which is not between 1 and 65535")
    if identity and not port:
        raise InvalidInput(f"expect for {name} has an identity but no port: only a connection shows which server answers")
    if protocol != "banner" and not identity:
        raise InvalidInput(f"expect for {name} has the protocol {protocol} but no identity: say which word of the answer names the right server")
    if not PATH.fullmatch(path):
        raise InvalidInput(f"expect for {name} has the path {path!r}: it begins with a slash, and has neither blanks nor control characters")
    if spn and not SPN.fullmatch(spn):
        raise InvalidInput(f"expect for {name} has the spn {spn!r}: it is written as class/host, such as http/{name}")
    addresses, old = (frozenset(_address(one, name) for one in entry.get(key) or ()) for key in ("addresses", "old_addresses"))
    return Wanted(name, addresses, port, identity, protocol, path, spn, old)


def _moved_before(params: t.Mapping[str, t.Any], clock: Clock) -> float:
    """Seconds since the names moved; 0 where nobody says, so that no ticket from before this task proves anything."""
    said = params.get("moved_at")
    if not said:
        return 0.0
    try:
        seconds = (clock.now() - moment(said)).total_seconds()
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"moved_at is {said!r}; it is written as 2026-03-01T12:00:00Z, with its time zone") from error
    if seconds < 0:
        raise InvalidInput(f"moved_at is {said}, which is still to come")
    return seconds


def _address(text: str, name: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise InvalidInput(f"expect for {name} has the address {text!r}, which is no IP address") from error


def _as_it_is(result: Result) -> None:
    """Check mode looks once and tells how it is now: that clients are not there before anything was moved is no failure."""
    result.failed, result.reason = False, ""
    for outcome in result.outcomes:
        if outcome.status == "failed":
            outcome.status, outcome.grade = "predicted", "unknown"
