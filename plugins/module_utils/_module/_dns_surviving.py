# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Writing on the side that survives: the next server where the first can't be reached, whether it is a primary of its own (Active
Directory) or a secondary that passes updates on, and one clear sentence where only servers survive that take none."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, FailoverError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

#: What a server answers that serves the zone and takes no updates of it; SERVFAIL where it can't reach the primary that it passes them on to.
SECONDARY = ("not_authoritative", "refused", "not_supported", "server_failure")
#: Seconds between two looks at a secondary that passed an update on and gets it back by transfer.
LOOK = 0.05


class NoPrimary(DnsRefused):
    """Some servers can't be reached, and those that answer take no updates."""

    reason = "no_primary"


def nobody_takes(zone: str, failures: t.Sequence[tuple[NameServer, FailoverError]]) -> FailoverError:
    """What to raise after each server failed with one message; nothing of it was done anywhere."""
    dead = [server for server, error in failures if isinstance(error, TransportError)]
    alive = [server for server, error in failures if isinstance(error, Refusal) and error.code in SECONDARY]
    if not dead or not alive or len(dead) + len(alive) < len(failures):
        return failures[0][1]
    gone, there = (", ".join(str(server.endpoint) for server in servers) for servers in (dead, alive))
    said = "; ".join(error.message for _server, error in failures)
    answers = f"{there} answers and takes none, as a secondary does" if len(alive) == 1 else f"{there} answer and take none, as secondaries do"
    return NoPrimary(
        f"no server takes updates of zone {zone}: {gone} can't be reached, and {answers}. Nothing of this message was changed; bring a primary back, "
        f"make a secondary the primary, or let it pass updates on ({said})",
        host=dead[0].endpoint.label,
    )


def await_arrival(servers: Servers, server: NameServer, update: Message, deadline: Deadline) -> None:
    """``server`` passed the update on to its primary and shows it only after a transfer: who reads it at once would take its old value for
    somebody else's. Whoever reads it then judges what is there after the wait."""
    again = _values(update.added)
    wanted = [(line, True) for line in update.added] + [(line, False) for line in update.deleted if line not in again]
    items = list(dict.fromkeys(Item(line.name, line.type) for line, _there in wanted))
    while True:
        try:
            readings = servers.read(server, items, 1)
        except TransportError:
            return
        have = {(item, value) for item, reading in readings.items() if reading.records for value in reading.records.values}
        if all(((Item(line.name, line.type), line.value or "") in have) is there for line, there in wanted) or deadline.passed():
            return
        servers.clock.sleep(LOOK)


def _values(lines: t.Sequence[Line]) -> set[Line]:
    """A value that is deleted and added again only gets another TTL."""
    return {line._replace(ttl=0) for line in lines}
