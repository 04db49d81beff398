# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Reads the records of an identity that is failed over from every name server, and holds them against what the failover left. Read only."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import record_guard
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_records, read_repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import FINDING, RIGHT, ZONES_OWN, Guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, TransportError, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, stated_zones
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import other_value
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
    updated, read_only = endpoints(definition), endpoints(definition, "verify_servers")
    gone = {(one.address, one.port) for one in [*updated, *read_only] if one.label in silent}
    servers = Servers([one for one in updated if one.label not in silent], [one for one in read_only if one.label not in silent], clock)
    seen: Evidence = []
    try:
        seen.extend(_find_zones(servers, definition, guards) if guards else [])
        for server in servers.all:
            if (server.endpoint.address, server.endpoint.port) not in gone:
                seen.extend(_of(server, servers, [one for one in guards if _is_asked(servers, server, one.item)], _repoint(definition)))
    finally:
        servers.close()
    known = {(one["of"], one["name"]) for one in seen if "name" in one}
    return [*(dict(one) for one in evidence if one["kind"] != "dns" or not (_named(one) in known or _lies_elsewhere(servers, one))), *seen]


def _named(one: t.Mapping[str, t.Any]) -> tuple[str, str]:
    return str(one["of"]), str(one.get("name", ""))


def _lies_elsewhere(servers: Servers, one: t.Mapping[str, t.Any]) -> bool:
    """That a server is no authority for what another one has to serve says nothing."""
    label, name = _named(one)
    server = next((server for server in servers.all if server.endpoint.label == label), None)
    return server is not None and bool(name) and one["says"] == "unreachable" and not _is_asked(servers, server, Item.parse(name))


def _find_zones(servers: Servers, definition: Definition, guards: t.Sequence[Guarded]) -> Evidence:
    """Which of the listed servers has which zone, and with ``discover`` those that the zones name; where these can't be found, that is evidence of its
    own. A name that none of them serves is asked for at each of them, and keeps no zone from being found."""
    discovers = bool((definition.get("dns") or {}).get("discover"))
    survey, names = Survey(servers), {one.item.name for one in guards}
    try:
        if not servers.updated:
            raise Unreachable("none of dns.servers answers")
        survey.locate_most([one.item for one in guards], {name: zone for name, zone in stated_zones(definition).items() if name in names})
        if discovers:
            survey.discover()
    except FailoverError as error:
        return [{"kind": "dns", "of": ZONES_OWN, "says": "unreachable", "msg": f"they could not be found: {error.message}"}] if discovers else []
    return []


def _is_asked(servers: Servers, server: NameServer, item: Item) -> bool:
    zone = servers.zone_of(item)
    return servers.serves(server, zone) if zone else not servers.found_by_zone(server)


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
