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

#: The image of a service that the fence has stopped and disabled.
FENCED = {"state": "Stopped", "start_mode": "disabled"}


def progress(record: RunRecord, definition: t.Mapping[str, t.Any]) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """``(done, not_done)``. Each entry: ``step``, ``host``, ``changes``, ``changed`` (the names of what was changed for certain), ``status`` (``done``,
    ``accepted``, ``failed``, ``unfinished``, ``put_back``, ``not_begun``), ``msg``, the ``names`` that went wrong, and ``cut_off`` (``services_cut_off``).
    ``definition`` says which steps were still to come."""
    accepted = {entry["step"] for entry in record.accepted if "decision" not in entry}
    done, not_done = [], []
    for key, facts in record.steps.items():
        entry = _entry(key, record, str(facts.get("msg") or ""), facts.get("went_wrong") or [])
        if unfinished(facts):
            unknown = [name for name, image in record.images.get(key, {}).items() if not image.get("recorded", True)]
            entry.update(status="unfinished", msg="it was begun, and nobody recorded how it ended", names=[{"name": name} for name in unknown])
            not_done.append(entry)
        elif facts.get("failed"):
            entry.update(status="failed")
            not_done.append(entry)
        elif record.put_back_last(key):
            entry.update(status="put_back")
            not_done.append(entry)
        else:
            # A fence that is not proven went wrong as a whole: no item of it did.
            wrong = entry["names"] or (entry["step"] == "fence" and entry["msg"])
            entry.update(status="accepted" if wrong and key in accepted else "done")
            done.append(entry)
    known = set(record.steps)
    not_done.extend({**_entry(key, record, "", []), "status": "not_begun"} for key in expected(record.kind, definition) if key not in known)
    return done, not_done


def services_cut_off(record: RunRecord, key: str) -> list[str]:
    """The services that the fence of a failover stopped and disabled on a source that answered, and that were not put back: users have lost them."""
    if record.kind != "failover" or not key.startswith("fence@"):
        return []
    back = record.undone.get(key, {}).get("changed") or ()
    return [
        name.partition(" ")[2]
        for name, image in record.images.get(key, {}).items()
        if name.startswith("service ") and image.get("recorded", True) and image["before"] != FENCED and image["after"] == FENCED and name not in back
    ]


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


def in_words(done: t.Sequence[t.Mapping[str, t.Any]], not_done: t.Sequence[t.Mapping[str, t.Any]], did: str = "changed") -> str:
    """One sentence for people. ``did``: what a step does to its items; ``put back`` for an undo."""
    whole = [_place(entry) for entry in done if entry["status"] != "accepted"]
    accepted = [_place(entry) + _listed(" (", entry["names"], ")") for entry in done if entry["status"] == "accepted"]
    nothing = "no step as a whole" if accepted or any(entry["changed"] for entry in not_done) else "nothing yet"
    parts = [f"done: {', '.join(whole) or nothing}"]
    if accepted:
        parts.append(f"accepted as it is: {', '.join(accepted)}")
    if not_done:
        parts.append(f"not done: {', '.join(_told(entry, did) for entry in not_done)}")
    for entry in not_done:
        if entry["cut_off"]:
            parts.append(
                f"users are cut off from {entry['host']}: {', '.join(entry['cut_off'])} {'was' if len(entry['cut_off']) == 1 else 'were'} "
                "stopped and disabled there"
            )
    return "; ".join(parts)


def failed_steps(not_done: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The kinds of step whose failure a person may accept."""
    return list(dict.fromkeys(entry["step"] for entry in not_done if entry["status"] == "failed"))


def _entry(key: str, record: RunRecord, msg: str, bad: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    step, _at, host = key.partition("@")
    names = [{"name": item["name"], "status": item["status"], "reason": item.get("reason", ""), "msg": item.get("msg", "")} for item in bad]
    images, wrong = record.images.get(key, {}), {item["name"] for item in names}
    wrong.update(record.undone.get(key, {}).get("changed") or ())  # what an undo has put back is not changed any more
    changed = [name for name, image in images.items() if image.get("recorded", True) and image["after"] != image["before"] and name not in wrong]
    cut_off = services_cut_off(record, key)
    return {"step": step, "host": host, "changes": len(images), "changed": changed, "status": "", "msg": msg, "names": names, "cut_off": cut_off}


def _place(entry: t.Mapping[str, t.Any]) -> str:
    return f"{entry['step']} on {entry['host']}" if entry["host"] else str(entry["step"])


def _told(entry: t.Mapping[str, t.Any], did: str) -> str:
    in_part = f"; {did}: {len(entry['changed'])} of {entry['changes']}, {_few(entry['changed'])}" if entry["changed"] else ""
    return f"{_place(entry)} ({str(entry['status']).replace('_', ' ')}{_listed(': ', entry['names'])}{in_part})"


def _listed(before: str, items: t.Sequence[t.Mapping[str, t.Any]], behind: str = "") -> str:
    return f"{before}{_few([str(item['name']) for item in items])}{behind}" if items else ""


def _few(names: t.Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
