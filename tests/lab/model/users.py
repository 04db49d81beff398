# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users at a client: their logons with Kerberos tickets, their programs with open connections. A test puts them there; nothing moves by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

COMPUTER_LOGON = "0x3e7"
"""The logon of the computer account (reference: Microsoft, well-known LUIDs)."""


@dataclass
class Ticket:
    """``issued`` on the lab's clock, seconds since 1970."""

    logon: str
    spn: str
    issued: float


@dataclass(frozen=True)
class Connection:
    process: int
    program: str
    address: str
    port: int


class Users:
    """Of one host."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host
        self.accounts: dict[str, str] = {}
        """logon → account, as klist shows them"""
        self.tickets: list[Ticket] = []
        self.connections: list[Connection] = []

    def log_on(self, account: str) -> str:
        """The logon of an account, a new one unless it is there."""
        for logon, known in self.accounts.items():
            if known == account:
                return logon
        logon = hex(0x4C000 + 0x111 * (len(self.accounts) + 1))
        self.accounts[logon] = account
        return logon

    def give_ticket(self, logon: str, spn: str, age: float = 0.0) -> None:
        self.tickets.append(Ticket(logon, spn, self._world.now() - age))
        self._world.effect(self._host, "ticket_issued", logon=logon, spn=spn)

    def held(self, logon: str, spn: str = "") -> list[Ticket]:
        return [each for each in self.tickets if each.logon == logon and (not spn or each.spn.lower() == spn.lower())]

    def connect(self, process: int, program: str, address: str, port: int) -> None:
        self.connections.append(Connection(process, program, address, port))

    def restart(self) -> None:
        """Logons, tickets and connections end with the machine."""
        self.accounts.clear()
        self.tickets.clear()
        self.connections.clear()
