# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Looks, once and at the end, for what keeps clients at the old server: their cache, their hosts file, their open connections. All of it by CIM."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import negative, old_values, wrong_lines
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.stubborn import Stubborn, held_open
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import NotFound, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import dns_cache
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.connections import connections_to
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.hosts_file import read_hosts_file

CLEAR = "clear its cache with flush_dns_clients; where the value comes back, look at its name server"


def look_for_reasons(session: Session, deadline: Deadline, wanted: t.Sequence[Wanted], *, resolves: bool) -> list[Stubborn]:
    """``resolves``: the client has the new addresses, so its cache is not asked. An old Windows has neither class, and shows nothing."""
    try:
        found = [] if resolves else _in_the_cache(session, deadline, wanted)
        old = {address for one in wanted for address in one.old_addresses} - {address for one in wanted for address in one.addresses}
        found += [held_open(session.name, connection) for connection in connections_to(session, old, deadline.remaining())]
    except NotFound:
        return []
    return found


def _in_the_cache(session: Session, deadline: Deadline, wanted: t.Sequence[Wanted]) -> list[Stubborn]:
    right: dict[tuple[str, str], set[str]] = {}
    for one in wanted:
        for address in one.addresses:
            right.setdefault((one.name.lower(), "AAAA" if ":" in address else "A"), set()).add(address)
    entries = dns_cache.read_cache(session, deadline.remaining(), sorted({name for name, _type in right}))
    old, missing = old_values(entries, right), negative(entries, right)
    if old:
        lines = wrong_lines(_hosts_file(session, deadline), right)
        if lines:
            return [Stubborn(session.name, "hosts_file", f"its hosts file has {', '.join(lines)}", "take the line out of its hosts file")]
        held = ", ".join(dict.fromkeys(f"{entry.asked} is {entry.data}" for entry in old))
        return [Stubborn(session.name, "stale_cache", f"its cache says that {held}", CLEAR)]
    if missing:
        held = ", ".join(dict.fromkeys(f"{entry.asked} {entry.type}" for entry in missing))
        return [Stubborn(session.name, "negative_entry", f"its cache says that there is no {held}", CLEAR)]
    return []


def _hosts_file(session: Session, deadline: Deadline) -> dict[str, list[str]]:
    try:
        return read_hosts_file(session, deadline.remaining())
    except RemoteError:
        return {}
