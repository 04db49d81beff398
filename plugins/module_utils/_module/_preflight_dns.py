# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the preflight asks of the name servers. Nothing is changed: the key is tried with an update that holds no change."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, FailoverError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, record_items
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED, repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import require_dnspython, update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

#: Seconds after which a server that gave no answer to an update is not asked again.
KEY_AGAIN = 12.0
#: No name of anybody: the prerequisite of the probe is that it does not exist.
PROBE_LABEL = "_failover-preflight"


def dns(definition: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], clock: Clock) -> list[Finding]:
    """Every server answers, serves the zones, takes the key, and says the same as the others. ``params``: who signs."""
    if not definition["dns"]:
        return []
    try:
        require_dnspython()
        build_auth(params, Servers([], (), clock), clock)
    except FailoverError as error:
        return [Finding("check_failed", evidence={"check": "DNS", "reason": error.reason}, msg=error.message)]
    items = record_items(definition)
    found: list[Finding] = []
    said: dict[str, dict[Item, RecordSet | None]] = {}
    updated = endpoints(definition)
    for endpoint in dict.fromkeys([*updated, *endpoints(definition, "verify_servers")]):
        # Each by itself: what another server says proves nothing of this one.
        alone = Servers([endpoint], (), clock)
        try:
            said[endpoint.label] = _look(definition, alone, items, build_auth(params, alone, clock) if endpoint in updated else None, clock, found)
        except TransportError as error:
            found.append(
                Finding("dns_server_unreachable", endpoint.label, {"reason": error.reason}, f"the name server {endpoint} does not answer: {error.message}")
            )
        finally:
            alone.close()
    return found + _disagreements(items, said)


def _look(
    definition: t.Mapping[str, t.Any], alone: Servers, items: t.Sequence[Item], auth: Auth | None, clock: Clock, found: list[Finding]
) -> dict[Item, RecordSet | None]:
    """What one server says of each record; adds to ``found``. ``auth`` None: it takes no updates of ours."""
    server = alone.updated[0]
    stated = {str(record["name"]).rstrip(".").lower(): record["zone"].rstrip(".").lower() for record in definition["dns"]["records"] if record["zone"]}
    zones: dict[str, str] = {}
    for name in dict.fromkeys(item.name for item in items):
        try:
            known = {name: stated[name]} if name in stated else {}
            zones[name] = alone.zones(server, [] if known else [name], known)[name]
        except DnsRefused as error:
            found.append(Finding("dns_zone_not_served", server.endpoint.label, {"name": name}, error.message))
    readings = alone.read(server, [item for item in items if item.name in zones])
    if auth is not None:
        found += _try_key(server, sorted(set(zones.values())), auth, clock)
    return {item: reading.records for item, reading in readings.items() if reading.status == "ok"}


def _try_key(server: NameServer, zones: t.Sequence[str], auth: Auth, clock: Clock) -> list[Finding]:
    """Sends an update that only asks for something to be absent, so that the server judges the key and does nothing.

    It may so be asked again when its answer was lost. A server that stays silent is not asked for its further zones.
    """
    found = []
    for zone in zones:
        probe = Message(zone, missing=(Line(f"{PROBE_LABEL}.{zone}", "TXT"),))
        try:
            repeated(functools.partial(server.update, update_wire(probe), auth, probe.seconds()), clock, within=KEY_AGAIN)
        except Refusal as error:
            if error.code != "prerequisite":
                evidence = {"zone": zone, "code": error.code}
                found.append(Finding("dns_key_refused", server.endpoint.label, evidence, f"updates of the zone {zone} are refused: {error.message}"))
        except FailoverError as error:
            evidence = {"check": "the key", "reason": error.reason}
            found.append(Finding("check_failed", server.endpoint.label, evidence, f"could not try the key for the zone {zone}: {error.message}"))
            if isinstance(error, UNDECIDED):
                break
    return found


def _disagreements(items: t.Sequence[Item], said: t.Mapping[str, t.Mapping[Item, RecordSet | None]]) -> list[Finding]:
    found = []
    for item in items:
        answers = {label: str(sets[item]) for label, sets in said.items() if item in sets}
        if len(set(answers.values())) > 1:
            shown = ", ".join(f"{label} says {answer}" for label, answer in answers.items())
            found.append(Finding("dns_servers_disagree", evidence={"record": str(item), "answers": answers}, msg=f"{item}: {shown}"))
    return found
