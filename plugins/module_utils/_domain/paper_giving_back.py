# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What only a failback has on paper: the data are brought back before the source serves, and the source joins. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import LETS_JOIN
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import SILENT

JSON = t.Any
Document = t.Mapping[str, JSON]


def data_come_back(definition: Definition) -> Deed:
    """A run asks for this word, or its hook before_quiesce proves it, before it takes anything apart."""
    source, target = str(definition["source"]["host"]), str(definition["target"]["host"])
    text = (
        f"bring to {source} what was written on {target} since the failover, while users work on, by replication or a restore. "
        f"What is not to come back is given up: whoever answers for the data writes that down"
    )
    seen = f"it is on {source}, and only what users write right now is lacking. From the next command on they are cut off, until the names lead to {source}"
    return Deed(
        f"the data: bring them to {source}", f"before {target} is stopped", "Where the data are replicated or restored", [Line(text, seen, by_eye=True)]
    )


def data_are_complete(definition: Definition) -> Deed:
    source, target = str(definition["source"]["host"]), str(definition["target"]["host"])
    text = f"{target} takes no more writes now. See that the last of them have come to {source}, and end the replication"
    seen = f"nothing is left to be sent; write down up to which moment {source} has the data"
    return Deed(
        "the data: see that the last of them have come", f"before {source} serves", "Where the data are replicated or restored", [Line(text, seen, by_eye=True)]
    )


def joining(document: Document, definition: Definition, hooks: t.Container[str]) -> Deed | None:
    """The source joins: a hook gives it power and network, or somebody does. None where it is in the network, and its fence is released by commands."""
    source, target = str(definition["source"]["host"]), str(definition["target"]["host"])
    fence = next((step for step in document["steps"] if step["step"] == f"fence@{source}"), None)
    if fence is None or (LETS_JOIN not in hooks and fence["changes"]):
        return None
    out = LETS_JOIN in hooks or fence["reason"] in SILENT
    what, seen = f"fence@{source}: join", f"it answers: Test-WSMan -ComputerName {source} on {target} shows lines such as wsmid"
    where = f"At the hypervisor, the BMC or the switch of {source}"
    if not out:
        return Deed(what, "it is in the network, and its fence has nothing to release", where, [Line("nothing is to be done", seen, by_eye=True)])
    how = f", as your hook {LETS_JOIN} does it" if LETS_JOIN in hooks else ""
    text = f"give {source} power and network again{how}. It registers its names, and may start its workload by itself"
    back = Line(
        f"switch {source} off, or shut its switch ports, before {target} serves again", f"off; or silence: Test-WSMan on {target} ends in red", by_eye=True
    )
    return Deed(what, "let it join, and not before", where, [Line(text, seen, by_eye=True)], [back])


def registered(definition: Definition) -> str:
    """dnscmd's errors 9701 and 9711 are DNS_ERROR_RECORD_DOES_NOT_EXIST and DNS_ERROR_RECORD_ALREADY_EXISTS (reference: Microsoft, system error codes)."""
    source = definition["source"]["host"]
    return (
        f"> **{source} may have registered its names by itself since it joined.** Then /RecordDelete ends in error 9701 and /RecordAdd in error 9711: go on, "
        f"the look behind them counts. Where it shows another TTL, type /RecordDelete with the address that is there, and /RecordAdd again."
    )


def is_joining(deed: Deed) -> bool:
    return deed.what.startswith("fence@") and deed.what.endswith(": join")
