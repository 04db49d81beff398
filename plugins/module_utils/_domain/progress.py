# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How far a run came: which steps are done, which are not, on which hosts, and why. Pure: the journal and the definition."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.data_choice import DRIVEN
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord, unfinished
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import ORDER, key_of

#: The one step that takes back less than its other half: the source lost only addresses, its names and shares stayed on it.
RETURNED = ("failback", "identity", "source")


def progress(record: RunRecord, definition: t.Mapping[str, t.Any]) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """``(done, not_done)``. Each entry: ``step``, ``host``, ``changes``, ``status`` (``done``, ``accepted``, ``failed``,
    ``unfinished``, ``not_begun``), ``msg`` and the ``names`` that went wrong. ``definition`` says which steps were still to come."""
    accepted = {entry["step"] for entry in record.accepted if "decision" not in entry}
    done, not_done = [], []
    for key, facts in record.steps.items():
        entry = _entry(key, len(record.images.get(key, {})), str(facts.get("msg") or ""), facts.get("went_wrong") or [])
        if unfinished(facts):
            entry.update(status="unfinished", msg="it was begun, and nobody recorded how it ended", names=[{"name": n} for n in record.images.get(key, {})])
            not_done.append(entry)
        elif facts.get("failed"):
            entry.update(status="failed")
            not_done.append(entry)
        else:
            entry.update(status="accepted" if entry["names"] and key in accepted else "done")
            done.append(entry)
    known = set(record.steps)
    not_done.extend({**_entry(key, 0, "", []), "status": "not_begun"} for key in expected(record.kind, definition) if key not in known)
    return done, not_done


def expected(kind: str, definition: t.Mapping[str, t.Any]) -> list[str]:
    """The keys of the steps that such a run does for this definition, in order; nothing without a definition."""
    if not definition:
        return []
    has = {
        "fence": True,
        "data": (definition.get("engine") or {}).get("kind") in DRIVEN,
        "identity": bool(definition.get("addresses") or definition.get("names") or definition.get("shares")),
        "spns": bool(definition.get("spns")),
        "services": bool(definition.get("services")),
        "databases": bool(definition.get("databases")),
        "script": bool(definition.get("post_script")),
        "dns": bool(definition.get("dns")),
        "dns_lock": bool((definition.get("dns") or {}).get("lock")),
        "clients": bool((definition.get("clients") or {}).get("flush")),
        "verify": bool((definition.get("clients") or {}).get("sample")),
    }
    return [
        key_of(step, side, definition) for step, side in ORDER.get(kind, ()) if has[step] and ((kind, step, side) != RETURNED or definition.get("addresses"))
    ]


def in_words(done: t.Sequence[t.Mapping[str, t.Any]], not_done: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """One sentence for people."""
    parts = [f"done: {', '.join(_place(entry) for entry in done) or 'nothing yet'}"]
    if not_done:
        parts.append(f"not done: {', '.join(_told(entry) for entry in not_done)}")
    return "; ".join(parts)


def failed_steps(not_done: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The kinds of step whose failure a person may accept."""
    return list(dict.fromkeys(entry["step"] for entry in not_done if entry["status"] == "failed"))


def _entry(key: str, changes: int, msg: str, bad: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    step, _at, host = key.partition("@")
    names = [{"name": item["name"], "status": item["status"], "reason": item.get("reason", ""), "msg": item.get("msg", "")} for item in bad]
    return {"step": step, "host": host, "changes": changes, "status": "", "msg": msg, "names": names}


def _place(entry: t.Mapping[str, t.Any]) -> str:
    return f"{entry['step']} on {entry['host']}" if entry["host"] else str(entry["step"])


def _told(entry: t.Mapping[str, t.Any]) -> str:
    names = [str(item["name"]) for item in entry["names"]]
    shown = f": {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}" if names else ""
    return f"{_place(entry)} ({str(entry['status']).replace('_', ' ')}{shown})"
