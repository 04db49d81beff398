# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One call on very many hosts: a bounded number of threads, a deadline for each host, dead hosts last.

* A host that does not answer is tried once more after all others: by then it may be up, and it delays nobody. When many of
  those stay silent and none speaks, the rest is not tried again.
* When the logon is refused everywhere, trying on would lock the account: after a few refusals and no success the rest is not
  tried. The same goes for silence, after very many.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCredentials,
    FailoverError,
    RemoteError,
    ScriptFailed,
    TransportError,
    WrongMachine,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session

WORKERS = 50
#: Refused logons without one success after which no more are tried; account lockout policies begin at three to ten.
REFUSED_LOGONS = 3
#: The same for hosts that do not answer at all.
SILENT_HOSTS = 200
#: The same for hosts that were silent before and are tried once more.
STILL_SILENT = 50
CIRCUIT_OPEN = "circuit_open"

#: Errors that only a host which took the logon can cause.
OF_A_HOST = (RemoteError, ScriptFailed, WrongMachine)

T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Answer(t.Generic[T]):
    """What one host answered: a value, or the reason and sentence of its failure. ``seconds`` since the fan-out was made.

    ``silent``: nothing that could be understood came back, so another try may help. A refusal is an answer.
    """

    value: T | None
    reason: str = ""
    msg: str = ""
    seconds: float = 0.0
    tries: int = 1
    silent: bool = False

    @property
    def ok(self) -> bool:
        return not self.reason


@dataclasses.dataclass
class Logons:
    """Of all rounds of one fan-out, which follow each other: how many logons were refused, and whether any was taken."""

    refused: int = 0
    taken: bool = False

    @property
    def closed(self) -> bool:
        return not self.taken and self.refused >= REFUSED_LOGONS


class Breaker:
    """Opens after too many failures of one kind without a success of any host.

    Until some host has answered only a few calls run side by side, because those under way can not be called back: a
    wrong password is known after a few logons, not after one for each thread. Every silent host lets one more in.
    Silence counts for one round, logons for all.
    """

    def __init__(self, logons: Logons, silent_hosts: int = SILENT_HOSTS) -> None:
        self._logons = logons
        self._silent_hosts = silent_hosts
        self._state = threading.Condition()
        self._answered = False
        self._silent = 0
        self._running = 0

    def enter(self) -> str:
        """Waits for the turn. Empty when the call may go on (then ``leave`` must follow), else one sentence why not."""
        with self._state:
            self._state.wait_for(lambda: self._logons.taken or self._why_open() or self._running + self._logons.refused < REFUSED_LOGONS + self._silent)
            why = self._why_open()
            self._running += 0 if why else 1
            return why

    def is_open(self) -> bool:
        with self._state:
            return bool(self._why_open())

    def leave(self, error: BaseException | None) -> None:
        """The call is over; ``error`` is how it failed. What failed here, before a host was asked, says nothing of the hosts."""
        with self._state:
            self._running -= 1
            if isinstance(error, BadCredentials):
                self._logons.refused += max(1, error.logons)
            elif isinstance(error, TransportError):
                self._silent += 1
            elif error is None or isinstance(error, OF_A_HOST):
                self._answered = self._logons.taken = True
            self._state.notify_all()

    def _why_open(self) -> str:
        if self._logons.closed:
            return f"not tried: {self._logons.refused} logons were refused and none was taken, so the rest is left alone lest the account be locked"
        if not self._answered and self._silent >= self._silent_hosts:
            return f"not tried: {self._silent} hosts gave no answer and none gave one"
        return ""


class FanOut:
    """Calls on the hosts of one task. Refused logons are remembered as long as this object lasts, silence for a ``run`` or for ``once`` and ``again``."""

    def __init__(self, hosts: Hosts, clock: Clock, *, workers: int = WORKERS, host_timeout: float = 30.0) -> None:
        self._hosts = hosts
        self._clock = clock
        self._workers = max(1, workers)
        self._host_timeout = host_timeout
        self._begun = clock.monotonic()
        self._logons = Logons()
        self._breaker = Breaker(self._logons)

    def run(self, names: t.Iterable[str], call: t.Callable[[Session, Deadline], T]) -> dict[str, Answer[T]]:
        """``call`` on every named host; the answers in the order of ``names``, one for each, and no exception.

        ``call`` must be safe to repeat. It gets the host's session, which is closed afterwards, and the host's deadline.
        """
        breaker = Breaker(self._logons)
        found = self._first_try(names, call, breaker)
        return {**found, **self._other_try([name for name, answer in found.items() if answer.silent], call, breaker)}

    def once(self, names: t.Iterable[str], call: t.Callable[[Session, Deadline], T]) -> dict[str, Answer[T]]:
        """As ``run``, without another try. Each host is called as soon as ``names`` gives it. However often this is called, it is one round."""
        return self._first_try(names, call, self._breaker)

    def again(self, silent: t.Sequence[str], call: t.Callable[[Session, Deadline], T]) -> dict[str, Answer[T]]:
        """The other try for those whose answer was ``silent``, for when nobody else waits for the workers. Only who was tried has an answer in it."""
        return self._other_try(silent, call, self._breaker)

    def locked_out(self) -> bool:
        """Whether logons were refused and none taken, so that no host is tried any more."""
        return self._logons.closed

    def _first_try(self, names: t.Iterable[str], call: t.Callable[[Session, Deadline], T], breaker: Breaker) -> dict[str, Answer[T]]:
        return self._round(names, lambda name: self._one(name, call, breaker, 1))

    def _other_try(self, silent: t.Sequence[str], call: t.Callable[[Session, Deadline], T], first: Breaker) -> dict[str, Answer[T]]:
        if first.is_open():
            return {}
        breaker = Breaker(self._logons, STILL_SILENT)
        tried = self._round(silent, lambda name: self._one(name, call, breaker, 2))
        return {name: answer for name, answer in tried.items() if answer.reason != CIRCUIT_OPEN}

    def _round(self, names: t.Iterable[str], one: t.Callable[[str], Answer[T]]) -> dict[str, Answer[T]]:
        futures: dict[str, concurrent.futures.Future[Answer[T]]] = {}
        with concurrent.futures.ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="host") as pool:
            for name in names:
                if name not in futures:
                    futures[name] = pool.submit(one, name)
            return {name: future.result() for name, future in futures.items()}

    def _one(self, name: str, call: t.Callable[[Session, Deadline], T], breaker: Breaker, tries: int) -> Answer[T]:
        closed_to_us = breaker.enter()
        if closed_to_us:
            return self._failed(CIRCUIT_OPEN, closed_to_us, tries)
        failure: BaseException | None = None
        session = None
        try:
            session = self._hosts.named(name)
            value = call(session, Deadline(self._clock, self._host_timeout))
        except FailoverError as error:
            failure = error
            silent = isinstance(error, TransportError) and not isinstance(error, BadCredentials)
            return self._failed(error.reason, error.message, tries, silent=silent)
        except BaseException as error:
            failure = error
            raise
        finally:
            breaker.leave(failure)
            if session is not None:
                session.close()
        return Answer(value, seconds=self._clock.monotonic() - self._begun, tries=tries)

    def _failed(self, reason: str, msg: str, tries: int, *, silent: bool = False) -> Answer[t.Any]:
        return Answer(None, reason, msg, self._clock.monotonic() - self._begun, tries, silent)


def allowed_failures(limit: float, of: int) -> int:
    """``max_failures`` in hosts: below 1 a share of them, rounded down, else a number."""
    return int(limit * of) if limit < 1 else int(limit)
