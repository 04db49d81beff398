# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The first points of a failover on paper: be sure that the source is out, whether it answers or not. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fencing import GRADES
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_commands import (
    NOTHING,
    WAITS,
    add_address,
    commands,
    inverse,
    remove_address,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Done, Line, Points, span
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import SILENT, kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import quoted

JSON = t.Any
Document = t.Mapping[str, JSON]

#: Grade of the fence -> what it is, where no module gathers evidence.
DEMANDS = {
    0: "nothing has to be proven",
    1: "it is silent from every place that watches it",
    2: "its services are stopped and disabled, and it registers no names. One that is isolated or switched off is out too",
    3: "its adapters are disabled or its switch ports are shut, and it is silent from two places. One that is switched off is out too",
    4: "it is switched off, as the hypervisor or its BMC shows",
}
#: From this grade on, what is done on the source is not enough: somebody cuts it off.
ISOLATED = 3


def source_out(points: Points, document: Document, definition: Definition, notes: t.Sequence[str]) -> list[Done]:
    """Writes the points of both branches, behind ``notes``, and returns the deeds of the one in which the source answers."""
    host, minimum = str(definition["source"]["host"]), _minimum(document, definition)
    for text in (_why(host, minimum, document, definition), *notes):
        points.say(text)
    places = _places(definition)
    asked = span(points.next, points.next + len(_questions(host, definition)) - 1)
    for line in _questions(host, definition):
        points.point(places, line)
    look = points.next
    inner = Points(look + 1)
    done = [inner.deed(deed) for deed in _deeds(document, definition, minimum)]
    if minimum >= ISOLATED:
        inner.point(f"On {places}", Line(f"type {asked} once more", f"silence in each place; where anything answers, {host} is not out", by_eye=True))
    typed = span(inner.first, inner.next - 1) if inner.next > inner.first else ""
    served = f"leave {look} out, and type {typed}" if typed else "read on below"
    points.say(f"**Silence in each place: go on with {look}. Anything answers anywhere: {served}.**")
    points.say(f"### Where {host} does not answer")
    points.point(f"At the hypervisor, the BMC or the switch of {host}, or in front of it", _look(host, minimum, asked))
    points.say(f"**Then skip {typed}, and go on with {inner.next}.**" if typed else f"**Then go on with {inner.next}.**")
    points.say(f"### Where {host} answers\n\n{_answering(host, minimum, look, typed, inner.next)}")
    points.take(inner)
    return done


def _minimum(document: Document, definition: Definition) -> int:
    wanted = document["intent"].get("fence_minimum")
    return int((definition.get("fence") or {}).get("minimum", 2) if wanted is None else wanted)


def _why(host: str, minimum: int, document: Document, definition: Definition) -> str:
    fence = next((step for step in document["steps"] if kind_of(step["step"]) == "fence"), None)
    parts = [
        f"## First: make sure that {host} is out\n\nTwo servers that answer for one name, or hold one address, destroy data. "
        f"The definition demands grade {minimum} ({GRADES[minimum]}) of {host}: {DEMANDS[minimum]}."
    ]
    accepted = (definition.get("fence") or {}).get("accept_unfenced")
    if accepted:
        parts.append(f"It accepts less, for this reason: {str(accepted).rstrip('.')}. Whoever does that tonight answers for the data at risk.")
    if fence is not None and fence["reason"] in SILENT:
        parts.append(f"{host} did not answer when this plan was made: its commands below are made from the definition.")
    elif fence is not None and fence["reason"]:
        why = fence["msg"].partition(": " if fence["reason"] == "not_fenced" else ". ")[0]
        parts.append(f"{host} answered when this plan was made, and a run would have stopped here: {why}.")
    elif fence is not None:
        parts.append(f"{host} answered when this plan was made.")
    return " ".join(parts)


def _places(definition: Definition) -> str:
    """At least two: one may have lost its own network."""
    watching = [str(place["host"]) for place in (definition.get("monitor") or {}).get("vantage_points") or []]
    names = dict.fromkeys([str(definition["target"]["host"]), *watching])
    listed = [name for name in names if name not in ("controller", definition["source"]["host"])]
    return " and on ".join(listed if len(listed) > 1 else [*listed, "another host in another place"])


def _questions(host: str, definition: Definition) -> list[Line]:
    """Every name and address of its own; not those that move, which the target may hold already."""
    moving = {str(entry["address"]) for entry in definition.get("addresses") or []}
    own = [str(address) for address in ((definition.get("dns") or {}).get("repoint") or {}).get("from") or [] if str(address) not in moving]
    names = ", ".join(quoted(name) for name in dict.fromkeys([host, *own]))
    ping = f"Test-Connection -ComputerName {names} -Count 2 -Quiet"
    if own:
        ping = f"{names} | ForEach-Object {{ Test-Connection -ComputerName $_ -Count 2 -Quiet }}"
    each = " for each" if own else ""
    return [
        Line(ping, f"False{each}: silence. True: it answers"),
        Line(f"Test-WSMan -ComputerName {quoted(host)}", "a red error: silence. Lines such as wsmid and ProductVendor: it answers"),
    ]


def _look(host: str, minimum: int, asked: str) -> Line:
    text = f"{host} may only be cut off from where you sit, and serve others. Switch it off, and see that nothing switches it on again by itself"
    if minimum > ISOLATED:
        return Line(f"{text}.", "off", by_eye=True)
    text += "; or shut each of its switch ports."
    seen_there = f"off; or each of its switch ports shut, and silence in each place in {asked}"
    if minimum <= 1:
        seen_there += ". Where nobody can look, the definition is content with silence in each place, of which one reaches other hosts"
    return Line(text, seen_there, by_eye=True)


def _answering(host: str, minimum: int, look: int, typed: str, then: int) -> str:
    if not typed:
        return f"It is fenced as the definition demands already, so nothing is to be typed. It goes on answering. When in doubt, do {look}."
    enough = " Behind them it goes on answering, and is out all the same." if minimum < ISOLATED else ""
    failing = f"Where one of them fails, or nobody can log on there, do {look} in place of the rest, and go on with {then}."
    return f"{host} may serve, so take its work from it: {typed}.{enough} {failing}"


def _deeds(document: Document, definition: Definition, minimum: int) -> list[Deed]:
    """What is typed where the source answers, in order: its services, its registration, the addresses that move, its network."""
    host = str(definition["source"]["host"])
    fence = next((step for step in document["steps"] if kind_of(step["step"]) == "fence"), None)
    if fence is not None and (fence["changes"] or fence["as_wanted"]):
        changes = [change for change in document["changes"] if change["step"] == fence["step"]]
        deeds = [Deed(f"{one['step']}: {one['item']}", one["do"], host, commands(one, definition), commands(inverse(one), definition)) for one in changes]
    else:
        deeds = _unseen(host, definition)
    deeds += [_address_leaves(host, change) for change in document["changes"] if _comes(change)]
    stops = (definition.get("fence") or {}).get("services") or definition.get("services")
    if minimum == 2 and not stops:
        minimum = ISOLATED  # it has no services whose end would prove anything
    if minimum >= ISOLATED:
        deeds.append(_power(host) if minimum > ISOLATED else _network(host))
    return deeds


def _unseen(host: str, definition: Definition) -> list[Deed]:
    """Nobody knows what the services were like: whoever types writes it down for the way back."""
    named = (definition.get("fence") or {}).get("services") or []
    names = [str(name) for name in named] or [str(entry["name"]) for entry in reversed(definition.get("services") or [])]
    deeds = []
    if names:
        look = f"Get-Service -Name {', '.join(quoted(name) for name in names)} | Format-Table -Property Name, Status, StartType"
        deeds.append(Deed(f"fence@{host}: its services", "see what they are like", host, [Line(look, "a line for each: write them down for the way back")]))
    for name in names:
        change = {"step": f"fence@{host}", "item": f"service {name}", "before": None, "after": {"state": "Stopped", "start_mode": "disabled"}}
        noted = f"(Read-Host 'StartType of {name} as you wrote it down')"
        back = [
            Line(f"Set-Service -Name {quoted(name)} -StartupType {noted}", NOTHING),
            Line(f"Start-Service -Name {quoted(name)}", f"only where the service was Running: {WAITS}"),
            Line(f"Get-Service -Name {quoted(name)} | Format-List -Property Name, Status, StartType", "as you wrote it down"),
        ]
        deeds.append(Deed(f"fence@{host}: service {name}", "stop and disable it", host, commands(change, definition), back))
    table = "Get-DnsClient | Format-Table -Property InterfaceAlias, RegisterThisConnectionsAddress"
    switch = "-RegisterThisConnectionsAddress"
    lines = [
        Line(table, "a line for each adapter: write down those with True for the way back"),
        Line(f"Get-DnsClient | Set-DnsClient {switch} $false", NOTHING),
        Line(table, "False for each"),
    ]
    back = [Line(f"Set-DnsClient -InterfaceAlias ({_listed('Adapters that had True')}) {switch} $true", NOTHING), Line(table, "as you wrote it down")]
    return [*deeds, Deed(f"fence@{host}: registration of its names in DNS", "switch it off", host, lines, back)]


def _comes(change: t.Mapping[str, JSON]) -> bool:
    """Whether the target gets an address that it has not."""
    address = kind_of(change["step"]) == "identity" and change["item"].startswith("address ")
    return address and change["before"] is None and change["after"] is not None and not change["puts_back"]


def _address_leaves(host: str, change: t.Mapping[str, JSON]) -> Deed:
    address = change["item"].partition(" ")[2]
    shown = f"Get-NetIPAddress -IPAddress {quoted(address)} | Format-List -Property InterfaceAlias, PrefixLength, SkipAsSource"
    noted = "where it has the address: write that down for the way back. A red error, no matching object: it has it not, so the next command answers the same"
    interface = "(Read-Host 'InterfaceAlias as you wrote it down')"
    skip = " -SkipAsSource ((Read-Host 'SkipAsSource as you wrote it down') -eq 'True')"
    return Deed(
        f"fence@{host}: address {address}",
        "take it away before the target gets it",
        host,
        [Line(shown, noted), *remove_address(address)],
        add_address(address, change["after"]["prefix_length"], interface, skip),
    )


def _network(host: str) -> Deed:
    table = "Get-NetAdapter | Format-Table -Property Name, Status"
    again = f"Enable-NetAdapter -Name ({_listed('Adapters that had not Disabled')})"
    return Deed(
        f"fence@{host}: network",
        "cut it off, by these commands, at its switch ports, or by its power",
        f"the console of {host} (a remote session would end)",
        [
            Line(table, "a line for each adapter: write down those without Disabled for the way back"),
            Line("Get-NetAdapter | Disable-NetAdapter -Confirm:$false", NOTHING),
            Line(table, "Disabled for each"),
        ],
        [Line(again, NOTHING), Line(table, "as you wrote it down")],
    )


def _power(host: str) -> Deed:
    return Deed(
        f"fence@{host}: power",
        "switch it off",
        host,
        [
            Line("Stop-Computer -Force", "nothing; a remote session ends"),
            Line(f"{host} in the hypervisor or its BMC, and that nothing switches it on again by itself", "off", by_eye=True),
        ],
        [Line(f"{host} is to be switched on in the hypervisor or by its BMC", "on, and after a while it lets you log on", by_eye=True)],
    )


def _listed(what: str) -> str:
    return f"(Read-Host '{what}, with commas between') -split '\\s*,\\s*'"
