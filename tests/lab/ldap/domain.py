# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain of an estate whose zones are kept in a directory: its Kerberos realm, its accounts, and a domain controller at each name server."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.ldap import rights
from ansible_collections.continuity.identity_failover.tests.lab.ldap.entries import Entries, Forest, Principal
from ansible_collections.continuity.identity_failover.tests.lab.ldap.realm import Acceptor, LogonRefused, Realm
from ansible_collections.continuity.identity_failover.tests.lab.ldap.service import DomainController
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import Account
from ansible_collections.continuity.identity_failover.tests.lab.model.estate_file import new_password
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

#: Relative identifiers: the first one that a domain gives away is 1,000.
ADMINISTRATORS, FIRST = 1101, 1103
KDC = (88, 1)


class Domain:
    """``account``: the one that Kerberos knows, a member of DnsAdmins. ``keys``: inventory name of a host -> the key of its own registration."""

    def __init__(self, world: World, domain: str, account: str, port: int, folder: Path) -> None:
        self.controllers: dict[str, DomainController] = {}
        self.account = account
        self._domain = domain
        self._port = port
        self._password = new_password()
        self._world = world
        self.realm = Realm(domain.upper(), world.network.address(*KDC), folder)

    def furnish(self, accounts: list[Account], hosts: Mapping[str, Host], keys: Mapping[str, Any], servers: Mapping[str, DnsServer]) -> None:
        """Raises LabError where the zones are not kept in a directory."""
        numbers = uuid.uuid5(uuid.NAMESPACE_DNS, self._domain).int
        domain = "S-1-5-21-" + "-".join(str(numbers >> shift & 0xFFFFFFFF) for shift in (0, 32, 64))
        administrators = rights.sid(f"{domain}-{ADMINISTRATORS}")
        owners: dict[str, bytes] = {}
        principals: dict[str, Principal] = {}
        for number, found in enumerate(accounts, FIRST):
            host = next((host for host in hosts.values() if f"{host.computer_name}$".lower() == found.sam_account_name.lower()), None)
            key = keys[host.name].name if host is not None and host.name in keys else ""
            one = Principal(found.sam_account_name, found.distinguished_name, rights.sid(f"{domain}-{number}"), key)
            principals[one.name.lower()] = one
            owners.update(dict.fromkeys((host.fqdn, *host.extra_names) if host is not None else (), one.sid))
        place = f"CN={self.account},CN=Users,{','.join(f'DC={label}' for label in self._domain.split('.'))}"
        principals[self.account.lower()] = Principal(self.account, place, rights.sid(f"{domain}-{FIRST + len(accounts)}"), self.account, (administrators,))
        forest = Forest(self._domain, administrators, principals, lambda name: owners.get(name.lower(), b""))
        for server in servers.values():
            if server.replicas is None:
                raise LabError("directory.realm needs dns.replication: domain controllers keep their zones in the directory.")
            entries = Entries(forest, server, server.replicas)
            self.controllers[server.name] = DomainController(self._world, server.name, server.address, self._port, entries, self.realm.keytab)
            server.logon = self._logon

    def _logon(self, token: bytes) -> tuple[bytes, str, Any]:
        """For GSS-TSIG."""
        try:
            acceptor = Acceptor(self.realm.keytab)
            answer = acceptor.step(token)
        except LogonRefused as error:
            raise ValueError(str(error)) from None
        if not acceptor.complete:
            raise ValueError("the lab's name servers take one token each way")
        return answer, acceptor.account, acceptor.context

    async def start(self) -> None:
        services = [f"{service}/{name}.{self._domain}" for name in self.controllers for service in ("ldap", "DNS")]
        await self.realm.start({self.account: self._password}, services)
        for controller in self.controllers.values():
            await controller.start()

    def stop(self) -> None:
        self.realm.stop()

    def description(self) -> dict[str, JSON]:
        """For lab.json, which its owner alone reads."""
        return {
            "realm": self.realm.name,
            "krb5_conf": str(self.realm.config),
            "principal": f"{self.account}@{self.realm.name}",
            "password": self._password,
            "controllers": [{"address": each.address, "port": each.port, "name": f"{each.name}.{self._domain}"} for each in self.controllers.values()],
        }

    def state(self, names: list[str]) -> dict[str, JSON]:
        """Each domain controller's faults, and who may change each name: the security descriptor in hexadecimal digits."""
        return {name: {"faults": sorted(one.faults), "descriptors": one.entries.descriptors(names)} for name, one in self.controllers.items()}
