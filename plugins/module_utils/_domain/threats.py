# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What pulls an identity back to its source while the target owns it: from evidence, and compared with what was known. Pure."""

from __future__ import annotations

import typing as t

#: The states in which the target owns the identity and is guarded.
GUARDED = ("failed_over", "threatened")

#: What to do, by the kind of the evidence.
REMEDIES = {
    "dns": "switch the source's registration off or take it off the network, then lead the name to the target again",
    "address": "take the source off the network: both servers must not have the address",
    "spn": "move the name to the target's account again",
    "workload": "stop the source's workload, or take it off the network",
}

Evidence = t.Sequence[t.Mapping[str, t.Any]]


def threats(evidence: Evidence) -> list[dict[str, str]]:
    """``{kind, of, name, msg, remedy}`` for everything that leads to the source or serves there."""
    found = []
    for one in evidence:
        if one["says"] in ("source", "both"):
            values = ", ".join(one.get("values") or ()) or "the source"
            entry = {"kind": one["kind"], "of": one["of"], "name": str(one.get("name", ""))}
            found.append({**entry, "msg": _sentence(one["kind"], entry, values), "remedy": REMEDIES[one["kind"]]})
    return found


def _sentence(kind: str, entry: t.Mapping[str, str], values: str) -> str:
    name, of = entry["name"], entry["of"]
    sentences = {
        "dns": f"{of} leads {name} to the source ({values})",
        "address": f"{of} has the address {name} up ({values})",
        "spn": f"{of} says that {values} holds {name}, an account of the source",
        "workload": f"{of} answers and its workload runs ({values})",
    }
    return sentences[kind]


def judged(state: str, known: t.Sequence[t.Mapping[str, str]], evidence: Evidence) -> tuple[str, list[dict[str, str]]] | None:
    """``("threat" | "repaired", threats)`` where this evidence changes what is known of a guarded identity, else None.

    What could not be asked proves nothing: a known threat is gone only once the same place says otherwise, whatever appears elsewhere.
    A source that is silent pulls nothing.
    """
    if state not in GUARDED:
        return None
    mute = {(one["kind"], one["of"]) for one in evidence if one["says"] == "unreachable"}
    asked = {(one["kind"], one["of"]) for one in evidence} - mute
    seen = threats(evidence)
    there = _keys(seen)
    unknown = [dict(one) for one in known if (one["kind"], one["of"]) not in asked and (one["kind"], one["of"], one["name"]) not in there]
    found = [*seen, *unknown]
    if state != "threatened":
        return ("threat", found) if found else None
    if not found:
        return ("repaired", [])
    return None if _keys(found) == _keys(known) else ("threat", found)


def _keys(entries: t.Sequence[t.Mapping[str, str]]) -> set[tuple[str, str, str]]:
    return {(one["kind"], one["of"], one["name"]) for one in entries}
