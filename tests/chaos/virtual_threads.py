# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease's thread without a thread: it has its turns while the main one waits, at the moments of the virtual clock.

What it stands for is a loop ``while not ended.wait(seconds): ...``, which is run for one round a turn. So two runs are alike,
and a fork in the middle of a renewal is a death in the middle of a renewal.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t
from collections.abc import Callable


class WouldWait(BaseException):
    """The turn came while the main thread had the lock: it comes again when that is through. No ``except`` of the product's may see it."""


class VirtualEvent:
    """``threading.Event`` of a thread that waits for nothing else. ``every``: for how long it waits each time."""

    def __init__(self) -> None:
        self.every = 0.0
        self.rounds = 0
        self.waiting = False
        self._set = False

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float) -> bool:
        self.every = timeout
        if self._set or not self.rounds:
            self.waiting = True  # the turn is over; in a thread it would wait here
            return True
        self.rounds -= 1
        return False


class VirtualLock:
    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> None:
        if self._held:
            raise WouldWait
        self._held = True

    def __exit__(self, *_error: object) -> None:
        self._held = False


@dataclasses.dataclass
class VirtualThread:
    """``threading.Thread``, as far as the lease uses it."""

    threads: VirtualThreads
    target: Callable[..., None]
    args: tuple[VirtualEvent, ...]
    name: str = ""
    daemon: bool = False
    due: float = 0.0

    def start(self) -> None:
        self.round(0)

    def round(self, rounds: int) -> None:
        (ended,) = self.args
        ended.rounds, ended.waiting = rounds, False
        self.target(ended)
        self.due = self.threads.time() + ended.every
        self.threads.keep(self, ended.waiting)

    def join(self) -> None:
        self.threads.keep(self, False)


class VirtualLocal:
    """``threading.local``."""

    _threads: VirtualThreads
    _kept: dict[tuple[int, str], t.Any]

    def __init__(self, threads: VirtualThreads) -> None:
        self.__dict__.update(_threads=threads, _kept={})

    def __getattr__(self, name: str) -> t.Any:
        try:
            return self._kept[id(self._threads.current), name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: t.Any) -> None:
        self._kept[id(self._threads.current), name] = value


class VirtualThreads:
    """``boundary(kind)`` is called before and after each turn. ``module`` takes the place of ``threading``."""

    def __init__(self, time: Callable[[], float], boundary: Callable[[str], None]) -> None:
        self.time = time
        self.current: VirtualThread | None = None
        self._boundary = boundary
        self._alive: list[VirtualThread] = []
        self.module = types.SimpleNamespace(
            Thread=lambda **given: VirtualThread(self, **given), Event=VirtualEvent, Lock=VirtualLock, local=lambda: VirtualLocal(self)
        )

    def keep(self, thread: VirtualThread, alive: bool) -> None:
        self._alive = [one for one in self._alive if one is not thread] + ([thread] if alive else [])

    def due(self) -> float | None:
        """When the next turn comes; None while one is on, and where no thread is there."""
        return None if self.current is not None else min((thread.due for thread in self._alive), default=None)

    def turn(self) -> bool:
        """The thread that is due goes round once; False where it has to wait for the main one."""
        thread = min(self._alive, key=lambda one: one.due)
        self.current = thread
        try:
            self._boundary("before")
            thread.round(1)
            self._boundary("after")
        except WouldWait:
            return False
        finally:
            self.current = None
        return True

    def killed(self) -> None:
        """Their process has died."""
        self.current, self._alive = None, []
