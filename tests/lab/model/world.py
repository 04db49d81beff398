# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every part of the model shares: time, the trace, the network, and work that goes on in the background."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, Network, Trace


class Timer(Protocol):
    def cancel(self) -> None:
        pass


class Scheduler(Protocol):
    """Time as the model knows it."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        pass


class LoopScheduler:
    """The event loop's time."""

    def now(self) -> float:
        return time.time()

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), call)


class _ManualTimer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualScheduler:
    """Time that moves only by ``advance``: for tests of the model."""

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, _ManualTimer, Callable[[], None]]] = []

    def now(self) -> float:
        return self._now

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = _ManualTimer()
        heapq.heappush(self._waiting, (self._now + max(0.0, seconds), next(self._order), timer, call))
        return timer

    def advance(self, seconds: float) -> None:
        """Moves time on, calling what falls due in order."""
        end = self._now + seconds
        while self._waiting and self._waiting[0][0] <= end:
            due, _order, timer, call = heapq.heappop(self._waiting)
            self._now = max(self._now, due)
            if not timer.cancelled:
                call()
        self._now = end


class World:
    """One lab: its clock, network, trace and random numbers."""

    def __init__(self, network: Network, trace: Trace, scheduler: Scheduler, seed: int = 0) -> None:
        self.network = network
        self.trace = trace
        self.scheduler = scheduler
        self.random = random.Random(seed)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._quick: set[asyncio.Task[Any]] = set()

    def now(self) -> float:
        return self.scheduler.now()

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self.scheduler.later(seconds, call)

    def effect(self, host: str, what: str, **data: JSON) -> None:
        """Every side effect of the model passes here, so that tests can count."""
        self.trace.add("effect", host, effect=what, **data)

    def spawn(self, work: Coroutine[Any, Any, Any], *, quick: bool = False) -> None:
        """Starts work that must not hold up the caller; ``settled`` waits for what is quick. Failures end up in the trace."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        if quick:
            self._quick.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._quick.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.trace.add("fault", "", error=f"{type(task.exception()).__name__}: {task.exception()}")

    async def settled(self) -> None:
        """Returns when the listeners are in line with what was done so far."""
        waiting = list(self._quick)
        if waiting:
            await asyncio.wait(waiting)

    async def idle(self) -> None:
        """Returns when nothing goes on in the background; for tests."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def stop(self) -> None:
        waiting = list(self._tasks)
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)
