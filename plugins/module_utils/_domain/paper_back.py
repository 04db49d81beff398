# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The way back on paper: the inverse of each command, the last one first, on both sides of the point of no return. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import TAKER
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Done, Points, span
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import OWNER_BEFORE, lasting

JSON = t.Any
Document = t.Mapping[str, JSON]


def way_back(points: Points, document: Document, definition: Definition, done: t.Sequence[Done], point: int) -> None:
    """``point``: the number of the first point from which on clients may write on the side that takes over; 0 where there is none."""
    reached = [one for one in reversed(done) if one.deed.back]
    if not reached or document["kind"] not in TAKER:
        return
    late = [one for one in reached if point and one.first >= point]
    early = reached[len(late) :]
    first = points.next
    number = first + sum(len(one.deed.back) for one in late)
    last = number + sum(len(one.deed.back) for one in early) - 1
    giver, taker = (str(definition[side]["host"]) for side in (OWNER_BEFORE[document["kind"]], TAKER[document["kind"]]))
    points.say(_head(document, point, taker))
    one_way = [one for one in done if one.first < point and one.last >= one.first and not one.deed.back and not _fences(one)]
    points.say(_choice(point, taker, giver, span(first, last), span(number, last) if early else "", first_of_all=not one_way))
    if document["kind"] == "failover":
        elsewhere = sum(len(one.deed.back) for one in reached if not _fences(one))
        points.say(_source_last(giver, point if all(map(_fences, early)) and not one_way else 0, span(first, first + elsewhere - 1) if elsewhere else ""))
    if late:
        points.say(f"### From {point} on: {taker} may have been written on")
        _put_back(points, late)
    if early and point:
        points.say(f"### Before {point}: nobody can have written on {taker}")
    _put_back(points, early)
    for sentence in _behind(document, giver, done):
        points.say(f"* {sentence}")


def _put_back(points: Points, reached: t.Sequence[Done]) -> None:
    for one in reached:
        points.deed(Deed(f"Takes back {span(one.first, one.last)}", one.deed.what, one.deed.where, one.deed.back))


def _head(document: Document, point: int, taker: str) -> str:
    told = document["point_of_no_return"]
    if not told or not point:
        return f"## The way back\n\nNothing on this paper lets anybody write on {taker}: going back leaves nothing behind there."
    return f"## The way back\n\nThe point of no return is {point} ({told['item']}): {told['because']}."


def _fences(one: Done) -> bool:
    return kind_of(one.deed.what) == "fence"


def _source_last(giver: str, point: int, elsewhere: str) -> str:
    """What becomes of a source that was cut off from outside. ``point``: that of no return, where only the fence is in front of it."""
    first = f"Where {giver} did not answer, {point} is the first command that changes anything: before it there is nothing to take back. " if point else ""
    late = f" when {elsewhere} are done, and not before" if elsewhere else ""
    return f"{first}Where {giver} was switched off or cut off by hand, give it power and network back{late}."


def _choice(point: int, taker: str, giver: str, whole: str, before: str, *, first_of_all: bool) -> str:
    each = "Leave out what takes back a command that you did not type."
    if not point:
        return f"Type {whole}. {each}"
    if before:
        early = f"* **You are not at {point} yet:** type {before}. Nobody has written on {taker}, so nothing is left behind there."
    elif not first_of_all:
        early = f"* **You are not at {point} yet:** nothing that is typed before it has a way back."
    else:
        early = f"* **{point} is the first command that changes anything:** there is no way back on which no data are at stake."
    late = (
        f"* **{point} was typed, or anything behind it:** what users wrote on {taker} since is not on {giver}, and going back leaves it behind. "
        f"Ask whoever answers for the data: it is brought to {giver} first, or somebody writes down that it is given up. Then type {whole}."
    )
    return f"{early}\n{late}\n\n{each}"


def _behind(document: Document, giver: str, done: t.Sequence[Done]) -> list[str]:
    """What the commands do not take back, and what is typed once more."""
    items: dict[str, list[str]] = {}
    for change in document["changes"]:
        items.setdefault(change["step"], []).append(change["item"])
    said = [f"{sentence[0].upper()}{sentence[1:]}." for sentence in lasting([s for s in items.items() if kind_of(s[0]) not in ("clients", "data")], {}, {})]
    said += [
        f"What {span(one.first, one.last)} did to the data on {one.deed.where} stays: turn the replication round before {giver} serves."
        for one in done
        if kind_of(one.deed.what) == "data"
    ]
    cleared = [one for one in done if one.deed.what == "clients"]
    if cleared:
        said.append(f"Clear the clients' caches once more when the records lead back: type {span(cleared[0].first, cleared[-1].last)} again.")
    return said
