# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the preflight looks at on the two servers. Reads only; every function gives findings and raises nothing of ours."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_rules import place_in_identity
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import duration, parse_moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import Read, repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import addresses as windows_addresses
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import services as windows_services
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import read_machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql

REQUEST = 20.0
DAY = 86400.0
#: Seconds after which a question whose answer was lost is not asked again.
AGAIN = 20.0
#: A clock that is further off than this is told; five minutes end Kerberos and TSIG (RFC 4120, RFC 8945).
SKEW_TOLD, SKEW_FATAL = 30.0, 300.0
#: Free space below both of these is told: a share of the disk, and bytes.
FREE_SHARE, FREE_BYTES = 0.05, 5 * 2**30


@dataclasses.dataclass
class Case:
    """What all checks look at. ``receiving`` is the host that will own the identity; ``sessions`` are of hosts that answer."""

    definition: t.Mapping[str, t.Any]
    kind: str
    hosts: Hosts
    clock: Clock
    sessions: dict[str, Session] = dataclasses.field(default_factory=dict)
    machines: dict[str, Machine] = dataclasses.field(default_factory=dict)

    @property
    def source(self) -> str:
        return str(self.definition["source"]["host"])

    @property
    def target(self) -> str:
        return str(self.definition["target"]["host"])

    @property
    def receiving(self) -> str:
        return self.source if self.kind == "failback" else self.target

    def session(self, host: str) -> Session:
        return self.hosts.named(host) if host in self.hosts.names() else self.hosts.target()

    def look(self, read: t.Callable[[], Read]) -> Read:
        """Every read of the preflight goes this way: one answer that was lost must not refuse a failover."""
        return repeated(read, self.clock, within=AGAIN)


def failed(host: str, what: str, error: FailoverError) -> Finding:
    """A check that could not be made is a finding too: nobody may take silence for health."""
    return Finding("check_failed", host, {"check": what, "reason": error.reason}, f"{host}: could not look at {what}: {error.message}")


def ask(case: Case, host: str) -> Machine | Finding:
    """Which machine a server is, or why it does not say so. May run in a thread of its own: it fills in nothing."""
    try:
        return case.look(lambda: read_machine(case.session(host), REQUEST))
    except TransportError as error:
        # A failover is there for a source that does not answer.
        severity = "info" if host == case.source and case.kind == "failover" else "warning" if host == case.source and case.kind == "drill" else ""
        finding = "source_unreachable" if host == case.source else "target_unreachable"
        return Finding(finding, host, {"reason": error.reason}, f"{host} does not answer: {error.message}", severity)
    except FailoverError as error:
        return failed(host, "the machine", error)


def reached(case: Case, host: str, answer: Machine | Finding) -> list[Finding]:
    """Takes what ``ask`` found into ``machines`` and ``sessions``."""
    if isinstance(answer, Finding):
        return [answer]
    case.machines[host] = answer
    case.sessions[host] = case.session(host)
    return []


def baseline(case: Case, fold: Fold) -> list[Finding]:
    """Is there one, how old is it, and do the machines of that day answer?"""
    known = fold.baseline.get("machines") or {}
    found = _one_machine(case)
    for host, machine in case.machines.items():
        stated = known.get(host)
        if stated and not machine.same_as(Machine(stated["uuid"], stated["name"])):
            expected = Machine(stated["uuid"], stated["name"])
            evidence = {"found": str(machine), "expected": str(expected)}
            found.append(Finding("wrong_machine", host, evidence, f"{host} is reached, but {machine} answers where {expected} was armed"))
    if not fold.baseline:
        return [*found, Finding("baseline_missing", evidence={"state": fold.state})]
    absent = [host for host in (case.source, case.target) if host not in known]
    if absent:
        found.append(Finding("baseline_missing", absent[0], {"machines": sorted(known)}, f"the baseline knows nothing of {absent[0]}"))
    taken = _moment(str(fold.baseline.get("taken_at") or fold.armed_at))
    age = (case.clock.now() - taken).total_seconds() / DAY if taken else None
    allowed = float(case.definition["baseline"]["max_age"]) / DAY
    if age is None or age > allowed:
        limit = duration(allowed * DAY)
        old = "of unknown age" if age is None else f"{duration(age * DAY)} old"
        shown = f"{f'more than {limit} old' if old == f'{limit} old' else old}, and {limit} are allowed (baseline.max_age)"
        ages = {"age_days": None if age is None else round(age, 1), "allowed_days": round(allowed, 1)}
        found.append(Finding("baseline_stale", evidence=ages, msg=f"the baseline is {shown}"))
    return found


def _one_machine(case: Case) -> list[Finding]:
    source, target = case.machines.get(case.source), case.machines.get(case.target)
    if source is None or target is None or source.uuid.lower() != target.uuid.lower():
        return []
    return [Finding("wrong_machine", case.target, {"machine": str(target)}, f"{case.source} and {case.target} are one machine, {target}")]


def management(case: Case) -> list[Finding]:
    """Is a server managed through an address or a name that moves?"""
    found = []
    for host in (case.source, case.target):
        address = str(case.hosts.settings(host).host) if host in case.hosts.names() else ""
        place = place_in_identity(case.definition, "definition", address) if address else ""
        if place:
            msg = f"{host} is managed through {address}, which is {place}"
            found.append(Finding("management_inside_identity", host, {"address": address, "key": place}, msg))
    return found


def services(case: Case) -> list[Finding]:
    """Does the receiving host have every service, and may each start?"""
    listed = {str(service["name"]): service for service in case.definition["services"]}
    session = case.sessions.get(case.receiving)
    if not listed or session is None:
        return []
    try:
        present = case.look(lambda: windows_services.read_services(session, list(listed), REQUEST))
    except FailoverError as error:
        return [failed(case.receiving, "its services", error)]
    found = []
    for name, service in present.items():
        if service is None:
            found.append(Finding("service_missing_on_target", case.receiving, {"service": name}, f"{case.receiving} has no service {name}"))
        elif service.start_mode == "disabled" and listed[name].get("start_mode") in (None, "disabled"):
            msg = f"the service {name} is disabled on {case.receiving}, and the definition gives it no start_mode that lets it start"
            found.append(Finding("service_disabled_on_target", case.receiving, {"service": name}, msg))
    return found


def adapters(case: Case) -> list[Finding]:
    """Has the receiving host an adapter for every address, and does none of them use DHCP?"""
    wanted = case.definition["addresses"]
    session = case.sessions.get(case.receiving)
    if not wanted or session is None:
        return []
    found = []
    try:
        present = case.look(lambda: windows_addresses.read_addresses(session, REQUEST))
        families = {windows_addresses.family(one["address"]) for one in wanted}
        interfaces = case.look(lambda: {family: windows_addresses.read_interfaces(session, family, REQUEST) for family in families})
    except FailoverError as error:
        return [failed(case.receiving, "its adapters", error)]
    for one in wanted:
        address = windows_addresses.normal(one["address"])
        try:
            named = one["interface"] if case.kind != "failback" else None
            chosen = windows_addresses.choose_interface(named, address, one["prefix_length"], interfaces[windows_addresses.family(address)], present)
        except InvalidInput as error:
            found.append(Finding("interface_missing_on_target", case.receiving, {"address": address}, f"{case.receiving}: {error.message}"))
            continue
        if chosen.dhcp:
            msg = f"the adapter {chosen.alias} of {case.receiving} uses DHCP: adding {address} would switch that off"
            found.append(Finding("dhcp_on_target_interface", case.receiving, {"interface": chosen.alias, "address": address}, msg))
    return found


def clocks(case: Case) -> list[Finding]:
    """How far is each server's clock from the controller's?"""
    found = []
    for host, session in case.sessions.items():
        try:
            before, there, after = case.look(functools.partial(_clock_of, session, case.clock))
        except FailoverError as error:
            found.append(failed(host, "its clock", error))
            continue
        if there is None:
            found.append(Finding("check_failed", host, {"check": "its clock"}, f"{host} does not tell the time"))
            continue
        # The answer is of some moment between the two; the nearer end is the host's best case.
        off = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
        if off > SKEW_TOLD:
            severity = "error" if off > SKEW_FATAL else ""
            found.append(Finding("clock_skew", host, {"seconds": round(off, 1)}, f"the clock of {host} is {off:.0f} s off the controller's", severity))
    return found


def _clock_of(session: Session, clock: Clock) -> tuple[datetime.datetime, datetime.datetime | None, datetime.datetime]:
    """(asked at, the host's time, answered at). Asked again, both ends are of the try that was answered."""
    before = clock.now()
    rows = session.query("root/cimv2", wql.select("Win32_OperatingSystem", ["LocalDateTime"]), REQUEST)
    after = clock.now()
    return before, _moment(values.text(rows[0], "LocalDateTime")) if rows else None, after


def disks(case: Case) -> list[Finding]:
    """Has the receiving host room on its local disks?"""
    session = case.sessions.get(case.receiving)
    if session is None:
        return []
    try:
        query = wql.select("Win32_LogicalDisk", ["DeviceID", "Size", "FreeSpace"], {"DriveType": 3})
        rows = case.look(lambda: session.query("root/cimv2", query, REQUEST))
    except FailoverError as error:
        return [failed(case.receiving, "its disks", error)]
    found = []
    for row in rows:
        size, free = values.number(row, "Size"), values.number(row, "FreeSpace")
        if size and free < FREE_BYTES and free / size < FREE_SHARE:
            disk = values.text(row, "DeviceID")
            msg = f"the disk {disk} of {case.receiving} has {free / 2**30:.1f} of {size / 2**30:.1f} GiB free"
            found.append(Finding("disk_space", case.receiving, {"disk": disk, "free": free, "size": size}, msg))
    return found


def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = parse_moment(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.timezone.utc)
