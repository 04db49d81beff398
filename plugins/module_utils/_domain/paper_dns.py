# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""DNS records on paper: dnscmd, value by value. Pure.

dnscmd <server> /RecordAdd <zone> <node> <ttl> <type> <data>, /RecordDelete <zone> <node> <type> <data> /f; the node is relative to the
zone, ``@`` for its top (reference: Microsoft, Dnscmd). For a name server that is no Windows, these say at least what is wanted.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import NUMBERS_BEFORE_NAME
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed, Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import program, quoted

JSON = t.Any
DONE = "Command completed successfully."
#: What the deed is called that asks all others.
EVERYWHERE = "dns: the other name servers"
NO_RECORD = "an error: the name does not exist, or has no such record"


def record_commands(change: t.Mapping[str, JSON], definition: Definition) -> list[Line]:
    name, _blank, rdtype = change["item"].rpartition(" ")
    zone = _zone(change)
    server = str((definition.get("dns") or {})["servers"][0]["address"])
    node = "@" if name == zone else name.removesuffix(f".{zone}")
    before, after = change["before"] or {"values": [], "ttl": 0}, change["after"] or {"values": [], "ttl": 0}
    kept = set(before["values"]) & set(after["values"]) if before["ttl"] == after["ttl"] else set()
    lines = [
        Line(program("dnscmd.exe", server, "/RecordDelete", zone, node, rdtype, *_data(rdtype, value), "/f"), DONE)
        for value in before["values"]
        if value not in kept
    ]
    lines += [
        Line(program("dnscmd.exe", server, "/RecordAdd", zone, node, str(after["ttl"]), rdtype, *_data(rdtype, value)), DONE)
        for value in after["values"]
        if value not in kept
    ]
    shown = f"{', '.join(after['values'])} with a TTL of {after['ttl']} s" if after["values"] else NO_RECORD
    return [*lines, Line(f"Resolve-DnsName -Name {quoted(name)} -Type {rdtype} -Server {quoted(server)} -DnsOnly", shown)]


def everywhere(changes: t.Sequence[t.Mapping[str, JSON]], definition: Definition) -> Deed | None:
    """What a run waits for before it clears any cache: the other name servers, and behind them the clients' resolvers. None where there are none."""
    if not changes:
        return None
    back = [{**change, "before": change["after"], "after": change["before"]} for change in changes]
    lines = _asked(changes, definition)
    where, do = "any host that may ask them", "see that each of them has the records, before any cache is cleared"
    return Deed(EVERYWHERE, do, where, lines, _asked(back, definition)) if lines else None


def _asked(changes: t.Sequence[t.Mapping[str, JSON]], definition: Definition) -> list[Line]:
    dns = definition.get("dns") or {}
    listed = [str(server["address"]) for server in [*dns["servers"], *(dns.get("verify_servers") or [])]]
    others = [server for server in dict.fromkeys(listed) if server != listed[0]]
    lines = [Line(_question(change, quoted(server)), _until(change, "")) for server in others for change in changes]
    for change in changes if dns.get("discover") else ():
        each = f"(Resolve-DnsName -Name {quoted(_zone(change))} -Type NS -Server {quoted(listed[0])} -DnsOnly).NameHost"
        ask = f"{each} | ForEach-Object {{ {_question(change, '$_')} }}"
        lines.append(Line(ask, f"of each name server of the zone: {_until(change, '')}"))
    for resolver in dns.get("resolvers") or ():
        lines += [Line(_question(change, quoted(str(resolver["address"]))), _until(change, _held(change))) for change in changes]
    return lines


def _question(change: t.Mapping[str, JSON], server: str) -> str:
    """``server`` is PowerShell already."""
    name, _blank, rdtype = change["item"].rpartition(" ")
    return f"Resolve-DnsName -Name {quoted(name)} -Type {rdtype} -Server {server} -DnsOnly"


def _until(change: t.Mapping[str, JSON], held: str) -> str:
    values, old = (list((change[side] or {}).get("values") or []) for side in ("after", "before"))
    wanted = ", ".join(values) if values else NO_RECORD
    gone = [value for value in old if value not in values] or ["Anything else"]
    return f"{wanted}. {' or '.join(gone)}, or no answer: wait, and type it again until it says so{held}"


def _held(change: t.Mapping[str, JSON]) -> str:
    """A resolver keeps an answer for its TTL."""
    seconds = (change["before"] or {}).get("ttl")
    return f"; its cache may hold the old answer for {seconds} s" if seconds else ""


def _zone(change: t.Mapping[str, JSON]) -> str:
    name = change["item"].rpartition(" ")[0]
    return str((change.get("detail") or {}).get("zone") or name.partition(".")[2]).rstrip(".")


def is_alias(change: t.Mapping[str, JSON]) -> bool:
    """Whether a change of the step dns_lock is one of records: the lock by an alias has no entry of an account."""
    return "account" not in (change["after"] or change["before"] or {})


def lock_commands(change: t.Mapping[str, JSON]) -> list[Line]:
    """dsacls <object> /D <account>:<rights>, /R <account> (reference: Microsoft, Dsacls). WP writes properties, WS is a validated write, SD deletes.

    It has no word for taking one entry away: /R takes every entry of the account, which in peace time has none of its own there.
    """
    entry = (change.get("detail") or {}).get("dn") or f"DC={change['item'].partition('.')[0]},DC=<zone>,CN=MicrosoftDNS,DC=DomainDnsZones,<domain>"
    account = str(change["after"]["account"])
    domain = ".".join(re.findall(r"DC=([^,]+)", entry.partition("CN=MicrosoftDNS,")[2])).removeprefix("DomainDnsZones.").removeprefix("ForestDnsZones.")
    who = account if account.startswith("S-1-") or not domain else f"{account}@{domain}"
    rights = ("/D", f"{who}:WPWSSD") if change["after"]["locked"] else ("/R", who)
    shown = f"among others Deny {who}, SPECIAL ACCESS" if change["after"]["locked"] else f"no line that denies {who} anything"
    return [Line(program("dsacls.exe", entry, *rights), "The command completed successfully"), Line(program("dsacls.exe", entry), shown)]


def _data(rdtype: str, value: str) -> list[str]:
    """A value as dnscmd takes it: each part an argument, names with the dot that makes them whole, texts without their quotation marks. Of types
    that dnscmd may not know, it says at least what is wanted."""
    if rdtype == "TXT":
        return [re.sub(r"\\(\d{3}|.)", _unescaped, text) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', value)]
    if rdtype in ("A", "AAAA"):
        return [value]
    if rdtype not in NUMBERS_BEFORE_NAME:
        return value.split()
    *numbers, name = value.split()
    return [*numbers, name if name.endswith(".") else f"{name}."]


def _unescaped(found: re.Match[str]) -> str:
    text = found.group(1)
    return chr(int(text)) if len(text) == 3 else text
