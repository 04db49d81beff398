# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The lease of a run as a step sees it: may this change still start, and how it stays ours while a change lasts."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseLost
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import LeaseClaim

#: Seconds that must be left of the lease beyond a change's deadline.
MARGIN = 5.0


class Lease:
    """Our lease: ``holder`` and ``epoch`` prove it. All times are the controller's monotonic clock, counted from before
    the request was sent, so that it runs out here before it runs out on the store."""

    def __init__(self, journal: Journal, holder: str, epoch: int, seconds: float, run: str, by: str, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._claim = LeaseClaim(holder=holder, epoch=epoch, seconds=seconds, by=by, run=run)
        self._seconds = seconds
        self._until = 0.0
        self._lock = threading.Lock()
        self._lost: FailoverError | None = None

    def append(self, drafts: t.Sequence[Event], longest: float = 0.0) -> None:
        """Appends under the lease, which renews it for long enough to start a change of ``longest`` seconds."""
        self._renewed(longest, lambda claim: self._journal.append(drafts, claim, anywhere=True))

    def require(self, deadline: float) -> None:
        """Raises LeaseLost unless a change of ``deadline`` seconds would end while the lease is ours."""
        if self._lost is not None:
            raise self._lost
        if self._clock.monotonic() + deadline > self._until:
            self._renewed(deadline, self._journal.claim)

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

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(self._seconds / 3):
            try:
                self._renewed(0.0, self._journal.claim)
            except LeaseLost as error:
                self._lost = error
                return
            except FailoverError:
                continue  # the store may answer the next time; the lease runs out here first

    def _renewed(self, longest: float, act: t.Callable[[LeaseClaim], t.Any]) -> None:
        with self._lock:
            sent = self._clock.monotonic()
            seconds = max(self._seconds, longest + MARGIN, self._until - sent)
            act(LeaseClaim(**{**vars(self._claim), "seconds": seconds, "longest": longest}))
            self._until = sent + seconds
