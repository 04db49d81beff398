# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the preflight asks of the name servers. Nothing is changed: the key is tried with an update that holds no change."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, astray, items_of, named
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import REACHABLE, read_require, refuse_too_many
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, FailoverError, InvalidInput, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, stated_zones, touched
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_agreement import LAG
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_surviving import SECONDARY
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED, repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import require_dnspython, update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

#: Seconds after which a server that gave no answer to an update is not asked again.
KEY_AGAIN = 12.0
#: Seconds between two looks at servers that disagree.
AGAIN = 0.5
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
    items = touched(definition)
    seen = _Seen()
    said: dict[str, dict[Item, RecordSet | None]] = {}
    updated = endpoints(definition)
    for endpoint in dict.fromkeys([*updated, *endpoints(definition, "verify_servers")]):
        # Each by itself: what another server says proves nothing of this one.
        alone = Servers([endpoint], (), clock)
        try:
            said[endpoint.label] = _look(definition, alone, items, build_auth(params, alone, clock) if endpoint in updated else None, clock, seen)
        except TransportError as error:
            msg = f"the name server {endpoint} does not answer: {error.message}"
            seen.found.append(Finding("dns_server_unreachable", endpoint.label, {"reason": error.reason}, msg))
        finally:
            alone.close()
    found = _by_all({one.label for one in updated}, seen)
    if definition["dns"].get("discover") and items:
        found += _discovered(definition, items, said, clock)
    found += _agreement(definition, list(dict.fromkeys([*items, *seen.moved.values()])), said, clock)
    return found + _elsewhere(definition, {one.label: said[one.label] for one in updated if one.label in said}) + _resolvers(definition, items, clock)


@dataclasses.dataclass
class _Seen:
    """What the listed servers were found to do. ``taken``: zones of which one takes updates, ``served``: server -> names that it serves,
    ``moved``: PTR set -> where it stands (RFC 2317)."""

    found: list[Finding] = dataclasses.field(default_factory=list)
    taken: set[str] = dataclasses.field(default_factory=set)
    served: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    moved: dict[Item, Item] = dataclasses.field(default_factory=dict)


def _by_all(updated: t.Container[str], seen: _Seen) -> list[Finding]:
    """What holds of all listed servers together: zones may be divided among them, and a server that takes no updates is passed over as long as
    another one takes them, a warning, as nothing is left where it survives alone."""
    somewhere = {name for label, names in seen.served.items() if label in updated for name in names}
    found = []
    for one in seen.found:
        if one.id == "dns_zone_not_served" and seen.served.get(one.host) and one.evidence["name"] in somewhere:
            continue
        if one.id == "dns_key_refused" and one.evidence["code"] in SECONDARY and one.evidence["zone"] in seen.taken:
            more = f"{one.msg}. Another of dns.servers takes them; where only this one survives, none does"
            one = dataclasses.replace(one, severity="warning", msg=more)
        found.append(one)
    return found


def _discovered(definition: t.Mapping[str, t.Any], items: t.Sequence[Item], said: dict[str, dict[Item, RecordSet | None]], clock: Clock) -> list[Finding]:
    """The name servers that the zones name themselves: whether they answer, and whether there are as many as success asks for. Adds to
    ``said``. One that does not answer is not the identity's fault and holds nothing up: what it owes is kept until it was read."""
    servers = Servers(endpoints(definition), endpoints(definition, "verify_servers"), clock)
    found: list[Finding] = []
    try:
        survey = Survey(servers)
        survey.locate(items, stated_zones(definition))
        zones = survey.zones
        survey.discover()
        for server in servers.all:
            label = server.endpoint.label
            asked = [item for item in items if item.name in zones and servers.serves(server, zones[item.name])]
            if label in said or not servers.found_by_zone(server):
                continue
            try:
                said[label] = {item: reading.records for item, reading in servers.read(server, asked).items() if reading.status == "ok"}
            except TransportError as error:
                msg = f"the name server {server.endpoint}, which the zone names, does not answer: {error.message}"
                found.append(Finding("dns_server_unreachable", label, {"reason": error.reason}, msg, severity="warning"))
        serving = {zone: [one.endpoint.label for one in servers.all if servers.serves(one, zone)] for zone in zones.values()}
        refuse_too_many(read_require(definition["dns"].get("require") or REACHABLE), serving, "dns.require")
    except InvalidInput as error:
        found.append(Finding("dns_servers_too_few", msg=error.message))
    except FailoverError as error:
        found.append(Finding("check_failed", evidence={"check": "the zones' name servers", "reason": error.reason}, msg=error.message))
    finally:
        servers.close()
    return found


def _resolvers(definition: t.Mapping[str, t.Any], items: t.Sequence[Item], clock: Clock) -> list[Finding]:
    """Whether the clients' resolvers answer. None is asked for a record of the identity: it would keep the old value for its TTL."""
    found = []
    for endpoint in endpoints(definition, "resolvers") if items else ():
        alone = Servers([endpoint], (), clock)
        try:
            (reading,) = alone.recursive(alone.updated[0], [Item(items[0].name.partition(".")[2], "SOA")]).values()
            if reading.status != "ok":
                said = "refuses to answer the controller" if reading.status == "refused" else "answers SERVFAIL"
                msg = f"the clients' resolver {endpoint} {said}, so a run can't see what it tells its clients; let it answer the controller"
                found.append(Finding("dns_server_unreachable", endpoint.label, {"reason": reading.status}, msg, severity="warning"))
        except TransportError as error:
            msg = f"the clients' resolver {endpoint} does not answer: {error.message}"
            found.append(Finding("dns_server_unreachable", endpoint.label, {"reason": error.reason}, msg, severity="warning"))
        finally:
            alone.close()
    return found


def _look(
    definition: t.Mapping[str, t.Any], alone: Servers, items: t.Sequence[Item], auth: Auth | None, clock: Clock, seen: _Seen
) -> dict[Item, RecordSet | None]:
    """What one server says of each record; adds to ``seen``. ``auth`` None: it gets no updates of ours."""
    server = alone.updated[0]
    stated = stated_zones(definition)
    zones: dict[str, str] = {}
    for name, item in {item.name: item for item in items}.items():
        try:
            if item.type == "PTR":
                zones.update(_pointer(alone, item, seen))
            else:
                known = {name: stated[name]} if name in stated else {}
                zones[name] = alone.zones(server, [] if known else [name], known)[name]
        except DnsRefused as error:
            seen.found.append(Finding("dns_zone_not_served", server.endpoint.label, {"name": name}, error.message))
    seen.served[server.endpoint.label] = set(zones)
    places = dict.fromkeys(seen.moved.get(item, item) for item in items)
    readings = alone.read(server, [item for item in places if item.name in zones])
    if auth is not None:
        seen.found += _try_key(server, sorted(set(zones.values())), auth, clock, seen.taken)
    return {item: reading.records for item, reading in readings.items() if reading.status == "ok"}


def _pointer(alone: Servers, item: Item, seen: _Seen) -> dict[str, str]:
    """Name -> zone of a PTR set as it is asked for and, in a classless delegation, of where it stands. Raises DnsRefused."""
    survey = Survey(alone)
    survey.locate([item], {})
    seen.moved.update(survey.moved)
    return {name: survey.zones[survey.where(item).name] for name in (item.name, survey.where(item).name)}


def _try_key(server: NameServer, zones: t.Sequence[str], auth: Auth, clock: Clock, taken: set[str]) -> list[Finding]:
    """Sends an update that only asks for something to be absent, so that the server judges the key and does nothing.

    It may so be asked again when its answer was lost. A server that stays silent is not asked for its further zones.
    """
    found = []
    for zone in zones:
        probe = Message(zone, missing=(Line(f"{PROBE_LABEL}.{zone}", "TXT"),))
        try:
            repeated(functools.partial(server.update, update_wire(probe), auth, probe.seconds()), clock, within=KEY_AGAIN)
            taken.add(zone)
        except Refusal as error:
            if error.code == "prerequisite":
                taken.add(zone)
                continue
            evidence = {"zone": zone, "code": error.code}
            found.append(Finding("dns_key_refused", server.endpoint.label, evidence, f"updates of the zone {zone} are refused: {error.message}"))
        except FailoverError as error:
            evidence = {"check": "the key", "reason": error.reason}
            found.append(Finding("check_failed", server.endpoint.label, evidence, f"could not try the key for the zone {zone}: {error.message}"))
            if isinstance(error, UNDECIDED):
                break
    return found


def _agreement(definition: t.Mapping[str, t.Any], items: t.Sequence[Item], said: dict[str, dict[Item, RecordSet | None]], clock: Clock) -> list[Finding]:
    """Who disagrees still after the time in which a secondary that only lags has caught up."""
    asked = {one.label: one for one in [*endpoints(definition), *endpoints(definition, "verify_servers")]}
    deadline = Deadline(clock, LAG)
    while True:
        found = _disagreements(items, said)
        left = [Item.parse(one.evidence["record"]) for one in found]
        if not left or deadline.passed():
            return found
        clock.sleep(AGAIN)
        for label in [label for label in said if label in asked]:
            alone = Servers([asked[label]], (), clock)
            with contextlib.suppress(TransportError):
                readings = alone.read(alone.updated[0], left)
                said[label] = {**said[label], **{item: reading.records for item, reading in readings.items() if reading.status == "ok"}}
            alone.close()


def _disagreements(items: t.Sequence[Item], said: t.Mapping[str, t.Mapping[Item, RecordSet | None]]) -> list[Finding]:
    found = []
    for item in items:
        answers = {label: str(sets[item]) for label, sets in said.items() if item in sets}
        if len(set(answers.values())) > 1:
            shown = ", ".join(f"{label} says {answer}" for label, answer in answers.items())
            found.append(Finding("dns_servers_disagree", evidence={"record": str(item), "answers": answers}, msg=f"{item}: {shown}"))
    return found


def _elsewhere(definition: t.Mapping[str, t.Any], said: t.Mapping[str, t.Mapping[Item, RecordSet | None]]) -> list[Finding]:
    """Names that the run would stop at, as they lead to neither end. ``said``: of the servers for updates; one that could not be asked for the whole of
    a name says nothing of it."""
    option = definition["dns"].get("repoint") or {}
    if not option.get("names"):
        return []
    repoint = read_repoint(option, (), wildcards=True)
    lost: dict[str, dict[str, str]] = {}
    for label, sets in said.items():
        for name, there in astray(repoint, sets).items():
            if all(item in sets for item in items_of(repoint) if item.name == name):
                lost.setdefault(name, {})[label] = named(name, there, sets)
    found = []
    for name, answers in lost.items():
        shown = ", ".join(f"{label} says {answer}" for label, answer in answers.items())
        msg = f"{name} leads to neither a source nor a target of dns.repoint, so the run would stop at it: {shown}"
        found.append(Finding("dns_record_elsewhere", evidence={"name": name, "answers": answers}, msg=msg))
    return found
