# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: every TCP listener on addresses of 127.<octet>.0.0/16, power, and cuts between places."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import Handler, LabError, ServedConnection

CONTROLLER = "controller"
GUARD_PORT = 5986
Accepted = Callable[[socket.socket], Coroutine[Any, Any, None]]
"""Serves one accepted socket and closes it."""


def free_octet() -> tuple[int, socket.socket]:
    """A second octet that no other lab uses, and the listening socket that keeps it ours."""
    octets = list(range(16, 255))
    random.shuffle(octets)
    for octet in octets:
        guard = socket.socket()
        try:
            guard.bind((f"127.{octet}.255.254", GUARD_PORT))
            guard.listen(1)
        except OSError:
            guard.close()
            continue
        return octet, guard
    raise LabError("No free network 127.X.0.0/16 was found for the lab: stop other labs first.")


@dataclass
class Listener:
    """One listening TCP socket. silent: no connection is completed any more (the kernel's queue is full), so clients hang until their own time-out."""

    host: str
    address: str
    port: int
    sock: socket.socket
    accepted: Accepted
    management: bool = False
    silent: bool = False
    fillers: list[socket.socket] = field(default_factory=list)


class PortInUse(LabError):
    """The address and port are served by another host of the lab."""


class LabNetwork:
    """Implements interfaces.Network."""

    def __init__(self) -> None:
        self.octet, self._guard = free_octet()
        self._listeners: dict[tuple[str, int], Listener] = {}
        self._off: set[str] = set()
        self._cuts: set[tuple[str, str]] = set()
        self._places: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._held: dict[str, list[socket.socket]] = {}
        self.silenced: set[str] = set()
        """Hosts whose management endpoint has the fault blackhole."""
        self.refused: set[str] = set()
        """Hosts whose management endpoint has the fault refuse."""
        self._management: dict[str, list[tuple[str, int, Accepted]]] = {}
        self._watchers: list[Callable[[str, bool], None]] = []
        self.changed = asyncio.Event()
        """Set, and replaced, at every change of power, cuts or silence."""

    def address(self, y: int, z: int) -> str:
        """127.<octet>.<y>.<z>."""
        return f"127.{self.octet}.{y}.{z}"

    # -- listeners ------------------------------------------------------------------------------------------------------------------------------------

    async def listen(self, host: str, address: str, port: int, handler: Handler) -> None:
        """Serve address:port for a host with asyncio streams. PortInUse when another living host of the lab owns it."""

        async def accepted(sock: socket.socket) -> None:
            try:
                peer = sock.getpeername()[0]
                reader, writer = await asyncio.open_connection(sock=sock)
            except OSError:
                # The client was gone before it was served.
                sock.close()
                return
            try:
                if self.connected(self.place_of(peer), host):
                    await handler(reader, writer, ServedConnection(host, address, port, peer))
                else:
                    # The kernel has completed the connection already; a cut place at least never hears a word.
                    await reader.read()
            except (OSError, asyncio.IncompleteReadError):
                pass
            except asyncio.CancelledError:
                if not self.powered(host):
                    self.hold(host, sock)
                    writer.transport.abort()
            finally:
                writer.close()

        self._open(host, address, port, accepted, management=False)

    def serve_management(self, host: str, address: str, port: int, accepted: Accepted) -> None:
        """Serve a management port; it closes and opens with the host's power, its faults and the controller's cuts."""
        self._management.setdefault(host, []).append((address, port, accepted))
        self._open(host, address, port, accepted, management=True)

    def _open(self, host: str, address: str, port: int, accepted: Accepted, *, management: bool) -> None:
        old = self._listeners.get((address, port))
        if old is not None:
            if old.host != host and old.host not in self._off:
                raise PortInUse(f"The address {address} port {port} already belongs to {old.host}.")
            self._shut(old)
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
            sock.listen(128)
        except OSError as error:
            sock.close()
            raise LabError(f"{address} port {port} cannot be served for {host}: {error.strerror}.") from None
        listener = Listener(host, address, port, sock, accepted, management)
        self._listeners[(address, port)] = listener
        asyncio.get_running_loop().add_reader(sock.fileno(), self._accept, listener)

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                sock, _peer = listener.sock.accept()
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EINTR):
                    return
                raise
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.get_running_loop().create_task(listener.accepted(sock))
            tasks = self._tasks.setdefault(listener.host, set())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def _shut(self, listener: Listener) -> None:
        if not listener.silent:
            asyncio.get_running_loop().remove_reader(listener.sock.fileno())
        listener.sock.close()
        for filler in listener.fillers:
            filler.close()
        self._listeners.pop((listener.address, listener.port), None)

    def _silence(self, listener: Listener) -> None:
        """Fill the kernel's queue with a connection of our own: then every further SYN is dropped, as by a machine that is gone."""
        if listener.silent:
            return
        listener.silent = True
        asyncio.get_running_loop().remove_reader(listener.sock.fileno())
        listener.sock.listen(0)
        for _filler in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((listener.address, listener.port))
            listener.fillers.append(filler)

    def _wake(self, listener: Listener) -> None:
        if not listener.silent:
            return
        listener.silent = False
        for filler in listener.fillers:
            filler.close()
        listener.fillers.clear()
        listener.sock.listen(128)
        asyncio.get_running_loop().add_reader(listener.sock.fileno(), self._accept, listener)

    async def close(self, host: str, address: str | None = None, port: int | None = None) -> None:
        """Close the host's application listeners: all, those of an address, or one."""
        for listener in list(self._listeners.values()):
            if listener.host == host and not listener.management and address in (None, listener.address) and port in (None, listener.port):
                self._shut(listener)

    async def drained(self, host: str) -> None:
        """Wait until every connection to the host that is open now has ended."""
        tasks = list(self._tasks.get(host, ()))
        if tasks:
            await asyncio.wait(tasks)

    def owner(self, address: str) -> str | None:
        """The living host that serves something on this address."""
        return next((one.host for one in self._listeners.values() if one.address == address and one.host not in self._off), None)

    async def close_all(self) -> None:
        """End everything; for the daemon's end."""
        for listener in list(self._listeners.values()):
            self._shut(listener)
        for sock in [sock for held in self._held.values() for sock in held]:
            sock.close()
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._guard.close()

    # -- power, faults, cuts --------------------------------------------------------------------------------------------------------------------------

    def watch_power(self, watcher: Callable[[str, bool], None]) -> None:
        """watcher(host, on) is called at every change of power."""
        self._watchers.append(watcher)

    def powered(self, host: str) -> bool:
        """False after power(host, False)."""
        return host not in self._off

    async def power(self, host: str, on: bool) -> None:
        """Off: no address of the host answers any more (clients hang, open connections fall silent) and what ran is gone. On: the management endpoint opens."""
        if on == self.powered(host):
            return
        if not on:
            self._off.add(host)
            self._drop_connections(host, hold=True)
        else:
            self._off.discard(host)
            for sock in self._held.pop(host, []):
                _reset(sock)
        for watcher in self._watchers:
            watcher(host, on)
        self.refresh(host)

    def hold(self, host: str, sock: socket.socket) -> None:
        """Keep a connection of a host that lost its power open and silent until the power returns; the caller may close its own socket."""
        if sock.fileno() >= 0:
            self._held.setdefault(host, []).append(sock.dup())

    def _drop_connections(self, host: str, *, hold: bool) -> None:
        for task in list(self._tasks.get(host, ())):
            task.cancel("power" if hold else "closed")

    def refresh(self, host: str) -> None:
        """Bring the host's listeners in line with its power, its faults and the cuts."""
        self.changed.set()
        self.changed = asyncio.Event()
        off = host in self._off
        unheard = off or host in self.silenced or not self.connected(CONTROLLER, host)
        refuse = host in self.refused and not off
        for address, port, accepted in self._management.get(host, ()):
            listener = self._listeners.get((address, port))
            if refuse:
                if listener is not None and listener.host == host:
                    self._shut(listener)
                continue
            if listener is None:
                self._open(host, address, port, accepted, management=True)
        for listener in list(self._listeners.values()):
            if listener.host == host:
                if unheard if listener.management else off:
                    self._silence(listener)
                elif listener.management:
                    self._wake(listener)
                elif listener.silent:
                    # After a power cut the host opens its application addresses itself, if they are still free.
                    self._shut(listener)

    def hears(self, host: str) -> bool:
        """Do the controller's packets reach the host's management endpoint now?"""
        return host not in self.silenced and self.reachable(CONTROLLER, host)

    def heard(self, host: str) -> bool:
        """Do the packets of the host's management endpoint reach the controller now?"""
        return host not in self.silenced and self.reachable(host, CONTROLLER)

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """No traffic from a to b, and back unless one_way."""
        self._cuts.add((a, b))
        if not one_way:
            self._cuts.add((b, a))
        self._refresh_both(a, b)

    def join(self, a: str, b: str) -> None:
        """Undo a cut in both directions."""
        self._cuts -= {(a, b), (b, a)}
        self._refresh_both(a, b)

    def _refresh_both(self, a: str, b: str) -> None:
        for place in (a, b):
            if place in self._management:
                self.refresh(place)

    def cuts(self) -> list[tuple[str, str]]:
        """Every cut direction."""
        return sorted(self._cuts)

    def reachable(self, a: str, b: str) -> bool:
        """Does what a sends arrive at b now? Looks at cuts and power."""
        return (a, b) not in self._cuts and a not in self._off and b not in self._off

    def connected(self, a: str, b: str) -> bool:
        """Can a and b make a TCP connection now? It needs both directions."""
        return all(self.reachable(sender, receiver) for sender, receiver in ((a, b), (b, a)))

    # -- connections of the lab's own -----------------------------------------------------------------------------------------------------------------

    def register_place(self, name: str, address: str) -> None:
        """The source address of a place's own connections."""
        self._places[address] = name
        self._sources[name] = address

    def place_of(self, peer: str) -> str:
        """Who connects from this address."""
        return self._places.get(peer, CONTROLLER)

    async def connect(self, place: str, address: str, port: int, *, timeout: float = 5.0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A TCP connection as `place` makes it. TimeoutError when cut off or nobody is there, ConnectionRefusedError when the port is closed."""
        owner = self.owner(address)
        source = (self._sources[place], 0) if place in self._sources else None
        if place in self._off or (owner is not None and not self.connected(place, owner)):
            await asyncio.sleep(timeout)
            raise TimeoutError
        attempt: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.open_connection(address, port, local_addr=source)
        try:
            return await asyncio.wait_for(attempt, timeout)
        except asyncio.TimeoutError:
            raise TimeoutError from None


def _reset(sock: socket.socket) -> None:
    """Close with RST, as a machine does that knows the connection no more."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    finally:
        sock.close()
