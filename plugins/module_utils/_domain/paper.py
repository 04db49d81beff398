# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Paper mode: a plan as numbered commands that a person can type when nothing else works. Markdown. Pure."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_commands import commands
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_dns import is_alias
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import SILENT, kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

JSON = t.Any
Change = t.Mapping[str, JSON]

#: How many clients stand in one command.
TOGETHER = 20
#: Steps whose changes have no way back.
ONE_WAY = ("clients", "data", "verify", "script")


def paper(document: t.Mapping[str, JSON], definition: Definition) -> str:
    """The plan as text: what is to be typed, where, and what each command answers. Without secrets: a plan has none."""
    numbers = itertools.count(1)
    forwards = [line for change in _grouped(document["changes"]) for line in _numbered(change, definition, numbers)]
    parts = [_head(document), _before(document, definition), *forwards]
    back = [_inverse(change) for change in reversed(document["changes"]) if kind_of(change["step"]) not in ONE_WAY and not change["puts_back"]]
    if back and document["kind"] != "drill":
        parts.append(f"## The way back\n\nOnly while nobody has written on the new side{_no_return(document)}. In this order:\n")
        parts += [line for change in back for line in _numbered([change], definition, numbers)]
    return "\n".join(part for part in parts if part)


def _head(document: t.Mapping[str, JSON]) -> str:
    about = document["about"]
    return (
        f"# {document['kind'].capitalize()} of {document['identity']} by hand\n\n"
        f"Plan {about['id']} of {about['made_at']}, hash {document['hash'][:16]}. Afterwards the {document['owner_afterwards']} owns the identity.\n\n"
        "Type each command on the host that is named above it, in Windows PowerShell as administrator where nothing else is said. Compare what it "
        "answers, and stop where it answers something else. The answers are those of an English Windows.\n"
    )


def _before(document: t.Mapping[str, JSON], definition: Definition) -> str:
    """What no command can do: be sure that the source is out."""
    silent = [step for step in document["steps"] if kind_of(step["step"]) == "fence" and step["reason"] in SILENT]
    if not silent or document["kind"] != "failover":
        return ""
    host = definition["source"]["host"]
    look = f"Test-Connection -ComputerName {quoted(host)} -Count 2 -Quiet"
    return (
        f"## First: make sure that {host} is out\n\n"
        f"{host} did not answer when the plan was made. Switch its power off, or take it from the network, and let somebody see it: two servers "
        f"that answer for one name destroy data. Then, from two places:\n\n    {look}\n\nAnswers: False\n"
    )


def _no_return(document: t.Mapping[str, JSON]) -> str:
    point = document["point_of_no_return"]
    return f", that is before {point['item']} of {point['step']}" if point else ""


def _grouped(changes: t.Sequence[Change]) -> t.Iterator[list[Change]]:
    """Each change by itself, but clients together."""
    for step, group in itertools.groupby(changes, key=lambda change: change["step"]):
        listed = list(group)
        size = TOGETHER if step == "clients" else len(listed) if step == "verify" else 1
        yield from (listed[start : start + size] for start in range(0, len(listed), size))


def _numbered(changes: t.Sequence[Change], definition: Definition, numbers: t.Iterator[int]) -> t.Iterator[str]:
    first = changes[0]
    kind = kind_of(first["step"])
    if kind in ("clients", "verify"):
        where, what = ("any host", "clear the clients' resolver caches") if kind == "clients" else ("each sample client", "see that users arrive")
        lines = _clients(changes) if kind == "clients" else _arrival(definition)
    else:
        where, what = first["host"] or _place(kind, first, definition), f"{first['item']}: {first['do']}"
        lines = commands(first, definition)
    yield f"### {first['step']}: {what}\n"
    for line, number in zip(lines, numbers, strict=False):  # the lines first: a number is taken only where there is a line
        shell = f", {line.shell}" if line.shell else ""
        yield f"{number}. On {where}{shell}:\n\n       {line.text}\n\n   Answers: {line.answer}\n"


def _place(kind: str, change: Change, definition: Definition) -> str:
    if kind == "spns":
        return str((definition.get("directory") or {"domain_controllers": ["a domain controller"]})["domain_controllers"][0])
    return "a domain controller" if kind == "dns_lock" and not is_alias(change) else "a host with the DNS server tools"


def _clients(changes: t.Sequence[Change]) -> list[Line]:
    names = ", ".join(quoted(change["item"]) for change in changes)
    return [Line(f"Invoke-Command -ComputerName {names} -ScriptBlock {{ Clear-DnsClientCache }}", "nothing; each client that does not answer is named in red")]


def _arrival(definition: Definition) -> list[Line]:
    clients = definition.get("clients") or {}
    names = [(entry["name"], entry.get("port") or clients.get("port")) for entry in clients.get("expect") or []]
    names = names or [(name, clients.get("port")) for name in ((definition.get("dns") or {}).get("repoint") or {}).get("names") or []]
    lines = []
    for name, port in names:
        lines.append(Line(f"(Resolve-DnsName -Name {quoted(name)} -DnsOnly).IPAddress", "the address of the side that serves now"))
        if port:
            lines.append(Line(f"(Test-NetConnection -ComputerName {quoted(name)} -Port {port}).TcpTestSucceeded", "True"))
    return lines


def _inverse(change: Change) -> dict[str, JSON]:
    return {**change, "before": change["after"], "after": change["before"], "do": "put it back as it was"}
