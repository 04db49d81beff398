# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import services
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.windows_services import Manager, service


def test_services_are_read_in_one_query_and_in_the_order_asked():
    manager = Manager(service("B", "Running"), service("a", mode="Manual"))
    found = services.read_services(manager.session, ["A", "b", "C"])
    assert [(name, entry.image() if entry else None) for name, entry in found.items()] == [
        ("A", {"state": "Stopped", "start_mode": "manual"}),
        ("b", {"state": "Running", "start_mode": "auto"}),
        ("C", None),
    ]
    assert len(manager.session.calls_of("query")) == 1


def test_many_names_are_asked_in_portions():
    names = [f"s{number}" for number in range(services.PORTION + 1)]
    manager = Manager(*(service(name) for name in names))
    assert all(services.read_services(manager.session, names).values())
    assert len(manager.session.calls_of("query")) == 2


def test_a_delayed_start_is_told_from_an_automatic_one():
    manager = Manager(service("A", DelayedAutoStart=True), service("B", mode="Manual", DelayedAutoStart=True))
    found = services.read_services(manager.session, ["A", "B"])
    assert [entry.start_mode for entry in found.values() if entry] == ["delayed", "manual"]


def test_needs_are_read_from_references_dictionaries_and_object_paths():
    manager = Manager(service("A"), needs={"IS": ["AD"]})
    manager.session.instances[("root/cimv2", "Win32_DependentService")] += [
        {"Dependent": {"Name": "AD"}, "Antecedent": {"name": "Tcp"}},
        {"Dependent": r'\\H\root\cimv2:Win32_Service.Name="Tcp"', "Antecedent": r'\\H\root\cimv2:Win32_SystemDriver.Name="afd"'},
        {"Dependent": None, "Antecedent": "no path"},
    ]
    assert services.read_needs(manager.session) == {"IS": ["AD"], "AD": ["Tcp"], "Tcp": ["afd"]}


@pytest.mark.parametrize(("mode", "sent"), [("auto", "Automatic"), ("manual", "Manual"), ("disabled", "Disabled")])
def test_start_modes_use_the_words_of_the_method(mode: str, sent: str):
    manager = Manager(service("A", mode="System"))
    services.set_start_mode(manager.session, "A", mode)
    assert manager.session.calls_of("invoke")[0][4] == {"StartMode": sent}
    assert not manager.session.calls_of("run")


def test_a_delayed_start_needs_sc():
    manager = Manager(service("A", mode="Manual"))
    manager.session.programs = lambda command, arguments, stdin: ShellResult(0, b"", "")
    services.set_start_mode(manager.session, "A", "delayed")
    assert manager.session.calls_of("run")[0][1:3] == ("sc.exe", ["config", "A", "start=", "delayed-auto"])


def test_sc_that_fails_is_told():
    manager = Manager(service("A", mode="Manual"))
    manager.session.programs = lambda command, arguments, stdin: ShellResult(5, b"", "")
    with pytest.raises(services.ServiceRefused, match="code 5"):
        services.set_start_mode(manager.session, "A", "delayed")


@pytest.mark.parametrize(("code", "word"), [(14, "it is disabled"), (15, "account could not log on"), (2, "access is denied"), (99, "no known reason")])
def test_a_refusal_is_one_sentence_with_its_code(code: int, word: str):
    manager, clock = Manager(service("A")), FakeClock()
    manager.codes[("A", "StartService")] = [code]
    with pytest.raises(services.ServiceRefused, match=rf"could not start service A on exch2: .*{word}.*\(code {code}\)") as caught:
        services.request_start(manager.session, "A", Deadline(clock, 60), clock)
    assert caught.value.details["code"] == code


def test_a_locked_database_is_waited_out():
    manager, clock = Manager(service("A")), FakeClock()
    manager.codes[("A", "StartService")] = [11, 11]
    services.request_start(manager.session, "A", Deadline(clock, 60), clock)
    assert manager.done == ["A Running"] and clock.elapsed == 2.0


def test_a_locked_database_is_not_waited_for_without_end():
    manager, clock = Manager(service("A")), FakeClock()
    manager.codes[("A", "StartService")] = [11] * 100
    with pytest.raises(services.ServiceRefused, match="locked"):
        services.request_start(manager.session, "A", Deadline(clock, 5), clock)
    assert clock.elapsed == 5.0


def test_already_running_is_fine_and_a_paused_service_is_resumed():
    manager, clock = Manager(service("A", "Running"), service("B", "Paused")), FakeClock()
    services.request_start(manager.session, "A", Deadline(clock, 60), clock)
    services.request_start(manager.session, "B", Deadline(clock, 60), clock)
    assert [call[3] for call in manager.session.calls_of("invoke")] == ["StartService", "ResumeService"]


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        ("Paused", []),
        ("Pause Pending", []),
        ("Running", ["PauseService"]),
        ("Stopped", ["StartService", "PauseService"]),
        ("Continue Pending", ["PauseService"]),
    ],
)
def test_a_service_is_paused_from_wherever_it_is(state: str, calls: list[str]):
    manager, clock = Manager(service("A", state), looks=1), FakeClock()
    if state == "Continue Pending":
        manager.pending["A"] = (1, "Running")
    now = services.read_services(manager.session, ["A"])["A"]
    services.request_pause(manager.session, "A", now, Deadline(clock, 60), clock)
    assert [call[3] for call in manager.session.calls_of("invoke")] == calls


def test_a_service_that_cannot_be_paused_is_told():
    manager, clock = Manager(service("A", "Running")), FakeClock()
    manager.codes[("A", "PauseService")] = [4]
    with pytest.raises(services.ServiceRefused, match=r"could not pause service A on exch2: the control code is not valid \(code 4\)"):
        services.request_pause(manager.session, "A", services.read_services(manager.session, ["A"])["A"], Deadline(clock, 60), clock)
    dying = Manager(service("B"), looks=0)
    dying.after_start = lambda entry: entry.update(State="Stopped", ExitCode=1067)
    with pytest.raises(services.ServiceRefused, match="could not pause service B on exch2: the service B is Stopped"):
        services.request_pause(dying.session, "B", None, Deadline(clock, 60), clock)


def test_a_state_that_is_known_is_not_read_again():
    manager, clock = Manager(service("A"), service("B", "Paused")), FakeClock()
    services.request_start(manager.session, "A", Deadline(clock, 60), clock, state="Stopped")
    services.request_start(manager.session, "B", Deadline(clock, 60), clock, state="Paused")
    assert [call[3] for call in manager.session.calls_of("invoke")] == ["StartService", "ResumeService"]
    assert not manager.session.calls_of("query")


def test_a_service_that_is_just_stopping_is_started_afterwards():
    manager, clock = Manager(service("A", "Stop Pending"), looks=2), FakeClock()
    manager.pending["A"] = (3, "Stopped")
    services.request_start(manager.session, "A", Deadline(clock, 60), clock)
    assert manager.done == ["A Running"]


def test_waiting_goes_by_the_wait_hint_and_ends_with_the_state():
    manager, clock = Manager(service("A", "Start Pending", WaitHint=5000)), FakeClock()
    manager.pending["A"] = (3, "Running")
    now, why = services.await_state(manager.session, "A", "Running", Deadline(clock, 60), clock)
    assert now is not None and now.state == "Running" and why == ""
    assert clock.slept == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("hint", "step"), [(0, 0.2), (1000, 0.2), (30000, 3.0), (900000, 10.0)])
def test_the_step_is_a_tenth_of_the_hint_within_bounds(hint: int, step: float):
    manager, clock = Manager(service("A", "Start Pending", WaitHint=hint)), FakeClock()
    manager.pending["A"] = (1, "Running")
    services.await_state(manager.session, "A", "Running", Deadline(clock, 60), clock)
    assert clock.slept == [step]


def test_a_service_that_hangs_is_told_from_one_that_is_slow():
    clock = FakeClock()
    hung = Manager(service("A", "Start Pending", CheckPoint=1))
    hung.pending.clear()
    now, why = services.await_state(hung.session, "A", "Running", Deadline(clock, 30), clock)
    assert now is not None and now.state == "Start Pending"
    assert "still Start Pending after 30 s; it made no progress for 30 s" in why
    slow = Manager(service("A", "Start Pending"))
    slow.pending["A"] = (10**6, "Running")
    assert "still making progress" in services.await_state(slow.session, "A", "Running", Deadline(clock, 30), clock)[1]


@pytest.mark.parametrize(("code", "specific", "words"), [(1067, 0, "exit code 1067"), (1066, 17, "service-specific exit code 17")])
def test_a_service_that_stopped_tells_its_exit_code(code: int, specific: int, words: str):
    clock = FakeClock()
    manager = Manager(service("A", ExitCode=code, ServiceSpecificExitCode=specific))
    now, why = services.await_state(manager.session, "A", "Running", Deadline(clock, 30), clock)
    assert now is not None and why == f"the service A is Stopped ({words})" and clock.elapsed == 0
