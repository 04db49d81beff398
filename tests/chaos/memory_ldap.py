# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What carries LDAP to the lab's domain controllers: a socket whose two ends are in this process."""

from __future__ import annotations

import asyncio
import socket
import typing as t
from collections.abc import Callable, Coroutine

from ansible_collections.continuity.identity_failover.tests.chaos.memory_network import MemoryNetwork
from ansible_collections.continuity.identity_failover.tests.chaos.virtual_time import Done
from ansible_collections.continuity.identity_failover.tests.lab.network import CONTROLLER


class World(t.Protocol):
    """What a socket needs of the lab."""

    network: MemoryNetwork
    boundary: Callable[[str, str], None]

    def do(self, work: Coroutine[t.Any, t.Any, Done]) -> Done:
        """Runs the world until this is done."""


class MemorySocket:
    """``socket.socket``, as far as ``_transport/ldap.py`` uses it. Each message is a boundary, and so is its answer."""

    def __init__(self, world: World, place: tuple[str, int], round_trip: float, timeout: float) -> None:
        self._world, self._round_trip, self._timeout = world, round_trip, timeout
        self._what = f"LDAP to {place[0]}"
        self._reader, self._writer = world.do(world.network.connect(CONTROLLER, *place, timeout=timeout))

    def setsockopt(self, *_option: int) -> None:
        """There is no TCP."""

    def settimeout(self, seconds: float) -> None:
        self._timeout = seconds

    def sendall(self, data: bytes) -> None:
        self._world.boundary("unsent", self._what)
        self._world.do(self._sent(data))

    async def _sent(self, data: bytes) -> None:
        await asyncio.sleep(self._round_trip)
        self._writer.write(data)

    def recv(self, most: int) -> bytes:
        part: bytes = self._world.do(self._received(most))
        self._world.boundary("unanswered", self._what)
        return part

    async def _received(self, most: int) -> bytes:
        try:
            return t.cast(bytes, await asyncio.wait_for(self._reader.read(most), self._timeout))
        except asyncio.TimeoutError:
            raise TimeoutError from None  # another class before Python 3.11

    def close(self) -> None:
        self._writer.close()


class Sockets:
    """Takes the place of the module ``socket``."""

    IPPROTO_TCP, TCP_NODELAY = socket.IPPROTO_TCP, socket.TCP_NODELAY

    def __init__(self, world: World, round_trip: float) -> None:
        self._world, self._round_trip = world, round_trip

    def create_connection(self, place: tuple[str, int], timeout: float) -> MemorySocket:
        return MemorySocket(self._world, place, self._round_trip, timeout)
