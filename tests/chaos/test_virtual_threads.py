# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease's thread has its turns at its moments, and none while the main one has the lock."""

from __future__ import annotations

import asyncio
import typing as t

from ansible_collections.continuity.identity_failover.tests.chaos.virtual_threads import VirtualThreads
from ansible_collections.continuity.identity_failover.tests.chaos.virtual_time import VirtualLoop


class World:
    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.boundaries: list[str] = []
        self.threads = self.loop.threads = VirtualThreads(self.loop.time, self.boundaries.append)
        self.beats: list[float] = []
        self.lock = self.threads.module.Lock()

    def begin(self, beats: int = 1000) -> tuple[t.Any, t.Any]:
        """A thread that beats every 3 s, takes 0.5 s for it, and ends by itself after so many."""
        ended = self.threads.module.Event()

        def keep(ended: t.Any) -> None:
            while not ended.wait(3.0):
                with self.lock:
                    self.loop.do(asyncio.sleep(0.5))
                    self.beats.append(self.loop.time())
                if len(self.beats) == beats:
                    return

        thread = self.threads.module.Thread(target=keep, args=(ended,))
        thread.start()
        return thread, ended


def test_it_has_a_turn_whenever_its_time_has_come_while_the_main_one_waits() -> None:
    world = World()
    world.begin()
    world.loop.do(asyncio.sleep(8.0))
    assert world.beats == [3.5, 7.0]
    assert world.loop.time() == 8.0
    assert world.boundaries == ["before", "after"] * 2


def test_it_waits_for_a_lock_that_the_main_one_has() -> None:
    world = World()
    world.begin()
    with world.lock:
        world.loop.do(asyncio.sleep(5.0))
    assert world.beats == []
    world.loop.do(asyncio.sleep(1.0))
    assert world.beats == [5.5]


def test_it_ends_by_itself_when_it_is_joined_and_when_its_process_dies() -> None:
    for end in ("by itself", "joined", "killed"):
        world = World()
        thread, ended = world.begin(beats=1)
        world.loop.do(asyncio.sleep(3.0 if end == "by itself" else 1.0))
        if end == "joined":
            ended.set()
            thread.join()
        elif end == "killed":
            world.threads.killed()
        world.loop.do(asyncio.sleep(20.0))
        assert len(world.beats) == (end == "by itself"), end
        assert world.threads.due() is None


def test_each_thread_sees_values_of_its_own() -> None:
    world = World()
    local = world.threads.module.local()
    local.session = "main's"
    seen: list[str] = []

    def keep(ended: t.Any) -> None:
        while not ended.wait(1.0):
            seen.append(getattr(local, "session", "none"))
            local.session = "its own"

    world.threads.module.Thread(target=keep, args=(world.threads.module.Event(),)).start()
    world.loop.do(asyncio.sleep(2.5))
    assert (seen, local.session) == (["none", "its own"], "main's")
