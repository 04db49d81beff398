# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's remote endpoint: sessions, and the cmdlets that they bring."""

from __future__ import annotations

import urllib.parse
from collections.abc import Awaitable, Callable, Mapping

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.data import DatabaseError
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxDatabase
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import ACCESS_DENIED, BAD_LOGON, SERVER_DOWN
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.view import EstateView
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError

Verb = Callable[[Host, Mapping[str, JSON]], Awaitable[JSON]]

TOPOLOGY_SERVICE = "MSExchangeADTopology"
EXCHANGE_DENIED = "The operation couldn't be performed because the credentials of this session are not passed on to Active Directory (second hop)."


class ExchangeCalls:
    """Every call begins as a new session would: an endpoint that answers, and credentials that reach the directory."""

    def __init__(self, estate: EstateView) -> None:
        self._estate = estate

    def verbs(self) -> dict[str, Verb]:
        return {
            "exchange_session": self._exchange_session,
            "exchange_get": self._exchange_get,
            "exchange_mount": self._exchange_mount,
            "exchange_dismount": self._exchange_dismount,
            "exchange_set": self._exchange_set,
        }

    def _session(self, host: Host, arguments: Mapping[str, JSON]) -> None:
        """Exchange's cmdlets write to the directory: a session without explicit credentials has none to pass on."""
        wanted = self._estate.credentials["exchange"]
        user, password = arguments.get("user"), arguments.get("password")
        if not user:
            raise CallError(EXCHANGE_DENIED, code=ACCESS_DENIED, id="AccessDenied,Exchange", kind="ADOperationException")
        if str(user).lower() != wanted["user"].lower() or password != wanted["password"]:
            raise CallError("The user name or password is incorrect.", code=BAD_LOGON, id="1326,PSSessionOpenFailed", kind="PSRemotingTransportException")
        if not any(self._estate.reaches(host, controller) for controller in self._estate.directory.controllers):
            raise CallError(
                "No suitable domain controller was found.", code=SERVER_DOWN, id="SuitabilityDirectoryException", kind="SuitabilityDirectoryException"
            )

    async def _exchange_session(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """New-PSSession to the Exchange endpoint that the address names."""
        server = self._endpoint(host, arguments)
        if str(arguments.get("authentication") or "").lower() != "kerberos":
            raise CallError(
                "The WinRM client cannot process the request: the server takes Kerberos only.",
                id="-2144108322,PSSessionOpenFailed",
                kind="PSRemotingTransportException",
            )
        self._session(host, arguments)
        return {"server": server.computer_name}

    def _endpoint(self, host: Host, arguments: Mapping[str, JSON]) -> Host:
        """The Exchange server of an address like http://exch2.example.com/PowerShell/; without its topology service no session begins."""
        name = urllib.parse.urlsplit(str(arguments.get("uri") or "")).hostname or ""
        server = self._estate.hosts.get(self._estate.host_named(name))
        if server is None or server.services.find(TOPOLOGY_SERVICE) is None or not self._estate.reaches(host, server.name):
            raise CallError(
                f"Connecting to remote server {name} failed: the destination is not reachable.",
                id="-2144108103,PSSessionOpenFailed",
                kind="PSRemotingTransportException",
            )
        if not server.services.running(TOPOLOGY_SERVICE):
            raise CallError(
                f"Connecting to remote server {server.computer_name} failed: the WS-Management service got no answer from Exchange.",
                id="-2144108212,PSSessionOpenFailed",
                kind="PSRemotingTransportException",
            )
        return server

    def _image(self, database: MailboxDatabase, status: bool) -> JSON:
        server = self._estate.hosts[database.server]
        return {
            "name": database.name,
            "guid": database.guid,
            "server": server.computer_name,
            "edb_path": database.edb_path,
            "mounted": self._estate.store.status(database) if status else None,
            "mount_at_startup": database.mount_at_startup,
            "allow_file_restore": database.allow_file_restore,
        }

    def _server_name(self, name: str | None) -> str | None:
        """Exchange names servers by computer name or full name, the estate by inventory name."""
        if name is None:
            return None
        for host in self._estate.hosts.values():
            if name.lower() in (host.computer_name.lower(), host.fqdn.lower()):
                return host.name
        raise CallError(
            f"The operation couldn't be performed because object '{name}' couldn't be found.",
            id="ManagementObjectNotFoundException",
            kind="ManagementObjectNotFoundException",
        )

    async def _exchange_get(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        self._endpoint(host, arguments)
        self._session(host, arguments)
        identity, server = arguments.get("identity"), arguments.get("server")
        found = self._estate.store.get(None if identity is None else str(identity), self._server_name(None if server is None else str(server)))
        return [self._image(each, bool(arguments.get("status"))) for each in found]

    def _mailbox_database(self, arguments: Mapping[str, JSON]) -> MailboxDatabase:
        identity = str(arguments.get("identity") or "")
        found = self._estate.store.find(identity) if identity else None
        if found is None:
            raise CallError(
                f"The operation couldn't be performed because object '{identity}' couldn't be found.",
                id="ManagementObjectNotFoundException",
                kind="ManagementObjectNotFoundException",
            )
        return found

    def _reachable_store(self, host: Host, database: MailboxDatabase) -> None:
        if not self._estate.reaches(host, database.server):
            raise CallError(f"The server {database.server.upper()} cannot be contacted.", code=SERVER_DOWN, id="ServerUnavailable", kind="ClusterException")

    async def _exchange_mount(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """Returns when the database is mounted, as the cmdlet does."""
        self._endpoint(host, arguments)
        self._session(host, arguments)
        database = self._mailbox_database(arguments)
        self._reachable_store(host, database)
        try:
            self._estate.store.start_mount(database, force=bool(arguments.get("force")), accept_data_loss=bool(arguments.get("accept_data_loss")))
        except DatabaseError as error:
            raise CallError(error.message, code=error.number, id="InvalidOperationException,Mount-Database", kind="InvalidOperationException") from None
        await self._estate.wait_until(lambda: not database.mounting)
        if not database.mounted:
            raise CallError(f"Failed to mount database '{database.name}': the information store ended.", id="InvalidOperationException,Mount-Database")
        return None

    async def _exchange_dismount(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        self._endpoint(host, arguments)
        self._session(host, arguments)
        database = self._mailbox_database(arguments)
        self._reachable_store(host, database)
        try:
            self._estate.store.dismount(database)
        except DatabaseError as error:
            raise CallError(error.message, code=error.number, id="InvalidOperationException,Dismount-Database", kind="InvalidOperationException") from None
        return None

    async def _exchange_set(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        self._endpoint(host, arguments)
        self._session(host, arguments)
        database = self._mailbox_database(arguments)
        for key in ("mount_at_startup", "allow_file_restore"):
            if arguments.get(key) is not None:
                setattr(database, key, bool(arguments[key]))
                host.world.effect(host.name, "database_changed", database=database.name, **{key: bool(arguments[key])})
        return None
