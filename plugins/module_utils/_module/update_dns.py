# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The module update_dns: its options, and the result from them."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_aims import TTL_STATES, when_it_fails
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import items_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_address, canonical_name, canonical_ttl
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import read_require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ttl import refuse_without_note
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import list_once, read_records, read_repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_alias_lock import AliasLockStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import AUTH_OPTIONS, build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_options import (
    LOCK_OPTIONS,
    alias_of,
    asks_for_lock,
    build_lock_step,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_step import DnsStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_telling import Telling
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_updater import DynamicUpdates
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import other_value, require_dnspython
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth, TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers


STATES = ("present", "absent", "repointed", "locked", "unlocked", *TTL_STATES, "reverted")
#: What the result says of TTLs and of what was put back, where there is nothing to say.
NOTHING_DONE: t.Mapping[str, t.Any] = {"ttl": {"records": {}, "until": ""}, "rollback": {"done": [], "left": {}}}


def update_dns_spec() -> ArgumentSpec:
    record = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "required": True},
        "values": {"type": "list", "elements": "str", "default": []},
        "ttl": {"type": "int"},
        "zone": {"type": "str"},
        "expect": {"type": "list", "elements": "str"},
    }
    repoint = {
        "from": {"type": "list", "elements": "str", "required": True},
        "to": {"type": "list", "elements": "str", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "ptr": {"type": "bool", "default": False},
    }
    server = {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 53}, "name": {"type": "str"}}
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": list(STATES), "default": "present"},
            "records": {"type": "list", "elements": "dict", "options": record},
            "repoint": {"type": "dict", "options": repoint},
            "servers": {"type": "list", "elements": "dict", "options": server},
            "verify_servers": {"type": "list", "elements": "dict", "options": server, "default": []},
            **AUTH_OPTIONS,
            **LOCK_OPTIONS,
            "unsigned": {"type": "bool", "default": False},
            "ttl": {"type": "int"},
            "discover": {"type": "bool", "default": False},
            "resolvers": {"type": "list", "elements": "dict", "options": server, "default": []},
            "require": {"type": "str", "default": "reachable"},
            "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"]},
            "accept_disagreement": {"type": "str"},
            "on_failure": {"type": "str", "choices": ["keep", "rollback"]},
            "outside_runs_of": {"type": "str"},
            "verify_timeout": {"type": "float", "default": 60.0},
            "protected_names": {"type": "list", "elements": "str", "default": []},
            "allow_wildcards": {"type": "bool", "default": False},
        },
        required_if=[
            ("state", "present", ("records", "servers")),
            ("state", "absent", ("records", "servers")),
            ("state", "repointed", ("repoint", "servers")),
            ("state", "locked", ("lock",)),
            ("state", "unlocked", ("lock",)),
            ("state", "reverted", ("revert_run",)),
            ("state", "reverted", ("records", "repoint", "lock"), True),
            *(("state", state, ("servers",)) for state in TTL_STATES),
            *(("state", state, ("records", "repoint"), True) for state in TTL_STATES),
        ],
    )


def update_dns(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Every option is checked before any server is asked, every record is read before any is written."""
    if asks_for_lock(params) and not alias_of(params):
        return _lock(params, hosts, clock, check_mode)
    require_dnspython()
    step = build_step(params, clock)
    step.readback.only_looks = check_mode or (params.get("run") or {}).get("mode") == "plan"
    try:
        result = drive(step, params, hosts, clock, check_mode=check_mode)
    finally:
        step.servers.close()
        step.resolvers.close()
        step.telling.close()
    result.extra["servers"] = step.readback.report(list(step.survey.holders.values()), step.updater.messages)
    result.extra["resolvers"] = step.resolvers.report()
    result.extra.setdefault("debts", [])
    result.extra = {**NOTHING_DONE, **result.extra}
    result.extra["locks"] = {}
    result.warnings.extend([*step.warnings, *_unread("name server", result.extra["servers"]), *_unread("clients' resolver", result.extra["resolvers"])])
    return result


def _lock(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, check_mode: bool) -> Result:
    step = build_lock_step(params, clock)
    try:
        result = drive(step, params, hosts, clock, check_mode=check_mode)
    finally:
        step.close()
    result.extra = {"servers": {}, "resolvers": {}, "debts": [], **NOTHING_DONE, "locks": {}, **result.extra}
    result.warnings.extend(step.warnings)
    return result


def build_step(params: t.Mapping[str, t.Any], clock: Clock) -> DnsStep:
    """Raises InvalidInput with one sentence that names the record or the option."""
    state = str(params["state"])
    protected = frozenset(canonical_name(name, "protected_names") for name in params.get("protected_names") or ())
    ttl = canonical_ttl(params.get("ttl"), "ttl")
    records, repoint, alias = params.get("records"), params.get("repoint"), alias_of(params)
    if records and repoint is not None and not alias and state not in ("reverted", *TTL_STATES):
        raise InvalidInput("records and repoint are two tasks: state 'repointed' takes repoint, 'present' and 'absent' take records")
    if repoint is None and not records and not alias:
        raise InvalidInput("records is empty; list at least one record")
    if state == "reverted" and params.get("on_failure") == "rollback":
        raise InvalidInput("on_failure: 'rollback' would take back what state 'reverted' puts back; leave it away there")
    require = read_require(params["require"])
    refuse_placeholders({"accept_disagreement": params.get("accept_disagreement")})
    if float(params["verify_timeout"]) < 0:
        raise InvalidInput(f"verify_timeout: {params['verify_timeout']} is negative")
    wildcards = bool(params.get("allow_wildcards"))
    wanted = alias or read_records(records or (), state, protected, ttl, wildcards=wildcards, other_values=other_value)
    moved = read_repoint(repoint, protected, wildcards=wildcards) if repoint is not None and not alias else None
    if state in TTL_STATES:
        refuse_without_note([*(one.item for one in wanted), *(items_of(moved) if moved is not None else ())])
    servers = _endpoints(params.get("servers") or (), "servers")
    readers = _endpoints(params.get("verify_servers") or (), "verify_servers")
    for one in servers:
        if any(other.label == one.label and other != one for other in readers):
            raise InvalidInput(f"verify_servers: the name {one.label} is that of another server in servers")
    if not servers:
        raise InvalidInput("servers is empty; list the name server that takes the zone's updates")
    asked = Servers(servers, readers, clock)
    survey, auth = Survey(asked), _auth(params, asked, clock)
    return (AliasLockStep if alias else DnsStep)(
        state,
        wanted,
        moved,
        survey,
        DynamicUpdates(asked, survey, auth, clock),
        Telling(auth, survey.holder, clock),
        clock,
        ttl=ttl,
        require=require,
        discover=bool(params.get("discover")),
        resolvers=_endpoints(params.get("resolvers") or (), "resolvers"),
        verify_timeout=float(params["verify_timeout"]),
        accept_disagreement=str(params.get("accept_disagreement") or "").strip(),
        protected=protected,
        outside_runs_of="" if params.get("run") else str(params.get("outside_runs_of") or ""),
        on_failure=when_it_fails(params.get("on_failure"), state, in_run=bool(params.get("run")), accepted=bool(params.get("accept_failure"))),
        # A source that comes back registers its names: a move must hold against it, anything else gives way to others.
        on_conflict=params.get("on_conflict") or ("replace" if state == "repointed" else "fail"),
    )


def _auth(params: t.Mapping[str, t.Any], servers: Servers, clock: Clock) -> Auth:
    auth = build_auth(params, servers, clock)
    if auth is not None and params.get("unsigned"):
        signer = "key" if params.get("key") else "kerberos"
        raise InvalidInput(f"{signer} and unsigned are both given; either the updates are signed, or they are not")
    if auth is None and not params.get("unsigned"):
        raise InvalidInput(
            "key is missing: give the TSIG key (or the Kerberos account) that may update these zones, or 'unsigned: true' for a zone that takes updates "
            "from anybody"
        )
    return auth or TsigAuth(None, clock)


def _endpoints(entries: t.Sequence[t.Mapping[str, t.Any]], option: str) -> list[Endpoint]:
    labels: dict[tuple[str, int], str] = {}
    endpoints = []
    for number, entry in enumerate(entries, 1):
        where = f"{option} entry {number}"
        port = int(entry.get("port") or 53)
        if not 0 < port < 65536:
            raise InvalidInput(f"{where}: port {port} is not between 1 and 65535")
        endpoint = Endpoint(canonical_address(str(entry["address"]), where), port, str(entry.get("name") or ""))
        list_once(labels, endpoint.address, port, endpoint.label, where)
        endpoints.append(endpoint)
    return endpoints


def _unread(kind: str, servers: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """What nobody could read is not claimed."""
    words = {"unreachable": "did not answer", "not_authoritative": "is no authority for"}
    return [
        f"{kind} {label} {words[status]} {facts[status]} record sets, so it is not known what it tells its clients"
        for label, facts in servers.items()
        for status in words
        if facts[status]
    ]
