# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application that users connect to: one line of JSON on every address that its host owns, and numbered writes.

On connecting the server says ``{"server": "EXCH1", "address": "127.8.20.21", "data": 12}``. A line ``{"write": 7}`` is answered
``{"accepted": 13, "item": 7}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError, ServedConnection
from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

IDLE = 30.0


@dataclass(frozen=True)
class Needs:
    """Without these the application does not serve."""

    services: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    """Mailbox databases; the first one holds the data."""


class Application:
    """Opens and closes the listeners of one host as its addresses, services and databases come and go."""

    def __init__(
        self,
        world: World,
        host: str,
        computer_name: str,
        port: int,
        ready: Callable[[], bool],
        addresses: Callable[[], list[str]],
        data: Callable[[], Data],
        written: Callable[[int], None],
    ) -> None:
        self._world = world
        self._host = host
        self._computer_name = computer_name
        self.port = port
        self._ready = ready
        self._addresses = addresses
        self._data = data
        self._written = written
        self._open: set[str] = set()
        self._lock = asyncio.Lock()

    def serving(self) -> list[str]:
        return sorted(self._open)

    def refresh(self) -> None:
        """Brings the listeners in line in the background."""
        self._world.spawn(self.update(), quick=True)

    async def update(self) -> None:
        async with self._lock:
            wanted = set(self._addresses()) if self._ready() else set()
            for address in self._open - wanted:
                self._open.discard(address)
                await self._world.network.close(self._host, address, self.port)
                self._world.effect(self._host, "stopped_serving", address=address)
            for address in wanted - self._open:
                try:
                    await self._world.network.listen(self._host, address, self.port, self.serve)
                except LabError as error:
                    self._world.effect(self._host, "address_conflict", address=address, error=str(error))
                    continue
                self._open.add(address)
                self._world.effect(self._host, "serving", address=address)

    def power_off(self) -> None:
        """The network has closed everything already."""
        self._open.clear()

    async def serve(self, reader: Any, writer: Any, connection: ServedConnection) -> None:
        """One user."""
        await _say(writer, {"server": self._computer_name, "address": connection.address, "data": self._data().sequence})
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            while line := await asyncio.wait_for(reader.readline(), IDLE):
                await _say(writer, self._answer(line))

    def _answer(self, line: bytes) -> JSON:
        try:
            item = json.loads(line)["write"]
        except (ValueError, KeyError, TypeError):
            return {"error": 'the application takes lines like {"write": 7}'}
        if not self._ready():
            return {"error": "the application has stopped"}
        if not isinstance(item, int):
            return {"error": "an item is a number"}
        sequence = self._data().accept(item)
        self._written(item)
        self._world.effect(self._host, "data_written", item=item, sequence=sequence)
        return {"accepted": sequence, "item": item}


async def _say(writer: Any, what: JSON) -> None:
    writer.write(json.dumps(what).encode() + b"\n")
    await writer.drain()
