# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failed over identity is guarded: the monitor writes what pulls it back, status shows it and writes nothing."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _threats, failover_monitor, failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.tests.unit.estate import CIMV2, Estate, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

SPN = "http/mail.example.com"


class Guarded:
    """A failed over identity whose source is dead; ``names`` is what DNS shows, ``holder`` who has the service principal name."""

    def __init__(self, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
        self.estate = estate
        self.names = "target"
        self.holder = "EXCH2$"
        self.knocks = False
        monkeypatch.setattr(_threats, "knock", lambda hosts, host: (self.knocks, "" if self.knocks else "no connection"))
        for module in (failover_monitor, failover_status):
            monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: (self.names, self.evidence()))
        estate.sessions["dc1"] = FakeSession("dc1", scripts=self.directory)
        estate.run("armed")
        estate.fail()
        estate.do(failover_ack)
        estate.run("closed", run=estate.run("opened").extra["run"], definition=None)
        estate.definition = normalise(
            {
                "source": {"host": "exch1"},
                "target": {"host": "exch2"},
                "services": [{"name": "IS"}],
                "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": [SPN]}],
                "directory": {"domain_controllers": ["dc1"]},
                "fence": {"minimum": 2},
            }
        )

    def evidence(self) -> list[dict[str, t.Any]]:
        dns = {"kind": "dns", "of": "dns1", "name": "mail A", "values": ["10.0.0.21"], "says": self.names}
        return [dns, {"kind": "address", "of": "exch1", "says": "unreachable", "silent": True}]

    def directory(self, script: str, data: t.Any) -> t.Any:
        return {"accounts": [], "holders": [{"value": SPN, "account": self.holder, "dn": "CN=x"}], "forest": True, "failed": []}

    def returns(self) -> None:
        """The source is on the network again, its workload running."""
        self.estate.dead.clear()
        self.knocks = True

    def look(self, **more: t.Any) -> t.Any:
        return self.estate.do(failover_monitor.failover_monitor, **{"duration": 0.0, **more})

    def head(self) -> int:
        return int(self.estate.do(failover_status.failover_status).extra["head"]["seq"])


@pytest.fixture
def guarded(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    return Guarded(make_estate(tmp_path, monkeypatch), monkeypatch)


def test_a_quiet_identity_stays_failed_over(guarded: Guarded) -> None:
    result = guarded.look()
    assert (result.changed, result.extra["state"], result.extra["threats"]) == (False, "failed_over", [])


@pytest.mark.parametrize("kind", ["dns", "spn", "workload"])
def test_what_pulls_it_back_is_written_once_and_repaired_when_it_is_gone(guarded: Guarded, kind: str) -> None:
    repair: dict[str, t.Callable[[], None]] = {
        "dns": lambda: setattr(guarded, "names", "target"),
        "spn": lambda: setattr(guarded, "holder", "EXCH2$"),
        "workload": lambda: guarded.estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")][0].update(State="Stopped", StartMode="Disabled"),
    }
    if kind == "dns":
        guarded.names = "both"
    elif kind == "spn":
        guarded.holder = "EXCH1$"
    else:
        guarded.returns()
    status = guarded.estate.do(failover_status.failover_status)
    assert (status.extra["state"], [one["kind"] for one in status.extra["threats"]], status.changed) == ("failed_over", [kind], False)
    assert any(status.extra["threats"][0]["remedy"] in warning for warning in status.warnings)
    assert "mail is failed_over and threatened" in status.msg and "continuity.identity_failover.monitor" in status.extra["next"]
    assert "mail is failed_over" in status.msg and "1 thing pulls it back" in status.msg
    result = guarded.look()
    assert (result.changed, result.extra["state"], [one["kind"] for one in result.extra["threats"]]) == (True, "threatened", [kind])
    assert "continuity.identity_failover.monitor" in result.extra["next"]
    head = guarded.head()
    assert not guarded.look().changed and guarded.head() == head
    repair[kind]()
    repaired = guarded.look()
    assert (repaired.changed, repaired.extra["state"], repaired.extra["threats"]) == (True, "failed_over", [])


def test_a_source_whose_workload_may_start_is_a_threat_before_it_does(guarded: Guarded) -> None:
    guarded.returns()
    workload = guarded.estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")][0]
    workload.update(State="Stopped", StartMode="Auto")
    (threat,) = guarded.look().extra["threats"]
    assert (threat["kind"], threat["of"]) == ("presence", "exch1") and "IS may start" in threat["msg"] and "fail back" in threat["remedy"]
    workload.update(StartMode="Disabled")
    assert guarded.look().extra["state"] == "failed_over"


@pytest.mark.parametrize("services", [[], [{"name": "IS"}]])
def test_where_the_fence_has_to_isolate_a_source_that_answers_is_a_threat_by_itself(guarded: Guarded, services: list[t.Any]) -> None:
    guarded.estate.definition["fence"]["minimum"] = 3
    guarded.estate.definition["services"] = services
    assert guarded.look().extra["threats"] == []
    guarded.returns()
    guarded.estate.dead.add("exch1")  # it takes connections, and that is enough
    result = guarded.look()
    if services:
        assert [one["kind"] for one in result.extra["threats"]] == ["presence"]
    guarded.estate.dead.clear()
    guarded.estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")][0].update(State="Stopped", StartMode="Disabled")
    result = guarded.look()
    assert (result.extra["state"], [one["kind"] for one in result.extra["threats"]]) == ("threatened", ["presence"])
    guarded.knocks = False
    assert guarded.look().extra["state"] == "failed_over"


def test_a_directory_that_is_silent_repairs_nothing(guarded: Guarded) -> None:
    guarded.holder = "EXCH1$"
    guarded.look()
    guarded.estate.dead.add("dc1")
    assert (guarded.look().changed, guarded.look().extra["state"]) == (False, "threatened")


def test_a_source_that_answers_but_cannot_be_asked_is_no_proof_either_way(guarded: Guarded) -> None:
    guarded.returns()
    guarded.look()
    guarded.estate.dead.add("exch1")  # its port takes connections, its services can't be read
    assert guarded.look().extra["state"] == "threatened"
    guarded.knocks = False
    assert guarded.look().extra["state"] == "failed_over"


def test_it_watches_for_the_given_time(guarded: Guarded) -> None:
    slept = guarded.estate.clock.sleep

    def sleep(seconds: float) -> None:
        slept(seconds)
        guarded.holder = "EXCH1$"

    guarded.estate.clock.sleep = sleep  # type: ignore[method-assign]
    assert guarded.look(duration=60.0).extra["state"] == "threatened"


def test_check_mode_writes_nothing(guarded: Guarded) -> None:
    guarded.holder = "EXCH1$"
    head = guarded.head()
    assert guarded.look(check_mode=True).outcomes[0].status == "predicted"
    assert guarded.head() == head


def test_a_source_that_may_go_on_serving_is_no_threat(guarded: Guarded) -> None:
    guarded.returns()
    guarded.estate.definition["fence"]["minimum"] = 1
    assert guarded.look().extra["threats"] == []


def test_without_a_definition_nothing_is_looked_for(guarded: Guarded) -> None:
    guarded.holder = "EXCH1$"
    assert guarded.look(definition=None).extra["state"] == "failed_over"


def test_a_record_that_ages_is_a_warning_of_both(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (failover_monitor, failover_status):
        monkeypatch.setattr(module, "ageing", lambda failover, now: [f"{failover.kind} ages at {now:%Y}"])
    for result in (guarded.look(), guarded.estate.do(failover_status.failover_status)):
        assert "mail: failover ages at 2026" in result.warnings


def test_a_failback_ends_the_threat(guarded: Guarded) -> None:
    guarded.holder = "EXCH1$"
    guarded.look()
    guarded.estate.dead.clear()
    back = guarded.estate.run("opened", kind="failback")
    assert back.extra["state"] == "failing_back"
    assert guarded.estate.run("closed", run=back.extra["run"], definition=None).extra["state"] == "protected"
    assert guarded.estate.do(failover_status.failover_status).extra["threats"] == []
