# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run's TXT record taken out of each zone again, when an identity is disarmed: nobody writes there under a lease any more."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message, marker_name, read_marker
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, record_items
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import require_dnspython, update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

Definition = t.Mapping[str, t.Any]


def remove_markers(identity: str, definition: Definition, params: t.Mapping[str, t.Any], clock: Clock, *, check_mode: bool) -> list[Outcome]:
    """An outcome for each marker that was there; raises nothing of a name server's, but tells it."""
    if not endpoints(definition):
        return []
    try:
        require_dnspython()
        servers = Servers(endpoints(definition), (), clock)
        auth = build_auth(params, servers, clock)
    except FailoverError as error:
        return [_failed("the run's marker in DNS", error)]
    outcomes: list[Outcome] = []
    try:
        server = servers.first()
        for zone in _zones(servers, server, definition, outcomes):
            try:
                outcomes.extend(_remove(marker_name(identity, zone), zone, servers, server, auth, check_mode))
            except FailoverError as error:
                outcomes.append(_failed(f"{marker_name(identity, zone)} TXT", error))
    except FailoverError as error:
        outcomes.append(_failed("the run's marker in DNS", error))
    finally:
        servers.close()
    return outcomes


def _zones(servers: Servers, server: NameServer, definition: Definition, outcomes: list[Outcome]) -> list[str]:
    """Every zone that a run may have written, once."""
    repoint = (definition["dns"] or {}).get("repoint") or {}
    names = [item.name for item in record_items(definition)]
    if repoint.get("ptr"):
        names += [ipaddress.ip_address(str(address)).reverse_pointer for address in [*repoint["from"], *repoint["to"]]]
    found: dict[str, None] = {}
    for name in dict.fromkeys(names):
        try:
            found[servers.zones(server, [name], {})[name]] = None
        except DnsRefused as error:
            outcomes.append(_failed(f"the run's marker beside {name}", error))
    return list(found)


def _remove(name: str, zone: str, servers: Servers, server: NameServer, auth: Auth | None, check_mode: bool) -> list[Outcome]:
    item = Item(name, "TXT")
    there = servers.present(server, [item])[item].records
    if there is None:
        return []
    label, where = f"{name} TXT", server.endpoint.label
    if any(read_marker(value) is None for value in there.values):
        return [Outcome(label, "skipped", host=where, msg=f"it is {there}, which is not ours, so it is left alone", reason="not_ours", before=str(there))]
    if check_mode:
        return [Outcome(label, "predicted", True, host=where, before=str(there))]
    if auth is None:
        why = "neither key nor kerberos was given, so it can't be removed"
        return [Outcome(label, "failed", host=where, msg=why, reason="not_removed", before=str(there))]
    lines = tuple(Line(name, "TXT", value) for value in there.values)
    message = Message(zone, exists=lines, deleted=lines)
    server.update(update_wire(message), auth, message.seconds())
    left: RecordSet | None = servers.present(server, [item])[item].records
    if left is not None:
        return [Outcome(label, "failed", True, host=where, msg="the name server took the update and still has it", reason="unconfirmed", before=str(there))]
    return [Outcome(label, "done", True, host=where, before=str(there))]


def _failed(name: str, error: FailoverError) -> Outcome:
    return Outcome(name, "failed", grade="unknown", msg=error.message, reason=error.reason, host=error.host or "")
