# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One day after a failover, in virtual time.

At its beginning update_dns moves the names in a run, with its marker. Then what a day brings, in an order and at times that the seed says: the source
returns and registers its names (at its start, with each DHCP renewal, at ``ipconfig /registerdns``), scavenging deletes what nobody refreshed, name
servers lose their power, sites lose each other, somebody sets a third value. failover_monitor looks every two hours; where it says so, a person repairs.
At no look, and not at the end, may a name server give something wrong while nobody is told.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import pathlib
import random
import re
import tempfile
import typing as t
from unittest import mock

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import record_guard
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker_removal import remove_markers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor as monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status as status
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns, update_dns_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import directory
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import filled
from ansible_collections.continuity.identity_failover.tests.timeline.servers import (
    ADDRESSES,
    CONTROLLER,
    FAILOVER_KEY,
    HOST_KEY,
    SITES,
    SOURCE,
    SOURCE_NAMES,
    SOURCE_POINTER,
    TARGET,
    Settings,
    VirtualServers,
)
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts, FakeSession

HOUR = 3600.0
LOOK = 2 * HOUR
MAIL = "mail.example.com"
TARGET_POINTER = "22.0.1.127.in-addr.arpa"
THIRD = "127.1.0.99"
#: What must be there until the failback.
WANTED = {(MAIL, "A"): (TARGET,), (TARGET_POINTER, "PTR"): (MAIL,), (SOURCE_POINTER, "PTR"): ()}


@dataclasses.dataclass(frozen=True)
class Conditions:
    """How this day's estate is. ``lock``: the account of the source is denied the name before it can return."""

    settings: Settings = Settings()
    lock: bool = False
    static: bool = False
    dhcp: bool = False
    obeys: bool = True  #: whether somebody types the next command
    discover: bool = False  #: whether the definition lists one server and leaves the others to be found


class Look(t.NamedTuple):
    """What one look told: the state, what pulls the identity away, servers that could not be asked, the next command."""

    state: str
    pulling: list[str]
    mute: list[str]
    next: str


@dataclasses.dataclass
class Silent:
    """A server that gave something wrong, and nobody was told."""

    at: float
    what: str
    happened: list[str]


class Day:
    """``without``: a key of WITHOUT, or nothing. ``happened`` tells the day."""

    def __init__(self, lab: VirtualServers, given: Conditions, folder: pathlib.Path, chance: random.Random) -> None:
        self.lab, self.given, self.folder, self.chance = lab, given, folder, chance
        self.hosts = FakeHosts(target=FakeSession("exch2", methods={("Win32_Process", "Create"): lambda session, keys, arguments: {"ReturnValue": 0}}))
        self.definition = _definition(given.discover)
        self.happened: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.source_up = False
        self.looks: list[Look] = []

    # The failover

    def fail_over(self) -> Result:
        store, clock = self.folder / "store", self.lab.clock
        primary = self.lab.servers["dns-b1"]
        if self.given.lock and self.lab.replicas is not None:
            for name, _rdtype in WANTED:
                self.lab.do(self.lab.replicas.deny, primary, name, HOST_KEY)
        run = runs.started(store, clock, break_glass="a test")
        result = self.write(state="repointed", repoint=self.definition["dns"]["repoint"], run=run)
        for outcome in remove_markers("mail", self.definition, {"key": FAILOVER_KEY, "kerberos": None}, clock, check_mode=False):
            self.tell(f"marker {outcome.name}: {outcome.status}")
        runs.ended(store, clock, run)
        if self.given.static and self.lab.replicas is not None:
            for name, rdtype in WANTED:
                self.lab.do(self.lab.replicas.static, primary, name, rdtype)
        self.tell(f"failed over: {result.msg}")
        return result

    def write(self, **given: t.Any) -> Result:
        dns = self.definition["dns"]
        options = {
            "servers": dns["servers"],
            "verify_servers": dns["verify_servers"],
            "discover": dns["discover"],
            "key": FAILOVER_KEY,
            "require": "primary",
            "verify_timeout": 30.0,
        }
        params = {**runs.ALONE, **filled(update_dns_spec().argument_spec, {**options, **given})}
        return update_dns(params, self.hosts, self.lab.clock, check_mode=False)

    # What a day brings

    def plan(self) -> None:
        """Events at times of the seed's."""
        chance, hours = self.chance, 24 * HOUR

        def some(low: int, high: int, what: t.Callable[..., None], *names: t.Any) -> None:
            for _each in range(chance.randint(low, high)):
                self.at(chance.uniform(0, hours), what, *(chance.choice(choice) for choice in names))

        servers = list(SITES)
        if chance.random() < 0.8:
            back = chance.uniform(0, hours)
            self.at(back, self.returns)
            for at in [back + 4 * HOUR * number for number in range(1, 6)] if self.given.dhcp else [back + 24 * HOUR]:
                self.at(at, self.registers)
            some(0, 2, self.registers)
        for server in chance.sample(servers, 2):
            for number in range(1, 24 // chance.choice([1, 3, 6, 12])):
                self.at(number * HOUR + chance.uniform(0, HOUR), self.scavenges, server)
        some(0, 2, self.somebody_sets, servers, [(THIRD,), (SOURCE,), (), (TARGET, THIRD)])
        for _each in range(chance.randint(0, 3)):
            server, begin = chance.choice(servers), chance.uniform(0, hours)
            self.at(begin, self.power, server, False)
            self.at(begin + chance.uniform(0, 6 * HOUR), self.power, server, True)
        for _each in range(chance.randint(0, 2)):
            (one, other), begin = chance.sample([*dict.fromkeys(SITES.values()), CONTROLLER], 2), chance.uniform(0, hours)
            self.at(begin, self.way, one, other, False)
            self.at(begin + chance.uniform(0, 6 * HOUR), self.way, one, other, True)

    def at(self, when: float, what: t.Callable[..., None], *arguments: t.Any) -> None:
        self.lab.later(when, lambda: what(*arguments))

    def tell(self, what: str) -> None:
        self.counts[what.split()[0]] += 1
        self.happened.append(f"{self.lab.clock.monotonic() / HOUR:6.2f} h  {what}")

    def returns(self) -> None:
        self.source_up = True
        self.tell("returns: exch1 starts")
        self.registers()

    def registers(self) -> None:
        """At the first server of its site that answers; where others follow one, at that one."""
        if not self.source_up:
            return
        near = ["dns-b1"] if self.lab.replicas is None else ["dns-b1", "dns-b2"]
        server = next((one for one in near if one not in self.lab.down), near[0])
        self.tell(f"registers at {server}: {self.lab.register('exch1', server, SOURCE_NAMES[:1], SOURCE)}")

    def scavenges(self, server: str) -> None:
        if self.lab.replicas is not None and server not in self.lab.down:
            gone = self.lab.replicas.scavenge(self.lab.servers[server])
            if gone:
                self.tell(f"scavenges at {server}: {', '.join(gone)}")

    def somebody_sets(self, server: str, values: tuple[str, ...]) -> None:
        writable = server if self.lab.replicas is not None else "dns-b1"
        if writable not in self.lab.down:
            self.lab.servers[writable].replace(MAIL, "A", values)
            self.tell(f"sets {MAIL} at {writable} to {', '.join(values) or 'nothing'}")

    def power(self, server: str, on: bool) -> None:
        (self.lab.down.discard if on else self.lab.down.add)(server)
        self.tell(f"power of {server} {'on' if on else 'off'}")

    def way(self, one: str, other: str, opened: bool) -> None:
        places = [[name for name, site in SITES.items() if site == end] or [end] for end in (one, other)]
        pairs = {frozenset((a, b)) for a in places[0] for b in places[1]}
        self.lab.cuts = self.lab.cuts - pairs if opened else self.lab.cuts | pairs
        self.tell(f"way between {one} and {other} {'open' if opened else 'cut'}")

    # Looking

    def live(self) -> Silent | None:
        """The whole day; the first time that something was wrong and nobody was told."""
        while self.lab.clock.monotonic() < 24 * HOUR:
            self.lab.clock.sleep(LOOK)
            found = self.look(monitor)
            if found is not None:
                return found
        return self.look(status)

    def look(self, function: t.Callable[..., Result]) -> Silent | None:
        before = self.wrong()
        result = function(self._options(), self.hosts, self.lab.clock, check_mode=False)
        told = {(one["of"].partition(".")[0], one["name"]) for one in result.extra["threats"]}
        mute = {server for server in SITES if any(re.search(rf"name server {server}[ .]", warning) for warning in result.warnings)}
        if any(record_guard.ZONES_OWN in warning for warning in result.warnings):
            mute |= set(SITES) - {"dns-b1"}
        silent = [one for one in before & self.wrong() if one not in told and one[0] not in mute]
        pulling = sorted({one["msg"] for one in result.extra["threats"]})
        self.looks.append(Look(result.extra["state"], pulling, sorted(mute), result.extra["next"]))
        if pulling:
            self.tell(f"alarm: {result.extra['state']}, {'; '.join(pulling)}")
        if silent:
            return Silent(self.lab.clock.monotonic(), "; ".join(f"{server} gives something else for {name}" for server, name in sorted(silent)), self.happened)
        if ".repair_dns " in result.extra["next"] and self.given.obeys and function is monitor:
            self.repair()
        return None

    def wrong(self) -> set[tuple[str, str]]:
        return {(server, f"{name} {rdtype}") for (name, rdtype), wanted in WANTED.items() for server, there in self.values(name, rdtype) if there != wanted}

    def values(self, name: str, rdtype: str) -> list[tuple[str, tuple[str, ...]]]:
        return list(self.lab.values(name, rdtype).items())

    def repair(self) -> None:
        """As the playbook repair_dns does."""
        repairs = status(self._options(), self.hosts, self.lab.clock, check_mode=False).extra["repairs"]
        for state in ("present", "absent"):
            records = [one for one in repairs if bool(one["values"]) == (state == "present")]
            if records:
                with contextlib.suppress(FailoverError) if self.lab.down or self.lab.cuts else contextlib.nullcontext():
                    self.tell(f"repairs: {self.write(state=state, records=records, on_conflict='replace', on_failure='keep').msg}")

    def _options(self) -> dict[str, t.Any]:
        common = {"identity": "mail", "store": {"kind": "directory", "path": str(self.folder / "store")}, "mirror": None, "definition": self.definition}
        probing = {"source": "exch1", "vantage_points": [], "probes": [], "interval": 60.0, "missed": 3, "trigger": "all", "duration": 0.0}
        return {**common, **probing, "wait_for": None, "timeout": 1.0}


def _definition(discover: bool) -> dict[str, t.Any]:
    servers = [{"address": address, "port": 53, "name": name} for name, address in ADDRESSES.items()]
    repoint = {"from": [SOURCE], "to": [TARGET], "names": [MAIL], "ptr": True}
    dns = {"servers": servers[:1] if discover else servers[:2], "verify_servers": [] if discover else servers[2:], "discover": discover}
    dns.update(credential="dns", repoint=repoint)
    return normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "dns": dns})


@contextlib.contextmanager
def day(given: Conditions, chance: random.Random) -> t.Iterator[Day]:
    """A day that has not begun: ``fail_over``, ``plan`` or events of one's own, ``live``."""
    with (
        tempfile.TemporaryDirectory(prefix="continuity-day-") as folder,
        VirtualServers(given.settings) as lab,
        mock.patch.object(directory.os, "fsync", lambda number: None),
    ):
        yield Day(lab, given, pathlib.Path(folder), chance)
