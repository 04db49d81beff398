# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab in this very process: its model, name servers and endpoints, without sockets, logon, encryption and waiting.

The modules talk to it in the messages that they would send: WS-Management envelopes and DNS messages. Only what carries the
bytes is replaced. A fork of the process is a fork of the whole estate, at the same moment.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import pathlib
import shutil
import typing as t
from collections.abc import Callable, Coroutine, Mapping
from unittest import mock

import dns.message
import dns.renderer

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, ConnectionRefused, DeadlineExceeded, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns as transport_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss, ldap_gss, probes
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import hosts as transport_hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import ldap as transport_ldap
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm_connection import HttpFailure
from ansible_collections.continuity.identity_failover.tests.chaos import memory_kerberos
from ansible_collections.continuity.identity_failover.tests.chaos.memory_ldap import Sockets
from ansible_collections.continuity.identity_failover.tests.chaos.memory_network import MemoryNetwork
from ansible_collections.continuity.identity_failover.tests.chaos.virtual_threads import VirtualThreads
from ansible_collections.continuity.identity_failover.tests.chaos.virtual_time import Done, VirtualClock, VirtualLoop, VirtualScheduler
from ansible_collections.continuity.identity_failover.tests.lab.dns import server as dns_server
from ansible_collections.continuity.identity_failover.tests.lab.faults import Faults
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.ldap import domain, realm
from ansible_collections.continuity.identity_failover.tests.lab.model.estate import load_estate
from ansible_collections.continuity.identity_failover.tests.lab.network import CONTROLLER
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins import store as store_twin
from ansible_collections.continuity.identity_failover.tests.lab.wsman import cim_service, shell_service
from ansible_collections.continuity.identity_failover.tests.lab.wsman.endpoint import Endpoint

MANAGEMENT_PORTS = (5985, 5986)
#: Seconds that a message and its answer take.
ROUND_TRIP = 0.002
PEER = "127.0.0.1"
#: The run's own record in a zone.
MARKER = "_failover-"


class MemoryTrace:
    """Implements interfaces.Trace; ``effects`` counts what may not happen twice."""

    def __init__(self) -> None:
        self.records: list[dict[str, JSON]] = []
        self.effects = 0

    def add(self, kind: str, host: str, **data: JSON) -> int:
        self.effects += kind in ("effect", "control") or (kind == "ldap" and data["operation"] == "change")
        self.records.append({"kind": kind, "host": host, **data})
        return len(self.records)


class _Inline(concurrent.futures.Executor):
    """Threads would make two runs differ; what a pool is asked for is done at once, in the order asked."""

    def __init__(self, *_args: t.Any, **_more: t.Any) -> None:
        pass

    def submit(self, fn: Callable[..., t.Any], /, *args: t.Any, **more: t.Any) -> concurrent.futures.Future[t.Any]:
        future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **more))
        except Exception as error:
            future.set_exception(error)
        return future


class _Datagrams(asyncio.DatagramTransport):
    """One program's datagrams to name servers."""

    def __init__(self, lab: MemoryLab, protocol: asyncio.BaseProtocol, local: tuple[str, int] | None, remote: tuple[str, int] | None) -> None:
        super().__init__()
        self._lab, self._protocol, self._remote = lab, t.cast(asyncio.DatagramProtocol, protocol), remote
        self._peer = local[0] if local else PEER

    def sendto(self, data: t.Any, addr: t.Any = None) -> None:
        place = addr or self._remote
        server = self._lab.name_server(place)
        reply = server.receive(bytes(data), self._peer, "udp") if server is not None else None
        if reply is not None:
            self._lab.loop.call_later(ROUND_TRIP, self._protocol.datagram_received, reply, tuple(place[:2]))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self._lab.loop.call_soon(self._protocol.connection_lost, None)


class MemoryConnection:
    """What ``WinrmSession`` posts its messages with, in place of ``winrm_connection.Connection``."""

    def __init__(self, lab: MemoryLab, settings: ConnectionSettings, clock: Clock) -> None:
        self._lab, self._settings, self._clock = lab, settings, clock
        self.where = f"{settings.name} ({settings.endpoint.split('/')[2]})"
        self.requests = 0

    def post(self, message: bytes, deadline: Deadline, what: str, *, repeatable: bool) -> bytes:
        lab, name = self._lab, self._settings.name
        lab.boundary("unsent", f"{name}: {what}")
        self.requests += 1
        if not lab.network.connected(CONTROLLER, name):
            self._clock.sleep(min(self._settings.connect_timeout, deadline.remaining()))
            raise Unreachable(f"{self.where} can't be reached: no connection", host=name)
        status, body = lab.do(self._answered(message, deadline, what))
        lab.boundary("unanswered", f"{name}: {what}")
        if status >= 400:
            raise HttpFailure(status, body, False)
        return body

    async def _answered(self, message: bytes, deadline: Deadline, what: str) -> tuple[int, bytes]:
        """The host goes on with what it was asked, also where nobody waits for the answer any more."""
        lab, name = self._lab, self._settings.name
        await asyncio.sleep(ROUND_TRIP)
        work = asyncio.ensure_future(lab.endpoints[name]._soap(message, self._settings.user, PEER))
        lab.keep(work)
        lost = asyncio.ensure_future(lab.power_lost(name))
        await asyncio.wait({work, lost}, timeout=max(0.001, deadline.remaining()), return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if not lab.network.connected(CONTROLLER, name):
            work.cancel()
            raise ConnectionLost(f"{self.where} fell silent", host=name)
        if not work.done():
            raise DeadlineExceeded(f"could not {what} on {self.where} in time", host=name)
        return work.result()

    def drop(self) -> None:
        pass


class MemoryLab:
    """``with MemoryLab(folder, at) as lab``: ``at(kind, label)`` is called at every boundary of a message."""

    def __init__(self, folder: pathlib.Path, boundary: Callable[[str, str], None] = lambda kind, label: None, *, estate: str | Mapping[str, JSON] = "default"):
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.clock = VirtualClock(self.loop)
        self.threads = self.loop.threads = VirtualThreads(self.loop.time, lambda kind: self.boundary(kind, "the lease's thread"))
        self.trace = MemoryTrace()
        self.network = MemoryNetwork()
        self.boundary = boundary
        self._patches = contextlib.ExitStack()
        self._kept: set[asyncio.Future[t.Any]] = set()
        self._power: dict[str, asyncio.Event] = {}
        self._replace()
        self.estate = load_estate(estate, network=self.network, trace=self.trace, scheduler=VirtualScheduler(self.clock, self.loop), engine=None)
        self.network.watch_power(self._power_changed)
        nothing: t.Any = None  # no certificates and no accounts: nobody logs on
        network: t.Any = self.network
        self.endpoints = {name: Endpoint(host, network, nothing, nothing, Faults(name, 0), self.trace) for name, host in self.estate.hosts.items()}

    def __enter__(self) -> MemoryLab:
        self.do(self.estate.start())
        return self

    def __exit__(self, *_error: object) -> None:
        self.do(self.estate.stop())
        self._patches.close()
        self.loop.close()

    def _replace(self) -> None:
        """What would open a socket, start a thread or look at the machine's own clock."""
        lab = self

        def exchange_many(server: transport_dns.NameServer, wires: t.Sequence[bytes], deadline: Deadline, answers: dict[bytes, bytes]) -> None:
            place = (server.endpoint.address, server.endpoint.port)
            for wire in wires:
                answers[wire[:2]] = lab.ask_name_server(place, wire, deadline.remaining(), "tcp")

        def exchange_udp(server: transport_dns.NameServer, wire: bytes, timeout: float) -> bytes:
            return lab.ask_name_server((server.endpoint.address, server.endpoint.port), wire, timeout, "udp")

        async def listen(server: dns_server.DnsServer) -> None:
            """Messages come from ``ask_name_server``."""

        async def datagrams(factory: t.Any, local_addr: t.Any = None, remote_addr: t.Any = None, **_more: t.Any) -> t.Any:
            protocol = factory()
            transport = _Datagrams(lab, protocol, local_addr, remote_addr)
            protocol.connection_made(transport)
            return transport, protocol

        sockets = mock.Mock()
        sockets.create_connection = self._knock
        replaced: list[tuple[t.Any, str, t.Any]] = [
            (transport_dns.NameServer, "exchange_many", exchange_many),
            (transport_dns.NameServer, "exchange_udp", exchange_udp),
            (probes, "socket", sockets),
            (transport_ldap, "socket", Sockets(self, ROUND_TRIP)),
            *((module, "gssapi", memory_kerberos) for module in (dns_gss, ldap_gss)),
            (realm, "_gssapi", lambda: memory_kerberos),
            (domain, "Realm", memory_kerberos.Realm),
            (concurrent.futures, "ThreadPoolExecutor", _Inline),
            (dns_server.DnsServer, "_listen", listen),
            (self.loop, "create_datagram_endpoint", datagrams),
            *((module, "threading", self.threads.module) for module in (lease, transport_hosts)),
            *((module, "time", self.clock) for module in (dns_server, store_twin, cim_service, shell_service, dns.message, dns.renderer)),
        ]
        for owner, name, new in replaced:
            self._patches.enter_context(mock.patch.object(owner, name, new))

    # The world's side

    def do(self, work: Coroutine[t.Any, t.Any, Done]) -> Done:
        return self.loop.do(work)

    def control(self, verb: str, **arguments: JSON) -> JSON:
        """Any control verb of the model."""
        if verb != "state":
            self.trace.add("control", str(arguments.get("host", "")), verb=verb)
        return self.do(self.estate.control(verb, arguments))

    def keep(self, work: asyncio.Future[t.Any]) -> None:
        self._kept.add(work)
        work.add_done_callback(self._forget)

    def _forget(self, work: asyncio.Future[t.Any]) -> None:
        self._kept.discard(work)
        if not work.cancelled():
            work.exception()

    def _power_changed(self, host: str, on: bool) -> None:
        if not on:
            self.endpoints[host].power_lost()
            self._power.pop(host, asyncio.Event()).set()

    async def power_lost(self, host: str) -> None:
        await self._power.setdefault(host, asyncio.Event()).wait()

    def name_server(self, place: t.Any) -> dns_server.DnsServer | None:
        return next((one for one in self.estate.dns.values() if place is not None and (one.address, one.port) == tuple(place[:2])), None)

    def ask_name_server(self, place: tuple[str, int], wire: bytes, timeout: float, transport: str) -> bytes:
        kind = "update" if (wire[2] >> 3) & 0xF == 5 else "query"
        self.boundary("unsent", f"DNS {kind} to {place[0]}")
        server = self.name_server(place)
        if server is None:
            raise ConnectionRefused(f"{place[0]} refuses DNS", host=place[0])
        reply = self.do(self._received(server, wire, transport))
        self.boundary("unanswered", f"DNS {kind} to {place[0]}")
        if reply is None:
            self.clock.sleep(timeout)
            raise DeadlineExceeded(f"{place[0]} did not answer within {timeout:g} s", host=place[0])
        return reply

    async def _received(self, server: dns_server.DnsServer, wire: bytes, transport: str) -> bytes | None:
        await asyncio.sleep(ROUND_TRIP)
        before = [zone.current.serial for zone in server.zones.values()]
        reply = server.receive(wire, PEER, transport)
        if before != [zone.current.serial for zone in server.zones.values()]:
            changed = [line for line in self.trace.records[-1]["updates"] if not line.startswith(MARKER)]
            self.trace.add("effect", server.name, effect="records_written" if changed else "marker_written", updates=changed)
        return reply

    def _knock(self, place: tuple[str, int], timeout: float) -> t.Any:
        address, port = place
        managed = next((host for host in self.estate.hosts.values() if host.management_address == address and port in MANAGEMENT_PORTS), None)
        owner = managed.name if managed is not None else self.network.listens(address, port) or self.estate.who_owns(address)
        if owner is None or not self.network.connected(CONTROLLER, owner):
            self.clock.sleep(timeout)
            raise TimeoutError
        if managed is None and self.network.listens(address, port) is None:
            raise ConnectionRefusedError
        return contextlib.nullcontext()

    # The controller's side

    def settings(self, name: str) -> ConnectionSettings:
        host = self.estate.hosts[name]
        return ConnectionSettings(name=name, host=host.management_address, port=5986, scheme="https", user=host.user, password=host.password)

    def hosts(self, target: str | None) -> WinrmHosts:
        """As a task has them: its own host, and every other by name. Sessions of nobody else are in it."""

        def session(settings: ConnectionSettings, clock: Clock) -> WinrmSession:
            connection: t.Any = MemoryConnection(self, settings, clock)
            return WinrmSession(settings, clock, connection)

        named = [self.settings(name) for name in self.estate.hosts]
        return WinrmHosts(self.settings(target) if target else None, named, self.clock, session)

    # What a fork needs

    def copy_files(self, folder: pathlib.Path) -> None:
        """Before a fork: the hosts' files are on the disk, so the child's world gets a copy of its own."""
        for host in self.estate.hosts.values():
            if host.files.folder.is_dir():
                shutil.copytree(host.files.folder, folder / host.name)

    def use_files(self, folder: pathlib.Path) -> None:
        """After a fork, in the child."""
        for host in self.estate.hosts.values():
            host.files.folder = folder / host.name

    def fingerprint(self) -> tuple[t.Any, ...]:
        """Differs whenever something was changed that outlives a controller: effects, files, zones, programs that run."""
        files = [(entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for host in ("exch1", "exch2") for entry in self._entries(host)]
        zones = [zone.current.serial for server in self.estate.dns.values() for zone in server.zones.values()]
        return (self.trace.effects, tuple(files), tuple(zones), *self.under_way())

    def under_way(self) -> list[int]:
        """How many programs run on each host, and how many messages are being carried out."""
        return [*(len(found) for found in self.estate.launcher._running.values()), len(self._kept)]

    def _entries(self, host: str) -> list[t.Any]:
        folder = self.estate.hosts[host].files.folder
        return sorted(folder.iterdir()) if folder.is_dir() else []
