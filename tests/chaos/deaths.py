# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deaths of a controller, one for each boundary: the process is forked there, and the child is the world after the death.

In the child the killed controller's stack is never returned to: no ``finally``, no ``with`` and no thread of it runs on, as
after SIGKILL. What it had sent goes on at the hosts. Nothing of it is left but what was written.

With ``goes_on`` it is not the controller that dies: ``aftermath`` harms the estate and the child returns, to go on as it was.

Two boundaries between which nothing was changed that outlives the controller are one death: a message not sent is the same as
the answer before it lost, and a read leaves nothing behind. ``every`` dies at each of them all the same.
"""

from __future__ import annotations

import collections
import json
import os
import pathlib
import signal
import sys
import time
import traceback
import typing as t
from collections.abc import Callable

#: CPU seconds after which a child has gone astray.
CHILD_SECONDS = 120

Aftermath = Callable[[int, pathlib.Path], t.Any]
#: Puts what lies on the disk at this moment into a folder of the child's own.
Kept = Callable[[pathlib.Path], None]


class Deaths:
    """``at`` is called at every boundary. ``aftermath(number, folder)`` is what the child does; it returns JSON."""

    def __init__(
        self,
        folder: pathlib.Path,
        fingerprint: Callable[[], t.Any],
        keep: Kept,
        aftermath: Aftermath,
        *,
        workers: int = 2,
        every: bool = False,
        goes_on: bool = False,
    ) -> None:
        self.folder = folder
        self.labels: dict[int, str] = {}
        self.counts: collections.Counter[str] = collections.Counter()
        self.armed = True
        self.child = 0
        self._begun = 0.0
        self._goes_on = goes_on
        self.chosen: Callable[[int, str], bool] = lambda number, kind: True
        self._fingerprint, self._keep, self._aftermath = fingerprint, keep, aftermath
        self._workers, self._every = workers, every
        self._last: t.Any = None
        self.different = 0  # boundaries that no other one is the same death as
        self._running = 0
        folder.mkdir(parents=True, exist_ok=True)

    def at(self, kind: str, label: str) -> None:
        if not self.armed:
            return
        self.counts[kind] += 1
        number = sum(self.counts.values())
        now = self._fingerprint()
        if now == self._last and not self._every:
            return
        self._last = now
        self.different += 1
        if not self.chosen(number, kind):
            return
        self.labels[number] = f"{kind} {label}"
        self._fork(number)

    def _fork(self, number: int) -> None:
        if self._running >= self._workers:
            self._wait_for_one()
        place = self.folder / f"death-{number}"
        place.mkdir()
        self._keep(place)  # before the fork: afterwards this process writes on
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork():
            self._running += 1
            return
        self.armed = False
        self.child = number
        self._begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, CHILD_SECONDS)
        os.chdir(place)
        if self._goes_on:
            self._aftermath(number, place)
        else:
            self.end(lambda: self._aftermath(number, place))

    def end(self, work: Callable[[], dict[str, t.Any]]) -> t.NoReturn:
        """The end of a child, whatever comes of it."""
        status = 1
        try:
            found = work()
            (self.folder / f"{self.child}.json").write_text(json.dumps({**found, "cpu_seconds": time.process_time() - self._begun}), encoding="utf-8")
            status = 0
        except BaseException:
            (self.folder / f"{self.child}.error").write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(status)

    def _wait_for_one(self) -> None:
        os.waitpid(-1, 0)
        self._running -= 1

    def results(self) -> dict[int, dict[str, t.Any]]:
        """Waits for every child: number of the boundary -> what its aftermath was. A child that failed has ``error``."""
        while self._running:
            self._wait_for_one()
        found: dict[int, dict[str, t.Any]] = {}
        for number in self.labels:
            written, error = self.folder / f"{number}.json", self.folder / f"{number}.error"
            if written.exists():
                found[number] = json.loads(written.read_text(encoding="utf-8"))
            else:
                found[number] = {"error": error.read_text(encoding="utf-8") if error.exists() else "the child died without a word"}
        return found
