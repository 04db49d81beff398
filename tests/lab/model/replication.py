# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The replication between two mailbox databases."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxDatabase, MailboxStore
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World


class ReplicationLink:
    """Copies what is written into one mailbox database into another, a moment later.

    The queue lives on the source and dies with it. While the source's database is mounted and the link is up, the target's file is in use.
    """

    def __init__(
        self, world: World, name: str, store: MailboxStore, source: str, target: str, up: Callable[[str, str], bool], lag: float = 0.2, resumes: bool = True
    ) -> None:
        """up(a, b): both hosts have power and a may send to b; resumes: it goes on by itself when its source returns."""
        self._world = world
        self.name = name
        self._store = store
        self.source, self.target = source, target
        self._up = up
        self.lag = lag
        self.resumes = resumes
        self.running = True
        self.queue: list[int] = []
        self.lost = 0

    def _ends(self) -> tuple[MailboxDatabase, MailboxDatabase]:
        source, target = self._store.find(self.source), self._store.find(self.target)
        assert source is not None and target is not None
        return source, target

    def connected(self) -> bool:
        source, target = self._ends()
        return self.running and self._up(source.server, target.server)

    def writes_into(self, name: str) -> bool:
        source, target = self._ends()
        return name == target.name and self.connected() and source.mounted

    def written(self, database: MailboxDatabase, item: int) -> None:
        if self.running and database is self._ends()[0]:
            self.queue.append(item)
            self._world.later(self.lag, self._deliver)

    def _deliver(self) -> None:
        source, target = self._ends()
        if not self.queue or not self.connected():
            return
        target.data = Data(target.data.sequence + len(self.queue), target.data.items | set(self.queue))
        self._world.effect(target.server, "data_replicated", database=target.name, items=len(self.queue))
        self.queue.clear()

    def source_lost(self, host: str) -> None:
        source, _target = self._ends()
        if source.server == host and self.queue:
            self.lost += len(self.queue)
            self._world.effect(host, "queue_lost", link=self.name, items=len(self.queue))
            self.queue.clear()

    def source_returned(self, host: str) -> None:
        """Resumes with a mirror: the target becomes what the source is, whatever was written there meanwhile."""
        source, _target = self._ends()
        if source.server != host or not self.running:
            return
        if self.resumes:
            self.mirror()
        else:
            self.running = False
            self._world.effect(host, "replication_stopped", link=self.name)

    def mirror(self) -> None:
        """Overwrites the target's data with the source's."""
        source, target = self._ends()
        if not self.connected():
            return
        overwritten = len(target.data.items - source.data.items)
        target.data = source.data.copy()
        self.queue.clear()
        self._world.effect(target.server, "data_overwritten" if overwritten else "data_mirrored", database=target.name, items=overwritten)

    def stop(self) -> None:
        self.running = False
        self._world.effect("", "replication_stopped", link=self.name)

    def start(self, *, reverse: bool = False) -> None:
        """Starts with a mirror, in the other direction when asked: source and target change places."""
        if reverse:
            self.source, self.target = self.target, self.source
        self.running = True
        self._world.effect("", "replication_started", link=self.name, source=self.source, target=self.target)
        self.mirror()

    def describe(self) -> JSON:
        return {
            "source": self.source,
            "target": self.target,
            "running": self.running,
            "connected": self.connected(),
            "queue": len(self.queue),
            "lost": self.lost,
        }
