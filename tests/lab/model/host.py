# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Windows host: the parts of the model put together, and how they pull on each other."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, CimProvider, Process
from ansible_collections.continuity.identity_failover.tests.lab.model.addresses import AddressTable, OwnedAddress
from ansible_collections.continuity.identity_failover.tests.lab.model.application import Application, Needs
from ansible_collections.continuity.identity_failover.tests.lab.model.event_log import EventLog
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.model.registration import Registration
from ansible_collections.continuity.identity_failover.tests.lab.model.registry import Registry
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import Resolver
from ansible_collections.continuity.identity_failover.tests.lab.model.services import RUNNING, STOPPED, Service, ServiceManager
from ansible_collections.continuity.identity_failover.tests.lab.model.shares import Shares
from ansible_collections.continuity.identity_failover.tests.lab.model.sql_server import SqlInstance
from ansible_collections.continuity.identity_failover.tests.lab.model.users import Users
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

if TYPE_CHECKING:
    from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxStore
    from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Directory

STORE_SERVICE = "MSExchangeIS"


@dataclass(frozen=True)
class Machine:
    """What a host is, whatever names it has."""

    name: str
    """inventory name"""
    computer_name: str
    uuid: str
    domain: str
    management_address: str
    site: str = ""
    is_server: bool = True


@dataclass
class ScriptRun:
    """One script that ran on the host."""

    name: str
    engine: str
    """"pwsh" or "twin"."""
    exit_code: int


Launcher = Callable[["Host", str, Sequence[str], Mapping[str, str], bool], Process]


class Host:
    """Implements interfaces.HostModel."""

    def __init__(
        self,
        world: World,
        machine: Machine,
        users: dict[str, str],
        *,
        files: Files,
        services: Sequence[Service],
        addresses: AddressTable,
        resolver: Resolver,
        clock_offset: float = 0.0,
    ) -> None:
        """users: the first one is the administrator that the inventory uses."""
        self.world = world
        self.machine = machine
        self.name = machine.name
        self.computer_name = machine.computer_name
        self.uuid = machine.uuid
        self.management_address = machine.management_address
        self.users = users
        self.user, self.password = next(iter(users.items()))
        self.powered = True
        self.clock_offset = clock_offset
        self.booted = world.now() - 86400.0 - world.random.randrange(86400 * 30)
        self.files = files
        self.services = ServiceManager(world, machine.name, services)
        self.ip = addresses
        self.resolver = resolver
        self.users_at_it = Users(world, machine.name)
        self.registry = Registry(world, machine.name)
        self.shares = Shares(world, machine.name, files)
        self.events = EventLog(world, machine.name)
        self.sql: dict[str, SqlInstance] = {}
        self.store: MailboxStore | None = None
        self.directory: Directory | None = None
        self.application: Application | None = None
        self.needs: Needs | None = None
        self.registration: Registration | None = None
        self.extra_names: dict[str, tuple[str, ...]] = {}
        """Names that it registers beside its own → the addresses that it registers for them, when it owns them."""
        self.script_results: dict[str, int] = {}
        """Path of a user's script in small letters → exit code where no engine is there to run it."""
        self.script_seconds: dict[str, float] = {}
        """Path of a user's script in small letters → how long it takes there."""
        self.scripts: list[ScriptRun] = []
        self._registration_planned = False
        self.who_owns: Callable[[str], str | None] = lambda address: None
        """Which living machine or name server of the estate has an address."""
        self.cim: CimProvider
        self.launcher: Launcher
        self.services.on_change.append(self._service_changed)
        self.ip.on_change.append(self._address_changed)
        self.ip.on_duplicate.append(self._address_duplicate)

    # What the endpoint asks

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(each.address for each in self.ip.usable() if each.address != self.management_address)

    def start_process(self, command: str, arguments: Sequence[str], environment: Mapping[str, str], *, skip_cmd_shell: bool = False) -> Process:
        return self.launcher(self, command, arguments, environment, skip_cmd_shell)

    # Time

    def now(self) -> float:
        """The host's own clock, seconds since 1970 in UTC."""
        return self.world.now() + self.clock_offset

    def account(self, user: str) -> tuple[str, str]:
        """Name and SID of an account, as Windows writes them; the same user is the same account on every machine of the domain."""
        domain, number = self.machine.domain.lower(), zlib.crc32(user.lower().encode())
        authority = "-".join(str(zlib.crc32(f"{part}{domain}".encode())) for part in range(3))
        return f"{domain.split('.')[0].upper()}\\{user}", f"S-1-5-21-{authority}-{1000 + number % 100000}"

    @property
    def fqdn(self) -> str:
        return f"{self.computer_name.lower()}.{self.machine.domain}"

    # How the parts pull on each other

    def serves(self) -> bool:
        """The application could answer now."""
        if not self.powered or self.needs is None:
            return False
        if not all(self.services.running(name) for name in self.needs.services):
            return False
        found = [self.store.find(name) for name in self.needs.databases] if self.store is not None else []
        return len(found) == len(self.needs.databases) and all(each is not None and each.mounted and each.server == self.name for each in found)

    def answers_ping(self, address: str) -> bool:
        """Does a machine that this one can reach, there and back, own the address?"""
        other = self.who_owns(address)
        network = self.world.network
        return other is not None and (other == self.name or (network.reachable(self.name, other) and network.reachable(other, self.name)))

    def refresh(self) -> None:
        if self.application is not None:
            self.application.refresh()

    def _service_changed(self, service: Service, before: str) -> None:
        if service.name == STORE_SERVICE and self.store is not None:
            if service.state == RUNNING:
                self.store.store_started(self.name)
            elif before == RUNNING:
                self.store.store_stopped(self.name, clean=service.state != STOPPED)
        instance = self.sql.get(service.name)
        if instance is not None and service.state == RUNNING:
            instance.service_started()
        if service.state == STOPPED and service.exit_code == 1067:
            self.events.write(
                "System", "Service Control Manager", 7034, "error", f"The {service.display_name or service.name} service terminated unexpectedly."
            )
        self.refresh()

    def _address_changed(self, owned: OwnedAddress) -> None:
        self.refresh()
        if owned.usable() and self.registration is not None:
            self.plan_registration()

    def plan_registration(self) -> None:
        """Registers soon; several changes of one moment make one registration."""
        if not self._registration_planned:
            self._registration_planned = True
            self.world.later(0.05, lambda: self.world.spawn(self.register_names()))

    def _address_duplicate(self, owned: OwnedAddress) -> None:
        self.events.write("System", "Tcpip", 4199, "error", f"The system detected an address conflict for IP address {owned.address}.")

    # DNS

    def names_to_register(self) -> dict[str, list[str]]:
        """Its own name with every address that is not marked, and further names with their addresses as far as it owns them."""
        usable = [each for each in self.ip.usable() if each.adapter.registers and each.address != self.management_address]
        own = [each.address for each in usable if not each.skip_as_source]
        wanted = {self.fqdn: own} if own else {}
        for name, addresses in self.extra_names.items():
            mine = [each.address for each in usable if each.address in addresses]
            if mine:
                wanted[name] = mine
        return wanted

    async def register_names(self) -> None:
        """As the DNS client does after a start, a change of address, or when it is told to."""
        self._registration_planned = False
        if self.registration is None or not self.powered:
            return
        for name, addresses in self.names_to_register().items():
            rcode = await self.registration.register(name, addresses)
            if rcode != "NOERROR":
                self.events.write(
                    "System", "Microsoft-Windows-DNS-Client", 8018, "warning", f"The system failed to register host (A) resource records for {name}: {rcode}."
                )

    # Power

    def power_off(self) -> None:
        """A crash: nothing is told, nothing is flushed. The network closes the listeners."""
        self.powered = False
        self.services.power_off()
        if self.store is not None:
            self.store.store_stopped(self.name, clean=False)
        for instance in self.sql.values():
            for database in instance.databases:
                database.state = "ONLINE" if database.state == "RECOVERING" else database.state
        self.ip.power_off()
        self.shares.restarted()
        self.resolver.restart()
        self.users_at_it.restart()
        if self.application is not None:
            self.application.power_off()
        self.world.effect(self.name, "powered_off")

    def power_on(self) -> None:
        """A boot: addresses are tested, automatic services start, names are registered as addresses come up."""
        self.powered = True
        self.booted = self.world.now()
        self.world.effect(self.name, "powered_on")
        self.events.write("System", "EventLog", 6005, "information", "The Event log service was started.")
        self.ip.power_on()
        self.services.power_on()

    def describe(self) -> JSON:
        return {
            "computer_name": self.computer_name,
            "uuid": self.uuid,
            "powered": self.powered,
            "site": self.machine.site,
            "addresses": self.ip.describe(),
            "serving": self.application.serving() if self.application else [],
            "services": self.services.describe(),
            "shares": self.shares.describe(),
            "databases": self.store.describe(self.name) if self.store else {},
            "sql": {name: instance.describe() for name, instance in self.sql.items()},
            "resolver": self.resolver.describe(),
            "registers": [each.alias for each in self.ip.adapters if each.registers],
            "files": self.files.names(),
            "events": self.events.describe(),
            "scripts": [{"name": run.name, "engine": run.engine, "exit_code": run.exit_code} for run in self.scripts],
        }
