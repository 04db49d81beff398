# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The way back on paper: the inverse of each command, the last one first, on both sides of the point of no return. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import TAKER
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_dns import EVERYWHERE
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_giving_back import is_joining
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Done, Line, Points, span
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import OWNER_BEFORE, lasting

JSON = t.Any
Document = t.Mapping[str, JSON]


def ending(points: Points, document: Document, owner: str) -> None:
    """The collection is told of what was done by hand: it believes what it knew."""
    if document["kind"] not in TAKER:
        return
    identity = document["identity"]
    told = command("adopt", identity, failover_owner=owner, failover_reason="by hand, from the paper of a plan; see ...")
    arming = f" Then arm {identity} again: `{command('arm', identity)}`" if owner == "source" else ""
    points.say(
        f"### When all of that is done: tell the collection\n\n"
        f"It knows nothing of what is typed by hand. Start no other playbook for {identity} before this one: it would go by what it knew."
    )
    seen = "failover_outcome: adopted. It refuses where names or addresses of the identity do not lead to that owner yet"
    points.point("On a controller, once Ansible works again, in its shell", Line(f"type `{told}`", f"{seen}.{arming}", by_eye=True))


def way_back(points: Points, document: Document, definition: Definition, done: t.Sequence[Done]) -> None:
    """Behind the point of no return the data are brought back when the side that took over has stopped, and before the other one serves."""
    kind, point = document["kind"], points.no_return
    if kind not in TAKER or not any(one.deed.back for one in done):
        return
    giver, taker = (str(definition[side]["host"]) for side in (OWNER_BEFORE[kind], TAKER[kind]))
    late, early = _late_and_early(_in_order(done, kind, taker), point)
    rows, cut, first = [_back_of(one) for one in [*late, *early]], len(late), points.next
    at = _behind_what_serves(late, taker) if kind == "failback" else len([one for one in [*late, *early] if not _fences(one)])
    data = _next(rows[:at], first)
    if point:
        rows.insert(at, _data(taker, giver, definition, late[:at], _network(rows[at:], data + 1)))
        cut += at <= cut
    last = _next(rows, first) - 1
    points.say(_head(document, point, taker))
    one_way = [one for one in done if one.first < point and one.last >= one.first and not one.deed.back and not _fences(one)]
    before = span(_next(rows[:cut], first), last) + (f", without {data}" if at >= cut else "") if early else ""
    points.say(_choice(point, taker, giver, span(first, last), before, first_of_all=not one_way, data=data))
    if kind == "failback":
        points.say(_joined(done, point, taker, data))
    if kind == "failover":
        elsewhere = span(first, data - 1) if data > first else ""
        points.say(_source_last(giver, point if all(map(_fences, early)) and not one_way else 0, elsewhere, data if point else 0))
    for number, deed in enumerate(rows):
        if point and number in (0, cut):
            points.say(f"### From {point} on: {taker} may have been written on" if number < cut else f"### Before {point}: nobody can have written on {taker}")
        points.deed(deed)
    for sentence in _behind(document, giver, done):
        points.say(f"* {sentence}")
    ending(points, document, OWNER_BEFORE[kind])


def _next(deeds: t.Sequence[Deed], first: int) -> int:
    """The number behind deeds that begin with ``first``."""
    return first + sum(len(deed.lines) for deed in deeds)


def _in_order(done: t.Sequence[Done], kind: str, taker: str) -> list[Done]:
    """The last one first, as an undo does it: records of a failback behind all that is the source's own, which registers its names until then."""
    reached = [one for one in reversed(done) if one.deed.back]
    records = sorted((one for one in reached if _of_records(one)), key=lambda one: one.deed.what == EVERYWHERE)
    others = [one for one in reached if one not in records]
    at = next((number for number, one in enumerate(reached) if one in records), 0)
    if kind == "failback":
        own = [number for number, one in enumerate(others) if f"@{taker}:" in one.deed.what]
        at = own[-1] + 1 if own else at
    return [*others[:at], *records, *others[at:]]


def _of_records(one: Done) -> bool:
    return one.deed.what.startswith("dns: ")


def _late_and_early(reached: t.Sequence[Done], point: int) -> tuple[list[Done], list[Done]]:
    """On both sides of the point of no return; without one, all may be taken back as it is."""
    if not point:
        return [], list(reached)
    behind = [
        number for number, one in enumerate(reached) if one.first >= point and not (_of_records(one) and any(other.first < point for other in reached[:number]))
    ]
    at = behind[-1] + 1 if behind else 0
    return list(reached[:at]), list(reached[at:])


def _back_of(one: Done) -> Deed:
    return Deed(f"Takes back {span(one.first, one.last)}", one.deed.what, one.deed.where, one.deed.back)


def _behind_what_serves(late: t.Sequence[Done], taker: str) -> int:
    """Where in the way back nothing serves on the taker any more, and it is in the network still."""
    serving = [number for number, one in enumerate(late) if f"@{taker}:" in one.deed.what and not is_joining(one.deed)]
    if serving:
        return serving[-1] + 1
    return next((number for number, one in enumerate(late) if is_joining(one.deed)), len(late))


def _network(deeds: t.Sequence[Deed], first: int) -> str:
    """The points that give the former owner its network or power back; "" = none does. ``first``: the number of the first of ``deeds``."""
    found = [number for number, deed in enumerate(deeds) if deed.do.endswith((": network", ": power"))]
    return span(_next(deeds[: found[0]], first), _next(deeds[: found[0] + 1], first) - 1) if found else ""


def _data(taker: str, giver: str, definition: Definition, stopped: t.Sequence[Done], network: str) -> Deed:
    text = f"bring to {giver} what users wrote on {taker}, or write down here who gives it up and why"
    if not any(kind_of(one.deed.what).partition("@")[0] in ("services", "databases") for one in stopped):
        names = [str(entry["name"]) for entry in definition.get("services") or []]
        listed = f" ({', '.join(names)})" if names else ""
        text = f"stop on {taker} what serves users{listed}, where it runs. Then {text}"
    if network:
        text += f". If {giver} has no network for that, do {network} first: nothing serves on it yet"
    seen = f"{taker} takes no more writes, and all of them are on {giver}; or a name and a reason in writing"
    return Deed("The data", f"before {giver} serves", "Whoever answers for the data", [Line(text, seen, by_eye=True)])


def _head(document: Document, point: int, taker: str) -> str:
    told = document["point_of_no_return"]
    if not told or not point:
        return f"## The way back\n\nNothing on this paper lets anybody write on {taker}: going back leaves nothing behind there."
    item = f" ({told['item']})" if told["item"] else ""
    return f"## The way back\n\nThe point of no return is {point}{item}: {told['because']}."


def _fences(one: Done) -> bool:
    return kind_of(one.deed.what) == "fence"


def _source_last(giver: str, point: int, elsewhere: str, data: int) -> str:
    """What becomes of a source that was cut off from outside. ``point``: that of no return, where only the fence is in front of it."""
    first = f"Where {giver} did not answer, {point} is the first command that changes anything: before it there is nothing to take back. " if point else ""
    late = f" when {elsewhere} are done, and not before" if elsewhere else ""
    serving = f" Behind the point of no return let nothing serve users on it until {data} is done." if data else ""
    return f"{first}Where {giver} was switched off or cut off by hand, give it power and network back{late}.{serving}"


def _choice(point: int, taker: str, giver: str, whole: str, before: str, *, first_of_all: bool, data: int) -> str:
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
        f"Ask whoever answers for the data whether it is brought to {giver}, or given up. Then type {whole}. From the first of them on users are cut off. "
        f"The data are brought at {data}, when nothing is written on {taker} any more: what is written there after they were taken is lost."
    )
    return f"{early}\n{late}\n\n{each}"


def _joined(done: t.Sequence[Done], point: int, source: str, data: int) -> str:
    """What depends on whether the source has joined, which no command of this paper may have done."""
    own = "it may have started that by itself, and registers its names (errors 9701 and 9711 of dnscmd are none then)"
    said = [f"Once {source} has joined, type all the same what stops anything on it, and what takes back the records: {own}."]
    join = next((one.first for one in done if is_joining(one.deed) and one.first > point > 0), 0)
    if join:
        said.append(f"While {join} was not done, and {source} is off or cut off, nobody has written there: leave {data} out.")
    return " ".join(said)


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
