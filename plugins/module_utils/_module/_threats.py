# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Looks for what pulls an identity back to its source: records, addresses, service principal names, a source that answers. Read only."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._ownership import Definition, knock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._record_guard import guards_of, look_at_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import directory
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import read_services

#: Seconds for one answer of a domain controller, and of the source.
DIRECTORY = 30.0
SOURCE = 10.0

#: The grade of a fence from which on the source does not answer at all.
ISOLATED = 3

#: Any domain controller speaks for all of them.
DIRECTORY_NAME = "the directory"

Evidence = list[dict[str, t.Any]]


def look_for_threats(definition: Definition, evidence: t.Sequence[t.Mapping[str, t.Any]], fold: Fold, hosts: Hosts, clock: Clock) -> Evidence:
    """``{kind, of, name, values, says}`` of everything that may lead away from the target; ``evidence`` is what ``observe_owner`` has found.

    Raises nothing of a host's: what can't be asked says so.
    """
    source = definition["source"]["host"]
    # A source that takes no connection at all has nothing up that we know of.
    own = [{**one, "says": "none"} if one["of"] == source and one.get("silent") else dict(one) for one in evidence]
    return look_at_records(definition, guards_of(definition, fold), own, clock) + _by_spns(definition, hosts) + _by_source(definition, hosts)


def _by_spns(definition: Definition, hosts: Hosts) -> Evidence:
    entries = definition.get("spns") or []
    controllers = list((definition.get("directory") or {}).get("domain_controllers") or [])
    values = [value for entry in entries for value in entry["values"]]
    if not values or not controllers:
        return []
    causes = []
    for name in controllers:
        try:
            answer = directory.ask(hosts.named(name), sorted({entry["from"] for entry in entries}), values, [], DIRECTORY)
        except FailoverError as error:
            causes.append({"kind": "spn", "of": DIRECTORY_NAME, "says": "unreachable", "msg": error.message})
            continue
        return [_holder(entry["from"], value, answer.holders_of(value)) for entry in entries for value in entry["values"]]
    return causes


def _holder(giver: str, value: str, holders: list[str]) -> dict[str, t.Any]:
    says = "source" if giver.lower() in map(str.lower, holders) else "target"
    return {"kind": "spn", "of": DIRECTORY_NAME, "name": value, "values": holders, "says": says}


def _by_source(definition: Definition, hosts: Hosts) -> Evidence:
    """A source that answers: whether its workload runs, and whether anything keeps it from serving. A fence of grade 3 or 4 is over with the first answer,
    one of grade 2 with the first service that may start."""
    source, fence = definition["source"]["host"], definition.get("fence") or {}
    names = list(fence.get("services") or [service["name"] for service in definition.get("services") or []])
    minimum = int(fence.get("minimum") or 0)
    if minimum < 2 or (minimum < ISOLATED and not names):
        return []  # a source that may go on serving those who still reach it
    knocked, why = knock(hosts, source)
    if not knocked:
        return [{"kind": kind, "of": source, "says": "none", "msg": why} for kind in ("workload", "presence")]
    there = {"kind": "presence", "of": source, "name": "", "values": [f"the fence has to be of grade {minimum}"], "says": "source"}
    try:
        found = read_services(hosts.named(source), names, SOURCE) if names else {}
    except FailoverError as error:
        unknown = {"of": source, "says": "unreachable", "msg": error.message}
        return [{"kind": "workload", **unknown}, there if minimum >= ISOLATED else {"kind": "presence", **unknown}]
    running = [name for name, service in found.items() if service is not None and service.state == "Running"]
    startable = [name for name, service in found.items() if service is not None and name not in running and service.start_mode != "disabled"]
    if minimum < ISOLATED:
        there = {**there, "values": [f"{name} may start" for name in startable], "says": "source" if startable else "none"}
    return [{"kind": "workload", "of": source, "name": "", "values": running, "says": "source" if running else "none"}, there]
