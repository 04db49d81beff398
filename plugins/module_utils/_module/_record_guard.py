# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Reads the records of an identity that is failed over from every name server, and holds them against what the failover left. Read only."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import record_guard
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import RecordSet, Repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_records, read_repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import FINDING, RIGHT, ZONES_OWN, Guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import other_value
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import discover
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

Definition = t.Mapping[str, t.Any]
Evidence = list[dict[str, t.Any]]


def guards_of(definition: Definition, fold: Fold) -> list[Guarded]:
    """The records of the identity and what each must be while the target owns it."""
    entries = (definition.get("dns") or {}).get("records") or []
    listed = read_records(entries, "present", (), wildcards=True, other_values=other_value)
    return record_guard.guarded(fold.runs.get(fold.last_failover), listed, _repoint(definition), fold.baseline.get("records") or {})


def look_at_records(definition: Definition, guards: t.Sequence[Guarded], evidence: t.Sequence[t.Mapping[str, t.Any]], clock: Clock) -> Evidence:
    """``evidence`` (of ``observe_owner``) with what every server says of every guarded record, ``{…, values, wanted, says, finding}``.

    A server that was silent a moment ago is not waited for again. Raises nothing of a server's: what can't be asked says so.
    """
    silent = {one["of"] for one in evidence if one["kind"] == "dns" and one["says"] == "unreachable" and "name" not in one}
    repoint = _repoint(definition)
    servers = Servers(endpoints(definition), endpoints(definition, "verify_servers"), clock)
    seen: Evidence = []
    try:
        if (definition.get("dns") or {}).get("discover") and guards:
            seen.extend(_find_others(servers, guards, clock))
        for server in servers.all:
            if server.endpoint.label not in silent:
                mine = [one for one in guards if servers.serves(server, servers.zone_of(one.item))]
                seen.extend(_of(server, servers, mine, repoint))
    finally:
        servers.close()
    known = {(one["of"], one["name"]) for one in seen if "name" in one}
    return [*(dict(one) for one in evidence if one["kind"] != "dns" or (one["of"], one.get("name", "")) not in known), *seen]


def _find_others(servers: Servers, guards: t.Sequence[Guarded], clock: Clock) -> Evidence:
    """Adds the name servers that the zones name; where none of the listed ones can tell, that is evidence of its own."""
    try:
        teller = servers.first()
        discover(servers, teller, servers.zones(teller, [one.item.name for one in guards], {}).values(), clock)
    except FailoverError as error:
        return [{"kind": "dns", "of": ZONES_OWN, "says": "unreachable", "msg": f"they could not be found: {error.message}"}]
    return []


def _of(server: NameServer, servers: Servers, guards: t.Sequence[Guarded], repoint: Repoint | None) -> Evidence:
    label = server.endpoint.label
    try:
        readings = servers.read(server, [one.item for one in guards])
    except TransportError as error:
        return [{"kind": "dns", "of": label, "says": "unreachable", "msg": error.message}]
    seen: Evidence = []
    for one in guards:
        reading = readings[one.item]
        if reading.status != "ok":
            why = "can't answer now (SERVFAIL) for" if reading.status == "failed" else "is no authority for"
            msg = f"{server.endpoint} {why} {one.item}"
            seen.append({"kind": "dns", "of": label, "name": str(one.item), "says": "unreachable", "msg": msg})
            continue
        there = reading.records
        if there is None and reading.alias and one.wanted is not None:
            there = RecordSet.of([f"CNAME {reading.alias}"], 0)  # what clients are sent to instead
        says = record_guard.judged(one, there, repoint)
        values, wanted = (list(records.values) if records else [] for records in (there, one.wanted))
        seen.append({"kind": "dns", "of": label, "name": str(one.item), "values": values, "wanted": wanted, "says": says})
        if says != RIGHT:
            seen[-1]["finding"] = FINDING
    return seen


def _repoint(definition: Definition) -> Repoint | None:
    option = (definition.get("dns") or {}).get("repoint")
    return read_repoint(option, (), wildcards=True) if option else None
