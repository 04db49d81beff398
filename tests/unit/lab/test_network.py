# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners, power and cuts on real loopback sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError, ServedConnection
from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork, PortInUse

PORT = 18080


@asynccontextmanager
async def _network() -> AsyncIterator[LabNetwork]:
    network = LabNetwork()
    try:
        yield network
    finally:
        await network.close_all()


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: ServedConnection) -> None:
    writer.write(f"{connection.host} to {connection.peer}".encode())
    await writer.drain()


async def _ask(network: LabNetwork, place: str, address: str, timeout: float = 10.0) -> str:
    """Who answers, or how it fails."""
    try:
        reader, writer = await network.connect(place, address, PORT, timeout=timeout)
    except (TimeoutError, ConnectionRefusedError) as error:
        return type(error).__name__
    try:
        said = await asyncio.wait_for(reader.read(), timeout)
    except asyncio.TimeoutError:
        return "silence"
    finally:
        writer.close()
    return said.decode().partition(" ")[0]


def _play(work: Callable[[LabNetwork], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        async with _network() as network:
            await work(network)

    asyncio.run(play())


def test_two_labs_have_networks_of_their_own() -> None:
    async def work(network: LabNetwork) -> None:
        async with _network() as other:
            assert other.octet != network.octet

    _play(work)


def test_an_address_moves() -> None:
    async def work(network: LabNetwork) -> None:
        address = network.address(9, 9)
        assert await _ask(network, "controller", address) == "ConnectionRefusedError"
        await network.listen("exch1", address, PORT, _greet)
        assert network.owner(address) == "exch1" and await _ask(network, "controller", address) == "exch1"
        with pytest.raises(PortInUse, match="belongs to exch1"):
            await network.listen("exch2", address, PORT, _greet)
        await network.close("exch1", address)
        assert network.owner(address) is None
        await network.listen("exch2", address, PORT, _greet)
        assert await _ask(network, "controller", address) == "exch2"

    _play(work)


def test_a_dead_hosts_address_is_silent_and_can_be_taken_over() -> None:
    async def work(network: LabNetwork) -> None:
        address = network.address(9, 9)
        await network.listen("exch1", address, PORT, _greet)
        await network.power("exch1", False)
        assert await _ask(network, "controller", address, 0.3) == "TimeoutError"
        assert network.owner(address) is None and not network.powered("exch1")
        await network.listen("exch2", address, PORT, _greet)
        assert await _ask(network, "controller", address) == "exch2"
        await network.power("exch1", True)
        with pytest.raises(PortInUse):
            await network.listen("exch1", address, PORT, _greet)
        assert await _ask(network, "controller", address) == "exch2"

    _play(work)


def test_cuts_are_about_places() -> None:
    async def work(network: LabNetwork) -> None:
        address = network.address(9, 9)
        network.register_place("ws001", network.address(8, 1))
        await network.listen("exch1", address, PORT, _greet)
        network.cut("controller", "exch1")
        assert await _ask(network, "controller", address, 0.3) == "TimeoutError"
        assert await _ask(network, "ws001", address) == "exch1"
        network.cut("ws001", "exch1", one_way=True)
        assert network.cuts() == [("controller", "exch1"), ("exch1", "controller"), ("ws001", "exch1")]
        assert await _ask(network, "ws001", address, 0.3) == "TimeoutError"
        network.join("ws001", "exch1")
        network.join("exch1", "controller")
        assert network.cuts() == [] and await _ask(network, "controller", address) == "exch1"

    _play(work)


def test_a_strangers_connection_over_a_cut_hears_nothing() -> None:
    async def work(network: LabNetwork) -> None:
        address = network.address(9, 9)
        await network.listen("exch1", address, PORT, _greet)
        network.cut("controller", "exch1")
        reader, writer = await asyncio.open_connection(address, PORT)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.read(), 0.2)
        writer.close()

    _play(work)


def test_connections_come_from_the_place_that_makes_them() -> None:
    async def work(network: LabNetwork) -> None:
        seen: list[str] = []

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: ServedConnection) -> None:
            seen.append(network.place_of(connection.peer))

        network.register_place("ws001", network.address(8, 1))
        await network.listen("exch1", network.address(9, 9), PORT, note)
        await _ask(network, "ws001", network.address(9, 9))
        await _ask(network, "controller", network.address(9, 9))
        assert seen == ["ws001", "controller"]

    _play(work)


def test_an_address_that_is_not_ours() -> None:
    async def work(network: LabNetwork) -> None:
        with pytest.raises(LabError, match="cannot be served"):
            await network.listen("exch1", "192.0.2.1", PORT, _greet)

    _play(work)
