# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The clients' resolvers: they are no authority, and answer from their caches until the old TTL has run out.

A resolver is never asked for a record that is about to change: the question alone would make it keep the old value for
another whole TTL. So they are asked once all messages are done and the name servers have been read back.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, same_values, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import counted
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers, Verdict

#: Tries in a row without an answer before a resolver is passed over, and the seconds between two looks.
TRIES, FIRST_WAIT, LONGEST_WAIT = 3, 0.1, 2.0


class Resolvers:
    """``verdicts`` keeps what each said last of each set; ``holds`` for how many seconds at most it may go on saying so. ``everyone``: whether all have
    to have it, or all that answer."""

    def __init__(self, servers: Servers, endpoints: t.Sequence[Endpoint], clock: Clock, *, everyone: bool) -> None:
        self._everyone = everyone
        self.all = [NameServer(endpoint, clock) for endpoint in endpoints]
        self.verdicts: dict[NameServer, dict[Item, Verdict]] = {resolver: {} for resolver in self.all}
        self.holds: dict[NameServer, dict[Item, int]] = {resolver: {} for resolver in self.all}
        self._failures: dict[NameServer, int] = {}
        self._refusals: dict[NameServer, dict[Item, int]] = {resolver: {} for resolver in self.all}
        self._servers = servers
        self._clock = clock

    def close(self) -> None:
        for resolver in self.all:
            resolver.close()

    def look(self, wanted: t.Mapping[Item, RecordSet | None]) -> None:
        """One look at each, only at what it has not confirmed yet and, where it keeps silent or refuses, not more often than TRIES."""
        for resolver in self.all:
            kept = self.verdicts[resolver]
            left = {
                item: records
                for item, records in wanted.items()
                if (item not in kept or kept[item].status != "ok" or not same_values(kept[item].records, records)) and not self._gone(resolver, item)
            }
            if not left:
                continue
            try:
                readings = self._servers.recursive(resolver, list(left))
            except TransportError as error:
                self._failures[resolver] = self._failures.get(resolver, 0) + 1
                kept.update({item: Verdict("unreachable", msg=error.message) for item in left})
                continue
            self._failures[resolver] = 0
            for item, reading in readings.items():
                self.holds[resolver].pop(item, None)
                tries = self._refusals[resolver].get(item, 0) + 1
                self._refusals[resolver][item] = tries if reading.status != "ok" else 0
                if reading.status != "ok":
                    kept[item] = Verdict("unreachable", msg="it refuses to answer" if reading.status == "refused" else "it answers SERVFAIL")
                elif same_values(reading.records, left[item]):  # a cache counts the TTL down
                    kept[item] = Verdict("ok", reading.records)
                else:
                    kept[item] = Verdict("wrong", reading.records)
                    self.holds[resolver][item] = reading.records.ttl if reading.records else reading.negative_ttl

    def _gone(self, resolver: NameServer, item: Item) -> bool:
        """It kept silent, or refused (a controller is seldom among those whom it serves), too often to be asked again."""
        return max(self._failures.get(resolver, 0), self._refusals[resolver].get(item, 0)) >= TRIES

    def have(self, item: Item) -> bool:
        """Before anything is written; one that does not answer is waited for only where all have to have it."""
        verdicts = [verdicts.get(item) for verdicts in self.verdicts.values()]
        return all(verdict is not None and verdict.status != "wrong" and (not self._everyone or verdict.status == "ok") for verdict in verdicts)

    def settled(self, item: Item) -> bool:
        statuses = [(self.verdicts[resolver].get(item, Verdict("unreachable")).status, self._gone(resolver, item)) for resolver in self.all]
        return all(status == "ok" or (not self._everyone and status == "unreachable" and gone) for status, gone in statuses)

    def wait(self, wanted: t.Mapping[Item, RecordSet | None], timeout: float) -> dict[Item, Seen]:
        """Until all are settled or ``timeout`` seconds have passed. Returns only what is not settled."""
        deadline, pause = Deadline(self._clock, timeout), FIRST_WAIT
        while self.all:
            self.look(wanted)
            left = [item for item in wanted if not self.settled(item)]
            if not left or deadline.passed() or (self._everyone and all(self._gone(resolver, item) for resolver in self.all for item in left)):
                return {item: Seen(False, to_image(wanted[item]), self._why(item, timeout), "resolver_not_converged") for item in left}
            self._clock.sleep(min(pause, deadline.remaining()))
            pause = min(pause * 1.5, LONGEST_WAIT)
        return {}

    def _why(self, item: Item, timeout: float) -> str:
        parts = []
        for resolver in self.all:
            verdict = self.verdicts[resolver].get(item, Verdict("unreachable", msg="it was not asked"))
            if verdict.status == "wrong":
                held = self.holds[resolver].get(item, 0)
                parts.append(f"{resolver.endpoint} still gives {verdict.records or 'no such record'}, which its cache may hold for up to {held} s more")
            elif verdict.status != "ok":
                parts.append(f"{resolver.endpoint}: {verdict.msg}")
        return f"the name servers have it, and {len(parts)} of the clients' resolvers not yet, after {timeout:g} s: {'; '.join(parts)}"

    def report(self) -> dict[str, dict[str, t.Any]]:
        """The result's ``resolvers``, as its ``servers``; ``held``: for how many seconds at most its cache may hold an old value."""
        return {
            resolver.endpoint.label: {
                "address": resolver.endpoint.address,
                "port": resolver.endpoint.port,
                **counted(self.verdicts[resolver]),
                "held": max(self.holds[resolver].values(), default=0),
            }
            for resolver in self.all
        }
