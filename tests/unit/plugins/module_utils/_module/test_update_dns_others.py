# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else writes the same names while a task does: nobody's values are lost, whatever on_conflict says."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, task

CLOCK = SystemClock()
SOURCE, TARGET, THEIRS = "127.1.0.21", "127.1.0.22", "127.9.9.9"
REPOINT = {"from": [SOURCE, "exch1.example.com"], "to": [TARGET, "exch2.example.com"], "names": ["mail.example.com"], "ptr": False}
NOTE = "_failover-ttl.mail.example.com"


class Estate:
    """``beforehand`` is called in the server's thread before the first message is carried out, ``afterwards`` behind it."""

    def __init__(self) -> None:
        self.dns1: t.Any = example.primary(trace=self._trace)
        self.updates = 0
        self.beforehand: Callable[[], object] = lambda: None
        self.afterwards: Callable[[], object] = lambda: None
        self._receive = self.dns1.receive
        self.dns1.receive = self._received

    def _received(self, wire: bytes, peer: str, transport: str) -> bytes | None:
        if wire[2] >> 3 & 15 == 5:
            todo, self.beforehand = self.beforehand, lambda: None
            todo()
        return self._receive(wire, peer, transport)

    def _trace(self, kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE":
            self.updates += 1
            todo, self.afterwards = self.afterwards, lambda: None
            todo()

    def run(self, state: str = "repointed", **options: t.Any) -> Result:
        return task([entry(self.dns1)], state=state, **{"records": None, "repoint": REPOINT, **options})

    def set(self, *values: str, ttl: int = 600) -> Callable[[], object]:
        return lambda: self.dns1.replace("mail.example.com", "A", list(values), ttl)

    def mail(self) -> set[str]:
        return set(self.dns1.lookup("mail.example.com", "A"))


@pytest.fixture
def estate() -> Iterator[Estate]:
    made = Estate()
    with background(made.dns1):
        yield made


def test_a_value_that_came_before_the_message_stays(estate: Estate) -> None:
    estate.beforehand = estate.set(SOURCE, THEIRS)
    result = estate.run()
    assert (result.failed, estate.mail()) == (False, {TARGET, THEIRS}), result.msg
    assert {one.name: one.after["values"] for one in result.outcomes} == {"mail.example.com A": sorted([TARGET, THEIRS])}


def test_a_value_that_came_behind_the_message_stays_beside_a_source_that_is_overruled(estate: Estate) -> None:
    estate.afterwards = estate.set(SOURCE, THEIRS)
    result = estate.run()
    assert (result.failed, estate.mail()) == (False, {TARGET, THEIRS}), result.msg
    assert "written again 1 time" in result.outcomes[0].msg


def test_a_value_that_came_beside_ours_is_no_conflict_and_is_what_clients_resolvers_must_have(estate: Estate) -> None:
    estate.afterwards = estate.set(TARGET, THEIRS)
    result = estate.run(resolvers=[entry(estate.dns1, "resolver")])
    assert (result.failed, estate.mail(), estate.updates) == (False, {TARGET, THEIRS}, 1), result.msg


def test_putting_back_keeps_what_others_brought(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.beforehand = estate.set(SOURCE, THEIRS)
    run = runs.started(tmp_path, CLOCK)
    assert not estate.run(run=run).failed
    undone = estate.run("reverted", run=run, revert_run="run1")
    assert (undone.failed, estate.mail()) == (False, {SOURCE, THEIRS}), undone.msg


RECORDS = [
    ("mail.example.com", "MX", ["10 old.example.com"], "10 standby-mx.example.com"),
    ("mail.example.com", "TXT", [], "v=spf1 ip4:127.1.0.22 -all"),
    ("22.0.1.127.in-addr.arpa", "PTR", ["exch2.example.com"], "standby.example.com"),
]


@pytest.mark.parametrize(("name", "kind", "before", "standby"), RECORDS)
def test_putting_back_takes_out_what_the_records_of_the_failover_brought(
    estate: Estate, tmp_path: pathlib.Path, name: str, kind: str, before: list[str], standby: str
) -> None:
    """A failback is told of the names that were repointed and of the records in one task; a record of these is all ours."""

    def there() -> set[str]:
        return {value.strip('"').removesuffix(".") for value in estate.dns1.lookup(name, kind)}

    record = {"name": name, "type": kind, "values": [standby], "ttl": 60}
    if kind == "MX":
        estate.dns1.replace(name, kind, [f"{value}." for value in before], 600)
    run = runs.started(tmp_path, CLOCK)
    assert not estate.run(run=run).failed
    assert not estate.run("present", records=[record], repoint=None, on_conflict="replace", run=run).failed
    assert there() == {standby} and estate.mail() == {TARGET}
    runs.ended(tmp_path, CLOCK, run)
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    undone = estate.run("reverted", records=[record], run=failback, revert_run="run1")
    assert (undone.failed, there(), estate.mail()) == (False, set(before), {SOURCE}), undone.msg


def test_absent_takes_what_is_listed_and_no_more(estate: Estate) -> None:
    estate.beforehand = estate.set(SOURCE, THEIRS, "127.9.9.8")
    listed = [{"name": "mail.example.com", "type": "A", "values": [SOURCE, "127.9.9.8"]}]
    result = estate.run("absent", records=listed, repoint=None, on_conflict="replace")
    assert (result.failed, estate.mail()) == (False, {THEIRS}), result.msg


def test_an_alias_of_somebody_else_is_not_overwritten(estate: Estate) -> None:
    name = "autodiscover.example.com"
    estate.beforehand = lambda: estate.dns1.replace(name, "CNAME", ["theirs.example.com."], 300)
    result = estate.run(repoint={**REPOINT, "names": [name]})
    assert (result.failed, result.reason, estate.dns1.lookup(name, "CNAME")) == (True, "changed_by_other", ["theirs.example.com."])


@pytest.mark.parametrize("late", [False, True])
def test_lowering_a_ttl_leaves_the_values_of_a_failover_that_came_in_between(estate: Estate, late: bool) -> None:
    setattr(estate, "afterwards" if late else "beforehand", estate.set(TARGET, ttl=600))
    result = estate.run("ttl_lowered", ttl=60, on_conflict="replace")
    assert (result.failed, estate.mail(), estate.dns1.ttl("mail.example.com", "A")) == (False, {TARGET}, 60), result.msg
    assert len(estate.dns1.lookup(NOTE, "TXT")) == 1


def test_a_ttl_that_a_failover_lowered_in_between_needs_no_note(estate: Estate) -> None:
    estate.beforehand = estate.set(TARGET, ttl=30)
    result = estate.run("ttl_lowered", ttl=60, on_conflict="replace")
    assert (result.failed, estate.mail(), estate.dns1.ttl("mail.example.com", "A")) == (False, {TARGET}, 30), result.msg
    assert estate.dns1.lookup(NOTE, "TXT") == []
