# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The option ``lock`` of update_dns, and the step that it comes to."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_address, canonical_name, is_address
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import read_require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import list_once, read_names
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_alias_lock import alias_items
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock import DnsLockStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_sites import Site
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller

Options = t.Mapping[str, t.Any]

STATES = ("locked", "unlocked")
#: By the directory's rights, or by an alias in the place of the addresses.
HOW = ("directory", "alias")
LOCK_OPTIONS: dict[str, dict[str, t.Any]] = {
    "static": {"type": "bool", "default": False},
    "lock": {
        "type": "dict",
        "options": {
            "how": {"type": "str", "choices": list(HOW), "default": "directory"},
            "account": {"type": "str"},
            "to": {"type": "str"},
            "names": {"type": "list", "elements": "str", "default": []},
            "domain_controllers": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 389}, "name": {"type": "str"}},
            },
        },
    },
}


def asks_for_lock(params: Options) -> bool:
    """Whether the task is of the lock and not of records. Raises InvalidInput where it can't be both."""
    state, lock = str(params["state"]), params.get("lock")
    if state in STATES and lock is None:
        raise InvalidInput(f"lock is missing: state '{state}' needs the account to deny, and the domain controllers")
    if lock is not None and state not in (*STATES, "reverted"):
        raise InvalidInput(f"lock belongs to the states 'locked', 'unlocked' and 'reverted', not to '{state}': lock the names in a task of its own")
    if params.get("static") and state != "locked":
        raise InvalidInput(f"static belongs to the state 'locked', not to '{state}': a dynamic update can't take a record out of ageing, the directory can")
    return lock is not None


def alias_of(params: Options) -> list[Wanted]:
    """The record sets of a task whose lock is an alias; empty for any other. Raises InvalidInput."""
    lock = params.get("lock") or {}
    if lock.get("how") != "alias":
        return []
    for option in ("account", "domain_controllers"):
        if lock.get(option):
            raise InvalidInput(f"lock.{option} belongs to how 'directory', not to 'alias', which denies nobody anything")
    if params.get("static"):
        raise InvalidInput("static belongs to how 'directory', not to 'alias'")
    if params["state"] == "unlocked":
        raise InvalidInput("state 'unlocked' does not know the addresses that an alias took the place of: put them back with state 'reverted'")
    if not lock.get("to"):
        raise InvalidInput("lock.to is missing: the full name of the stand-in that the alias leads to")
    to, names = canonical_name(str(lock["to"]), "lock.to"), _names(params)
    if to in names:
        raise InvalidInput(f"lock.to: {to} is one of the names that are to be locked, and would lead to itself")
    return alias_items(names, to)


def build_lock_step(params: Options, clock: Clock) -> DnsLockStep:
    """Raises InvalidInput with one sentence that names the option. Whether there is an account that can set it is the step's own to say, once it looks:
    people may accept that it can't, which they can't of a mistake."""
    lock = params["lock"]
    account = str(lock.get("account") or "").strip()
    if lock.get("to"):
        raise InvalidInput("lock.to belongs to how 'alias', not to 'directory'")
    kerberos = params.get("kerberos")
    who = None
    if kerberos:
        who = Account(str(kerberos["principal"]), kerberos.get("keytab") or "", kerberos.get("password") or "", kerberos.get("cache") or "")
    if not account:
        raise InvalidInput("lock.account is empty: give the account of the source, such as EXCH1$")
    if who is not None and who.principal.partition("@")[0].lower() == account.lower():
        raise InvalidInput(f"lock.account: {account} is the account that sets the lock; it would lock itself out")
    if who is not None and not who.realm:
        raise InvalidInput(f"kerberos.principal: {who.principal!r} has no realm; write user@REALM")
    timeout = float(params["verify_timeout"])
    if timeout < 0:
        raise InvalidInput(f"verify_timeout: {params['verify_timeout']} is negative")
    controllers = _controllers(lock.get("domain_controllers") or ())
    return DnsLockStep(
        str(params["state"]),
        _names(params),
        account,
        [Site(controller, who, clock) for controller in controllers] if who is not None else [],
        read_require(params["require"]),
        timeout,
        clock,
        static=bool(params.get("static")),
        old=[ipaddress.ip_address(value).packed for value in (params.get("repoint") or {}).get("from") or () if is_address(value)],
    )


def _names(params: Options) -> list[str]:
    """Those of ``lock.names``, ``repoint`` and ``records``, each once."""
    lock, repoint = params["lock"], params.get("repoint") or {}
    wildcards = bool(params.get("allow_wildcards"))
    protected = frozenset(canonical_name(name, "protected_names") for name in params.get("protected_names") or ())
    named = read_names(lock.get("names") or (), "lock.names", wildcards=wildcards)
    named += read_names(repoint.get("names") or (), "repoint.names", wildcards=wildcards)
    named += [canonical_name(str(record["name"]), "records", wildcards=wildcards) for record in params.get("records") or ()]  # a name may have several types
    names = list(dict.fromkeys(named))
    if not names:
        raise InvalidInput("lock.names is empty, and neither repoint nor records lists a name; list at least one")
    for name in names:
        if name in protected:
            raise InvalidInput(f"lock: {name} is one of protected_names, a management name that the source must go on registering")
    return names


def _controllers(entries: t.Sequence[Options]) -> list[Controller]:
    labels: dict[tuple[str, int], str] = {}
    controllers = []
    for number, entry in enumerate(entries, 1):
        where = f"lock.domain_controllers entry {number}"
        port = int(entry.get("port") or 389)
        if not 0 < port < 65536:
            raise InvalidInput(f"{where}: port {port} is not between 1 and 65535")
        name = canonical_name(str(entry["name"]), where) if entry.get("name") else ""
        controller = Controller(canonical_address(str(entry["address"]), where), port, name)
        list_once(labels, controller.address, port, controller.label, where)
        controllers.append(controller)
    if not controllers:
        raise InvalidInput("lock.domain_controllers is empty; list at least one")
    return controllers
