# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Paper mode: a plan as numbered commands that a person can type when nothing else works. Markdown. Pure."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_arrival import arrival
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_back import ending, way_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_commands import commands, inverse
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_dns import everywhere, is_alias
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Done, Line, Points
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_notes import Notes, hooks_left_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_source import source_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

JSON = t.Any
Change = t.Mapping[str, JSON]

#: How many clients stand in one command.
TOGETHER = 20
#: Steps whose changes have no way back.
ONE_WAY = ("clients", "data", "verify", "script")


def paper(document: t.Mapping[str, JSON], definition: Definition) -> str:
    """The plan as text: what is to be typed, where, and what each command answers. Without secrets: a plan has none."""
    points, notes = Points(), Notes(document, definition)
    points.say(_head(document, definition))
    done: list[Done] = []
    changes = document["changes"]
    if document["kind"] == "failover":
        fence = f"fence@{definition['source']['host']}"
        changes = [change for change in changes if change["step"] != fence]
        done += source_out(points, document, definition, [note for note in notes.before(fence) if isinstance(note, str)])
        points.say(f"## Then: {definition['target']['host']} takes over")
        _write(points, done, notes.behind(fence), document, notes)
    for group in _grouped(changes):
        _write(points, done, notes.before(group[0]["step"]), document, notes)
        if document["point_of_no_return"] and group[0]["number"] >= document["point_of_no_return"]["number"]:
            _announce(points, document)
        done.append(points.deed(_deed(group, document, definition)))
        others = everywhere(_led_by(group, changes), definition)
        if others is not None:
            done.append(points.deed(others))
    _write(points, done, notes.rest(), document, notes)
    if document["point_of_no_return"]:
        _announce(points, document)
    ending(points, document, document["owner_afterwards"])
    way_back(points, document, definition, done)
    return points.text()


def _write(points: Points, done: list[Done], said: t.Iterable[str | Deed], document: t.Mapping[str, JSON], notes: Notes) -> None:
    """What stands between the changes. The point of no return may be what people do there, as no change of the plan is."""
    told = document["point_of_no_return"]
    for note in said:
        if isinstance(note, str):
            points.say(note)
            continue
        if told and notes.number(note.what.partition(":")[0]) >= notes.number(told["step"]):
            _announce(points, document)
        done.append(points.deed(note))


def _announce(points: Points, document: t.Mapping[str, JSON]) -> None:
    if points.no_return:
        return
    points.no_return = points.next
    because = document["point_of_no_return"]["because"]
    points.say(f'> **{points.next} is the point of no return.** {because}. What that means for going back is told under "The way back".')


def _led_by(group: t.Sequence[Change], changes: t.Sequence[Change]) -> list[Change]:
    """All changes of records, behind the last of them; what comes behind the clients leads nobody any more."""
    records = [change for change in changes if change["step"] == "dns" and not change["puts_back"]]
    leading = [change for change in records if change["number"] - records[0]["number"] == records.index(change)]
    return leading if leading and group[-1]["number"] == leading[-1]["number"] else []


def _head(document: t.Mapping[str, JSON], definition: Definition) -> str:
    about = document["about"]
    hooks = hooks_left_out(document, definition)
    listed = f"\n\nHooks that a run plays and this paper does not: {', '.join(hooks)}. Each is named at its place; print its file too." if hooks else ""
    return (
        f"# {document['kind'].capitalize()} of {document['identity']} by hand\n\n"
        f"Plan {about['id']} of {about['made_at']}, hash {document['hash'][:16]}. Afterwards the {document['owner_afterwards']} owns the identity.\n\n"
        "Type each command on the host that is named above it, in Windows PowerShell as administrator where nothing else is said. Compare what it "
        "answers, and stop where it answers something else. The answers are those of an English Windows. Red lines are errors; yellow lines that begin "
        f"with WARNING: Waiting for service are none, however many there are.{listed}"
    )


def _grouped(changes: t.Sequence[Change]) -> t.Iterator[list[Change]]:
    """Each change by itself, but clients together."""
    for step, group in itertools.groupby(changes, key=lambda change: change["step"]):
        listed = list(group)
        size = TOGETHER if step == "clients" else len(listed) if step == "verify" else 1
        yield from (listed[start : start + size] for start in range(0, len(listed), size))


def _deed(changes: t.Sequence[Change], document: t.Mapping[str, JSON], definition: Definition) -> Deed:
    first = changes[0]
    kind = kind_of(first["step"])
    if kind == "clients":
        return Deed(first["step"], "clear the clients' resolver caches", "any host", _clients(changes))
    if kind == "verify":
        return Deed(first["step"], "see that users arrive", "each sample client", arrival(document, definition))
    back = [] if kind in ONE_WAY or first["puts_back"] else commands(inverse(first), definition)
    where = first["host"] or _place(kind, first, definition)
    return Deed(f"{first['step']}: {first['item']}", first["do"], where, commands(first, definition), back)


def _place(kind: str, change: Change, definition: Definition) -> str:
    if kind == "spns":
        return str((definition.get("directory") or {"domain_controllers": ["a domain controller"]})["domain_controllers"][0])
    return "a domain controller" if kind == "dns_lock" and not is_alias(change) else "a host with the DNS server tools"


def _clients(changes: t.Sequence[Change]) -> list[Line]:
    names = ", ".join(quoted(change["item"]) for change in changes)
    return [Line(f"Invoke-Command -ComputerName {names} -ScriptBlock {{ Clear-DnsClientCache }}", "nothing; each client that does not answer is named in red")]
