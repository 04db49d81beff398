# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole estate: hosts, name servers, directory, databases, and the control verbs that act on them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab.cim.provider import Provider
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError, Network, Trace
from ansible_collections.continuity.identity_failover.tests.lab.model.application import Application, Needs
from ansible_collections.continuity.identity_failover.tests.lab.model.builder import Builder
from ansible_collections.continuity.identity_failover.tests.lab.model.controls import Controls
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxDatabase, MailboxStore
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Directory
from ansible_collections.continuity.identity_failover.tests.lab.model.estate_file import new_password, read_estate
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.registration import Registration
from ansible_collections.continuity.identity_failover.tests.lab.model.replication import ReplicationLink
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.model.world import LoopScheduler, Scheduler, World
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.launcher import Launcher


def load_estate(
    source: str | Path | Mapping[str, JSON],
    *,
    clients: int | None = None,
    seed: int = 0,
    network: Network,
    trace: Trace,
    drop: float = 0.0,
    lag: float | None = None,
    scheduler: Scheduler | None = None,
    engine: Path | None | str = "find",
) -> LabEstate:
    """source: an estate's name, a file, or its content. clients: instead of the file's number. drop: percent of DNS messages that get lost.

    lag: seconds of every name server that follows another. engine: a PowerShell with server mode, None = twins only, "find" = look for one.
    Raises LabError.
    """
    world = World(network, trace, scheduler or LoopScheduler(), seed)
    folder = Path(tempfile.mkdtemp(prefix="continuity-lab-"))
    try:
        builder = Builder(world, read_estate(source), clients, seed, folder)
        return LabEstate(world, builder, folder, drop, lag, engine)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class LabEstate:
    """Implements interfaces.Estate."""

    def __init__(self, world: World, builder: Builder, folder: Path, drop: float, lag: float | None, engine: Path | None | str) -> None:
        self.world = world
        self.folder = folder
        # Also where nobody gets to stop: a test that fails while it starts, an exception at the end.
        weakref.finalize(self, shutil.rmtree, folder, True)
        self._builder = builder
        self._drop = drop / 100.0
        self.application_port = int(builder.file.content.get("application_port", 9025))
        self.hosts: dict[str, Host] = builder.hosts(self.other_owner)
        self.clients = builder.client_names
        self.directory: Directory = builder.directory()
        self.store = MailboxStore(world, builder.mailbox_databases(), self._store_serves)
        self.links: list[ReplicationLink] = builder.replication(self.store, self._linked)
        self.store.in_use = lambda name: any(link.writes_into(name) for link in self.links)
        self.store.on_change.append(lambda host: self.hosts[host].refresh())
        self.dns: dict[str, DnsServer] = builder.dns_servers(self.hosts, self._dns_reachable, lag)
        self.domain = builder.domain_service(self.hosts, self.directory, self.dns)
        self.credentials: dict[str, dict[str, str]] = {
            "exchange": {"user": "EXAMPLE\\exchange-admin", "password": new_password()},
            "directory": {"user": "EXAMPLE\\spn-admin", "password": new_password()},
            "sql": {"user": "failover", "password": new_password()},
        }
        self.calls = LabCalls(self)
        self.launcher = Launcher(world, self.calls, folder, engine)
        self.controls = Controls(self)
        for host in self.hosts.values():
            self._join(host)

    def _join(self, host: Host) -> None:
        """Gives a host its place in the estate."""
        host.cim = Provider(host)
        host.launcher = self.launcher.start
        host.who_owns = self.who_owns
        host.directory = self.directory
        if not host.machine.is_server:
            return
        host.store = self.store
        self._builder.sql(host)
        for instance in host.sql.values():
            instance.passwords[self.credentials["sql"]["user"]] = self.credentials["sql"]["password"]
        described = self._builder.file.hosts[host.name].get("application")
        if described:
            host.needs = Needs(tuple(described.get("services") or ()), tuple(described.get("databases") or ()))
            host.application = Application(
                self.world,
                host.name,
                host.computer_name,
                self.application_port,
                host.serves,
                lambda: list(host.addresses),
                lambda: self._data_of(host),
                lambda item: self._written(host, item),
            )
        if self.dns:
            primary = self._builder.name_servers[0]
            host.registration = Registration(self.world, host.name, host.management_address, self._builder.domain, primary, self._builder.keys.get(host.name))

    # Life

    async def start(self) -> None:
        for server in self.dns.values():
            try:
                await server.start()
            except OSError as error:
                raise LabError(f"The name server {server.name} cannot listen on {server.address} port {server.port}: {error.strerror}.") from None
        if self.domain is not None:
            await self.domain.start()
        for host in self.hosts.values():
            if host.application is not None:
                await host.application.update()

    async def stop(self) -> None:
        await self.world.stop()
        await self.launcher.stop()
        if self.domain is not None:
            self.domain.stop()
        for server in self.dns.values():
            await server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Who has what

    def who_owns(self, address: str) -> str | None:
        """The living host, or name server, that has an address."""
        for host in self.hosts.values():
            if host.powered and host.ip.owns(address):
                return host.name
        return next((server.name for server in self.dns.values() if server.address == address), None)

    def name_servers(self) -> list[NameServer]:
        return list(self._builder.name_servers)

    async def wait_until(self, true: Callable[[], bool], timeout: float = 60.0) -> None:
        """Looks often; for what ends by a timer of the model."""
        end = self.world.now() + timeout
        while not true() and self.world.now() < end:
            await asyncio.sleep(0.02)

    def reaches(self, host: Host, other: str) -> bool:
        """May this host talk with another one, both with power? Always with itself."""
        network = self.world.network
        found = self.hosts.get(other)
        if found is None or not found.powered:
            return False
        return other == host.name or (network.reachable(host.name, other) and network.reachable(other, host.name))

    def host_named(self, name: str) -> str:
        """Inventory name of the host that has this computer name, full name or address; "" = none."""
        for host in self.hosts.values():
            if name.lower() in (host.name.lower(), host.computer_name.lower(), host.fqdn.lower()) or name in (each.address for each in host.ip.all()):
                return host.name
        return ""

    def other_owner(self, host: str, address: str) -> str | None:
        """Another owner that this host can see: what duplicate address detection finds."""
        for other in self.hosts.values():
            if other.name != host and other.powered and other.ip.owns(address) and self.world.network.reachable(host, other.name):
                return other.name
        return None

    def _store_serves(self, host: str) -> bool:
        found = self.hosts.get(host)
        return found is not None and found.powered and found.services.running("MSExchangeIS")

    def _linked(self, a: str, b: str) -> bool:
        network = self.world.network
        return self.hosts[a].powered and self.hosts[b].powered and network.reachable(a, b) and network.reachable(b, a)

    def _dns_reachable(self, a: str, b: str) -> bool:
        """a, b: a server's name or a peer's address. A message of a peer may also get lost."""
        if a not in self.dns and self._drop and self.world.random.random() < self._drop:
            return False
        network = self.world.network
        places = [each if each in self.dns else network.place_of(each) for each in (a, b)]
        return network.reachable(places[0], places[1])

    def _database_of(self, host: Host) -> MailboxDatabase | None:
        return self.store.find(host.needs.databases[0]) if host.needs is not None and host.needs.databases else None

    def _data_of(self, host: Host) -> Data:
        database = self._database_of(host)
        return database.data if database is not None else Data()

    def _written(self, host: Host, item: int) -> None:
        database = self._database_of(host)
        for link in self.links if database is not None else ():
            assert database is not None
            link.written(database, item)

    async def control(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        return await self.controls.perform(verb, arguments)

    def description(self) -> dict[str, JSON]:
        """The model's part of lab.json, and of the inventory."""
        groups = dict(self._builder.file.section("groups"))
        client_group = str(self._builder.file.section("clients").get("group", "clients"))
        groups = {name: [each for each in members if each in self.hosts] for name, members in groups.items()}
        # A drill shares no client with the live identity, so the two groups are kept apart.
        groups[client_group] = [name for name in self.clients if name not in groups.get("drill_clients", ())]
        key = self._builder.keys[""]
        servers = [{"name": server.name, "address": server.address, "port": server.port, "lag": server.lag} for server in self.dns.values()]
        hosts = {
            name: {"site": host.machine.site, "addresses": list(host.addresses), "names": {each: list(found) for each, found in host.extra_names.items()}}
            for name, host in self.hosts.items()
        }
        return {
            "estate": self._builder.file.name,
            "dns": {
                "servers": servers,
                "zones": [self._builder.zone_name(str(zone["name"])) for zone in self._builder.file.section("dns").get("zones") or []],
                "key": {"name": key.name, "secret": key.secret, "algorithm": key.algorithm},
            },
            "application_port": self.application_port,
            "clients": list(self.clients),
            "clients_dns": {name: [server.name for server in self.hosts[name].resolver.servers] for name in self.clients},
            "credentials": self.credentials,
            "domain": self._builder.domain,
            **({"active_directory": self.domain.description()} if self.domain is not None else {}),
            "groups": groups,
            "hosts": hosts,
        }
