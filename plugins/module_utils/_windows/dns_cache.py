# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The resolver cache of a Windows host: cleared and read by CIM, one request each.

``MSFT_DNSClientCache.Clear`` is what Clear-DnsClientCache and ``ipconfig /flushdns`` do (reference: Microsoft, Clear method
of the MSFT_DNSClientCache class); Windows 7 and Server 2008 R2 have no such class. What the hosts file says stays in the cache.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import CacheEntry
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import NotFound, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql

NAMESPACE = "root/StandardCimv2"
CACHE = "MSFT_DNSClientCache"

#: So many names stand in one query; for more the whole cache is read, because a WMI query must not grow without bound.
MOST_NAMES = 20

#: Record types as the cache numbers them: those of the DNS protocol (RFC 1035, RFC 3596, RFC 2782).
TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV"}


class CacheNotCleared(RemoteError):
    """The host answered that it did not clear its cache. ``details['code']`` is its number."""

    reason = "cache_not_cleared"


def clear_cache(session: Session, timeout: float) -> str:
    """Clears the cache and says how: ``cim``, or ``ipconfig`` on a host without the class. Raises CacheNotCleared.

    Only a host that lacks the class is asked in another way. A refused logon or right stays what it is.
    """
    try:
        answer = session.invoke(NAMESPACE, CACHE, "Clear", {}, timeout, idempotent=True)
    except NotFound:
        return _clear_by_program(session, timeout)
    code = values.number(answer, "ReturnValue")
    if code != 0:
        raise CacheNotCleared(f"{session.name} did not clear its resolver cache: Clear returned {code:#010x}", host=session.name, code=code)
    return "cim"


def _clear_by_program(session: Session, timeout: float) -> str:
    ran = session.run("ipconfig.exe", ["/flushdns"], b"", timeout)
    if ran.rc != 0:
        raise CacheNotCleared(f"{session.name} did not clear its resolver cache: ipconfig ended with code {ran.rc}", host=session.name, code=ran.rc)
    return "ipconfig"


def read_cache(session: Session, timeout: float, names: t.Sequence[str] = ()) -> list[CacheEntry]:
    """Every record in the cache, negative entries too; only what answers for ``names``, where there are a few."""
    where = {"Entry": list(names)} if 0 < len(names) <= MOST_NAMES else None
    found = []
    for instance in session.query(NAMESPACE, wql.select(CACHE, ("Entry", "Name", "Type", "Status", "Data"), where), timeout):
        asked, name = values.text(instance, "Entry"), values.text(instance, "Name")
        data, status, number = values.text(instance, "Data"), values.number(instance, "Status"), values.number(instance, "Type")
        if data or status:
            asked, name = ((text or other).rstrip(".").lower() for text, other in ((asked, name), (name, asked)))
            found.append(CacheEntry(asked, name, TYPES.get(number, str(number)), data, status))
    return found


def name_servers(session: Session, timeout: float) -> tuple[tuple[str, ...], ...]:
    """The name servers of each adapter that has some, in its order, IPv4 before IPv6.

    Windows asks an adapter's further servers only when the first is silent, and one adapter's servers beside another's (reference:
    Microsoft, DNS client resolution timeouts).
    """
    try:
        instances = session.query(NAMESPACE, wql.select("MSFT_DNSClientServerAddress", ("AddressFamily", "InterfaceIndex", "ServerAddresses")), timeout)
    except NotFound:
        return _servers_of_old_windows(session, timeout)
    by_family = sorted(instances, key=lambda one: values.number(one, "AddressFamily"))
    return _by_adapter((values.number(one, "InterfaceIndex"), values.strings(one, "ServerAddresses")) for one in by_family)


def _servers_of_old_windows(session: Session, timeout: float) -> tuple[tuple[str, ...], ...]:
    """Windows 7 and Server 2008 R2 have the older class only, which knows IPv4 (reference: Microsoft, Win32_NetworkAdapterConfiguration)."""
    query = wql.select("Win32_NetworkAdapterConfiguration", ("Index", "DNSServerSearchOrder"), {"IPEnabled": True})
    instances = session.query("root/cimv2", query, timeout)
    return _by_adapter((values.number(one, "Index"), values.strings(one, "DNSServerSearchOrder")) for one in instances)


def _by_adapter(rows: t.Iterable[tuple[int, t.Sequence[str]]]) -> tuple[tuple[str, ...], ...]:
    """Adapters with the same servers count once."""
    found: dict[int, list[str]] = {}
    for adapter, servers in rows:
        found.setdefault(adapter, []).extend(server for server in servers if not _is_placeholder(server))
    return tuple(dict.fromkeys(tuple(dict.fromkeys(servers)) for servers in found.values() if servers))


def _is_placeholder(server: str) -> bool:
    """The site-local addresses that Windows gives to adapters without IPv6 name servers; nobody answers there."""
    return server.lower().startswith("fec0:0:0:ffff::")
