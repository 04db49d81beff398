# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication engine that is told what to do with the data, and a team's hook ``data`` that tells it: as docs/hooks.md asks, it looks before it acts."""

from __future__ import annotations

import typing as t

#: How long the engine works: the lease is renewed meanwhile.
WORK_SECONDS = 8.0
#: Seconds between two looks of the hook.
LOOK_SECONDS = 2.0


class World(t.Protocol):
    """What the engine and the hook need of the lab."""

    loop: t.Any
    clock: t.Any
    trace: t.Any
    boundary: t.Callable[[str, str], None]


class DataEngine:
    """``did``: what it was told, ``done``: whether it has done it. It works on when whoever told it is dead."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.did = ""
        self.done = False

    def tell(self, choice: str) -> None:
        self._world.trace.add("effect", "engine", effect="data_told", choice=choice)
        self.did = choice
        self._world.loop.call_later(WORK_SECONDS, self._finish)

    def _finish(self) -> None:
        self.done = True
        self._world.trace.add("effect", "engine", effect="data_promoted", choice=self.did)

    def hook(self, choice: str, run: str) -> dict[str, t.Any]:
        """roles/steps/tasks/data.yml hands the choice to the hook; what it returns is the evidence."""
        world = self._world
        world.boundary("before", "hook data tells the engine")
        if not self.did:
            self.tell(choice)
        world.boundary("after", "hook data tells the engine")
        world.boundary("before", "hook data waits")
        while not self.done:
            world.clock.sleep(LOOK_SECONDS)
        world.boundary("after", "hook data waits")
        return {"run": run, "did": self.did, "engine": "failed over", "promoted": self.done, "old_direction": "stopped", "data_point": "the last write"}

    def seen(self) -> dict[str, t.Any]:
        return {"did": self.did, "done": self.done}
