# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds hosts, directory, databases and name servers from an estate file."""

from __future__ import annotations

import base64
import functools
import secrets
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing, Replicas
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.ldap.domain import Domain
from ansible_collections.continuity.identity_failover.tests.lab.model.addresses import Adapter, AddressTable
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxDatabase, MailboxStore
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Account, Directory
from ansible_collections.continuity.identity_failover.tests.lab.model.estate_file import EstateFile, new_password, parts_of
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host, Machine
from ansible_collections.continuity.identity_failover.tests.lab.model.registration import HostKey
from ansible_collections.continuity.identity_failover.tests.lab.model.replication import ReplicationLink
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import NameServer, Resolver
from ansible_collections.continuity.identity_failover.tests.lab.model.services import RUNNING, STOPPED, Service
from ansible_collections.continuity.identity_failover.tests.lab.model.shares import Share
from ansible_collections.continuity.identity_failover.tests.lab.model.sql_server import SqlDatabase, SqlInstance
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

PREFIX_LENGTH = 24
ADMINISTRATOR = "lab-admin"
CLIENT_NETWORK = 110
"""Second last octet of the first 250 clients; the next ones follow."""
_NAMESPACE = uuid.UUID("5b0c7d2e-0d3c-4c58-9c0e-6a3f1f3f2a11")


class Builder:
    """One estate's parts. Identifiers come from the seed, so that two runs look alike; passwords and keys are new each time."""

    def __init__(self, world: World, file: EstateFile, clients: int | None, seed: int, folder: Path) -> None:
        self.world = world
        self.file = file
        self.seed = seed
        self.folder = folder
        self.domain = str(file.content.get("domain", "example.com"))
        self.client_names: list[str] = []
        self.keys: dict[str, HostKey] = {}
        self._count = int(file.section("clients").get("count", 0)) if clients is None else clients
        if self._count < 0 or self._count > 30000:
            raise LabError("The number of clients lies between 0 and 30000.")
        self.name_servers = [
            NameServer(str(each["name"]), self.address(each["address"]), int(file.content.get("dns_port", 10053)))
            for each in file.section("dns").get("servers") or []
        ]

    def address(self, text: str) -> str:
        return self.world.network.address(*parts_of(text))

    def identifier(self, *words: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, ":".join((str(self.seed), self.file.name, *words))))

    # Hosts

    def hosts(self, other_owner: Any) -> dict[str, Host]:
        """Servers as written, then the clients."""
        built = {name: self._host(name, described, other_owner) for name, described in self.file.hosts.items()}
        self.client_names += [name for name, described in self.file.hosts.items() if described.get("role") == "client"]
        described = self.file.section("clients")
        prefix = str(described.get("prefix", "ws"))
        width = 3
        for number in range(1, self._count + 1):
            name = f"{prefix}{number:0{width}}"
            if name in built:
                raise LabError(f"The client {name} has the name of a host.")
            built[name] = self._client(name, number, described, other_owner)
            self.client_names.append(name)
        return built

    def _servers_of(self, names: Sequence[str] | None) -> list[NameServer]:
        if names is None:
            return list(self.name_servers)
        found = {server.name: server for server in self.name_servers}
        unknown = [name for name in names if name not in found]
        if unknown:
            raise LabError(f"There is no name server {unknown[0]!r}; there are {', '.join(found)}.")
        return [found[name] for name in names]

    def _services(self, wanted: Sequence[Any]) -> list[Service]:
        sets = self.file.section("service_sets")
        described: list[Mapping[str, Any]] = []
        for each in wanted:
            if isinstance(each, str) and each not in sets:
                raise LabError(f"There is no service set {each!r}; there are {', '.join(sets)}.")
            described += sets[each] if isinstance(each, str) else [each]
        services = []
        for each in described:
            facts = dict(each)
            state = facts.pop("state", RUNNING)
            service = Service(**{**facts, "depends_on": tuple(facts.get("depends_on", ()))})
            service.state = str(state)
            if state == RUNNING:
                service.exit_code, service.process_id = 0, self.world.random.randrange(1000, 60000, 4)
            elif state != STOPPED:
                raise LabError(f"The service {service.name} begins {RUNNING} or {STOPPED}, not {state!r}.")
            services.append(service)
        return services

    def _host(self, name: str, described: Mapping[str, Any], other_owner: Any) -> Host:
        if "management" not in described:
            raise LabError(f"hosts.{name} lacks management, the address that WinRM is reached on.")
        management = self.address(described["management"])
        servers = self._servers_of(described.get("dns"))
        addresses = self._table(name, management, described.get("addresses") or [], servers, bool(described.get("registers", True)), other_owner)
        computer_name = str(described.get("computer_name", name.upper()))
        machine = Machine(
            name,
            computer_name,
            self.identifier("machine", name),
            self.domain,
            management,
            str(described.get("site", "")),
            described.get("role", "server") == "server",
        )
        users = {ADMINISTRATOR: new_password(), **{user: new_password() for user in described.get("users") or []}}
        resolver = Resolver(
            self.world, name, management, servers, negative_ttl=int(described.get("negative_ttl", 5)), stubborn=str(described.get("stubborn", ""))
        )
        host = Host(
            self.world,
            machine,
            users,
            files=Files(self.folder / "hosts" / name),
            services=self._services(described.get("services") or []),
            addresses=addresses,
            resolver=resolver,
            clock_offset=float(described.get("clock_offset", 0)),
        )
        self._furnish(host, described)
        return host

    def _table(
        self, name: str, management: str, wanted: Sequence[Mapping[str, Any]], servers: Sequence[NameServer], registers: bool, other_owner: Any
    ) -> AddressTable:
        detection = float(self.file.section("timing").get("duplicate_detection", 3.0))
        table = AddressTable(self.world, name, detection, other_owner)
        dns_servers = tuple(server.address for server in servers)
        ends = [int(part) for part in management.split(".")[2:]]
        card = Adapter(4, "Management", f"00-15-5D-01-{ends[0]:02X}-{ends[1]:02X}", dns_servers, registers=False)
        if wanted:
            ethernet = Adapter(7, "Ethernet", f"00-15-5D-02-{ends[0]:02X}-{ends[1]:02X}", dns_servers, self.domain, registers)
            table.adapters.append(ethernet)
            for each in wanted:
                table.put(
                    self.address(each["address"]),
                    int(each.get("prefix_length", PREFIX_LENGTH)),
                    ethernet,
                    skip_as_source=bool(each.get("skip_as_source", False)),
                )
        else:
            card = Adapter(7, "Ethernet", card.mac, dns_servers, self.domain, registers)
        table.adapters.append(card)
        table.put(management, PREFIX_LENGTH, card)
        self.world.network.register_place(name, management)
        return table

    def _furnish(self, host: Host, described: Mapping[str, Any]) -> None:
        host.extra_names = {name: tuple(self.address(each) for each in addresses) for name, addresses in (described.get("names") or {}).items()}
        for folder in described.get("folders") or []:
            host.files.add_folder(folder)
        for path, file in (described.get("files") or {}).items():
            host.files.write(path, str(file.get("text", "")).replace("\n", "\r\n").encode())
            host.script_results[path.lower()] = int(file.get("exit_code", 0))
        for share in described.get("shares") or []:
            host.shares.put(Share(**share))
        for name, address in (described.get("hosts_file") or {}).items():
            host.resolver.hosts_file[name.lower()] = self.address(address)
        for path in (
            (
                r"SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters",
                r"SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0",
                r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters",
                r"SOFTWARE\Microsoft",
            )
            if host.machine.is_server
            else ()
        ):
            host.registry.create("HKLM", path)

    def _client(self, name: str, number: int, described: Mapping[str, Any], other_owner: Any) -> Host:
        management = self.world.network.address(CLIENT_NETWORK + (number - 1) // 250, 1 + (number - 1) % 250)
        site, mine = self._servers_of_client(number, described)
        servers = self._servers_of(mine)
        table = self._table(name, management, [], servers, True, other_owner)
        machine = Machine(name, name.upper(), self.identifier("machine", name), self.domain, management, site, False)
        resolver = Resolver(self.world, name, management, servers, negative_ttl=int(described.get("negative_ttl", 5)))
        return Host(
            self.world,
            machine,
            {ADMINISTRATOR: new_password()},
            files=Files(self.folder / "hosts" / name),
            services=self._services(described.get("services") or []),
            addresses=table,
            resolver=resolver,
        )

    def _servers_of_client(self, number: int, described: Mapping[str, Any]) -> tuple[str, list[str]]:
        """Its site, and the names of the servers that it asks: one, in turns; with sites all of its site's, a different one first each time."""
        names = list(described.get("dns") or [server.name for server in self.name_servers])
        sites = list(described.get("sites") or ())
        if not sites:
            return "", [names[(number - 1) % len(names)]] if names else []
        site, turn = str(sites[(number - 1) % len(sites)]), (number - 1) // len(sites)
        near = [str(each["name"]) for each in self.file.section("dns").get("servers") or [] if each.get("site") == site and each["name"] in names]
        if not near:
            raise LabError(f"clients.sites names {site!r}, which has no name server.")
        first = turn % len(near)
        return site, near[first:] + near[:first]

    # What they share

    def directory(self) -> Directory:
        described = self.file.section("directory")
        root = ",".join(f"DC={part}" for part in self.domain.split("."))
        accounts = []
        for each in described.get("accounts") or []:
            name, kind = str(each["name"]), str(each.get("kind", "user"))
            plain = name.rstrip("$")
            place = "CN=Computers" if kind == "computer" else "CN=Users"
            accounts.append(
                Account(
                    name,
                    kind,
                    f"CN={plain},{place},{root}",
                    self.identifier("account", name),
                    f"{plain.lower()}.{self.domain}" if kind == "computer" else "",
                    list(each.get("spns") or []),
                    tuple(each.get("writers") or ("*",)),
                    bool(each.get("enabled", True)),
                )
            )
        return Directory(self.world, self.domain, described.get("controllers") or [], accounts)

    def mailbox_databases(self) -> list[MailboxDatabase]:
        found = []
        for each in self.file.entries("mailbox_databases"):
            facts = {key: value for key, value in each.items() if key != "sequence"}
            sequence = int(each.get("sequence", 0))
            facts.setdefault("edb_path", f"D:\\Databases\\{each['name']}\\{each['name']}.edb")
            found.append(MailboxDatabase(**facts, guid=self.identifier("database", str(each["name"])), data=Data(sequence, set(range(1, sequence + 1)))))
        return found

    def replication(self, store: MailboxStore, up: Any) -> list[ReplicationLink]:
        links = []
        for each in self.file.entries("replication"):
            for end in ("source", "target"):
                if store.find(str(each.get(end))) is None:
                    raise LabError(f"replication {each.get('name')} names an unknown database {each.get(end)!r}.")
            links.append(
                ReplicationLink(
                    self.world,
                    str(each["name"]),
                    store,
                    str(each["source"]),
                    str(each["target"]),
                    up,
                    float(each.get("lag", 0.2)),
                    bool(each.get("resumes", True)),
                )
            )
        return links

    def sql(self, host: Host) -> None:
        for name, databases in (self.file.hosts.get(host.name, {}).get("sql") or {}).items():
            built = []
            for each in databases:
                facts = {key: value for key, value in each.items() if key != "sequence"}
                built.append(SqlDatabase(**facts, data=Data(int(each.get("sequence", 0)))))
            host.sql[name] = SqlInstance(self.world, host.name, name, built, functools.partial(_powered_and_running, host, name))

    # DNS

    @property
    def reverse_zone(self) -> str:
        return f"{self.world.network.octet}.127.in-addr.arpa"

    def zone_name(self, name: str) -> str:
        return self.reverse_zone if name == "reverse" else name

    def zones(self, hosts: Mapping[str, Host]) -> list[Zone]:
        servers = {f"{server.name}.{self.domain}": server.address for server in self.name_servers}
        built = []
        for each in self.file.section("dns").get("zones") or []:
            name = self.zone_name(str(each["name"]))
            records = self._ptr_records(hosts) if name == self.reverse_zone else self._host_records(hosts, name)
            own = [{**record, "values": [self._value(value) for value in record["values"]]} for record in each.get("records") or []]
            built.append(Zone.from_dict({**each, "name": name, "servers": servers, "records": records + own}))
        return built

    def _value(self, value: JSON) -> str:
        """A record's value; "@20.21" is an address of the lab."""
        return self.address(str(value)[1:]) if str(value).startswith("@") else str(value)

    def _names(self, hosts: Mapping[str, Host]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for host in hosts.values():
            if host.machine.is_server:
                found.update(host.names_to_register())
            else:
                found[host.fqdn] = [host.management_address]
        return found

    def _host_records(self, hosts: Mapping[str, Host], zone: str) -> list[dict[str, JSON]]:
        return [{"name": name + ".", "type": "A", "values": values} for name, values in self._names(hosts).items() if name.endswith("." + zone)]

    def _ptr_records(self, hosts: Mapping[str, Host]) -> list[dict[str, JSON]]:
        named: dict[str, str] = {}
        for name, values in self._names(hosts).items():
            for value in values:
                named.setdefault(value, name)
        return [{"name": ".".join(reversed(value.split("."))) + ".in-addr.arpa.", "type": "PTR", "values": [name + "."]} for value, name in named.items()]

    def dns_keys(self, hosts: Mapping[str, Host]) -> list[Key]:
        """The failover key, and for every server one that may write that host's own names."""
        described = self.file.section("dns").get("key") or {"name": "failover-key"}
        algorithm = str(described.get("algorithm", "hmac-sha256"))
        keys = [Key(str(described["name"]), _secret(), algorithm)]
        self.keys[""] = HostKey(keys[0].name, keys[0].secret, algorithm)
        for host in hosts.values():
            if host.machine.is_server:
                mine = self.keys[host.name] = HostKey(f"host-{host.name}", _secret(), algorithm)
                keys.append(Key.from_dict({"name": mine.name, "secret": mine.secret, "algorithm": algorithm, "may_write": [host.fqdn, *host.extra_names]}))
        return keys

    def _trace_dns(self, kind: str, server: str, **data: JSON) -> None:
        """The server numbers its messages; a record has a number of its own."""
        self.world.trace.add(kind, server, **{"message" if key == "number" else key: value for key, value in data.items()})

    def dns_servers(self, hosts: Mapping[str, Host], reachable: Any, lag: float | None) -> dict[str, DnsServer]:
        zones, keys = self.zones(hosts), self.dns_keys(hosts)
        built: dict[str, DnsServer] = {}
        replicas = self._replicas()
        for described, server in zip(self.file.section("dns").get("servers") or [], self.name_servers, strict=True):
            follows = described.get("follows")
            if follows is not None and follows not in built:
                raise LabError(f"dns.servers.{server.name} follows {follows!r}, which is not written before it.")
            if follows is not None and replicas is not None:
                raise LabError(f"dns.servers.{server.name} follows {follows!r}, but with dns.replication every server takes updates.")
            delay = float(described.get("lag", 0.0)) if lag is None else lag
            behind = bool(follows) or (replicas is not None and bool(built))
            built[server.name] = DnsServer(
                server.address,
                server.port,
                [] if behind else zones,
                keys,
                name=server.name,
                follows=built.get(str(follows)),
                lag=delay if behind else 0.0,
                site=str(described.get("site", "")),
                replicas=replicas,
                trace=self._trace_dns,
                reachable=reachable,
            )
            self.world.network.register_place(server.name, server.address)
        return built

    def domain_service(self, hosts: Mapping[str, Host], directory: Directory, servers: Mapping[str, DnsServer]) -> Domain | None:
        """None where the estate's directory has no realm, and so no LDAP."""
        described = self.file.section("directory").get("realm")
        if described is None:
            return None
        built = Domain(self.world, self.domain, str(described["account"]), int(described.get("port", 389)), self.folder / "realm")
        built.furnish(directory.all(), hosts, self.keys, servers)
        return built

    def _replicas(self) -> Replicas | None:
        described = self.file.section("dns").get("replication")
        if described is None:
            return None
        within, between = float(described.get("within", 15.0)), float(described.get("between", 900.0))
        ageing = described.get("ageing")
        return Replicas(lambda one, other: within if one.site == other.site else between, Ageing(**ageing) if ageing is not None else None)


def _powered_and_running(host: Host, service: str) -> bool:
    return host.powered and host.services.running(service)


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
