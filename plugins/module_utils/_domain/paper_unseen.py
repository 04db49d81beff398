# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A failback on paper whose source was silent when it was planned: what is to be done there, made from the definition.
And of both kinds: what people find out and do in a step of which the plan knows nothing. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_commands import (
    NOTHING,
    WAITS,
    add_address,
    commands,
    inverse,
    remove_address,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_databases import database_items
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import SILENT, kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

JSON = t.Any


def unseen(step: t.Mapping[str, JSON], definition: Definition) -> list[Deed]:
    """The deeds of a step of the source of which the plan knows nothing, in the order of a run."""
    host = str(definition["source"]["host"])
    if step["changes"] or step["reason"] not in SILENT or not step["step"].endswith(f"@{host}"):
        return []
    making = {"fence": _released, "identity": _addresses, "services": _started, "databases": _mounted}.get(kind_of(step["step"]))
    return making(host, definition) if making else []


def by_hand(step: t.Mapping[str, JSON]) -> Deed:
    """What is done in a step that has no commands, as one point, so that the paper can say what it means to have come to it."""
    where = f"On {step['host']}" if step["host"] else "On a host with the DNS server tools"
    there = Line("change what you found, one after the other; write down each change, and what was there before it", "what the definition has", by_eye=True)
    back = Line("take back each change that you wrote down, the last one first", "what was there before", by_eye=True)
    return Deed(f"{step['step']}: by hand", "do what you found out", where, [there], [back])


def _released(host: str, definition: Definition) -> list[Deed]:
    """Nobody knows what a fence has left there, or people who fenced it by hand: they wrote it down."""
    named = (definition.get("fence") or {}).get("services") or [entry["name"] for entry in definition.get("services") or []]
    lines = []
    if named:
        look = f"Get-Service -Name {', '.join(quoted(str(name)) for name in named)} | Format-Table -Property Name, Status, StartType"
        lines.append(Line(look, "a line for each. Disabled: the fence of the failover did that, or somebody by hand"))
    for name in named:
        mode = f"(Read-Host 'StartType of {name} in peace time')"
        lines.append(Line(f"Set-Service -Name {quoted(str(name))} -StartupType {mode}", f"only where it is Disabled and was not: {NOTHING}"))
    switch = "-RegisterThisConnectionsAddress"
    adapters = "(Read-Host 'Adapters that are to register their names, with commas between') -split '\\s*,\\s*'"
    lines += [
        Line("Get-DnsClient | Format-Table -Property InterfaceAlias, RegisterThisConnectionsAddress", "True for each adapter that registers in peace time"),
        Line(f"Set-DnsClient -InterfaceAlias ({adapters}) {switch} $true", f"only where one of them has False: {NOTHING}"),
    ]
    return [Deed(f"fence@{host}: release", "take back what the fence did, where it did anything", host, lines)]


def _addresses(host: str, definition: Definition) -> list[Deed]:
    deeds = []
    for entry in definition.get("addresses") or []:
        address = str(entry["address"])
        look = Line(
            f"Get-NetIPAddress -IPAddress {quoted(address)} | Format-List -Property InterfaceAlias, PrefixLength",
            "it has the address still: go on behind the next two. A red error, no matching object: it has it not",
        )
        length = entry.get("prefix_length") or "(Read-Host 'PrefixLength in peace time')"
        lines = [look, *add_address(address, length, "(Read-Host 'InterfaceAlias in peace time')")]
        deeds.append(Deed(f"identity@{host}: address {address}", "add it, where it is not there", host, lines, remove_address(address)))
    return deeds


def _started(host: str, definition: Definition) -> list[Deed]:
    deeds = []
    for entry in definition.get("services") or []:
        change = {"step": f"services@{host}", "item": str(entry["name"]), "before": {"state": "Stopped"}, "after": {"state": "Running"}}
        start, *look = commands(change, definition)
        lines = [start._replace(answer=f"only where it ran in peace time: {WAITS}"), *look]
        deeds.append(Deed(f"{change['step']}: {change['item']}", "start it, where it does not run yet", host, lines, commands(inverse(change), definition)))
    return deeds


def _mounted(host: str, definition: Definition) -> list[Deed]:
    deeds = []
    for item in database_items(definition, "source"):
        change = {"step": f"databases@{host}", "host": host, "item": item, "before": {"mounted": False}, "after": {"mounted": True}}
        there, back = commands(change, definition), commands(inverse(change), definition)
        deeds.append(Deed(f"{change['step']}: {item}", "mount it, where it is not mounted yet", host, there, back))
    return deeds
