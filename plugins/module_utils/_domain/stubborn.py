# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Clients that stay at the old server: what shows it, and what would help. Pure.

Only what was seen counts: a value in the cache, a line in the hosts file, an open connection to the old address, a ticket from before the move. What
a program keeps for itself without a connection (a JVM's own cache, a browser's) shows only when it connects again.
"""

from __future__ import annotations

import dataclasses
import typing as t

#: What frees a program of the address it has. A program's connections end with it; nothing else of Windows ends them.
HELP = {
    "outlook.exe": "restart Outlook",
    "w3wp.exe": "recycle the application pool that this w3wp.exe serves",
    "java.exe": "restart the Java program, and bound networkaddress.cache.ttl of its JVM",
    "javaw.exe": "restart the Java program, and bound networkaddress.cache.ttl of its JVM",
    "chrome.exe": "close the browser",
    "msedge.exe": "close the browser",
    "firefox.exe": "close the browser",
    "excel.exe": "close the files of the old server and open them again",
    "winword.exe": "close the files of the old server and open them again",
    "explorer.exe": "log off and on",
    "system": "disconnect the network drives of the old server (net use), or log off and on",
}
#: The kernel, which holds the connections of network drives.
SYSTEM_PROCESS = 4


class Connection(t.Protocol):
    """An open connection to an old address."""

    @property
    def address(self) -> str:
        pass

    @property
    def port(self) -> int:
        pass

    @property
    def process(self) -> int:
        pass

    @property
    def program(self) -> str:
        pass


@dataclasses.dataclass(frozen=True)
class Stubborn:
    """``kind``: open_connection, old_ticket, hosts_file, stale_cache or negative_entry."""

    client: str
    kind: str
    evidence: str
    help: str

    def as_dict(self) -> dict[str, str]:
        return {"name": self.client, "kind": self.kind, "evidence": self.evidence, "help": self.help}


def held_open(client: str, connection: Connection) -> Stubborn:
    program = connection.program or ("System" if connection.process == SYSTEM_PROCESS else "")
    who = f"{program or 'a program that has ended meanwhile'} (process {connection.process})"
    helps = HELP.get(program.lower(), f"restart {program}" if program else "look again")
    return Stubborn(client, "open_connection", f"{who} holds a connection to {connection.address} port {connection.port}, the old address", helps)
