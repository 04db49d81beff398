# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate as its own parts see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.ldap.domain import Domain
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxStore
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Directory
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.replication import ReplicationLink
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World


class EstateView(Protocol):
    """Implemented by LabEstate."""

    world: World
    hosts: dict[str, Host]
    directory: Directory
    store: MailboxStore
    links: list[ReplicationLink]
    dns: dict[str, DnsServer]
    domain: Domain | None
    credentials: dict[str, dict[str, str]]
    application_port: int
    launcher: Any
    """describe(), kill_host(name)."""

    def name_servers(self) -> list[NameServer]:
        pass

    def reaches(self, host: Host, other: str) -> bool:
        pass

    def host_named(self, name: str) -> str:
        pass

    async def wait_until(self, true: Callable[[], bool], timeout: float = 60.0) -> None:
        pass
