# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name server that is down while a run changes DNS: its debt in the journal, in the status, and how it ends."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit.caching_resolver import CachingResolver
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import MAIL, entry, not_waited_for, one_port, task
from ansible_collections.continuity.identity_failover.tests.unit.runs import journal


@dataclasses.dataclass
class World:
    """The identity in a failover run, dns1, and dns2 that follows it and is down."""

    estate: Estate
    dns1: DnsServer
    dns2: DnsServer
    call: Callable[..., t.Any]
    run: dict[str, t.Any]

    def change(self, *addresses: str, **options: t.Any) -> Result:
        verify = [{**entry(self.dns2)}]
        record = {**MAIL, "values": list(addresses or ["127.1.0.22"])}
        servers = options.pop("servers", [entry(self.dns1)])
        return task(servers, self.estate.clock, **{"verify_servers": verify, "records": [record], "run": self.run, **options})

    def status(self) -> Result:
        result: Result = self.estate.do(failover_status)
        return result

    def owed(self) -> list[tuple[str, str, str, str]]:
        """(server, record, wanted, as read now) of each open debt."""
        return [
            (debt["server"], record["name"], record["wanted"]["values"][0], record["now"])
            for debt in self.status().extra["debts"]
            for record in debt["records"]
        ]

    def close(self) -> Result:
        result: Result = self.estate.run("closed", run=self.run)
        return result

    def failback(self) -> None:
        self.run = self.estate.run("opened", kind="failback").extra["run"]

    def kinds(self) -> list[str]:
        known = journal(pathlib.Path(self.estate.store["path"]), self.estate.clock)
        known.read()
        return [event.kind for event in known.events]


@pytest.fixture
def world(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    estate = make_estate(tmp_path, monkeypatch)
    estate.clock.start = datetime.datetime.now(datetime.timezone.utc)  # signatures have a time
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2) as call:
        call(dns2.stop)
        estate.run("armed")
        estate.do(failover_ack)
        yield World(estate, dns1, dns2, call, estate.run("opened").extra["run"])


OWED = ("dns2", "mail.example.com A", "127.1.0.22")


def test_a_server_that_was_down_is_shown_until_it_was_read(world: World) -> None:
    result = world.change()
    assert not result.failed
    (debt,) = result.extra["debts"]
    assert (debt["server"], debt["status"], debt["records"]) == ("dns2", "unreachable", ["mail.example.com A"])
    assert world.owed() == [(*OWED, "unreachable")]
    closed = world.close()
    assert [one["server"] for one in closed.extra["debts"]] == ["dns2"]
    assert any(warning.startswith(f"name server dns2 ({example.SECOND} port") for warning in closed.warnings)
    status = world.status()
    assert status.extra["state"] == "failed_over" and status.extra["debts"][0]["run"] == world.run["id"]
    assert any("mail: name server dns2" in warning and "owes mail.example.com A 127.1.0.22 since 20" in warning for warning in status.warnings)

    world.call(world.dns2.start)
    before = world.kinds()
    assert world.owed() == [(*OWED, "ok")], "status shows that it is right now"
    assert world.owed() == [(*OWED, "ok")] and world.kinds() == before, "and changes nothing"
    predicted = world.estate.do(failover_monitor, check_mode=True)
    assert (predicted.changed, world.owed()) == (True, [(*OWED, "ok")])
    noted = world.estate.do(failover_monitor)
    assert (noted.changed, noted.extra["debts"]) == (True, [])
    assert [(one.name, one.status) for one in noted.outcomes][0] == ("debt of dns2", "done")
    assert world.owed() == [] and world.kinds() == [*before, "debts_settled"]
    assert not world.estate.do(failover_monitor).changed


def test_a_run_that_is_closed_reads_again_and_notes_it(world: World) -> None:
    world.change()
    world.call(world.dns2.start)
    closed = world.close()
    assert closed.extra["debts"] == [] and world.owed() == []
    assert world.kinds()[-2:] == ["debts_settled", "run_closed"]


def test_a_monitor_leaves_the_journal_of_an_open_run_alone(world: World) -> None:
    world.change()
    world.call(world.dns2.start)
    before = world.kinds()
    world.estate.do(failover_monitor)
    assert world.kinds() == before and world.owed() == [(*OWED, "ok")]


def test_a_later_task_that_reads_the_server_settles_it(world: World) -> None:
    world.change()
    world.call(world.dns2.start)
    assert world.change().extra["debts"] == []
    assert world.owed() == []


def test_a_server_that_came_back_with_another_value_still_owes(world: World) -> None:
    world.change()
    world.call(world.dns2.start)
    world.call(world.dns2.replace, "mail.example.com", "A", ["127.1.0.99"], 60)
    (debt,) = world.status().extra["debts"]
    assert (debt["records"][0]["now"], debt["records"][0]["found"]) == ("wrong", {"values": ["127.1.0.99"], "ttl": 60})
    assert any("as read now it has another value" in warning for warning in world.status().warnings)
    world.close()
    assert world.owed() == [(*OWED, "wrong")]


def test_a_failback_makes_the_old_debt_void_and_owes_its_own(world: World) -> None:
    world.change()
    world.close()
    world.failback()
    assert not world.change("127.1.0.21").failed
    assert world.owed() == [("dns2", "mail.example.com A", "127.1.0.21", "unreachable")]
    known = journal(pathlib.Path(world.estate.store["path"]), world.estate.clock)
    known.read()
    said = next(event.data["debts"] for event in reversed(known.events) if event.kind == "step_outcome")
    assert [(one["server"], list(one["records"].values())[0]["values"]) for one in said["void"]] == [("dns2", ["127.1.0.22"])]


def test_a_failed_step_that_is_accepted_leaves_its_debts(world: World) -> None:
    result = world.change(require="all", verify_timeout=0.5, accept_failure="the second site has no power")
    assert not result.failed and result.extra["accepted"]["reason"] == "the second site has no power"
    assert world.owed() == [(*OWED, "unreachable")]


def silent_behind_the_write(monkeypatch: pytest.MonkeyPatch, server: DnsServer) -> None:
    written = threading.Event()
    not_waited_for(monkeypatch, server.address, lambda wire: written.is_set())

    def trace(kind: str, name: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE" and data["updates"][0].startswith("mail"):
            written.set()
            server.later(0.0, lambda: server.set_fault("silent"))

    server._trace = trace


@pytest.mark.parametrize(("starts", "owed"), [(True, [("dns1", "mail.example.com A", "127.1.0.22", "unreachable")]), (False, [])])
def test_a_change_that_only_another_server_showed_is_owed_by_who_fell_silent(
    world: World, monkeypatch: pytest.MonkeyPatch, starts: bool, owed: list[tuple[str, str, str, str]]
) -> None:
    """Nobody confirmed it as ``require`` asks for, and the run goes on: it was done where one server shows it, and nobody knows where none does."""
    if starts:
        world.call(world.dns2.start)
    silent_behind_the_write(monkeypatch, world.dns1)
    result = world.change(require="all", verify_timeout=0.5, accept_failure="the first site has no power")
    assert [outcome.status for outcome in result.outcomes] == ["unconfirmed"]
    assert world.owed() == owed


def test_a_secondary_that_passed_the_change_on_and_lags_too_long_owes_it(world: World) -> None:
    world.dns2.forwards, world.dns2.lag = True, 60.0
    world.call(world.dns2.start)
    result = world.change(servers=[entry(world.dns2)], verify_servers=[entry(world.dns1)], verify_timeout=0.5, run=None)
    assert [outcome.status for outcome in result.outcomes] == ["unconfirmed"], result.msg
    assert [(debt["server"], debt["status"], debt["records"]) for debt in result.extra["debts"]] == [("dns2", "wrong", ["mail.example.com A"])]


def test_the_server_that_was_written_owes_it_when_it_falls_silent_behind_the_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others have the change already, and its disk may not."""
    world.call(world.dns2.start)
    silent_behind_the_write(monkeypatch, world.dns1)
    result = world.change()
    assert not result.failed and result.extra["servers"]["dns1"]["status"] == "unreachable"
    assert [(debt["server"], debt["status"], debt["records"]) for debt in result.extra["debts"]] == [("dns1", "unreachable", ["mail.example.com A"])]
    assert world.owed() == [("dns1", "mail.example.com A", "127.1.0.22", "unreachable")]


def test_what_was_not_written_owes_nothing(world: World) -> None:
    key = {"name": "exch1-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    result = world.change(records=[{**MAIL, "name": "two.example.com"}], key=key)
    assert result.failed and result.extra["debts"] == [] and world.owed() == []


def test_a_resolver_that_did_not_answer_owes_too(world: World) -> None:
    with CachingResolver("127.0.53.8", world.dns1) as resolver:
        resolver.silent = True
        result = world.change(verify_servers=[], resolvers=[{**resolver.entry("resolver1")}])
        assert not result.failed
        assert world.owed() == [("resolver1", "mail.example.com A", "127.1.0.22", "unreachable")]
        assert world.status().extra["debts"][0]["kind"] == "resolver"
        resolver.silent = False
        assert world.close().extra["debts"] == [] and world.owed() == []


def test_a_server_whose_address_nobody_knew_is_looked_for_again(world: World) -> None:
    named = {**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS, "dns2.other.test.": ""}}
    zone = type(next(iter(world.dns1.zones.values()))).from_dict(named)
    world.dns1.zones[zone.origin] = zone
    result = world.change(verify_servers=[], discover=True)
    assert not result.failed
    assert world.owed() == [("dns2.other.test", "mail.example.com A", "127.1.0.22", "unreachable")]
    other = {"name": "other.test", "servers": {"dns1.example.com.": example.ADDRESS}, "records": [{"name": "dns2", "type": "A", "values": [example.SECOND]}]}
    found = type(zone).from_dict(other)
    world.dns1.zones[found.origin] = found
    world.call(world.dns2.start)
    known = {**world.estate.definition, "dns": {"servers": [entry(world.dns1)], "verify_servers": [], "records": [], "repoint": None}}
    status = world.estate.do(failover_status, definition=known)
    assert [record["now"] for debt in status.extra["debts"] for record in debt["records"]] == ["ok"]


def test_without_a_run_they_are_told_and_kept_nowhere(world: World) -> None:
    assert [debt["server"] for debt in world.change(run=None).extra["debts"]] == ["dns2"]
    assert world.owed() == []
