# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory as its cmdlets see it: through a domain controller, with the caller's own or with explicit credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.directory import (
    ACCESS_DENIED,
    BAD_LOGON,
    NO_SUCH_OBJECT,
    SERVER_DOWN,
    Account,
    DirectoryError,
)
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.view import EstateView
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError

Verb = Callable[[Host, Mapping[str, JSON]], Awaitable[JSON]]


class DirectoryCalls:
    """Reads accounts and writes service principal names."""

    def __init__(self, estate: EstateView) -> None:
        self._estate = estate

    def verbs(self) -> dict[str, Verb]:
        return {"directory_get": self._directory_get, "directory_write": self._directory_write}

    def _controller(self, host: Host, arguments: Mapping[str, JSON]) -> str:
        """The controller that is asked: this host, or another one with explicit credentials. Returns the user's name."""
        controllers = self._estate.directory.controllers
        server = str(arguments.get("server") or "").removesuffix(":3268")
        if server.lower() == "localhost":
            server = host.name
        wanted = (
            self._estate.host_named(server)
            if server
            else (host.name if host.name in controllers else next((name for name in controllers if self._estate.reaches(host, name)), ""))
        )
        if wanted not in controllers or not self._estate.reaches(host, wanted):
            raise CallError(
                "Unable to contact the server. This may be because this server does not exist, it is currently down, or it does not have the Active Directory "
                "Web Services running.",
                code=SERVER_DOWN,
                id="ActiveDirectoryServer:0",
                kind="ADServerDownException",
            )
        user, password = arguments.get("user"), arguments.get("password")
        known = self._estate.credentials["directory"]
        if user:
            if str(user).lower() != known["user"].lower() or password != known["password"]:
                raise CallError(
                    "The server has rejected the client credentials.", code=BAD_LOGON, id="ActiveDirectoryServer:1326", kind="AuthenticationException"
                )
            return str(user)
        if wanted != host.name:
            raise CallError(
                "The server has rejected the client credentials: this session has none to pass on (second hop).",
                code=ACCESS_DENIED,
                id="ActiveDirectoryServer:5",
                kind="AuthenticationException",
            )
        return host.user

    def _entry(self, account: Account) -> JSON:
        return {
            "name": account.distinguished_name.split(",")[0].removeprefix("CN="),
            "sam_account_name": account.sam_account_name,
            "kind": account.kind,
            "distinguished_name": account.distinguished_name,
            "guid": account.guid,
            "dns_host_name": account.dns_host_name,
            "spns": list(account.spns),
            "enabled": account.enabled,
        }

    async def _directory_get(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """By identity (an error when there is none), or every account that holds an SPN, or that has a SAM account name, or all."""
        self._controller(host, arguments)
        directory = self._estate.directory
        if arguments.get("identity") is not None:
            found = directory.find(str(arguments["identity"]))
            if found is None:
                raise CallError(
                    f"Cannot find an object with identity: '{arguments['identity']}' under: 'DC=example,DC=com'.",
                    code=NO_SUCH_OBJECT,
                    id="ActiveDirectoryCmdlet:ADIdentityNotFoundException",
                    kind="ADIdentityNotFoundException",
                )
            return [self._entry(found)]
        if arguments.get("spn") is not None:
            return [self._entry(each) for each in directory.holders(str(arguments["spn"]))]
        if arguments.get("sam_account_name") is not None:
            return [self._entry(each) for each in directory.all() if each.sam_account_name.lower() == str(arguments["sam_account_name"]).lower()]
        return [self._entry(each) for each in directory.all()]

    async def _directory_write(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        user = self._controller(host, arguments)
        found = self._estate.directory.find(str(arguments.get("identity") or ""))
        if found is None:
            raise CallError(
                f"Cannot find an object with identity: '{arguments.get('identity')}' under: 'DC=example,DC=com'.",
                code=NO_SUCH_OBJECT,
                id="ActiveDirectoryCmdlet:ADIdentityNotFoundException",
                kind="ADIdentityNotFoundException",
            )
        replace = arguments.get("replace")
        try:
            self._estate.directory.write_spns(
                found, user, _texts(arguments.get("remove")), _texts(arguments.get("add")), None if replace is None else _texts(replace)
            )
        except DirectoryError as error:
            raise CallError(error.message, code=error.code, id=f"ActiveDirectoryServer:{error.code}", kind="ADException") from None
        return None


def _texts(given: JSON) -> Sequence[str]:
    if given is None:
        return []
    return [str(each) for each in given] if isinstance(given, list) else [str(given)]
