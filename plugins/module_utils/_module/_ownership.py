# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Who owns the identity, as observed: what each name server says of its names, and who has its addresses up."""

from __future__ import annotations

import concurrent.futures
import functools
import typing as t
import urllib.parse

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import records
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, TransportError, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.probes import tcp_answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.addresses import found, read_addresses

Definition = t.Mapping[str, t.Any]

#: The finding that stands for another owner than the promised one.
FINDING = "owner_not_confirmed"
#: What ``observe_owner`` says, for a sentence.
OBSERVED = {"none": "nobody", "both": "both servers", "source": "the source", "target": "the target"}
#: Seconds for a connection to be accepted at all.
KNOCK = 2.0
#: Seconds for a host's answer.
ONE_ANSWER = 5.0


def observe_owner(definition: Definition, hosts: Hosts, clock: Clock) -> tuple[str, list[dict[str, t.Any]]]:
    """``source``, ``target``, ``both`` (an alarm), ``none``, or ``unknown`` where nothing could be asked; with the evidence."""
    # The source is mostly dead when this is asked, and keeps its asker waiting.
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="source") as pool:
        source = pool.submit(_by_addresses, definition, "source", hosts, clock)
        names, target = _by_names(definition, clock), _by_addresses(definition, "target", hosts, clock)
        evidence = names + source.result() + target
    said = {entry["says"] for entry in evidence if entry["says"] not in ("unreachable", "")}
    if not said:
        return "unknown", evidence
    if said == {"none"}:
        return "none", evidence
    said.discard("none")
    return (said.pop() if len(said) == 1 else "both"), evidence


def against(evidence: t.Sequence[t.Mapping[str, t.Any]], promised: str) -> str:
    """What was observed otherwise than ``promised``, the first three of it, for a message."""
    others = [one for one in evidence if one["says"] not in (promised, "unreachable", "")]
    return "; ".join(f"{one['of']}: {one.get('name', '')} {', '.join(one.get('values') or ()) or 'nothing'}" for one in others[:3])


def both_hold_addresses(evidence: t.Sequence[t.Mapping[str, t.Any]]) -> bool:
    """Whether each server has an address of the identity up: the second owner that no reason makes right."""
    return {"source", "target"} <= {one["says"] for one in evidence if one["kind"] == "address"}


class OwnerNotConfirmed(WrongState):
    """Names or addresses lead elsewhere than promised; ``details["next"]`` accepts it."""

    reason = FINDING


def _by_names(definition: Definition, clock: Clock) -> list[dict[str, t.Any]]:
    sides = {side: {Item(str(r["name"]).rstrip(".").lower(), r["type"]): set(r["values"]) for r in records(definition, side)} for side in ("source", "target")}
    items = list(sides["source"])
    if not items:
        return []
    servers = Servers(endpoints(definition), endpoints(definition, "verify_servers"), clock)
    evidence: list[dict[str, t.Any]] = []
    try:
        for server in servers.all:
            try:
                readings = servers.read(server, items)
            except TransportError as error:
                evidence.append({"kind": "dns", "of": server.endpoint.label, "says": "unreachable", "msg": error.message})
                continue
            for item, reading in readings.items():
                if reading.status != "ok":
                    msg = f"{server.endpoint} is no authority for {item}"
                    evidence.append({"kind": "dns", "of": server.endpoint.label, "name": str(item), "says": "unreachable", "msg": msg})
                    continue
                values = set(reading.records.values) if reading.records else set()
                says = {side for side in sides if values & sides[side].get(item, set())}
                evidence.append({"kind": "dns", "of": server.endpoint.label, "name": str(item), "values": sorted(values), "says": _word(says)})
    finally:
        servers.close()
    return evidence


def _by_addresses(definition: Definition, side: str, hosts: Hosts, clock: Clock) -> list[dict[str, t.Any]]:
    wanted = [str(a["address"]) for a in definition.get("addresses") or []]
    if not wanted:
        return []
    host = definition[side]["host"]
    knocked, why = knock(hosts, host)
    if not knocked:
        return [{"kind": "address", "of": host, "says": "unreachable", "silent": True, "msg": why}]
    try:
        present = repeated(functools.partial(read_addresses, hosts.named(host), ONE_ANSWER), clock, within=ONE_ANSWER)
    except FailoverError as error:
        return [{"kind": "address", "of": host, "says": "unreachable", "msg": error.message}]
    evidence: list[dict[str, t.Any]] = []
    for address in wanted:
        entry = found(present, address)
        up = entry is not None and entry.state == "Preferred"
        evidence.append({"kind": "address", "of": host, "name": address, "values": [entry.state] if entry else [], "says": side if up else ""})
    return evidence


def knock(hosts: Hosts, host: str) -> tuple[bool, str]:
    """Whether the host's WinRM port takes a connection, and why not: short, not the whole time-out of a logon."""
    endpoint = urllib.parse.urlsplit(hosts.settings(host).endpoint)
    return tcp_answers(str(endpoint.hostname), int(endpoint.port or 5986), KNOCK)


def _word(says: set[str]) -> str:
    return "both" if len(says) > 1 else next(iter(says), "none")
