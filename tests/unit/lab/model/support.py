# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world of plain objects for tests of the model: time by hand, a trace in a list, a network that only remembers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, Handler
from ansible_collections.continuity.identity_failover.tests.lab.model.world import ManualScheduler, World


class ListTrace:
    def __init__(self) -> None:
        self.records: list[dict[str, JSON]] = []

    def add(self, kind: str, host: str, **data: JSON) -> int:
        self.records.append({"kind": kind, "host": host, **data})
        return len(self.records)

    def effects(self, name: str) -> list[dict[str, JSON]]:
        return [record for record in self.records if record.get("effect") == name]


class MemoryNetwork:
    octet = 77

    def __init__(self) -> None:
        self.listening: dict[tuple[str, int], str] = {}
        self.off: set[str] = set()
        self.cuts: set[tuple[str, str]] = set()

    def address(self, y: int, z: int) -> str:
        return f"127.77.{y}.{z}"

    async def listen(self, host: str, address: str, port: int, handler: Handler) -> None:
        self.listening[(address, port)] = host

    async def close(self, host: str, address: str | None = None, port: int | None = None) -> None:
        for key in [key for key, owner in self.listening.items() if owner == host and address in (None, key[0])]:
            del self.listening[key]

    def owner(self, address: str) -> str | None:
        return next((host for (found, _port), host in self.listening.items() if found == address), None)

    async def power(self, host: str, on: bool) -> None:
        if on:
            self.off.discard(host)
        else:
            self.off.add(host)

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        self.cuts |= {(a, b)} if one_way else {(a, b), (b, a)}

    def join(self, a: str, b: str) -> None:
        self.cuts -= {(a, b), (b, a)}

    def reachable(self, a: str, b: str) -> bool:
        return (a, b) not in self.cuts and a not in self.off and b not in self.off

    async def connect(self, place: str, address: str, port: int, *, timeout: float = 5.0) -> tuple[Any, Any]:
        raise ConnectionRefusedError

    def powered(self, host: str) -> bool:
        return host not in self.off

    def register_place(self, name: str, address: str) -> None:
        pass

    def place_of(self, peer: str) -> str:
        return "controller"


class TestWorld(World):
    """spawn runs coroutines to their first real wait, which in the model is their end."""

    __test__ = False

    def __init__(self) -> None:
        self.memory = MemoryNetwork()
        self.seen = ListTrace()
        self.clock = ManualScheduler()
        super().__init__(self.memory, self.seen, self.clock)

    def spawn(self, work: Coroutine[Any, Any, Any], *, quick: bool = False) -> None:
        try:
            work.send(None)
        except StopIteration:
            return
        work.close()

    def names(self) -> list[str]:
        return [str(record.get("effect")) for record in self.seen.records]

    def when(self, seconds: float, call: Callable[[], None]) -> None:
        self.clock.later(seconds, call)
