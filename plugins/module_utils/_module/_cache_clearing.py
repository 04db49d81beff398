# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Clears the resolver caches of many clients, each once the name server that it asks has the new values: one session a client."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import Verdict, old_values, verdict
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import Answer, FanOut
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._resolvers import (
    Adapters,
    Convergence,
    Expected,
    FirstLooks,
    await_resolvers,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import dns_cache
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.hosts_file import read_hosts_file


class ResolverUnknown(RemoteError):
    """A client has no name server that it would ask."""

    reason = "resolver_unknown"


@dataclasses.dataclass(frozen=True)
class Cleared:
    """``how``: ``cim`` or ``ipconfig``. ``read_back``: whether the cache was looked into afterwards, which ``verdict`` then judges."""

    how: str = "cim"
    read_back: bool = False
    verdict: Verdict = Verdict()


@dataclasses.dataclass(frozen=True)
class Waiting:
    """Not cleared yet: the client's name servers still have the old values, or are silent."""

    adapters: Adapters


class CacheClearing:
    """``run`` gives every client exactly one answer. ``servers``: client -> its name server, as far as the inventory says so; filled in as clients tell."""

    def __init__(
        self,
        servers: t.Mapping[str, str | None],
        expect: t.Sequence[Expected],
        fan_out: FanOut,
        clock: Clock,
        *,
        port: int = 53,
        resolver_timeout: float = 60.0,
        read_back: bool = True,
    ) -> None:
        self._servers: dict[str, Adapters] = {name: ((server,),) for name, server in servers.items() if server}
        self._expect = expect
        self._wanted = {(record.name, record.type): record.values for record in expect}
        self._names = sorted({record.name for record in expect})
        self._fan_out = fan_out
        self._clock = clock
        self._port = port
        self._resolver_timeout = resolver_timeout
        self._read_back = read_back and bool(expect)
        self._first_looks = FirstLooks(port, expect, clock)
        self._found: dict[str, Answer[t.Any]] = {}
        #: Seconds until the last name server was done with.
        self.waited = 0.0

    def run(self, names: t.Sequence[str]) -> dict[str, Answer[Cleared]]:
        """Those with a known name server as soon as it has converged, the others at once, the silent ones once more when all is done."""
        unknown = [name for name in names if not self._servers.get(name)]
        known = [name for name in names if self._servers.get(name)]
        if self._expect:
            self._once(itertools.chain(unknown, self._converged(known)))
            self._once(self._converged(self._waiting()))
        else:
            self._once(names)
        self._found.update(self._fan_out.again([name for name in names if self._found[name].silent], self._work))
        self._once(self._converged(self._waiting()))
        return {name: self._found[name] for name in names}

    def _once(self, names: t.Iterable[str]) -> None:
        self._found.update(self._fan_out.once(names, self._work))

    def _waiting(self) -> list[str]:
        return [name for name, answer in self._found.items() if isinstance(answer.value, Waiting)]

    def _converged(self, names: t.Sequence[str]) -> t.Iterator[str]:
        """Each client as soon as its name server has every new value. Those whose server never does are answered here."""
        alike: dict[Adapters, list[str]] = {}
        for name in names:
            alike.setdefault(self._servers[name], []).append(name)
        for outcome in await_resolvers(list(alike), self._port, self._expect, self._resolver_timeout, self._clock):
            self.waited = max(self.waited, outcome.seconds)
            if outcome.problem:
                self._found.update({name: _not_cleared(outcome) for name in alike[outcome.adapters]})
            else:
                yield from alike[outcome.adapters]

    def _work(self, session: Session, deadline: Deadline) -> Cleared | Waiting:
        """Everything that is done on one client. A client that has to say which server it asks is cleared in the same session, if that has converged."""
        if self._expect and not self._servers.get(session.name):
            adapters = dns_cache.name_servers(session, deadline.remaining())
            if not adapters:
                raise ResolverUnknown(f"{session.name} names no DNS server: set failover_resolver for it in the inventory", host=session.name)
            self._servers[session.name] = adapters
            if not self._first_looks.have_it(adapters):
                return Waiting(adapters)
        how = dns_cache.clear_cache(session, deadline.remaining())
        if not self._read_back or how != "cim":
            return Cleared(how)
        deadline.check("clearing the cache", session.name)
        return Cleared(how, True, self._judged(session, deadline))

    def _judged(self, session: Session, deadline: Deadline) -> Verdict:
        """The hosts file is read only where the cache holds another value: it costs a program on the client."""
        entries = dns_cache.read_cache(session, deadline.remaining(), self._names)
        hosts_file: dict[str, list[str]] | None = None
        if old_values(entries, self._wanted):
            try:
                hosts_file = read_hosts_file(session, deadline.remaining())
            except RemoteError:
                hosts_file = None
        return verdict(session.name, entries, self._wanted, hosts_file)


def _not_cleared(outcome: Convergence) -> Answer[Cleared]:
    return Answer(None, outcome.reason, f"not cleared: {outcome.problem}. A cache that is cleared now would only take the old value again")
