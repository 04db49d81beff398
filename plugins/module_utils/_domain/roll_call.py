# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Adds up the roll calls of slices: who answered, who did not, who was called twice and who by nobody. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import parse_moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

RollCall = t.Mapping[str, t.Any]
#: Names that a sentence holds.
SHOWN = 10


def total(roll_calls: t.Sequence[RollCall], expected: t.Sequence[str] | None = None, since: str = "") -> dict[str, t.Any]:
    """One roll call of all. ``expected``: every client that some slice had to call; None = nobody is missed. ``since``: ISO 8601 with ``Z`` or an offset.

    ``complete`` only where every expected client is in exactly one slice and answered; a later call of one that had not counts in its place.
    Raises InvalidInput for what is no roll call, for roll calls that waited for different values or began before ``since``, and where ``expected``
    names nobody.
    """
    if expected is not None and not expected:
        raise InvalidInput("no client is expected: name hosts or a group of the inventory that has some, else a slice that is missing is not seen")
    expected = expected or ()
    calls = [_checked(call, number) for number, call in enumerate(roll_calls)]
    _refuse_old(calls, since)
    _refuse_different(calls)
    called = {name for call in calls for name in call["clients"]}
    last = _last_calls(calls)
    left = [_left(call, last) for call in calls]
    again = {name for call, names in zip(calls, left, strict=True) for name in call["named"] - names}.difference(*left)
    result: dict[str, t.Any] = {
        "slices": len(calls),
        "expected": len(set(expected) | called),
        "answered": sum(_answered(call, last) for call in calls),
        "failed": [{**entry, "slice": call["slice"]} for call, names in zip(calls, left, strict=True) for entry in call["failed"] if entry["name"] in names],
        "skipped": sum(min(call["skipped"], len(names)) for call, names in zip(calls, left, strict=True)),
        "twice": _twice(calls),
        "again": sorted(again),
        "missing": sorted(set(expected) - called),
        "bad_slices": [
            {"slice": call["slice"], "outcome": call["outcome"], "reason": call.get("reason", "")}
            for call, names in zip(calls, left, strict=True)
            if call["outcome"] != "flushed" and (names or not call["open"])
        ],
        "last_after": max((call.get("last_after", 0.0) for call in calls), default=0.0),
    }
    result["complete"] = bool(calls) and not any(result[key] for key in ("failed", "skipped", "twice", "missing", "bad_slices"))
    result["msg"] = _sentence(result)
    return result


def _last_calls(calls: t.Sequence[RollCall]) -> dict[str, datetime.datetime]:
    return {name: call["begun"] for call in sorted(calls, key=lambda one: one["begun"]) for name in call["clients"]}


def _left(call: RollCall, last: t.Mapping[str, datetime.datetime]) -> set[str]:
    """Whom the call did not reach and no later one called: a later one takes the place of what it repeats."""
    return {name for name in call["open"] if last[name] == call["begun"]}


def _answered(call: RollCall, last: t.Mapping[str, datetime.datetime]) -> int:
    """How many answered it whom no later call took the place of: each client counts once."""
    its_own = {name for name in call["clients"] if last[name] == call["begun"]}
    return min(call["answered"], len(its_own)) if call["skipped"] else len(its_own - call["named"])


def _twice(calls: t.Sequence[RollCall]) -> list[str]:
    """Who was called again though the call before had reached it, or at the same time."""
    found = set()
    before: dict[str, RollCall] = {}
    for call in sorted(calls, key=lambda one: one["begun"]):
        for name in call["clients"]:
            earlier = before.get(name)
            if earlier is not None and (earlier["begun"] == call["begun"] or name not in earlier["open"]):
                found.add(name)
            before[name] = call
    return sorted(found)


def _checked(call: RollCall, number: int) -> dict[str, t.Any]:
    name = call.get("slice", f"number {number + 1}") if isinstance(call, t.Mapping) else f"number {number + 1}"
    try:
        whole = {"outcome": "flushed", **call, "slice": str(name), "clients": list(call["clients"])}
        whole.update(expect=str(call["expect"]), begun=_instant(str(call["started"])))
        failed = {entry["name"] for entry in call["failed"]}
        whole["named"] = failed
        # Of a call that did not try all nobody can say who it was.
        whole["open"] = set(whole["clients"]) if call["skipped"] else failed
        counted = int(call["answered"]) + len(call["failed"]) + int(call["skipped"])
        right = counted == int(call["expected"]) == len(whole["clients"]) and failed <= set(whole["clients"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"the roll call of slice {name} can not be added up: it has no usable {error}") from None
    if not right:
        raise InvalidInput(
            f"the roll call of slice {name} disagrees with itself: {len(whole['clients'])} clients, {call['expected']} expected, and {counted} answered, "
            "failed or skipped, or somebody failed who is none of them"
        )
    return whole


def _instant(text: str) -> datetime.datetime:
    """Raises ValueError for a time without an offset too: nobody knows which moment it is."""
    found = parse_moment(text)
    if found.tzinfo is None:
        raise ValueError(f"time: {text} has neither Z nor an offset")
    return found


def _refuse_old(calls: t.Sequence[RollCall], since: str) -> None:
    """What an earlier run left behind says nothing about this one."""
    if not since:
        return
    try:
        earliest = _instant(since)
    except ValueError:
        raise InvalidInput(f"since is {since}: give a time with Z or an offset, such as 2026-11-26T21:30:00Z") from None
    old = [f"{call['slice']} ({call['started']})" for call in calls if call["begun"] < earliest]
    if old:
        raise InvalidInput(f"slices began before {since}: {', '.join(old[:SHOWN])}; take the roll calls of earlier runs away, or run these slices again")


def _refuse_different(calls: t.Sequence[RollCall]) -> None:
    """A slice that was refused waited for nothing; it is told as not well."""
    first: dict[str, str] = {}
    for call in calls:
        if call["outcome"] != "refused":
            first.setdefault(call["expect"], call["slice"])
    if len(first) > 1:
        raise InvalidInput(
            f"slices waited for different values, such as {' and '.join(list(first.values())[:2])}: take the roll calls of other runs away, or run them again"
        )


def _sentence(result: t.Mapping[str, t.Any]) -> str:
    later = f", {len(result['again'])} of them at a later call" if result["again"] else ""
    parts = [f"{result['answered']} of {result['expected']} clients answered in {result['slices']} slices{later}"]
    if result["bad_slices"]:
        parts.append("not well: slice " + ", ".join(f"{one['slice']} ({one['outcome']})" for one in result["bad_slices"]))
    for key, words in (("failed", "failed"), ("missing", "called by no slice"), ("twice", "called by two slices")):
        names = [one["name"] if isinstance(one, t.Mapping) else one for one in result[key]]
        if names:
            parts.append(f"{words}: {', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}")
    return "; ".join(parts)
