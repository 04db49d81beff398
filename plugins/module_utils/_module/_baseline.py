# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The baseline: what both servers and the name servers look like in peace time, read and never changed."""

from __future__ import annotations

import functools
import ipaddress
import typing as t
from types import MappingProxyType

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, items_of, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, NotFound, WrongMachine
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _baseline_workload
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.addresses import found, read_addresses
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.dns_client import read_registrations
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import read_machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import read_services
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.shares import read_shares

REQUEST = 30.0
Definition = t.Mapping[str, t.Any]


def take_baseline(
    definition: Definition,
    hosts: Hosts,
    clock: Clock,
    credentials: _baseline_workload.Credentials = MappingProxyType({}),
    known: Definition = MappingProxyType({}),
) -> tuple[dict[str, t.Any], list[str]]:
    """``{machines, services, addresses, shares, registrations, databases, spns, records, taken_at, source, target}`` and warnings about what could
    not be read. ``credentials``: accounts for the databases, by the names that the definition uses; ``known``: the last baseline.

    Both servers must answer, and be two machines: a baseline of half an identity protects nobody.
    """
    warnings: list[str] = []
    baseline: dict[str, t.Any] = {"machines": {}, "services": {}, "addresses": {}, "shares": {}, "registrations": {}, "databases": {}, "records": {}}
    for side in ("source", "target"):
        host = definition[side]["host"]
        for part, seen in repeated(functools.partial(_host, definition, hosts.named(host)), clock, within=REQUEST).items():
            baseline[part][host] = seen
    source, target = definition["source"]["host"], definition["target"]["host"]
    if baseline["machines"][source]["uuid"].lower() == baseline["machines"][target]["uuid"].lower():
        raise WrongMachine(f"{source} and {target} are one machine ({baseline['machines'][source]['name']}): correct their addresses in the inventory")
    baseline["records"] = _records(definition, clock, warnings)
    for side, host in (("source", source), ("target", target)):
        before = (known.get("databases") or {}).get(host) or {}
        baseline["databases"][host] = _baseline_workload.databases(definition, side, hosts, clock, credentials, before, warnings)
    baseline["spns"] = _baseline_workload.spns(definition, hosts, known.get("spns") or {}, warnings)
    baseline.update(source=source, target=target, taken_at=stamp(clock.now()))
    return baseline, warnings


def _host(definition: Definition, session: Session) -> dict[str, t.Any]:
    machine = read_machine(session, REQUEST)
    return {
        "machines": {"uuid": machine.uuid, "name": machine.name},
        "services": _services(definition, session),
        "addresses": _addresses(definition, session),
        "shares": _shares(definition, session),
        "registrations": _registrations(session),
    }


def _registrations(session: Session) -> dict[str, bool]:
    """Adapter -> whether it registers its addresses in DNS; empty on Windows before 2012, which has no such class."""
    try:
        return {entry.interface: entry.registers for entry in read_registrations(session, REQUEST)}
    except NotFound:
        return {}


def _live_and_drilled(definition: Definition, part: str) -> list[t.Any]:
    """What a drill may touch belongs to the baseline too, or its leak check would look past it."""
    drilled = (definition.get("drill") or {}).get(part)
    return [*(definition.get(part) or []), *(drilled[part] if isinstance(drilled, dict) else [])]


def _drilled(definition: Definition, part: str) -> list[t.Any]:
    """What a drill moves instead of the live things: it is compared after the drill, so it belongs to the baseline."""
    plan = (definition.get("drill") or {}).get(part)
    return list(plan[part]) if isinstance(plan, dict) else []


def _services(definition: Definition, session: Session) -> dict[str, t.Any]:
    names = [service["name"] for service in _live_and_drilled(definition, "services")]
    return {name: service.image() if service else None for name, service in read_services(session, names, REQUEST).items()} if names else {}


def _addresses(definition: Definition, session: Session) -> list[dict[str, t.Any]]:
    wanted = [str(address["address"]) for address in _live_and_drilled(definition, "addresses")]
    if not wanted:
        return []
    present = read_addresses(session, REQUEST)
    kept = [entry for entry in (found(present, address) for address in wanted) if entry is not None]
    return [{"address": a.address, "prefix_length": a.prefix_length, "interface": a.interface, "skip_as_source": a.skip_as_source} for a in kept]


def _shares(definition: Definition, session: Session) -> dict[str, t.Any]:
    names = [share["name"] for share in definition.get("shares") or []]
    return {name: share.image() if share else None for name, share in read_shares(session, names, REQUEST).items()} if names else {}


def record_items(definition: Definition) -> list[Item]:
    """Every record set that the identity's DNS step may touch."""
    dns = definition.get("dns") or {}
    repoint = dns.get("repoint") or {}
    kinds = {"A" if ipaddress.ip_address(str(a)).version == 4 else "AAAA" for a in (repoint.get("to") or [])}
    items = [Item(str(name).rstrip(".").lower(), kind) for name in repoint.get("names") or [] for kind in sorted(kinds)]
    items += [Item(str(r["name"]).rstrip(".").lower(), r["type"]) for r in dns.get("records") or []]
    for shadow in (
        (((definition.get("drill") or {}).get("dns") or {}).get("names") or {}).values() if isinstance((definition.get("drill") or {}).get("dns"), dict) else ()
    ):
        items += [Item(str(shadow).rstrip(".").lower(), kind) for kind in sorted(kinds)]
    return list(dict.fromkeys(items))


def touched(definition: Definition) -> list[Item]:
    """Every record set that the run's DNS step reads and may write: the addresses' PTR sets, and what leads to a name or from it, too."""
    repoint = (definition.get("dns") or {}).get("repoint") or {}
    moved = items_of(read_repoint(repoint, (), wildcards=True)) if repoint.get("names") else []
    return list(dict.fromkeys([*record_items(definition), *moved]))


def stated_zones(definition: Definition) -> dict[str, str]:
    """Name -> the zone that the definition states for it."""
    records = (definition.get("dns") or {}).get("records") or []
    return {str(record["name"]).rstrip(".").lower(): str(record["zone"]).rstrip(".").lower() for record in records if record.get("zone")}


def endpoints(definition: Definition, key: str = "servers") -> list[Endpoint]:
    dns = definition.get("dns") or {}
    return [Endpoint(str(s["address"]), int(s.get("port") or 53), s.get("name") or "") for s in dns.get(key) or []]


def _records(definition: Definition, clock: Clock, warnings: list[str]) -> dict[str, t.Any]:
    """Item -> image, from the first server for updates that answers."""
    items = record_items(definition)
    if not items:
        return {}
    servers = Servers(endpoints(definition), (), clock)
    try:
        readings = servers.read(servers.first(), items)
    except FailoverError as error:
        warnings.append(f"the DNS records are not in the baseline: {error.message}")
        return {}
    finally:
        servers.close()
    return {str(item): to_image(reading.records) for item, reading in readings.items()}
