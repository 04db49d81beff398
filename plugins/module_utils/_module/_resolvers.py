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
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, MissingLibrary, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_lookup import lookup

#: Seconds between two questions to one server, and the longest that one answer may take.
LOOK = 0.5
ONE_ANSWER = 2.0
#: Clients with so many different lists of name servers are waited for side by side. Nearly all of the time a thread sleeps.
MOST_AT_ONCE = 500


#: The name servers of one of a client's adapters in the order in which Windows asks them: the next one only where those before it are silent.
Servers = tuple[str, ...]
#: Those of all adapters of a client. Windows asks one adapter's servers beside another's, and any of them may fill the cache.
Adapters = tuple[Servers, ...]


@dataclasses.dataclass(frozen=True)
class Expected:
    """One record as it must be: ``name`` without the final dot, ``values`` in the form in which they compare."""

    name: str
    type: str
    values: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Convergence:
    """What a client's servers answered at last. ``problem`` is empty when every new value is given, and no other one on any adapter."""

    adapters: Adapters
    problem: str
    reason: str
    seconds: float


def expected_records(expect: t.Iterable[t.Mapping[str, t.Any]]) -> list[Expected]:
    """From the option ``expect``: entries with name, type, values. Wildcards are left out, because nobody asks for one. Raises InvalidInput.

    What two entries say alike counts once: a definition may list a record and move its name."""
    found: dict[tuple[str, str], Expected] = {}
    for entry in expect:
        name, kind = entry["name"], entry["type"]
        if not name.startswith("*"):
            where = f"expect: {name} {kind}"
            values = frozenset(plain(canonical_value(kind, value, where)) for value in entry["values"])
            one = Expected(canonical_name(name, where), kind, values)
            before = found.setdefault((one.name, kind), one)
            if before != one:
                both = " and once as ".join(", ".join(sorted(each.values)) for each in (before, one))
                raise InvalidInput(f"{where} is listed twice, once as {both}: no name server can give both; list each name and type once, with all its values")
    return list(found.values())


class FirstLooks:
    """Whether a client's servers have the new values already; each is asked once for all of its clients, however many threads want to know."""

    def __init__(self, port: int, expect: t.Sequence[Expected], clock: Clock) -> None:
        self._port = port
        self._expect = expect
        self._clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._looked: dict[str, _Look] = {}

    def have_it(self, adapters: Adapters) -> bool:
        return not _of_client([_of_adapter(servers, self._look) for servers in adapters]).missing

    def _look(self, server: str) -> _Look:
        with self._lock:
            lock = self._locks.setdefault(server, threading.Lock())
        with lock:
            if server not in self._looked:
                self._looked[server] = _still_missing(server, self._port, self._expect, Deadline(self._clock, ONE_ANSWER), self._clock)
            return self._looked[server]


def await_resolvers(clients: t.Collection[Adapters], port: int, expect: t.Sequence[Expected], seconds: float, clock: Clock) -> t.Iterator[Convergence]:
    """The outcome for each kind of client as soon as it is known; all are asked side by side, each for at most ``seconds``."""
    if not clients:
        return
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, len(clients)), thread_name_prefix="resolver") as pool:
        futures = [pool.submit(_await_one, adapters, port, expect, seconds, clock) for adapters in dict.fromkeys(clients)]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()


def _await_one(adapters: Adapters, port: int, expect: t.Sequence[Expected], seconds: float, clock: Clock) -> Convergence:
    """Made where the first question is asked, the deadline is the same for those that had to wait for a thread."""
    begun, deadline = clock.monotonic(), Deadline(clock, seconds)
    missing = {server: list(expect) for servers in adapters for server in servers}
    knowing: set[str] = set()

    def ask(server: str) -> _Look:
        look = _still_missing(server, port, missing[server], deadline, clock, knows=server in knowing)
        missing[server] = look.missing
        if look.other or len(look.missing) < len(expect):
            knowing.add(server)
        return look

    while True:
        look = _of_client([_of_adapter(servers, ask) for servers in adapters])
        if not look.missing or look.reason == MissingLibrary.reason:
            return Convergence(adapters, look.problem, look.reason, clock.monotonic() - begun)
        if deadline.passed():
            return Convergence(adapters, f"{look.problem}, even after {seconds:g} s", look.reason, clock.monotonic() - begun)
        clock.sleep(min(LOOK, deadline.remaining()))


class _Look(t.NamedTuple):
    """What one server does not give yet, from the first such record on, with the sentence and reason for it.

    ``silent``: it gave no answer at all. ``other``: it knows the names, and gives something else than the new values.
    """

    missing: list[Expected]
    problem: str = ""
    reason: str = ""
    silent: bool = False
    other: bool = False


def _of_adapter(servers: Servers, ask: t.Callable[[str], _Look]) -> _Look:
    """The look at the first server that is not silent; where all are, the last with the problems of all."""
    problems = []
    look = _Look([])
    for server in servers:
        look = ask(server)
        problems.append(look.problem)
        if not look.silent:
            break
    return look._replace(problem="; ".join(problems) if look.missing else "")


def _of_client(looks: t.Sequence[_Look]) -> _Look:
    """An adapter that is silent, or whose servers know nothing of the names, is passed over where another one gives the new values.

    Such is a network of its own: Windows takes no more of that adapter's servers, and the answer of another's (reference: Microsoft, Windows
    2000 DNS, name resolution). Other values on any adapter hold the client back, because they may be what it takes.
    """
    others = [look for look in looks if look.other]
    if not others and any(not look.missing for look in looks):
        return _Look([])
    told = others or looks
    decisive = next((look for look in told if not look.silent), told[-1])
    return decisive._replace(problem="; ".join(look.problem for look in told))


def _still_missing(server: str, port: int, expect: t.Sequence[Expected], deadline: Deadline, clock: Clock, *, knows: bool = False) -> _Look:
    """Asks up to the first other value. Where a record is not there, the rest tells whether the server ``knows`` of the names at all."""
    absent: _Look | None = None
    for number, record in enumerate(expect):
        try:
            found = lookup(server, port, record.name, record.type, max(0.1, min(ONE_ANSWER, deadline.remaining())), clock)
        except FailoverError as error:
            if absent:
                break
            problem, silent = f"the name server {server} did not answer for {record.name}: {error.message}", isinstance(error, TransportError)
            return _Look(list(expect[number:]), problem, error.reason, silent, other=knows and not silent)
        if frozenset(plain(value) for value in found) == record.values:
            knows = True
            continue
        what = ", ".join(sorted(found)) or "nothing"
        look = _Look(list(expect[number:]), f"the name server {server} gives {what} for {record.name} {record.type}", "resolver_not_converged")
        if found:
            return look._replace(missing=(absent or look).missing, other=True)
        absent = absent or look
    return absent._replace(other=knows) if absent else _Look([])
