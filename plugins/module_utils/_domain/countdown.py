# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Time to Fail: rounds of probes, counted down. Pure.

Time to Fail is interval times missed rounds, and any reply starts it again, as in the product whose procedure this
collection performs. A vantage point that could not ask (``None``) proves nothing and does not count.
"""

from __future__ import annotations

import dataclasses
import typing as t

#: A warning is due once this share of Time to Fail has passed without a reply.
WARNING = 0.25
#: What can be silent: the machine, or only its workload.
CLASSES = ("host", "service")


@dataclasses.dataclass(frozen=True)
class Observation:
    """One answer. ``kind``: tcp, wsman, ping or service. ``ok``: replied, did not, or ``None`` where nobody could ask."""

    vantage_point: str
    kind: str
    ok: bool | None
    msg: str = ""

    @property
    def about(self) -> str:
        return "service" if self.kind == "service" else "host"


@dataclasses.dataclass(frozen=True)
class Countdown:
    """``silent``: (class, vantage point) -> rounds in a row without any reply."""

    interval: float
    missed: int
    trigger: str = "all"
    silent: t.Mapping[tuple[str, str], int] = dataclasses.field(default_factory=dict)

    def round(self, observations: t.Iterable[Observation]) -> Countdown:
        """The countdown after one more round."""
        replies: dict[tuple[str, str], bool] = {}
        for one in observations:
            if one.ok is not None:
                key = (one.about, one.vantage_point)
                replies[key] = replies.get(key, False) or one.ok
        silent = dict(self.silent)
        for key, replied in replies.items():
            silent[key] = 0 if replied else silent.get(key, 0) + 1
        return dataclasses.replace(self, silent=silent)

    def rounds_left(self, about: str) -> int:
        """Rounds until this class counts as failed. ``all``: the most patient vantage point decides, ``one``: the least."""
        left = [self.missed - rounds for (kind, _place), rounds in self.silent.items() if kind == about]
        if not left:
            return self.missed
        return max(0, max(left) if self.trigger == "all" else min(left))

    def time_to_fail(self) -> float:
        """Seconds until the source counts as failed, for whichever class is nearer."""
        return min(self.rounds_left(about) for about in CLASSES) * self.interval

    def failed(self) -> str:
        """The class that counts as failed; empty while none does. A machine that is silent says more than its services."""
        return next((about for about in CLASSES if self.rounds_left(about) == 0), "")

    def state(self) -> str:
        """``healthy``, ``suspect`` or ``failed``."""
        if self.failed():
            return "failed"
        return "suspect" if self.time_to_fail() <= (1 - WARNING) * self.interval * self.missed else "healthy"
