# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab: estate, network, endpoints, control and trace in one asyncio process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab import inventory
from ansible_collections.continuity.identity_failover.tests.lab.certificates import Authority, ServerCertificates, write_private
from ansible_collections.continuity.identity_failover.tests.lab.control import ControlServer
from ansible_collections.continuity.identity_failover.tests.lab.faults import Faults, apply_reachability
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, Estate, LabError, Network, Trace
from ansible_collections.continuity.identity_failover.tests.lab.network import CONTROLLER, LabNetwork
from ansible_collections.continuity.identity_failover.tests.lab.trace import FileTrace
from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import Accounts
from ansible_collections.continuity.identity_failover.tests.lab.wsman.endpoint import Endpoint, shrink_tls_buffers

MakeEstate = Callable[["Options", Network, Trace], Estate]


@dataclass
class Options:
    """How to start a lab. drop: percent of management requests and DNS messages that get lost; lag: seconds of the secondary name server."""

    dir: Path
    estate: str = "default"
    clients: int | None = None
    seed: int = 0
    drop: float = 0.0
    lag: float | None = None
    idle_minutes: float = 15.0


class LabDaemon:
    """Everything of one running lab."""

    def __init__(self, options: Options, make_estate: MakeEstate) -> None:
        self.options = options
        self._make_estate = make_estate
        self._started = time.monotonic()
        self._active = time.monotonic()
        self._requests = 0
        self.stopped = asyncio.Event()
        self.trace = FileTrace(options.dir / "trace.jsonl")
        self.network = LabNetwork()
        self.endpoints: dict[str, Endpoint] = {}
        self.control = ControlServer(self.perform)
        self.estate: Estate | None = None

    # -- start and stop -------------------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen everywhere, then write lab.json and the inventory."""
        _allow_many_files()
        shrink_tls_buffers()
        self.network.watch_power(self._power_changed)
        self.estate = estate = self._make_estate(self.options, self.network, self.trace)
        folder = self.options.dir
        authority = Authority()
        (folder / "ca.pem").write_bytes(authority.pem)
        certificates = ServerCertificates(folder / "certificates", authority)
        for name, host in estate.hosts.items():
            faults = Faults(name, self.options.seed)
            if self.options.drop:
                faults.set("drop", {"percent": self.options.drop})
            accounts = Accounts(host.computer_name, partial(getattr, host, "users"), folder / "accounts" / name)
            self.endpoints[name] = Endpoint(host, self.network, certificates, accounts, faults, self.trace, self._note_activity)
            self.endpoints[name].open()
        await estate.start()
        await self.control.start()
        self._write_client_certificate(authority)
        self._write_files()

    def _write_client_certificate(self, authority: Authority) -> None:
        assert self.estate is not None
        user = next(iter(self.estate.hosts.values())).user
        certificate, key = authority.client(user)
        write_private(self.options.dir / "client.pem", certificate)
        write_private(self.options.dir / "client_key.pem", key)

    def _write_files(self) -> None:
        assert self.estate is not None
        folder = self.options.dir
        description = dict(self.estate.description())
        groups = description.pop("groups", {})
        variables = description.pop("inventory", {})
        extra = description.pop("hosts", {})
        ca = folder / "ca.pem"
        inventory.write_inventory(folder / "inventory.yml", self.estate.hosts, groups, ca, variables)
        inventory.write_lab_json(
            folder / "lab.json",
            {
                "control": {"host": "127.0.0.1", "port": self.control.port, "token": self.control.token},
                "pid": os.getpid(),
                "ca": str(ca),
                "client_certificate": str(folder / "client.pem"),
                "client_certificate_key": str(folder / "client_key.pem"),
                "inventory": str(folder / "inventory.yml"),
                "trace": str(folder / "trace.jsonl"),
                "network": f"127.{self.network.octet}.0.0/16",
                "hosts": {name: inventory.host_entry(host, extra.get(name, {})) for name, host in self.estate.hosts.items()},
                "groups": groups,
                **description,
            },
        )

    async def stop(self) -> None:
        """End everything and take lab.json away."""
        await self.control.stop()
        if self.estate is not None:
            await self.estate.stop()
        for endpoint in self.endpoints.values():
            endpoint.power_lost()
        await self.network.close_all()
        self.trace.close()
        for name in ("lab.json", "lab.pid"):
            with contextlib.suppress(FileNotFoundError):
                (self.options.dir / name).unlink()

    async def run(self) -> None:
        """Serve until stopped, signalled, or unused for the idle time."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        idle = self.options.idle_minutes * 60
        while not self.stopped.is_set():
            left = self._active + idle - time.monotonic() if idle else 3600.0
            if left <= 0:
                break
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), left)
        await self.stop()

    def _note_activity(self) -> None:
        self._active = time.monotonic()
        self._requests += 1

    def _power_changed(self, host: str, on: bool) -> None:
        if not on and host in self.endpoints:
            self.endpoints[host].power_lost()

    # -- control --------------------------------------------------------------------------------------------------------------------------------------

    async def perform(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        """A control verb: the endpoint's own, else the model's."""
        self._active = time.monotonic()
        own = {"status": self._status, "stop": self._stop, "fault": self._fault, "heal": self._heal, "cut": self._cut, "join": self._cut, "trace": self._trace}
        if verb in own:
            result = own[verb](verb, arguments)
            if verb not in ("status", "trace"):
                self._note(verb, arguments)
            return result
        if verb == "await":
            return await self._await(arguments)
        assert self.estate is not None
        if "host" in arguments and arguments["host"] is not None:
            self._endpoint(arguments["host"])
        if verb != "state":
            self._note(verb, arguments)
        result = await self.estate.control(verb, arguments)
        return self._with_endpoints(result, arguments.get("host")) if verb == "state" else result

    def _note(self, verb: str, arguments: Mapping[str, JSON]) -> None:
        self.trace.add("control", str(arguments.get("host") or ""), verb=verb, arguments={key: value for key, value in arguments.items() if key != "host"})

    def _endpoint(self, host: JSON) -> Endpoint:
        endpoint = self.endpoints.get(str(host))
        if endpoint is None:
            raise LabError(f"There is no host {host!r} in this lab; 'lab.py status' lists them.")
        return endpoint

    def _endpoint_state(self, name: str) -> dict[str, JSON]:
        endpoint = self.endpoints[name]
        return {"faults": endpoint.faults.active, "shells": endpoint.shells.open_shells}

    def _with_endpoints(self, state: JSON, host: JSON) -> JSON:
        if host is not None:
            return {**state, "endpoint": self._endpoint_state(str(host))} if isinstance(state, dict) else state
        if isinstance(state, dict) and isinstance(state.get("hosts"), dict):
            return {**state, "hosts": {name: {**one, "endpoint": self._endpoint_state(name)} for name, one in state["hosts"].items() if name in self.endpoints}}
        return state

    def _status(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "pid": os.getpid(),
            "network": f"127.{self.network.octet}.0.0/16",
            "uptime": round(time.monotonic() - self._started, 3),
            "requests": self._requests,
            "records": self.trace.number,
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
            "peak_memory_mb": round(usage.ru_maxrss / 1024, 1),
            "memory_mb": _memory(),
            "idle_minutes": self.options.idle_minutes,
            "cuts": self.network.cuts(),
            "hosts": {name: {"powered": self.network.powered(name), "faults": list(one.faults.active)} for name, one in self.endpoints.items()},
        }

    def _stop(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        # The answer must leave before the listener goes.
        asyncio.get_running_loop().call_later(0.05, self.stopped.set)
        return {"pid": os.getpid()}

    def _fault(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        host, kind = str(arguments.get("host", "")), str(arguments.get("kind", ""))
        values = self._endpoint(host).faults.set(kind, arguments.get("parameters") or {})
        self._refresh(host)
        return {"host": host, "kind": kind, "parameters": values}

    def _heal(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        host, kind = str(arguments.get("host", "")), arguments.get("kind")
        healed = self._endpoint(host).faults.heal(str(kind) if kind is not None else None)
        self._refresh(host)
        return {"host": host, "healed": healed}

    def _refresh(self, host: str) -> None:
        apply_reachability(self.network, host, self.endpoints[host].faults)

    def _cut(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        a, b = str(arguments.get("a", "")), str(arguments.get("b", ""))
        places = {CONTROLLER, *self.endpoints, *self._dns_servers()}
        for place in (a, b):
            if place not in places:
                raise LabError(f"There is no place {place!r}; places are {CONTROLLER}, the hosts and the name servers.")
        if verb == "cut":
            self.network.cut(a, b, one_way=bool(arguments.get("one_way", False)))
        else:
            self.network.join(a, b)
        return {"cuts": self.network.cuts()}

    def _dns_servers(self) -> list[str]:
        assert self.estate is not None
        dns = self.estate.description().get("dns") or {}
        return [str(server["name"]) for server in dns.get("servers", [])]

    def _trace(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        return self.trace.records(int(arguments.get("since") or 0), arguments.get("kind"))

    async def _await(self, arguments: Mapping[str, JSON]) -> JSON:
        kind, seconds = arguments.get("kind"), float(arguments["seconds"])
        try:
            return await self.trace.next(int(arguments.get("since") or 0), kind, seconds)
        except asyncio.TimeoutError:
            raise LabError(f"No record of the kind {kind} came within {seconds:g} s.") from None


def _allow_many_files() -> None:
    """A thousand hosts need some thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65536), hard))


def _memory() -> float:
    """Resident memory in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return round(pages * resource.getpagesize() / 1048576, 1)


async def serve(options: Options, make_estate: MakeEstate, ready: Callable[[], None]) -> None:
    """Run a lab to its end; ready() is called when everything listens."""
    daemon = LabDaemon(options, make_estate)
    try:
        await daemon.start()
    except BaseException:
        await daemon.stop()
        raise
    ready()
    await daemon.run()
