# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Waits until the name servers that clients ask give the new values. Each server is asked once, however many clients it has."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import plain
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_name, canonical_value
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, MissingLibrary, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_lookup import lookup

#: Seconds between two questions to one server, and the longest that one answer may take.
LOOK = 0.5
ONE_ANSWER = 2.0


#: A client's name servers in the order in which Windows asks them: the next one only where those before it are silent.
Servers = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Expected:
    """One record as it must be: ``name`` without the final dot, ``values`` in the form in which they compare."""

    name: str
    type: str
    values: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Convergence:
    """What a client's servers answered at last. ``problem`` is empty when the first that is not silent gives every new value."""

    servers: Servers
    problem: str
    reason: str
    seconds: float


def expected_records(expect: t.Iterable[t.Mapping[str, t.Any]]) -> list[Expected]:
    """From the option ``expect``: entries with name, type, values. Wildcards are left out, because nobody asks for one. Raises InvalidInput."""
    found = []
    for entry in expect:
        name, kind = entry["name"], entry["type"]
        if not name.startswith("*"):
            where = f"expect: {name} {kind}"
            values = frozenset(plain(canonical_value(kind, value, where)) for value in entry["values"])
            found.append(Expected(canonical_name(name, where), kind, values))
    return found


class FirstLooks:
    """Whether a client's servers have the new values already; each is asked once for all of its clients, however many threads want to know."""

    def __init__(self, port: int, expect: t.Sequence[Expected], clock: Clock) -> None:
        self._port = port
        self._expect = expect
        self._clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._looked: dict[str, _Look] = {}

    def have_it(self, servers: Servers) -> bool:
        looks = (self._look(server) for server in servers)
        first = next((look for look in looks if not look.silent), None)
        return first is not None and not first.missing

    def _look(self, server: str) -> _Look:
        with self._lock:
            lock = self._locks.setdefault(server, threading.Lock())
        with lock:
            if server not in self._looked:
                self._looked[server] = _still_missing(server, self._port, self._expect, Deadline(self._clock, ONE_ANSWER), self._clock)
            return self._looked[server]


def await_resolvers(lists: t.Collection[Servers], port: int, expect: t.Sequence[Expected], seconds: float, clock: Clock) -> t.Iterator[Convergence]:
    """Each list's outcome as soon as it is known; all are asked side by side, each for at most ``seconds``."""
    if not lists:
        return
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(50, len(lists)), thread_name_prefix="resolver") as pool:
        futures = [pool.submit(_await_one, servers, port, expect, Deadline(clock, seconds), clock) for servers in dict.fromkeys(lists)]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()


def _await_one(servers: Servers, port: int, expect: t.Sequence[Expected], deadline: Deadline, clock: Clock) -> Convergence:
    begun = clock.monotonic()
    missing = dict.fromkeys(servers, list(expect))
    while True:
        problems = []
        for server in servers:
            look = _still_missing(server, port, missing[server], deadline, clock)
            missing[server] = look.missing
            problems.append(look.problem)
            if not look.silent:
                break
        problem = "" if not look.missing else "; ".join(problems)
        if not look.missing or look.reason == MissingLibrary.reason:
            return Convergence(servers, problem, look.reason, clock.monotonic() - begun)
        if deadline.passed():
            return Convergence(servers, f"{problem}, even after {deadline.seconds:g} s", look.reason, clock.monotonic() - begun)
        clock.sleep(min(LOOK, deadline.remaining()))


class _Look(t.NamedTuple):
    """What one server does not give yet, from the first such record on, with the sentence and reason for it. ``silent``: it gave no answer at all."""

    missing: list[Expected]
    problem: str = ""
    reason: str = ""
    silent: bool = False


def _still_missing(server: str, port: int, expect: t.Sequence[Expected], deadline: Deadline, clock: Clock) -> _Look:
    for number, record in enumerate(expect):
        try:
            found = lookup(server, port, record.name, record.type, max(0.1, min(ONE_ANSWER, deadline.remaining())), clock)
        except FailoverError as error:
            problem = f"the name server {server} did not answer for {record.name}: {error.message}"
            return _Look(list(expect[number:]), problem, error.reason, isinstance(error, TransportError))
        if frozenset(plain(value) for value in found) != record.values:
            what = ", ".join(sorted(found)) or "nothing"
            return _Look(list(expect[number:]), f"the name server {server} gives {what} for {record.name} {record.type}", "resolver_not_converged")
    return _Look([])
