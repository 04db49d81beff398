# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What pulls an identity back to its source, or away, while the target owns it: from evidence, and compared with what was known. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import CHANGED, FINDING, GONE, ZONES_OWN

#: The states in which the target owns the identity and is guarded.
GUARDED = ("failed_over", "threatened")

#: What to do, by the kind of the evidence.
REMEDIES = {
    "dns": "switch the source's registration off or take it off the network, then let the playbook repair_dns write the record again",
    "address": "take the source off the network: both servers must not have the address",
    "spn": "move the name to the target's account again",
    "workload": "stop the source's workload, or take it off the network",
    "presence": "take it off the network, or stop and disable its workload where the fence asks for no more; where it is to serve again, fail back",
}
#: The same for a record that leads neither to the source nor to the target.
ELSEWHERE = {
    CHANGED: "find out who set it, then let the playbook repair_dns write it again, or fail back",
    GONE: "find out who deleted it (scavenging deletes what nobody refreshes; a static record stays), then let the playbook repair_dns write it again",
}

Evidence = t.Sequence[t.Mapping[str, t.Any]]


def threats(evidence: Evidence) -> list[dict[str, t.Any]]:
    """``{kind, of, name, msg, remedy}`` for everything that leads to the source or serves there, and for records that are not as they must be.

    Those have ``finding``, ``values`` (what the name server gives) and ``wanted`` as well.
    """
    found: list[dict[str, t.Any]] = []
    for one in evidence:
        if one["says"] in ("source", "both", *ELSEWHERE):
            values = ", ".join(one.get("values") or ()) or "the source"
            entry = {"kind": one["kind"], "of": one["of"], "name": str(one.get("name", ""))}
            remedy = ELSEWHERE.get(one["says"], REMEDIES[one["kind"]])
            more = {key: one[key] for key in ("finding", "values", "wanted") if one.get("finding") == FINDING}
            found.append({**entry, "msg": _elsewhere(one) if one["says"] in ELSEWHERE else _sentence(one["kind"], entry, values), "remedy": remedy, **more})
    return found


def _elsewhere(one: t.Mapping[str, t.Any]) -> str:
    values, wanted = (", ".join(one[key]) or "no such record" for key in ("values", "wanted"))
    if one["says"] == GONE:
        return f"{one['of']} has no {one['name']} any more, which the failover set to {wanted}"
    return f"{one['of']} gives {values} for {one['name']}, which the failover left as {wanted}"


def _sentence(kind: str, entry: t.Mapping[str, str], values: str) -> str:
    name, of = entry["name"], entry["of"]
    sentences = {
        "dns": f"{of} leads {name} to the source ({values})",
        "address": f"{of} has the address {name} up ({values})",
        "spn": f"{of} says that {values} holds {name}, an account of the source",
        "workload": f"{of} answers and its workload runs ({values})",
        "presence": f"{of} answers again, and nothing keeps it from serving ({values})",
    }
    return sentences[kind]


def unproven(evidence: Evidence) -> list[str]:
    """A sentence for every name server that could not be asked: it may lead its clients anywhere."""
    silent: dict[str, str] = {}
    for one in evidence:
        if one["kind"] == "dns" and one["says"] == "unreachable":
            silent.setdefault(one["of"], str(one.get("msg") or "no answer"))
    subjects = {of: f"{of} tell" if of == ZONES_OWN else f"the name server {of} tells" for of in silent}
    return [f"nobody knows what {subjects[of]} clients: {msg}" for of, msg in silent.items()]


def judged(state: str, known: t.Sequence[t.Mapping[str, t.Any]], evidence: Evidence) -> tuple[str, list[dict[str, t.Any]]] | None:
    """``("threat" | "repaired", threats)`` where this evidence changes what is known of a guarded identity, else None.

    What could not be asked proves nothing: a known threat is gone only once the same place says otherwise, whatever appears elsewhere.
    A source that is silent pulls nothing.
    """
    if state not in GUARDED:
        return None
    found = pulling(known, evidence)
    if state != "threatened":
        return ("threat", found) if found else None
    if not found:
        return ("repaired", [])
    return None if _keys(found) == _keys(known) else ("threat", found)


def pulling(known: t.Sequence[t.Mapping[str, t.Any]], evidence: Evidence) -> list[dict[str, t.Any]]:
    """What is seen now, and what was known and nobody could look at again."""
    mute = [one for one in evidence if one["says"] == "unreachable"]
    silent = {(one["kind"], one["of"]) for one in mute if not one.get("name")}
    asked = {(one["kind"], one["of"]) for one in evidence} - silent
    seen = threats(evidence)
    there, unsaid = _keys(seen), _keys([one for one in mute if one.get("name")])
    return [*seen, *(dict(one) for one in known if ((one["kind"], one["of"]) not in asked or _key(one) in unsaid) and _key(one) not in there)]


def _keys(entries: t.Sequence[t.Mapping[str, t.Any]]) -> set[tuple[str, str, str]]:
    return {_key(one) for one in entries}


def _key(one: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    return one["kind"], one["of"], one["name"]
