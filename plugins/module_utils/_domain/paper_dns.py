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
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import program, quoted

JSON = t.Any
DONE = "Command completed successfully."


def record_commands(change: t.Mapping[str, JSON], definition: Definition) -> list[Line]:
    name, _blank, rdtype = change["item"].rpartition(" ")
    zone = str((change.get("detail") or {}).get("zone") or name.partition(".")[2]).rstrip(".")
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
    shown = f"{', '.join(after['values'])} with a TTL of {after['ttl']} s" if after["values"] else "an error: the name does not exist, or has no such record"
    return [*lines, Line(f"Resolve-DnsName -Name {quoted(name)} -Type {rdtype} -Server {quoted(server)} -DnsOnly", shown)]


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
