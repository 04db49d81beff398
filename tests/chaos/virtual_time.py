# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time that costs nothing: an event loop that jumps to its next timer, and the clocks that read it."""

from __future__ import annotations

import asyncio
import datetime
import selectors
import typing as t
from collections.abc import Callable, Coroutine

from ansible_collections.continuity.identity_failover.tests.chaos.virtual_threads import VirtualThreads
from ansible_collections.continuity.identity_failover.tests.lab.model.world import Timer

#: When every world begins, seconds since 1970.
BEGIN = 1_770_000_000.0
Done = t.TypeVar("Done")


class _NeverWaits(selectors.SelectSelector):
    """Instead of waiting for a file it moves its loop's time to the next timer."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the lab waits for something that nobody will do: there is no timer left")
        self.loop.moved += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Nothing of it is a file that waits, so that a fork of the process has a world of its own."""

    def __init__(self) -> None:
        selector = _NeverWaits()
        self.moved = 0.0
        super().__init__(selector)
        selector.loop = self
        self.threads: VirtualThreads | None = None

    def time(self) -> float:
        return self.moved

    def do(self, work: Coroutine[t.Any, t.Any, Done]) -> Done:
        """Runs the world until this is done; meanwhile other threads have their turns."""
        task = self.create_task(work)
        while self.threads is not None and (due := self.threads.due()) is not None:
            self.run_until_complete(asyncio.wait({task}, timeout=max(0.0, due - self.time())))
            if task.done() or not self.threads.turn():
                break
        return self.run_until_complete(task)


class VirtualClock:
    """``_clock.Clock`` for the modules, and ``Scheduler`` and the functions of ``time`` for the lab: one time for all of them."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> t.Any:
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc)

    def time(self) -> float:
        return BEGIN + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()

    def sleep(self, seconds: float) -> None:
        self._loop.do(asyncio.sleep(max(0.0, seconds)))


class VirtualScheduler:
    """The model's view of the same time."""

    def __init__(self, clock: VirtualClock, loop: VirtualLoop) -> None:
        self._clock = clock
        self._loop = loop

    def now(self) -> float:
        return self._clock.time()

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self._loop.call_later(max(0.0, seconds), call)
