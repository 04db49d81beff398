# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run's TXT record taken out of each zone again: before a run ends, and when an identity is disarmed.

A message that an earlier holder has sent needs its marker, and is refused where there is none.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message, marker_name, read_marker
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import reverse_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    DnsRefused,
    FailoverError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, record_items
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import ELSEWHERE, NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import require_dnspython, update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

Definition = t.Mapping[str, t.Any]


def remove_markers(
    identity: str, definition: Definition, params: t.Mapping[str, t.Any], clock: Clock, *, check_mode: bool, epoch: int | None = None
) -> list[Outcome]:
    """An outcome for each marker that was there; raises nothing of a name server's, but tells it.

    ``epoch``: of the run that ends; a marker of a later one is another controller's, and stays.
    """
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
        for zone, server in _zones(servers, definition, outcomes).items():
            try:
                outcomes.extend(_remove(marker_name(identity, zone), zone, servers, server, auth, check_mode, epoch))
            except FailoverError as error:
                outcomes.append(_failed(f"{marker_name(identity, zone)} TXT", error))
    except FailoverError as error:
        outcomes.append(_failed("the run's marker in DNS", error))
    finally:
        servers.close()
    return outcomes


def _zones(servers: Servers, definition: Definition, outcomes: list[Outcome]) -> dict[str, NameServer]:
    """Every zone that a run may have written, once, and the server that is written for it. Name by name only where one of them can't be found."""
    repoint = (definition["dns"] or {}).get("repoint") or {}
    items = list(record_items(definition))
    if repoint.get("ptr"):
        items += [Item(reverse_name(str(address)), "PTR") for address in [*repoint["from"], *repoint["to"]]]
    once = list({item.name: item for item in items}.values())
    stated = _stated(definition)
    survey = Survey(servers)
    try:
        survey.locate(once, stated)
    except (DnsRefused, InvalidInput):
        return _one_by_one(servers, once, stated, outcomes)
    return survey.holders


def _stated(definition: Definition) -> dict[str, str]:
    """name -> zone, where the definition names it."""
    records = (definition["dns"] or {}).get("records") or []
    return {str(record["name"]).rstrip(".").lower(): str(record["zone"]).rstrip(".").lower() for record in records if record.get("zone")}


def _one_by_one(servers: Servers, items: t.Iterable[Item], stated: t.Mapping[str, str], outcomes: list[Outcome]) -> dict[str, NameServer]:
    found: dict[str, NameServer] = {}
    for item in items:
        survey = Survey(servers)
        try:
            survey.locate([item], {item.name: stated[item.name]} if item.name in stated else {})
        except (DnsRefused, InvalidInput) as error:
            outcomes.append(_failed(f"the run's marker beside {item.name}", error))
        found.update(survey.holders)
    return found


def _remove(name: str, zone: str, servers: Servers, server: NameServer, auth: Auth | None, check_mode: bool, epoch: int | None) -> list[Outcome]:
    item = Item(name, "TXT")
    there = servers.present(server, [item])[item].records
    if there is None:
        return []
    label, where = f"{name} TXT", server.endpoint.label
    markers = [read_marker(value) for value in there.values]
    if any(marker is None for marker in markers):
        return [Outcome(label, "skipped", host=where, msg=f"it is {there}, which is not ours, so it is left alone", reason="not_ours", before=str(there))]
    later = next((marker for marker in markers if marker is not None and epoch is not None and marker.epoch > epoch), None)
    if later is not None:
        why = f"run {later.run} writes this zone under epoch {later.epoch}, and ours is {epoch}: it is left alone"
        return [Outcome(label, "skipped", host=where, msg=why, reason="lease_lost", before=str(there))]
    if check_mode:
        return [Outcome(label, "predicted", True, host=where, before=str(there))]
    if auth is None:
        why = "neither key nor kerberos was given, so it can't be removed"
        return [Outcome(label, "failed", host=where, msg=why, reason="not_removed", before=str(there))]
    lines = tuple(Line(name, "TXT", value) for value in there.values)
    took = _send(Message(zone, exists=lines, deleted=lines), servers, server, auth)
    left: RecordSet | None = servers.present(took, [item])[item].records
    if left is not None:
        return [Outcome(label, "failed", True, host=where, msg="the name server took the update and still has it", reason="unconfirmed", before=str(there))]
    return [Outcome(label, "done", True, host=where, before=str(there))]


def _send(message: Message, servers: Servers, server: NameServer, auth: Auth) -> NameServer:
    """To the one that was read; to the next where that one takes no updates. Returns which took it, or may have: reading back tells."""
    failures: list[FailoverError] = []
    for one in [server, *(other for other in servers.updated if other is not server)]:
        try:
            one.update(update_wire(message), auth, message.seconds())
        except (Unreachable, ConnectionRefused, Refusal) as error:
            if isinstance(error, Refusal) and error.code not in ELSEWHERE:
                raise
            failures.append(error)
            continue
        except (ConnectionLost, DeadlineExceeded):
            pass  # reading back says whether it was done
        return one
    raise failures[0]


def _failed(name: str, error: FailoverError) -> Outcome:
    return Outcome(name, "failed", grade="unknown", msg=error.message, reason=error.reason, host=error.host or "")
