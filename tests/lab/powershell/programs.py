# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Console programs of Windows that the lab knows, and what they print."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence

from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.registry import DWORD
from ansible_collections.continuity.identity_failover.tests.lab.model.users import COMPUTER_LOGON, Ticket

Output = tuple[str, str, int]
"""stdout, stderr, exit code"""

START_TYPES = {"auto": ("Automatic", False), "delayed-auto": ("Automatic", True), "demand": ("Manual", False), "disabled": ("Disabled", False)}
DNS_SERVICE = "Dnscache"


async def run_program(host: Host, name: str, arguments: Sequence[str]) -> Output:
    """name: one of PROGRAMS, without .exe."""
    return await PROGRAMS[name](host, list(arguments))


async def _ipconfig(host: Host, arguments: list[str]) -> Output:
    head = "\r\nWindows IP Configuration\r\n\r\n"
    option = arguments[0].lower().replace("-", "/", 1) if arguments else ""
    if option == "/flushdns":
        if host.services.find(DNS_SERVICE) is not None and not host.services.running(DNS_SERVICE):
            return head + "Could not flush the DNS Resolver Cache: Function failed during execution.\r\n\r\n", "", 1
        host.resolver.clear()
        return head + "Successfully flushed the DNS Resolver Cache.\r\n", "", 0
    if option == "/registerdns":
        host.plan_registration()
        return head + "Registration of the DNS resource records for all adapters of this computer has been initiated.\r\n", "", 0
    if option == "/displaydns":
        return head + "".join(f"    {entry.name}\r\n" for entry in host.resolver.entries()), "", 0
    if option in ("", "/all"):
        return head + "".join(f"   IPv4 Address. . . . . . . . . . . : {each.address}\r\n" for each in host.ip.usable()), "", 0
    return "\r\nError: unrecognized or incomplete command line.\r\n", "", 1


async def _hostname(host: Host, arguments: list[str]) -> Output:
    return f"{host.computer_name}\r\n", "", 0


async def _whoami(host: Host, arguments: list[str]) -> Output:
    return f"{host.machine.domain.split('.')[0]}\\{host.user}\r\n", "", 0


async def _sc(host: Host, arguments: list[str]) -> Output:
    """config NAME start= TYPE and query NAME; the blank after start= is part of the syntax."""
    verb = arguments[0].lower() if arguments else ""
    service = host.services.find(arguments[1]) if len(arguments) > 1 else None
    if verb not in ("config", "query") or len(arguments) < 2:
        return "ERROR:  Unrecognized command\r\n", "", 1639
    if service is None:
        return "[SC] OpenService FAILED 1060:\r\n\r\nThe specified service does not exist as an installed service.\r\n\r\n", "", 1060
    if verb == "query":
        return f"\r\nSERVICE_NAME: {service.name}\r\n        STATE              : {service.state.upper()}\r\n", "", 0
    if len(arguments) != 4 or arguments[2].lower() != "start=" or arguments[3].lower() not in START_TYPES:
        return "ERROR:  Invalid Field\r\n", "", 1639
    mode, delayed = START_TYPES[arguments[3].lower()]
    host.services.change_start_mode(service.name, mode)
    service.delayed = delayed
    return "[SC] ChangeServiceConfig SUCCESS\r\n", "", 0


async def _eventcreate(host: Host, arguments: list[str]) -> Output:
    """Ids 1 to 1000, logs Application and System only."""
    options = {arguments[at].lower().lstrip("/-"): arguments[at + 1] for at in range(0, len(arguments) - 1, 2)}
    logfile = {"application": "Application", "system": "System"}.get(options.get("l", "application").lower())
    kind = options.get("t", "").lower()
    if logfile is None or kind not in ("error", "warning", "information", "success") or not options.get("d") or not options.get("id", "").isdigit():
        return "", "ERROR: Invalid syntax.\r\n", 1
    if not 1 <= int(options["id"]) <= 1000:
        return "", "ERROR: Invalid value specified for '/ID'.\r\n", 1
    source = options.get("so", "EventCreate")
    # A source that is new is registered, and marked as one of eventcreate's (reference: Microsoft, eventcreate: it writes to custom sources only).
    key = rf"SYSTEM\CurrentControlSet\Services\EventLog\{logfile}\{source}"
    if host.registry.find("HKLM", key) is None:
        host.registry.set("HKLM", key, "CustomSource", DWORD, 1)
    host.events.write(logfile, options.get("so", "EventCreate"), int(options["id"]), "information" if kind == "success" else kind, options["d"])
    return f"\r\nSUCCESS: An event of type '{kind}' was created in the '{logfile}' log with '{options.get('so', 'EventCreate')}' as the source.\r\n", "", 0


async def _klist(host: Host, arguments: list[str]) -> Output:
    """sessions, tickets and get, each of one logon (-li). The controllers give a ticket where one account holds the name, and only one."""
    small = [each.lower() for each in arguments]
    if small == ["sessions"]:
        lines = [f"[{number}] Session 1 0:{logon} {account} Kerberos:Interactive" for number, (logon, account) in enumerate(host.users_at_it.accounts.items())]
        machine = f"[{len(lines)}] Session 0 0:{COMPUTER_LOGON} {host.machine.domain.split('.')[0].upper()}\\{host.computer_name}$ Negotiate:(0)"
        return "Current LogonId is 0:0x51aa\r\n" + "".join(f"{line}\r\n" for line in [*lines, machine]), "", 0
    if len(small) < 3 or small[0] != "-li" or small[2] not in ("tickets", "get"):
        return "Usage: Klist.exe [-lh <LogonId.HighPart>] [-li <LogonId.LowPart>] tickets | get <SPN> | sessions\r\n", "", 1
    logon, spn = small[1], arguments[3] if len(arguments) > 3 else ""
    head = f"Current LogonId is 0:0x51aa\r\nTargeted LogonId is 0:{logon}\r\n"
    if small[2] == "get" and not host.users_at_it.held(logon, spn):
        if host.directory is None or len(_owners(host, spn)) != 1:
            return head + "Error calling API LsaCallAuthenticationPackage (Ticket Request substatus): 0x6fb\r\n", "", 1
        host.users_at_it.give_ticket(logon, spn)
    held = host.users_at_it.held(logon, spn if small[2] == "get" else "")
    return head + f"Cached Tickets: ({len(held)})\r\n" + "".join(_ticket(host, number, each) for number, each in enumerate(held)), "", 0


def _owners(host: Host, spn: str) -> list[str]:
    assert host.directory is not None
    kind, _slash, rest = spn.partition("/")
    holders = host.directory.holders(spn)
    # HOST stands in for other classes that nobody holds (reference: Microsoft, setspn).
    return [each.sam_account_name for each in holders or (host.directory.holders(f"HOST/{rest}") if kind.lower() in ("http", "cifs") else [])]


def _ticket(host: Host, number: int, ticket: Ticket) -> str:
    domain = host.machine.domain.upper()
    start = datetime.datetime.fromtimestamp(round(ticket.issued + host.clock_offset))
    times = [("Start", 0), ("End", 10), ("Renew", 168)]
    return (
        f"\r\n#{number}>\tClient: somebody @ {domain}\r\n\tServer: {ticket.spn} @ {domain}\r\n\tKerbTicket Encryption Type: AES-256-CTS-HMAC-SHA1-96\r\n"
        "\tTicket Flags 0x40a10000 -> forwardable renewable pre_authent name_canonicalize\r\n"
        + "".join(f"\t{what} Time: {start + datetime.timedelta(hours=hours):%m/%d/%Y %H:%M:%S} (local)\r\n" for what, hours in times)
        + f"\tSession Key Type: AES-256-CTS-HMAC-SHA1-96\r\n\tCache Flags: 0\r\n\tKdc Called: dc1.{domain.lower()}\r\n"
    )


async def _chcp(host: Host, arguments: list[str]) -> Output:
    return "Active code page: 65001\r\n", "", 0


async def _script_started(host: Host, arguments: list[str]) -> Output:
    """The lab's own: powershell.exe is about to run a file for a script."""
    small = [each.lower() for each in arguments]
    path = arguments[small.index("-file") + 1] if "-file" in small[:-1] else ""
    host.world.effect(host.name, "script_started", script=path or "command")
    return "", "", 0


PROGRAMS: dict[str, Callable[[Host, list[str]], Awaitable[Output]]] = {
    "ipconfig": _ipconfig,
    "hostname": _hostname,
    "whoami": _whoami,
    "sc": _sc,
    "eventcreate": _eventcreate,
    "chcp": _chcp,
    "klist": _klist,
    "script_started": _script_started,
}
