# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The point of no return: from which step on clients may write on the server that takes the identity. One rule for a plan, which names it
beforehand, and for an undo, which asks what became of their data. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import expected
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import ORDER, key_of

#: Which side a run of this kind gives the identity to; clients could write there.
TAKER = {"failover": "target", "failback": "source"}

#: The hook that may start the source, or its network, before a failback releases its fence.
LETS_JOIN = "before_source_joins"

#: What becomes of a source that joins.
BY_ITSELF = "which registers its names and may start its workload by itself"

#: Step key, and the names of the items that it changes; none = it was looked at and all is as wanted.
Steps = t.Sequence[tuple[str, t.Collection[str]]]


class PointOfNoReturn(t.NamedTuple):
    """``step``: the key of the step that is the first possible client write on the server that takes the identity; "" = no step is.
    ``since``: the step that, once begun, says that this may have come. It is an earlier one only where a hook lets the source join, of which no
    journal tells; "" = since the run was opened."""

    step: str
    because: str = ""
    since: str = ""


def point_of_no_return(kind: str, taker: str, steps: Steps, hook_behind: t.Collection[str] | None = None) -> PointOfNoReturn:
    """The step from which on clients could write on ``taker`` (the inventory name of the server that gets the identity).

    ``steps`` are those of the run in their order, from a plan or from a journal. A client can write once it is led there (addresses, names,
    records) and something serves there (services, databases, shares). What the run does not change counts as there already: a workload that
    no step starts may run before the run, and a server that no step leads to may be reached before it. A source that a failback lets join
    registers its names by itself, and where its fence had nothing to release it may also start its workload by itself. ``hook_behind``: the
    steps behind which a hook may let it join even before that, see ``joined_by_hook``.
    """
    if kind not in TAKER:
        return PointOfNoReturn("", "a drill moves nothing that clients use")
    joins = f"fence@{taker}" if kind == "failback" else ""
    if hook_behind is not None:
        since = next((key for key, _items in steps if key in hook_behind), "")
        where = f"{since} is followed by" if since else f"{joins} comes behind"
        because = f"{where} the hook {LETS_JOIN}, of which no journal tells; it may let {taker} join, {BY_ITSELF}: from here on clients may write on {taker}"
        return PointOfNoReturn(joins, because, since)
    leads = {key for key, items in steps if key == joins or _leads(key, taker, items)}
    serves = {key for key, items in steps if (key == joins and not items) or _serves(key, taker, items)}
    if not leads and not serves:
        return PointOfNoReturn("", f"no step of this {kind} leads clients to {taker} or starts anything there")
    led, served = not leads, not serves
    for key, _items in steps:
        led, served = led or key in leads, served or key in serves
        if led and served:
            how = _lets_write(key in leads, key in serves, bool(leads), bool(serves))
            how = f"lets {taker} join, {BY_ITSELF}" if key == joins else how
            return PointOfNoReturn(key, f"{key} {how}: from here on clients may write on {taker}", key)
    return PointOfNoReturn("")


def joined_by_hook(kind: str, definition: t.Mapping[str, t.Any], hooks: t.Container[str], fenced: bool) -> list[str] | None:
    """The steps of a failback behind which a hook may let the source join, with a workload that starts by itself; None where no hook does.

    ``hooks``: the names of those that there are. ``fenced``: whether the failover had fenced anything there, which then starts nothing. The
    first of these steps counts, though the hook stands behind all of them: a resumed run may have failed at an earlier step since, or found one more
    in its definition, and to ask for nothing is harmless. Empty: the hook is the first thing that such a run does.
    """
    if kind != "failback" or fenced or LETS_JOIN not in hooks:
        return None
    steps = expected(kind, definition)
    before = steps[: steps.index(key_of("fence", "source", definition))]
    return [key for key in before if key.partition("@")[0] in ("identity", "spns")] or before


def _lets_write(leads: bool, serves: bool, led: bool, served: bool) -> str:
    """What a step does that is the first possible client write. ``led`` and ``served``: whether any step of the run leads clients there, starts something."""
    if leads and serves:
        return "leads clients there and gives them shares"
    if leads:
        return f"leads clients there, and what serves them {'was started before' if served else 'may run already, as no step starts it'}"
    return f"starts what serves clients, and they {'are led there' if led else 'may be led there already, as no step leads them'}"


def _leads(key: str, taker: str, items: t.Collection[str]) -> bool:
    return (key == "dns" and bool(items)) or (key == f"identity@{taker}" and any(not item.startswith("share ") for item in items))


def _serves(key: str, taker: str, items: t.Collection[str]) -> bool:
    if key == f"identity@{taker}":
        return any(item.startswith("share ") for item in items)
    return key in (f"services@{taker}", f"databases@{taker}") and bool(items)


def steps_of_run(record: RunRecord, definition: t.Mapping[str, t.Any]) -> list[tuple[str, t.Collection[str]]]:
    """The steps of a run for ``point_of_no_return``: as the journal shows them, and those to come as the definition lists them.

    What the run has passed by is no step of it: the definition had nothing for it there.
    """
    keys = [(kind, key_of(kind, side, definition)) for kind, side in ORDER.get(record.kind, ())]
    begun = [number for number, (_kind, key) in enumerate(keys) if key in record.steps]
    to_come = begun[-1] if begun else -1
    has = expected(record.kind, definition)
    return [
        (key, list(record.images.get(key, {})) if key in record.steps else listed(kind, definition))
        for number, (kind, key) in enumerate(keys)
        if key in record.steps or (number > to_come and key in has)
    ]


def listed(kind: str, definition: t.Mapping[str, t.Any]) -> list[str]:
    """What a step that nobody could look at, or that has not begun, is expected to change: everything of its kind that the definition lists."""
    if kind == "identity":
        return [
            *(f"address {entry['address']}" for entry in definition.get("addresses") or ()),
            *(f"name {name}" for name in definition.get("names") or ()),
            *(f"share {entry['name']}" for entry in definition.get("shares") or ()),
        ]
    if kind == "dns":
        dns = definition.get("dns") or {}
        return [*((dns.get("repoint") or {}).get("names") or ()), *(entry["name"] for entry in dns.get("records") or ())]
    if kind in ("services", "databases"):
        return [str(entry.get("name") or entry.get("to")) for entry in definition.get(kind) or ()]
    return []


def data_at_stake(
    record: RunRecord, definition: t.Mapping[str, t.Any], failover: RunRecord | None = None, hooks: t.Container[str] = ()
) -> PointOfNoReturn | None:
    """The point of no return, where the run may have come to it; None while undoing loses nothing that a client wrote.

    ``failover`` is the run that a failback was putting back, ``hooks`` the names of those that there are: the journal knows of none.
    """
    if record.kind not in TAKER:
        return None
    taker = str(definition[TAKER[record.kind]]["host"])
    fence = f"fence@{taker}"
    # What became of the fence tells more than a hook in front of it.
    behind = None if fence in record.steps else joined_by_hook(record.kind, definition, hooks, had_fenced(failover, fence))
    point = point_of_no_return(record.kind, taker, steps_of_run(record, definition), behind)
    if point.step == fence:  # to let the source join needs no change
        return point if not point.since or point.since in record.steps else None
    return point if record.images.get(point.since) else None


def had_fenced(failover: RunRecord | None, fence: str) -> bool:
    """Whether a failover changed anything by the step ``fence``: what it stopped and disabled starts nothing by itself."""
    return failover is not None and bool(failover.images.get(fence))
