# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network without sockets: the same owners, power and cuts, and connections that are two queues of one process."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import Handler, ServedConnection
from ansible_collections.continuity.identity_failover.tests.lab.network import CONTROLLER, PortInUse


@dataclass
class _Listener:
    host: str
    handler: Handler


class _Writer:
    """What is written arrives at the other side's reader."""

    def __init__(self, other: asyncio.StreamReader) -> None:
        self._other = other

    def write(self, data: bytes) -> None:
        if not self._other.at_eof():
            self._other.feed_data(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self._other.feed_eof()


class MemoryNetwork:
    """Implements interfaces.Network, and of LabNetwork what the endpoints ask."""

    octet = 77

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], _Listener] = {}
        self._off: set[str] = set()
        self._cuts: set[tuple[str, str]] = set()
        self._places: dict[str, str] = {}
        self._watchers: list[Callable[[str, bool], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def address(self, y: int, z: int) -> str:
        return f"127.{self.octet}.{y}.{z}"

    async def listen(self, host: str, address: str, port: int, handler: Handler) -> None:
        old = self._listeners.get((address, port))
        if old is not None and old.host != host and old.host not in self._off:
            raise PortInUse(f"The address {address} port {port} already belongs to {old.host}.")
        self._listeners[(address, port)] = _Listener(host, handler)

    async def close(self, host: str, address: str | None = None, port: int | None = None) -> None:
        for key, listener in list(self._listeners.items()):
            if listener.host == host and address in (None, key[0]) and port in (None, key[1]):
                del self._listeners[key]

    def owner(self, address: str) -> str | None:
        return next((one.host for (at, _port), one in self._listeners.items() if at == address and one.host not in self._off), None)

    def listens(self, address: str, port: int) -> str | None:
        """The host that serves this address and port."""
        listener = self._listeners.get((address, port))
        return listener.host if listener is not None and listener.host not in self._off else None

    # Power and cuts

    def watch_power(self, watcher: Callable[[str, bool], None]) -> None:
        self._watchers.append(watcher)

    def powered(self, host: str) -> bool:
        return host not in self._off

    async def power(self, host: str, on: bool) -> None:
        if on == self.powered(host):
            return
        if on:
            self._off.discard(host)
        else:
            self._off.add(host)
            await self.close(host)
        for watcher in self._watchers:
            watcher(host, on)

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        self._cuts |= {(a, b)} if one_way else {(a, b), (b, a)}

    def join(self, a: str, b: str) -> None:
        self._cuts -= {(a, b), (b, a)}

    def reachable(self, a: str, b: str) -> bool:
        return (a, b) not in self._cuts and a not in self._off and b not in self._off

    def connected(self, one: str, other: str) -> bool:
        return self.reachable(one, other) and self.reachable(other, one)

    def hears(self, host: str) -> bool:
        return self.reachable(CONTROLLER, host)

    def heard(self, host: str) -> bool:
        return self.reachable(host, CONTROLLER)

    # Connections of the lab's own

    def register_place(self, name: str, address: str) -> None:
        self._places[address] = name

    def place_of(self, peer: str) -> str:
        return self._places.get(peer, CONTROLLER)

    async def connect(self, place: str, address: str, port: int, *, timeout: float = 5.0) -> tuple[t.Any, t.Any]:
        listener = self._listeners.get((address, port))
        owner = listener.host if listener is not None else self.owner(address)
        if place in self._off or (owner is not None and not self.connected(place, owner)):
            await asyncio.sleep(timeout)
            raise TimeoutError
        if listener is None:
            raise ConnectionRefusedError
        here, there = asyncio.StreamReader(), asyncio.StreamReader()
        served = ServedConnection(listener.host, address, port, "127.0.0.1")
        task = asyncio.get_running_loop().create_task(listener.handler(there, _Writer(here), served))  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return here, _Writer(there)
