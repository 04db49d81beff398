# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scripts in the lab ask of the estate: one verb for each thing that a stub module or a twin needs.

Stub modules reach it over a JSON line on a socket (Lab.psm1), twins by a plain call. CallError carries what the stub's error record shows.
"""

from __future__ import annotations

import contextvars
import datetime
from collections.abc import Awaitable, Callable, Mapping

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.view import EstateView
from ansible_collections.continuity.identity_failover.tests.lab.powershell import sql
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.directory_calls import DirectoryCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.exchange_calls import ExchangeCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.programs import run_program

#: Who is logged on where a script runs; set for each process.
logged_on: contextvars.ContextVar[str] = contextvars.ContextVar("logged_on")


class LabCalls:
    """verb → answer, for one host. Passwords come as they are typed and are never kept."""

    def __init__(self, estate: EstateView) -> None:
        self._estate = estate
        self._verbs: dict[str, Callable[[Host, Mapping[str, JSON]], Awaitable[JSON]]] = {
            "operating_system": self._operating_system,
            "account": self._account,
            "program": self._program,
            "resolve": self._resolve,
            "clear_cache": self._clear_cache,
            "cache": self._cache,
            "sql_open": self._sql_open,
            "sql": self._sql,
            "acl_get": self._acl_get,
            "acl_set": self._acl_set,
            "folder": self._folder,
            "service": self._service,
            **ExchangeCalls(estate).verbs(),
            **DirectoryCalls(estate).verbs(),
        }
        self._descriptors: dict[tuple[str, str], str] = {}

    async def call(self, host: Host, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        """Raises CallError."""
        if verb not in self._verbs:
            raise CallError(f"the lab has no call {verb}", id="LabCall")
        if not host.powered:
            raise CallError("the machine has no power", id="LabPower")
        return await self._verbs[verb](host, arguments)

    # The machine

    async def _operating_system(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        boot = datetime.datetime.fromtimestamp(int(host.booted + host.clock_offset), datetime.timezone.utc)
        return {"last_boot": boot.isoformat().replace("+00:00", "Z"), "name": host.computer_name, "uuid": host.uuid.upper(), "domain": host.machine.domain}

    async def _account(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """For twins only: in the engine WindowsIdentity says it."""
        name, sid = host.account(logged_on.get(host.user))
        return {"name": name, "sid": sid}

    async def _program(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """A console program that the engine's PATH leads here."""
        out, err, code = await run_program(host, str(arguments["name"]), [str(each) for each in arguments.get("arguments") or []])
        return {"stdout": out, "stderr": err, "rc": code}

    async def _service(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        found = host.services.find(str(arguments.get("name", "")))
        return None if found is None else {"name": found.name, "state": found.state, "start_mode": found.start_mode}

    async def _folder(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        return {"exists": host.files.is_folder(str(arguments["path"]))}

    async def _acl_get(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        return {
            "sddl": self._descriptors.get(
                (host.name, str(arguments["path"]).lower()), "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)"
            )
        }

    async def _acl_set(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        path, sddl = str(arguments["path"]), str(arguments["sddl"])
        if "D:" not in sddl:
            raise CallError("The security descriptor is not valid.", code=1338, id="InvalidSddl")
        self._descriptors[(host.name, path.lower())] = sddl
        host.world.effect(host.name, "acl_set", path=path, sddl=sddl)
        return None

    # DNS client

    async def _resolve(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """As Resolve-DnsName: through hosts file and cache, unless a server or DnsOnly says otherwise."""
        name, kind = str(arguments["name"]), str(arguments.get("type") or "A")
        server = arguments.get("server")
        if server or arguments.get("dns_only"):
            known = list(self._estate.hosts[host.name].resolver.servers)
            if server:
                known = [each for each in self._estate.name_servers() if str(server).lower() in (each.address, each.name.lower())]
            answer = await host.resolver.ask_servers(name, kind, known)
        else:
            answer = await host.resolver.ask(name, kind)
        return {
            "status": answer.status,
            "source": answer.source,
            "records": [{"name": each.name, "type": int(each.type), "ttl": each.ttl, "data": each.data} for each in answer.records],
        }

    async def _clear_cache(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        if not host.services.running("Dnscache"):
            raise CallError("The service has not been started.", code=1062, id="HRESULT 0x80070426,Clear-DnsClientCache", kind="CimException")
        host.resolver.clear()
        return None

    async def _cache(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        return host.resolver.describe()

    # SQL Server

    async def _sql_open(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        sql.instance_of(host, str(arguments.get("connection") or ""))
        return None

    async def _sql(self, host: Host, arguments: Mapping[str, JSON]) -> JSON:
        """One batch on the instance that the connection string names: {"columns": [...], "rows": [[...]]}."""
        instance = sql.instance_of(host, str(arguments.get("connection") or ""))
        return sql.execute(instance, str(arguments["text"]), dict(arguments.get("parameters") or {}))
