# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control verbs of name servers and of the domain controllers behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import dns.name

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.ldap.service import DomainController
from ansible_collections.continuity.identity_failover.tests.lab.model.view import EstateView


def name_verbs(estate: EstateView) -> dict[str, Callable[[Mapping[str, JSON]], Awaitable[JSON]]]:
    """Verb -> what does it. They raise LabError with one sentence."""
    controls = NameControls(estate)
    return {
        "dns_fault": controls.dns_fault,
        "dns_heal": controls.dns_heal,
        "dns_record": controls.dns_record,
        "dns_zone": controls.dns_zone,
        "ldap_fault": controls.ldap_fault,
        "ldap_heal": controls.ldap_heal,
    }


class NameControls:
    """One method for each verb."""

    def __init__(self, estate: EstateView) -> None:
        self._estate = estate

    def _dns_server(self, arguments: Mapping[str, JSON]) -> DnsServer:
        found = self._estate.dns.get(str(arguments.get("server")))
        if found is None:
            raise LabError(f"There is no name server {arguments.get('server')!r}; there are {', '.join(self._estate.dns)}.")
        return found

    async def dns_fault(self, arguments: Mapping[str, JSON]) -> JSON:
        server = self._dns_server(arguments)
        options = {key: float(value) for key, value in arguments.items() if key not in ("server", "kind")}
        try:
            server.set_fault(str(arguments.get("kind")), **options)
        except ValueError as error:
            raise LabError(f"{error}.") from None
        return {"server": server.name, "faults": sorted(server.faults)}

    async def dns_heal(self, arguments: Mapping[str, JSON]) -> JSON:
        server = self._dns_server(arguments)
        server.clear_fault(None if arguments.get("kind") is None else str(arguments["kind"]))
        return {"server": server.name, "faults": sorted(server.faults)}

    async def dns_record(self, arguments: Mapping[str, JSON]) -> JSON:
        """Reads a record at a name server; with values sets it there, as somebody else would."""
        server, name, kind = self._dns_server(arguments), str(arguments.get("name", "")), str(arguments.get("type", "A"))
        try:
            if arguments.get("values") is not None:
                server.replace(name, kind, [str(value) for value in arguments["values"]], int(arguments.get("ttl", 300)))
        except KeyError:
            raise LabError(f"{server.name} serves no zone of {name}.") from None
        return {"server": server.name, "name": name, "type": kind, "values": server.lookup(name, kind), "ttl": server.ttl(name, kind)}

    async def dns_zone(self, arguments: Mapping[str, JSON]) -> JSON:
        """Which updates a zone takes from now on, on all name servers: signed, any or none."""
        name, updates = dns.name.from_text(str(arguments.get("name", ""))), str(arguments.get("updates", ""))
        zones = [server.zones[name] for server in self._estate.dns.values() if name in server.zones]
        if not zones or updates not in ("signed", "any", "none"):
            raise LabError("Say which zone, and whether it takes updates signed, any or none.")
        for zone in zones:
            zone.updates = updates
        return {"name": str(name), "updates": updates}

    def _controller(self, arguments: Mapping[str, JSON]) -> DomainController:
        controllers = self._estate.domain.controllers if self._estate.domain is not None else {}
        found = controllers.get(str(arguments.get("server")))
        if found is None:
            raise LabError(f"There is no domain controller {arguments.get('server')!r} with LDAP; there are {', '.join(controllers) or 'none'}.")
        return found

    async def ldap_fault(self, arguments: Mapping[str, JSON]) -> JSON:
        controller = self._controller(arguments)
        try:
            await controller.set_fault(str(arguments.get("kind")))
        except ValueError as error:
            raise LabError(f"{error}.") from None
        return {"server": controller.name, "faults": sorted(controller.faults)}

    async def ldap_heal(self, arguments: Mapping[str, JSON]) -> JSON:
        controller = self._controller(arguments)
        await controller.clear_fault(None if arguments.get("kind") is None else str(arguments["kind"]))
        return {"server": controller.name, "faults": sorted(controller.faults)}
