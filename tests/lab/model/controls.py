# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control verbs of the model: what a test or a person at the command line does to the estate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.name_controls import name_verbs
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import SUCCESS
from ansible_collections.continuity.identity_failover.tests.lab.model.view import EstateView

ASK_TIMEOUT = 3.0


class Controls:
    """One method for each verb. Raises LabError with one sentence."""

    def __init__(self, estate: EstateView) -> None:
        self._estate = estate
        self._item = 0

    async def perform(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        verbs: dict[str, Callable[[Mapping[str, JSON]], Awaitable[JSON]]] = {
            "kill": self._kill,
            "return": self._return,
            "state": self._state,
            "ask": self._ask,
            "write": self._write,
            "service_dies": self._service_dies,
            "service": self._service,
            "service_start": self._service_start,
            "service_stop": self._service_stop,
            "database": self._database,
            "replication": self._replication,
            "flush": self._flush,
            "clock": self._clock,
            "hosts_file": self._hosts_file,
            "ticket": self._ticket,
            "connection": self._connection,
            "lose_files": self._lose_files,
            "register": self._register,
            "run_script": self._run_script,
            **name_verbs(self._estate),
        }
        if verb not in verbs:
            raise LabError(f"There is no control verb {verb!r}; the model has {', '.join(sorted(verbs))}.")
        return await verbs[verb](arguments)

    def _named(self, arguments: Mapping[str, JSON], key: str = "host") -> Host:
        name = arguments.get(key)
        found = self._estate.hosts.get(str(name))
        if found is None:
            raise LabError(f"There is no host {name!r} in this lab.")
        return found

    async def _kill(self, arguments: Mapping[str, JSON]) -> JSON:
        host = self._named(arguments)
        if host.powered:
            for link in self._estate.links:
                link.source_lost(host.name)
            host.power_off()
            self._estate.launcher.kill_host(host.name)
            await self._estate.world.network.power(host.name, False)
        return {"host": host.name, "powered": False}

    async def _return(self, arguments: Mapping[str, JSON]) -> JSON:
        host = self._named(arguments)
        if not host.powered:
            await self._estate.world.network.power(host.name, True)
            host.power_on()
            for link in self._estate.links:
                link.source_returned(host.name)
        return {"host": host.name, "powered": True}

    async def _state(self, arguments: Mapping[str, JSON]) -> JSON:
        if arguments.get("host") is not None:
            return self._named(arguments).describe()
        owners = {each.address: host.name for host in self._estate.hosts.values() if host.powered and host.machine.is_server for each in host.ip.usable()}
        return {
            "hosts": {name: host.describe() if host.machine.is_server else {"powered": host.powered} for name, host in self._estate.hosts.items()},
            "owners": owners,
            "directory": self._estate.directory.describe(),
            "databases": self._estate.store.describe(),
            "replication": {link.name: link.describe() for link in self._estate.links},
            "dns": {name: self._dns_state(server) for name, server in self._estate.dns.items()},
            "powershell": self._estate.launcher.describe(),
            **({"active_directory": self._estate.domain.state(self._names())} if self._estate.domain is not None else {}),
        }

    def _names(self) -> list[str]:
        return sorted({name for host in self._estate.hosts.values() if host.machine.is_server for name in (host.fqdn, *host.extra_names)})

    def _dns_state(self, server: DnsServer) -> JSON:
        return {"records": {name: server.lookup(name, "A") for name in self._names()}, "faults": sorted(server.faults), "lag": server.lag}

    async def _ask(self, arguments: Mapping[str, JSON]) -> JSON:
        """What a user at a client reaches under a name."""
        return (await self._reach(self._named(arguments, "client"), str(arguments.get("name", "")), None))[0]

    async def _reach(self, client: Host, name: str, item: int | None) -> tuple[dict[str, JSON], JSON]:
        result: dict[str, JSON] = {
            "client": client.name,
            "name": name,
            "address": None,
            "answered_by": None,
            "port": self._estate.application_port,
            "data": None,
            "source": "",
            "error": "",
        }
        if not client.powered:
            return {**result, "error": "the client has no power"}, None
        answer = await client.resolver.ask_as_application(name)
        result["source"] = answer.source
        if answer.status != SUCCESS or not answer.addresses():
            return {**result, "error": f"the name was not resolved ({answer.status})"}, None
        result["address"] = answer.addresses()[0]
        try:
            reader, writer = await self._estate.world.network.connect(client.name, answer.addresses()[0], self._estate.application_port, timeout=ASK_TIMEOUT)
        except (OSError, TimeoutError, asyncio.TimeoutError) as error:
            return {**result, "error": f"no connection ({type(error).__name__})"}, None
        try:
            banner = await self._line(reader)
            result.update(answered_by=banner.get("server"), data=banner.get("data"))
            if item is None:
                return result, None
            writer.write(json.dumps({"write": item}).encode() + b"\n")
            return result, await self._line(reader)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            return {**result, "error": f"no answer ({type(error).__name__})"}, None
        finally:
            writer.close()

    @staticmethod
    async def _line(reader: asyncio.StreamReader) -> dict[str, JSON]:
        line = await asyncio.wait_for(reader.readline(), ASK_TIMEOUT)
        found = json.loads(line) if line else {}
        return found if isinstance(found, dict) else {}

    async def _write(self, arguments: Mapping[str, JSON]) -> JSON:
        """A user at a client writes one numbered item under a name."""
        client = self._named(arguments, "client")
        if arguments.get("item") is None:
            self._item = max([self._item, *(max(each.data.items, default=0) for each in self._estate.store.databases)]) + 1
            item = self._item
        else:
            item = int(arguments["item"])
        result, answer = await self._reach(client, str(arguments.get("name", "")), item)
        return {**result, "item": item, "accepted": (answer or {}).get("accepted")}

    async def _service_dies(self, arguments: Mapping[str, JSON]) -> JSON:
        host = self._named(arguments)
        name = str(arguments.get("service", ""))
        if host.services.find(name) is None:
            raise LabError(f"{host.name} has no service {name!r}.")
        host.services.die(name)
        return host.services.describe()[self._service_name(host, name)]

    @staticmethod
    def _service_name(host: Host, name: str) -> str:
        found = host.services.find(name)
        if found is None:
            raise LabError(f"{host.name} has no service {name!r}.")
        return found.name

    async def _service(self, arguments: Mapping[str, JSON]) -> JSON:
        """Changes how a service behaves: dies_after, hangs, start_code, start_delay, stop_delay, start_mode, accepts_pause."""
        host = self._named(arguments)
        name = self._service_name(host, str(arguments.get("service", "")))
        service = host.services.find(name)
        assert service is not None
        kinds = {"dies_after": float, "hangs": str, "start_code": int, "start_delay": float, "stop_delay": float, "start_mode": str, "accepts_pause": bool}
        for key, value in arguments.items():
            if key in ("host", "service"):
                continue
            if key not in kinds:
                raise LabError(f"A service has no {key!r}; there are {', '.join(kinds)}.")
            setattr(service, key, None if value is None or value == "" and key == "dies_after" else kinds[key](value))
        return host.services.describe()[name]

    async def _service_start(self, arguments: Mapping[str, JSON]) -> JSON:
        host = self._named(arguments)
        return {"code": host.services.start(self._service_name(host, str(arguments.get("service", ""))))}

    async def _service_stop(self, arguments: Mapping[str, JSON]) -> JSON:
        host = self._named(arguments)
        return {"code": host.services.stop(self._service_name(host, str(arguments.get("service", ""))))}

    async def _database(self, arguments: Mapping[str, JSON]) -> JSON:
        """Changes a database: file_state, logs, mount_at_startup, mount_time (mailbox); state, files (SQL Server, with host and instance)."""
        name = str(arguments.get("name", ""))
        found: object = self._estate.store.find(name)
        if arguments.get("instance") is not None:
            instance = self._named(arguments).sql.get(str(arguments["instance"]))
            found = instance.find(name) if instance is not None else None
        if found is None:
            raise LabError(f"There is no database {name!r}.")
        for key, value in arguments.items():
            if key in ("name", "host", "instance"):
                continue
            if key not in ("file_state", "logs", "mount_at_startup", "mount_time", "state", "files", "member", "standby") or not hasattr(found, key):
                raise LabError(f"A database has no {key!r} to change.")
            setattr(found, key, _as(getattr(found, key), value))
        return self._estate.store.describe()

    async def _replication(self, arguments: Mapping[str, JSON]) -> JSON:
        """action: stop, start, reverse, mirror, resumes (on=true or false)."""
        name, action = str(arguments.get("link", "")), str(arguments.get("action", ""))
        link = next((each for each in self._estate.links if each.name == name), None)
        if link is None:
            raise LabError(f"There is no replication {name!r}; there are {', '.join(each.name for each in self._estate.links)}.")
        actions: dict[str, Callable[[], None]] = {
            "stop": link.stop,
            "start": link.start,
            "reverse": lambda: link.start(reverse=True),
            "mirror": link.mirror,
            "resumes": lambda: setattr(link, "resumes", str(arguments.get("on", "true")).lower() == "true"),
        }
        if action not in actions:
            raise LabError(f"A replication has no action {action!r}; there are {', '.join(actions)}.")
        actions[action]()
        return link.describe()

    async def _flush(self, arguments: Mapping[str, JSON]) -> JSON:
        """As a user does with ipconfig /flushdns."""
        host = self._named(arguments)
        host.resolver.clear()
        return {"host": host.name}

    async def _clock(self, arguments: Mapping[str, JSON]) -> JSON:
        """Sets a host's clock so many seconds off."""
        host = self._named(arguments)
        host.clock_offset = float(arguments.get("offset", 0))
        return {"host": host.name, "offset": host.clock_offset}

    async def _hosts_file(self, arguments: Mapping[str, JSON]) -> JSON:
        """Writes, or with an empty address removes, a line of a host's hosts file."""
        host, name, address = self._named(arguments), str(arguments.get("name", "")).lower(), str(arguments.get("address") or "")
        if address:
            host.resolver.hosts_file[name] = address
        else:
            host.resolver.hosts_file.pop(name, None)
        return {"host": host.name, "hosts_file": dict(host.resolver.hosts_file)}

    async def _ticket(self, arguments: Mapping[str, JSON]) -> JSON:
        """A user at a host has logged on, and holds a Kerberos ticket of a given age in seconds."""
        users = self._named(arguments).users_at_it
        logon = users.log_on(str(arguments["account"]))
        users.give_ticket(logon, str(arguments["spn"]), float(arguments.get("age", 0)))
        return {"logon": logon}

    async def _connection(self, arguments: Mapping[str, JSON]) -> JSON:
        """A user's program at a host holds a connection open."""
        host = self._named(arguments)
        number = host.services.new_process()
        host.users_at_it.connect(number, str(arguments["program"]), str(arguments["address"]), int(arguments["port"]))
        return {"process": number}

    async def _lose_files(self, arguments: Mapping[str, JSON]) -> JSON:
        """Every file of a host below a folder is gone, as after a disk was replaced or set back."""
        host, below = self._named(arguments), str(arguments.get("below", "")).lower().rstrip("\\")
        if not below:
            raise LabError("Say below which folder the files are lost.")
        lost = [path for path in host.files.names() if path.lower().startswith(below + "\\")]
        for path in lost:
            host.files.delete(path)
        return {"host": host.name, "lost": lost}

    async def _register(self, arguments: Mapping[str, JSON]) -> JSON:
        """Registers a host's names in DNS now, as ipconfig /registerdns does; returns when it is done."""
        host = self._named(arguments)
        await host.register_names()
        return {"host": host.name, "names": host.names_to_register()}

    async def _run_script(self, arguments: Mapping[str, JSON]) -> JSON:
        """Runs a program on a host as its administrator would at the console; for tests of the lab."""
        host = self._named(arguments)
        process = host.start_process(str(arguments.get("command", "")), [str(each) for each in arguments.get("arguments") or []], {})
        out, err, code = await process.communicate(str(arguments.get("stdin") or "").encode())
        return {"stdout": out.decode("utf-8", "replace"), "stderr": err.decode("utf-8", "replace"), "rc": code}


def _as(present: JSON, value: JSON) -> JSON:
    """The value in the type of what is there; the command line gives texts."""
    if isinstance(present, bool):
        return str(value).lower() in ("true", "1", "yes")
    return float(value) if isinstance(present, float) else value
