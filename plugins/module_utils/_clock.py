# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Time as an argument: everything that waits or stamps takes a Clock, so that tests own time."""

from __future__ import annotations

import datetime
import time
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded


class Clock(t.Protocol):
    def now(self) -> datetime.datetime:
        """The wall clock, in UTC; for stamps only, never for durations."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; for durations and deadlines."""

    def sleep(self, seconds: float) -> None:
        pass


class SystemClock:
    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


def stamp(moment: datetime.datetime) -> str:
    """A moment as it is written everywhere: ISO 8601, UTC, milliseconds, Z."""
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Deadline:
    """A point on the monotonic clock that a whole operation must not pass, however many requests it takes."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        self._end = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self.clock.monotonic())

    def passed(self) -> bool:
        return self.remaining() <= 0.0

    def check(self, what: str, host: str | None = None) -> None:
        """Raises DeadlineExceeded when the deadline has passed; ``what`` says what was tried."""
        if self.passed():
            raise DeadlineExceeded(f"{what} did not end within {self.seconds:g} s", host=host)
