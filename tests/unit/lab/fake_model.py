# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small host for tests of the endpoint alone: a few classes, a few programs."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ansible_collections.continuity.identity_failover.tests.lab.certificates import Authority, ServerCertificates
from ansible_collections.continuity.identity_failover.tests.lab.faults import Faults, apply_reachability
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import (
    JSON,
    CimObject,
    CimValue,
    LabError,
    Network,
    Raw,
    bad_query,
    class_not_found,
    instance_not_found,
    invalid_parameter,
    method_not_found,
    selectors_missing,
    selectors_unexpected,
)
from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork
from ansible_collections.continuity.identity_failover.tests.lab.trace import FileTrace
from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import Accounts
from ansible_collections.continuity.identity_failover.tests.lab.wsman.endpoint import Endpoint, shrink_tls_buffers

T = TypeVar("T")
KEYS = {"win32_service": ("Name",), "win32_environment": ("Name", "UserName"), "msft_dnsclientcache": ("Name", "Entry")}
METHODS = {
    "win32_service": {"StartService", "StopService"},
    "msft_dnsclientcache": {"Clear"},
    "stdregprov": {"SetStringValue", "GetStringValue"},
    "win32_process": {"Create"},
}


def _string(text: str | None) -> CimValue:
    return CimValue("string", text)


class FakeCim:
    """Services, the DNS cache and environment variables; records every invocation in `calls`."""

    def __init__(self, services: int = 3) -> None:
        self.calls: list[tuple[str, str, Mapping[str, str] | None, dict[str, Raw]]] = []
        self.rows: dict[str, list[CimObject]] = {"win32_service": [], "win32_environment": [], "msft_dnsclientcache": [], "stdregprov": [], "win32_process": []}
        names = ["Spooler", "Dnscache", *(f"Service{number:04}" for number in range(services - 2))]
        for number, name in enumerate(names):
            self.rows["win32_service"].append(
                CimObject(
                    "root/cimv2",
                    "Win32_Service",
                    {
                        "Name": _string(name),
                        "State": _string("Running" if number % 2 == 0 else "Stopped"),
                        "AcceptStop": CimValue("boolean", number % 2 == 0),
                        "DisplayName": _string('The "first" <service> & more'),
                        "InstallDate": CimValue("datetime", None),
                        "ProcessId": CimValue("uint32", 100 + number),
                        "Started": CimValue("datetime", "20260131120000.500000+060"),
                        "Groups": CimValue("string", ["a", "b"], True),
                        "None": CimValue("string", [], True),
                    },
                    ("Name",),
                )
            )
        self.hold = asyncio.Event()
        self.hold.set()

    def _rows(self, class_name: str) -> list[CimObject]:
        rows = self.rows.get(class_name.lower())
        if rows is None:
            raise class_not_found(class_name)
        return rows

    def get(self, ns: str, class_name: str, keys: Mapping[str, str]) -> CimObject:
        rows = self._rows(class_name)
        needed = {key.lower(): key for key in KEYS.get(class_name.lower(), ())}
        for name in keys:
            if name.lower() not in needed:
                raise selectors_unexpected(name)
        given = {name.lower(): value.lower() for name, value in keys.items()}
        for low, key in needed.items():
            if low not in given:
                raise selectors_missing(key)
        for row in rows:
            if all(str(row.properties[key].value).lower() == given[low] for low, key in needed.items()):
                return row
        raise instance_not_found(str(dict(keys)))

    def enumerate(self, ns: str, class_name: str) -> list[CimObject]:
        return list(self._rows(class_name))

    async def query(self, ns: str, wql: str) -> tuple[list[CimObject], bool]:
        found = re.fullmatch(r"select\s+(.+?)\s+from\s+(\w+)(?:\s+where\s+(\w+)\s*=\s*'([^']*)')?", wql, re.IGNORECASE)
        if found is None or found[2].lower() not in self.rows:
            raise bad_query(wql)
        rows = [row for row in self._rows(found[2]) if not found[3] or str(row.properties[found[3]].value) == found[4]]
        if found[1] == "*":
            return rows, False
        columns = [name.strip() for name in found[1].split(",")]
        return [CimObject(row.namespace, row.class_name, {name: row.properties[name] for name in columns}, row.keys) for row in rows], True

    async def invoke(self, ns: str, class_name: str, method: str, keys: Mapping[str, str] | None, arguments: Mapping[str, Raw]) -> dict[str, CimValue]:
        self._rows(class_name)
        if method not in METHODS.get(class_name.lower(), set()):
            raise method_not_found(method)
        if class_name.lower() == "win32_service":
            row = self.get(ns, class_name, keys or {})
            row.properties["State"] = _string("Running" if method == "StartService" else "Stopped")
        if "Wrong" in arguments:
            raise invalid_parameter("Wrong")
        self.calls.append((class_name, method, keys, dict(arguments)))
        await self.hold.wait()
        result = {"ReturnValue": CimValue("uint32", 0)}
        return {"ProcessId": CimValue("uint32", 4711), **result} if method == "Create" else result

    async def put(self, ns: str, class_name: str, keys: Mapping[str, str], properties: Mapping[str, Raw]) -> CimObject:
        row = self.get(ns, class_name, keys)
        row.properties.update({name: _string(value) for name, value in properties.items()})
        return row

    async def create(self, ns: str, class_name: str, properties: Mapping[str, Raw]) -> CimObject:
        rows = self._rows(class_name)
        row = CimObject("root/cimv2", class_name, {name: _string(value) for name, value in properties.items()}, KEYS[class_name.lower()])
        rows.append(row)
        return row

    async def delete(self, ns: str, class_name: str, keys: Mapping[str, str]) -> None:
        self._rows(class_name).remove(self.get(ns, class_name, keys))


class FakeProcess:
    """`hi` writes hi, `cat` its input, `fail` both streams and exit code 3, `big` much, `wait` never ends."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self.wants_stdin = words[0] == "cat"
        self.terminated = False

    async def communicate(self, stdin: bytes) -> tuple[bytes, bytes, int]:
        program = self._words[0]
        if program == "wait":
            await asyncio.Event().wait()
        if program == "cat":
            return stdin, b"", 0
        if program == "big":
            return b"x" * 200_000, b"", 0
        if program == "fail":
            return b"out\r\n", "err ü\r\n".encode(), 3
        if program == "ipconfig":
            return b"\r\nWindows IP Configuration\r\n\r\nSuccessfully flushed the DNS Resolver Cache.\r\n", b"", 0
        if program.lower().startswith("powershell"):
            script = base64.b64decode(self._words[-1]).decode("utf-16-le")
            return f"ran {len(script)} characters\r\n".encode(), b"", 0
        return b"hi\r\n", b"", 0

    def terminate(self) -> None:
        self.terminated = True


class FakeHost:
    """One host on an address of a LabNetwork."""

    def __init__(self, name: str, address: str, services: int = 3) -> None:
        self.name = name
        self.computer_name = name.upper()
        self.uuid = "00000000-0000-0000-0000-000000000001"
        self.powered = True
        self.management_address = address
        self.user = "Administrator"
        self.password = "Lab-Pa55word!"
        self.users: Mapping[str, str] = {self.user: self.password, "Guest": "Gu3st-word"}
        self.cim = FakeCim(services)
        self.started: list[tuple[str, list[str], dict[str, str]]] = []

    @property
    def addresses(self) -> tuple[str, ...]:
        return ()

    def start_process(self, command: str, arguments: Sequence[str], environment: Mapping[str, str], *, skip_cmd_shell: bool = False) -> FakeProcess:
        words = " ".join([command.strip('"'), *arguments]).split()
        if skip_cmd_shell and words[0] == "missing.exe":
            raise FileNotFoundError(words[0])
        self.started.append((command, list(arguments), dict(environment)))
        return FakeProcess(words)


class FakeEstate:
    """`count` hosts without names, DNS or clients, for tests of the daemon."""

    def __init__(self, network: Network, count: int) -> None:
        self._network = network
        self.hosts: dict[str, FakeHost] = {}
        for number in range(count):
            name = f"fake{number + 1}"
            self.hosts[name] = FakeHost(name, network.address(1 + number // 250, 1 + number % 250))

    async def start(self) -> None:
        """Nothing of its own listens."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def control(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        if verb in ("kill", "return"):
            await self._network.power(str(arguments["host"]), verb == "return")
            return {"host": arguments["host"], "powered": verb == "return"}
        if verb == "state":
            return {"host": arguments["host"]} if arguments.get("host") else {"hosts": {name: {} for name in self.hosts}}
        raise LabError(f"There is no command {verb!r}.")

    def description(self) -> dict[str, JSON]:
        return {"dns": {"servers": []}, "application_port": 0, "clients": [], "groups": {"workstations": list(self.hosts)}}


class FakeLab:
    """One endpoint over a FakeHost on a network of its own; made and closed inside a running event loop."""

    def __init__(self, folder: Path, services: int = 3) -> None:
        shrink_tls_buffers()
        self.network = LabNetwork()
        self.host = FakeHost("fake1", self.network.address(1, 1), services)
        self.authority = Authority()
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.authority.pem)
        self.trace = FileTrace(None)
        self.faults = Faults(self.host.name, 1)
        accounts = Accounts(self.host.computer_name, lambda: self.host.users, folder / "accounts" / self.host.name)
        certificates = ServerCertificates(folder / "certificates", self.authority)
        self.endpoint = Endpoint(self.host, self.network, certificates, accounts, self.faults, self.trace)
        self.endpoint.open()

    async def close(self) -> None:
        self.endpoint.power_lost()
        await self.network.close_all()


class LabThread:
    """A FakeLab in an event loop of a thread of its own, for clients that block: `with LabThread(tmp_path) as lab:`."""

    lab: FakeLab

    def __init__(self, folder: Path, services: int = 3) -> None:
        self._folder = folder
        self._services = services
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the lab's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in the lab's loop and wait for it."""

        async def work() -> T:
            return function()

        return self.run(work())

    def __enter__(self) -> LabThread:
        self._thread.start()

        async def make() -> FakeLab:
            return FakeLab(self._folder, self._services)

        self.lab = self.run(make())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.run(self.lab.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def url(self, scheme: str = "https") -> str:
        """The endpoint's URL."""
        return f"{scheme}://{self.lab.host.management_address}:{5986 if scheme == 'https' else 5985}/wsman"

    def set_fault(self, kind: str, **parameters: JSON) -> None:
        """Switch a fault on as the daemon does."""
        self._switch(lambda: self.lab.faults.set(kind, parameters))

    def heal(self, kind: str | None = None) -> None:
        """Switch faults off."""
        self._switch(lambda: self.lab.faults.heal(kind))

    def _switch(self, change: Callable[[], object]) -> None:
        def work() -> None:
            change()
            apply_reachability(self.lab.network, self.lab.host.name, self.lab.faults)

        self.call(work)
