# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory: accounts and their service principal names, unique in the forest.

Codes are Win32's (reference: MS-ADTS 3.1.1.5.1.3 for 8647; Microsoft's list of system error codes for the others).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

ACCESS_DENIED = 5
SERVER_DOWN = 1722
NO_SUCH_OBJECT = 8333
SPN_NOT_UNIQUE = 8647
NO_SUCH_VALUE = 8202
VALUE_EXISTS = 8205
BAD_LOGON = 1326


class DirectoryError(Exception):
    """code: Win32."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Account:
    sam_account_name: str
    kind: str
    """"computer" or "user"."""
    distinguished_name: str
    guid: str
    dns_host_name: str = ""
    spns: list[str] = field(default_factory=list)
    writers: tuple[str, ...] = ("*",)
    """Who may write servicePrincipalName: user names, "*" = every administrator."""
    enabled: bool = True


class Directory:
    """One forest with one copy; its domain controllers are the hosts named. SPNs are compared without case."""

    def __init__(self, world: World, domain: str, controllers: Sequence[str], accounts: Iterable[Account] = ()) -> None:
        self._world = world
        self.domain = domain
        self.controllers = tuple(controllers)
        self._accounts = {account.sam_account_name.lower(): account for account in accounts}

    def _at(self) -> str:
        return self.controllers[0] if self.controllers else ""

    def all(self) -> list[Account]:
        return list(self._accounts.values())

    def find(self, identity: str) -> Account | None:
        """By SAM account name (a computer's with or without the dollar), distinguished name or GUID."""
        wanted = identity.lower()
        for account in self._accounts.values():
            if wanted in (account.sam_account_name.lower(), account.distinguished_name.lower(), account.guid.lower()):
                return account
            if account.kind == "computer" and wanted == account.sam_account_name.lower().rstrip("$"):
                return account
        return None

    def holders(self, spn: str) -> list[Account]:
        return [each for each in self._accounts.values() if spn.lower() in (value.lower() for value in each.spns)]

    def write_spns(self, account: Account, user: str, remove: Sequence[str] = (), add: Sequence[str] = (), replace: Sequence[str] | None = None) -> None:
        """Remove, then add, then replace, all or nothing. Raises DirectoryError."""
        if "*" not in account.writers and user.lower() not in (writer.lower() for writer in account.writers):
            raise DirectoryError(ACCESS_DENIED, "Insufficient access rights to perform the operation")
        before = list(account.spns)
        if _without(remove, before):
            raise DirectoryError(NO_SUCH_VALUE, "The specified directory service attribute or value does not exist")
        if replace is None and len(_without(add, before)) < len(add) and not any(each.lower() in (value.lower() for value in remove) for each in add):
            raise DirectoryError(VALUE_EXISTS, "The specified value already exists")
        kept = [value for value in before if value.lower() not in (each.lower() for each in remove)]
        wanted = list(replace) if replace is not None else kept
        for value in [] if replace is not None else add:
            if value.lower() not in (each.lower() for each in wanted):
                wanted.append(value)
        for value in wanted:
            if any(holder is not account for holder in self.holders(value)):
                raise DirectoryError(SPN_NOT_UNIQUE, "The operation failed because SPN value provided for addition/modification is not unique forest-wide")
        account.spns = wanted
        for value in _without(before, wanted):
            self._world.effect(self._at(), "spn_removed", account=account.sam_account_name, spn=value)
        for value in _without(wanted, before):
            self._world.effect(self._at(), "spn_added", account=account.sam_account_name, spn=value)

    def describe(self) -> JSON:
        return {each.sam_account_name: {"spns": list(each.spns), "enabled": each.enabled} for each in self._accounts.values()}


def _without(values: Iterable[str], others: Iterable[str]) -> list[str]:
    small = {other.lower() for other in others}
    return [value for value in values if value.lower() not in small]
