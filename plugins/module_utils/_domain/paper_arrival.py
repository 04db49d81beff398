# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Whether users arrive, on paper: what a sample client is asked, and the very addresses of the plan that it answers. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition, expectations
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

JSON = t.Any
Document = t.Mapping[str, JSON]


def arrival(document: Document, definition: Definition) -> list[Line]:
    side = "source" if document["kind"] == "failback" else "target"
    lines = []
    for entry in expectations(definition, side, ""):
        name, port = str(entry["name"]), entry.get("port") or (definition.get("clients") or {}).get("port")
        lines.append(Line(f"(Resolve-DnsName -Name {quoted(name)} -DnsOnly).IPAddress", _addresses(name, entry, document, definition, side)))
        if port:
            lines.append(Line(f"(Test-NetConnection -ComputerName {quoted(name)} -Port {port}).TcpTestSucceeded", "True"))
    return lines


def _addresses(name: str, entry: t.Mapping[str, JSON], document: Document, definition: Definition, side: str) -> str:
    """As the plan writes them; else as the plan found them, the definition states them, or, where neither knows, where they belong."""
    old: list[str] = []
    new: list[str] = []
    for item in (f"{name} A", f"{name} AAAA"):
        before, after = _images(item, document)
        old += [value for value in before if value not in after]
        new += after
    new = new or [str(address) for address in entry.get("addresses") or []]
    if not new:
        moving = [str(address["address"]) for address in definition.get("addresses") or []]
        return " or ".join(moving) or f"an address of {definition[side]['host']}"
    late = f". {' or '.join(old)}: this client, or the name server that it asks, has the old answer still" if old else ""
    return f"{' and '.join(new)}{late}"


def _images(item: str, document: Document) -> tuple[list[str], list[str]]:
    """The values of a record before and after."""
    for change in document["changes"]:
        if kind_of(change["step"]) == "dns" and change["item"] == item and not change["puts_back"]:
            return _values(change["before"]), _values(change["after"])
    found = next((step["as_wanted"][item] for step in document["steps"] if kind_of(step["step"]) == "dns" and item in step["as_wanted"]), None)
    return _values(found), _values(found)


def _values(image: JSON) -> list[str]:
    return [str(value) for value in (image or {}).get("values") or []]
