# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Each kind of change as commands that a person can type, with what each answers. Pure.

The commands do by hand what the step does through CIM, LDAP or DNS messages. Their answers are those of an English Windows.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_data import data_commands
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_databases import database_commands
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_dns import is_alias, lock_commands, record_commands
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Line
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import program, quoted

JSON = t.Any
Change = t.Mapping[str, JSON]

SERVER_KEY = r"HKLM:\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
STRICT = "strict name checking"
#: A step's word for a start mode -> Set-Service's, and what Get-Service shows of it.
STARTUP = {"auto": "Automatic", "delayed": "Automatic", "manual": "Manual", "disabled": "Disabled"}
NOTHING = "nothing; a red message would be an error"
#: The cmdlets for services warn every two seconds that they still wait (reference: PowerShell's ServiceResources, StartingService and its neighbours).
WAITS = "nothing, or yellow lines WARNING: Waiting for service ..., which are no error; a red message would be one"


def commands(change: Change, definition: Definition) -> list[Line]:
    """The commands of one change, in order; the last of them shows whether it is done."""
    kind, item = kind_of(change["step"]), change["item"]
    if kind in ("fence", "services"):
        adapter = item.partition(" ")[2] if kind == "fence" and item.startswith("registration ") else ""
        return _registration(adapter, change["after"]) if adapter else _service(item.removeprefix("service ") if kind == "fence" else item, change)
    if kind == "identity":
        return _identity(item, change, definition)
    if kind == "spns":
        return _spn(item, change)
    if kind == "databases":
        return database_commands(change, definition)
    if kind == "dns":
        return record_commands(change, definition)
    if kind == "dns_lock":
        return record_commands(change, definition) if is_alias(change) else lock_commands(change)
    if kind == "data":
        return data_commands(change, definition)
    if kind == "script":
        return _script(item, definition)
    raise ValueError(f"no command is known for a change of the step {change['step']}")


def inverse(change: Change) -> dict[str, JSON]:
    """The change that takes another one back."""
    return {**change, "before": change["after"], "after": change["before"], "do": "put it back as it was"}


def _service(name: str, change: Change) -> list[Line]:
    before, after = change["before"] or {}, change["after"] or {}
    wanted = str(after.get("state") or "Stopped")
    mode = _start_mode(name, after["start_mode"]) if before.get("start_mode") != after.get("start_mode") and after.get("start_mode") else []
    state = []
    if before.get("state") != after.get("state"):
        verbs = ["Suspend"] if before.get("state") == "Running" else ["Start", "Suspend"]
        verbs = verbs if wanted == "Paused" else ["Resume" if before.get("state") == "Paused" else "Start"] if wanted == "Running" else ["Stop"]
        state = [Line(f"{verb}-Service -Name {quoted(name)}", WAITS) for verb in verbs]
    shown = f"Status: {wanted}; StartType: {STARTUP.get(str(after.get('start_mode')), 'as it was')}"
    return [*mode, *state, Line(f"Get-Service -Name {quoted(name)} | Format-List -Property Name, Status, StartType", shown)]


def _start_mode(name: str, mode: str) -> list[Line]:
    if mode == "delayed":
        # Set-Service of Windows PowerShell 5.1 knows no delayed start.
        return [Line(program("sc.exe", "config", name, "start=", "delayed-auto"), "[SC] ChangeServiceConfig SUCCESS")]
    return [Line(f"Set-Service -Name {quoted(name)} -StartupType {STARTUP.get(mode, mode)}", NOTHING)]


def _registration(adapter: str, after: JSON) -> list[Line]:
    registers = bool(after and after["registers"])
    return [
        Line(f"Set-DnsClient -InterfaceAlias {quoted(adapter)} -RegisterThisConnectionsAddress ${str(registers).lower()}", NOTHING),
        Line(f"(Get-DnsClient -InterfaceAlias {quoted(adapter)}).RegisterThisConnectionsAddress", str(registers)),
    ]


def _identity(item: str, change: Change, definition: Definition) -> list[Line]:
    if item == STRICT:
        return _strict(change["after"])
    kind, _blank, name = item.partition(" ")
    return {"address": _address, "name": _name, "share": _share}[kind](name, change, definition)


def _address(address: str, change: Change, definition: Definition) -> list[Line]:
    before, after = change["before"], change["after"]
    if after is None:
        return remove_address(address)
    skip = str(bool(after.get("skip_as_source"))).lower()
    if before is not None:
        return [
            Line(f"Set-NetIPAddress -IPAddress {quoted(address)} -SkipAsSource ${skip}", NOTHING),
            Line(f"(Get-NetIPAddress -IPAddress {quoted(address)}).SkipAsSource", "True" if skip == "true" else "False"),
        ]
    active = any(str(entry["address"]) == address and entry.get("policy_store") == "active" for entry in definition.get("addresses") or [])
    more = f" -SkipAsSource ${skip}" + (" -PolicyStore ActiveStore" if active else "")
    return add_address(address, after["prefix_length"], quoted(after["interface"]), more)


def remove_address(address: str) -> list[Line]:
    return [
        Line(f"Remove-NetIPAddress -IPAddress {quoted(address)} -Confirm:$false", NOTHING),
        Line(f"Get-NetIPAddress -IPAddress {quoted(address)} -ErrorAction SilentlyContinue", "nothing"),
    ]


def add_address(address: str, prefix_length: int | str, interface: str, more: str = "") -> list[Line]:
    """All but ``address`` is PowerShell already."""
    return [
        Line(f"New-NetIPAddress -IPAddress {quoted(address)} -PrefixLength {prefix_length} -InterfaceAlias {interface}{more}", f"the new address {address}"),
        Line(
            f"(Get-NetIPAddress -IPAddress {quoted(address)}).AddressState",
            "Preferred, after a few seconds of Tentative. Duplicate: another host has it still; remove it here again, and take it from that one first",
        ),
    ]


def _name(name: str, change: Change, definition: Definition) -> list[Line]:
    there = f"(Get-ItemProperty -LiteralPath {quoted(SERVER_KEY)}).OptionalNames"
    others = f"@({there} | Where-Object {{ $_ -and $_ -ne {quoted(name)} }})"
    value = f"[string[]]({others} + {quoted(name)})" if change["after"] else f"[string[]]{others}"
    return [
        Line(f"New-ItemProperty -LiteralPath {quoted(SERVER_KEY)} -Name OptionalNames -PropertyType MultiString -Force -Value ({value})", "OptionalNames"),
        Line(
            f"@({there}) -contains {quoted(name)}", "True; it takes effect when the service LanmanServer starts the next time" if change["after"] else "False"
        ),
    ]


def _strict(after: JSON) -> list[Line]:
    where = f"-LiteralPath {quoted(SERVER_KEY)} -Name DisableStrictNameChecking"
    look = f"(Get-ItemProperty -LiteralPath {quoted(SERVER_KEY)}).DisableStrictNameChecking"
    if after is None:
        return [Line(f"Remove-ItemProperty {where}", NOTHING), Line(look, "nothing")]
    value = int(after["DisableStrictNameChecking"])
    return [Line(f"New-ItemProperty {where} -PropertyType DWord -Value {value} -Force", f"DisableStrictNameChecking : {value}"), Line(look, str(value))]


def _share(name: str, change: Change, definition: Definition) -> list[Line]:
    after = change["after"]
    look = f"Get-SmbShare -Name {quoted(name)}"
    if after is None:
        return [Line(f"Remove-SmbShare -Name {quoted(name)} -Force", NOTHING), Line(f"{look} -ErrorAction SilentlyContinue", "nothing")]
    parts = [f"New-SmbShare -Name {quoted(name)} -Path {quoted(after['path'])}"]
    if after.get("description"):
        parts.append(f"-Description {quoted(after['description'])}")
    if after.get("security_descriptor"):
        parts.append(f"-SecurityDescriptor {quoted(after['security_descriptor'])}")
    return [Line(" ".join(parts), f"the new share {name}"), Line(f"({look}).Path", after["path"])]


def _spn(name: str, change: Change) -> list[Line]:
    giver, taker = _account(change["before"]), _account(change["after"])
    lines = []
    if giver:
        lines.append(Line(program("setspn.exe", "-D", name, giver), "Updated object"))
    if taker:
        lines.append(
            Line(program("setspn.exe", "-S", name, taker), "Updated object. If Duplicate SPN found instead: another account holds it; find out why first")
        )
    found = f"the distinguished name of {taker}, and Existing SPN found!" if taker else "No such SPN found."
    return [*lines, Line(program("setspn.exe", "-Q", name), found)]


def _account(image: JSON) -> str:
    account = (image or {}).get("account") or ""
    return account if isinstance(account, str) else ""


def _script(path: str, definition: Definition) -> list[Line]:
    script = definition.get("post_script") or {}
    arguments = [str(argument) for argument in script.get("arguments") or []] if str(script.get("path")) == path else []
    extension = path.rpartition(".")[2].lower()
    if extension == "ps1":
        run = program("powershell.exe", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", path, *arguments)
    elif extension in ("vbs", "js"):
        run = program("cscript.exe", "//B", "//Nologo", path, *arguments)
    else:
        run = program(path, *arguments)
    return [Line(run, "what the script prints"), Line("$LASTEXITCODE", "0")]
