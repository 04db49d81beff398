# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The lease of a run as a step sees it: may this change still start, and how it stays ours while a change lasts."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseLost
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim

#: Seconds that must be left of the lease when a change starts, and of what the store was told beyond a change's deadline.
MARGIN = 5.0

#: A living holder is heard this many times in ``seconds``.
BEATS = 3


class Lease:
    """Our lease: ``holder`` and ``epoch`` prove it. All times are the controller's monotonic clock, counted from before
    the request was sent, so that it runs out here before it runs out on the store.

    Being heard keeps the lease; how long a change may last is told to the store beside it. So a dead holder's lease is
    free within ``seconds``, and the store still knows until when its last change may be going on.
    """

    def __init__(self, journal: Journal, holder: str, epoch: int, seconds: float, run: str, by: str, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._claim = LeaseClaim(holder=holder, epoch=epoch, seconds=seconds, by=by, run=run)
        self._seconds = seconds
        self._until = 0.0  #: the lease is ours until then
        self._told = 0.0  #: the store counts our changes as under way until then
        self._longest = 0.0
        self._lock = threading.Lock()
        self._lost: FailoverError | None = None

    def append(self, drafts: t.Sequence[Event], longest: float | None = None) -> None:
        """Appends under the lease, which renews it. ``longest``: the changes to come may last so many seconds each;
        0: none of ours is under way any more; None: as it was."""
        if longest is not None:
            self._longest = self._span(longest)
        self._renewed(lambda claim: self._journal.append(drafts, claim, anywhere=True))

    def require(self, deadline: float) -> None:
        """Raises LeaseLost unless the lease is ours and the store knows of a change of ``deadline`` seconds."""
        if self._lost is not None:
            raise self._lost
        now = self._clock.monotonic()
        if now + MARGIN > self._until or now + deadline > self._told:
            self._longest = max(self._longest, self._span(deadline))
            self._renewed(self._journal.claim)

    def still_ours(self) -> None:
        """Raises LeaseLost where the lease was lost, or ran out here without an answer: asked before each message of a change."""
        if self._lost is not None:
            raise self._lost
        if self._clock.monotonic() > self._until:
            self._renewed(self._journal.claim)

    def beat(self) -> None:
        """Renews, and says again until when our changes may be under way."""
        self._renewed(self._journal.claim)

    def settle(self) -> float:
        """Waits until what former holders have begun has ended; returns for how many seconds."""
        self.beat()
        seconds = self._journal.lease.settling
        if seconds > 0:
            with self.kept():
                self._clock.sleep(seconds)
        return seconds

    @contextlib.contextmanager
    def kept(self) -> t.Iterator[None]:
        """Renews from a thread while the block lasts; a loss is raised by the next ``require``."""
        ended = threading.Event()
        thread = threading.Thread(target=self._keep, args=(ended,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _span(self, deadline: float) -> float:
        """A deadline that stays told between two beats."""
        return deadline + self._seconds / BEATS + MARGIN if deadline > 0 else 0.0

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(self._seconds / BEATS):
            try:
                self.beat()
            except LeaseLost as error:
                self._lost = error
                return
            except FailoverError:
                continue  # the store may answer the next time; the lease runs out here first

    def _renewed(self, act: t.Callable[[LeaseClaim], t.Any]) -> None:
        with self._lock:
            sent, longest = self._clock.monotonic(), self._longest
            act(dataclasses.replace(self._claim, longest=longest))
            self._until, self._told = sent + self._seconds, sent + longest
