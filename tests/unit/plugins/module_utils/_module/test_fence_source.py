# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCredentials,
    ConnectionLost,
    ConnectionRefused,
    FailoverError,
    InvalidInput,
    StepFailed,
    Unreachable,
    WrongMachine,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import releasing
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.fence_source import FenceStep, fence_source
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts, FakeSession
from ansible_collections.continuity.identity_failover.tests.unit.windows_services import Manager, service

MACHINE = {"uuid": "4C4C4544-0001", "name": "EXCH1"}
NAMES = ["MSExchangeADTopology", "MSExchangeIS"]
AT = "2026-03-01T12:00:00Z"


def dns_client(alias: str = "Ethernet", index: int = 7, registers: bool = True) -> dict[str, t.Any]:
    keys = {"Name": str(index), "CreationClassName": "", "SystemCreationClassName": "", "SystemName": ""}
    return {"InterfaceAlias": alias, "InterfaceIndex": index, "RegisterThisConnectionsAddress": registers, **keys}


def source(uuid: str = MACHINE["uuid"]) -> Manager:
    manager = Manager(*(service(name, "Running") for name in NAMES), needs={"MSExchangeIS": ["MSExchangeADTopology"]}, looks=1, name="exch1")
    manager.session.instances.update(
        {
            ("root/StandardCimv2", "MSFT_DNSClient"): [dns_client(), dns_client("Loopback Pseudo-Interface 1", 1)],
            ("root/cimv2", "Win32_ComputerSystemProduct"): [{"UUID": uuid}],
            ("root/cimv2", "Win32_ComputerSystem"): [{"Name": "EXCH1"}],
        }
    )
    return manager


def dead(error: FailoverError | None = None) -> FakeSession:
    session = source().session
    failure = error or Unreachable("no answer from exch1")

    def fail(*_given: t.Any) -> t.Any:
        raise failure

    session.identify = session.query = session.enumerate = fail  # type: ignore[method-assign]
    return session


def witness(name: str = "wit1", code: int | None = 11010) -> FakeSession:
    return FakeSession(name, instances={("root/cimv2", "Win32_PingStatus"): [{"Address": "10.0.0.11", "Timeout": 1000, "StatusCode": code}]})


def blind(name: str = "wit1") -> FakeSession:
    session = witness(name)
    session.failures["query"] = Unreachable(f"no answer from {name}")
    return session


def params(**more: t.Any) -> dict[str, t.Any]:
    given = {"state": "fenced", "host": "10.0.0.11", "services": NAMES, "service_timeout": 60.0, "registration": True, "minimum": 2}
    return {**runs.ALONE, **given, "vantage_points": [], "addresses": [], "evidence": [], "accept_unfenced": None, **more}


def run(session: FakeSession, given: dict[str, t.Any], *named: FakeSession, clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return fence_source(given, FakeHosts(session, named), clock or FakeClock(), check_mode=check_mode)


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.status) for outcome in result.outcomes]


def test_a_living_source_is_stopped_disabled_and_kept_out_of_dns():
    manager = source()
    result = run(manager.session, params())
    assert result.extra["grade"] == 2 and result.extra["evidence"][0]["kind"] == "read_back" and not result.failed
    assert manager.done == ["MSExchangeIS Disabled", "MSExchangeIS Stopped", "MSExchangeADTopology Disabled", "MSExchangeADTopology Stopped"]
    assert statuses(result) == [("service MSExchangeIS", "done"), ("service MSExchangeADTopology", "done"), ("registration Ethernet", "done")]
    again = run(manager.session, params())
    assert not again.changed and again.extra["grade"] == 2


def test_the_wrong_machine_is_left_alone():
    manager = source(uuid="other")
    with pytest.raises(WrongMachine, match="nothing was changed"):
        run(manager.session, params(machine=MACHINE))
    assert not manager.session.calls_of("invoke") and not manager.session.calls_of("put")


@pytest.mark.parametrize("error", [Unreachable("no answer"), ConnectionRefused("closed")])
def test_a_silent_source_is_evidence_not_an_error(error: FailoverError):
    result = run(dead(error), params(minimum=1, vantage_points=[{"host": "controller"}, {"host": "wit1"}], machine=MACHINE), witness())
    assert result.extra["grade"] == 1 and not result.failed and not result.changed
    assert result.extra["evidence"] == [
        {"grade": 1, "kind": "silence", "observed": f"{error.reason} from controller; no echo at wit1", "at": "2026-03-01T12:00:00.000Z"}
    ]
    assert {status for _name, status in statuses(result)} == {"skipped"}


def test_a_source_that_only_answers_echo_is_not_fenced():
    result = run(dead(), params(minimum=1, vantage_points=[{"host": "wit1"}]), witness(code=0))
    assert result.failed and result.reason == "not_fenced" and "still answers wit1" in result.msg and result.extra["grade"] == 0


@pytest.mark.parametrize("named", [(), (blind(),)])
def test_silence_without_a_vantage_point_that_works_proves_nothing(named: tuple[FakeSession, ...]):
    """The controller may be the isolated one."""
    result = run(dead(), params(minimum=1, vantage_points=[{"host": session.name} for session in named]), *named)
    assert result.failed and result.reason == "not_fenced" and result.extra["grade"] == 0


def test_one_answer_that_was_lost_is_no_silence():
    manager = source()
    for kind in ("identify", "query", "enumerate"):
        manager.session.failures[kind] = ConnectionLost("the connection ended")
    assert run(manager.session, params()).extra["grade"] == 2


def test_evidence_from_a_hypervisor_counts_for_a_silent_source():
    fact = {"grade": 4, "kind": "hyperv", "observed": "Off", "at": AT}
    result = run(dead(), params(minimum=3, evidence=[fact]))
    assert result.extra["grade"] == 4 and not result.failed


def test_a_source_that_answers_is_not_powered_off_whatever_a_hook_says():
    fact = {"grade": 4, "kind": "hyperv", "observed": "Off", "at": AT}
    result = run(source().session, params(minimum=3, evidence=[fact]))
    assert result.failed and result.extra["grade"] == 2


def test_too_little_is_accepted_with_a_reason_and_warned_of(tmp_path: pathlib.Path):
    clock = FakeClock()
    opened = runs.started(tmp_path, clock)
    result = run(dead(), params(accept_unfenced="mail since 11:50", run=opened), clock=clock)
    assert not result.failed and result.extra["accepted"] == "mail since 11:50" and "mail since 11:50" in result.warnings[-1]
    record = runs.read(tmp_path, clock).runs["run1"]
    assert record.accepted[0]["reason"] == "mail since 11:50" and record.steps["fence@exch1"]["failed"] is False


def test_a_fence_that_failed_is_accepted_as_any_other_step_is(tmp_path: pathlib.Path):
    clock = FakeClock()
    opened = runs.started(tmp_path, clock)
    result = run(dead(), params(accept_failure="mail since 11:50", run=opened), clock=clock)
    assert (result.failed, result.reason, result.extra["accepted"], result.extra["grade"]) == (False, "", "mail since 11:50", 0)
    record = runs.read(tmp_path, clock).runs["run1"]
    assert [entry["reason"] for entry in record.accepted] == ["mail since 11:50"] and "grade 0" in record.accepted[0]["what"]
    assert record.steps["fence@exch1"]["failed"] is False


def test_items_and_the_grade_are_accepted_in_one(tmp_path: pathlib.Path):
    clock, manager = FakeClock(), source()
    opened = runs.started(tmp_path, clock)
    manager.session.failures["put"] = BadCredentials("no right")
    result = run(manager.session, params(accept_failure="it is only read", run=opened), clock=clock)
    (entry,) = runs.read(tmp_path, clock).runs["run1"].accepted
    assert not result.failed and "registration Ethernet" in entry["what"] and "Beside that" in entry["what"]


def test_a_failed_fence_is_recorded_as_failed(tmp_path: pathlib.Path):
    clock = FakeClock()
    opened = runs.started(tmp_path, clock)
    assert run(dead(), params(run=opened), clock=clock).failed
    assert runs.read(tmp_path, clock).runs["run1"].steps["fence@exch1"]["failed"] is True


def test_no_services_no_grade_two():
    assert run(source().session, params(services=[])).extra["grade"] == 0


def test_registration_that_is_left_on_does_not_reach_grade_two():
    manager = source()
    result = run(manager.session, params(registration=False))
    assert result.failed and result.extra["grade"] == 0 and not manager.session.calls_of("put")


def test_a_logon_that_is_refused_is_an_error_because_the_source_lives():
    with pytest.raises(BadCredentials):
        run(dead(BadCredentials("no logon")), params())


def test_an_unknown_service_is_refused_before_anything_is_touched():
    manager = source()
    with pytest.raises(StepFailed, match="exch1 has no service Oops"):
        run(manager.session, params(services=[*NAMES, "Oops"]))
    assert not manager.session.calls_of("invoke") and not manager.session.calls_of("put")


def test_check_mode_predicts_the_grade_and_touches_nothing():
    manager = source()
    result = run(manager.session, params(), check_mode=True)
    assert result.extra["grade"] == 2 and {status for _name, status in statuses(result)} == {"predicted"} and not manager.done


def test_released_gives_back_start_modes_and_registration_but_starts_nothing(tmp_path: pathlib.Path):
    clock, manager = FakeClock(), source()
    first = runs.started(tmp_path, clock)
    run(manager.session, params(run=first), clock=clock)
    runs.ended(tmp_path, clock, first)
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(manager.session, params(state="released", run=second, revert_run="run1"), clock=clock)
    assert not result.failed and {status for _name, status in statuses(result)} == {"done"}
    assert [(entry["State"], entry["StartMode"]) for entry in manager.services] == [("Stopped", "Auto")] * 2
    assert manager.session.instances[("root/StandardCimv2", "MSFT_DNSClient")][0]["RegisterThisConnectionsAddress"] is True
    assert not run(manager.session, params(state="released", run=second, revert_run="run1"), clock=clock).changed


def test_after_an_adoption_the_baseline_says_which_start_modes_are_released(tmp_path: pathlib.Path):
    """People moved the identity by hand, and disabled one service of the source; nobody recorded that."""
    clock, manager = FakeClock(), source()
    baseline = {"services": {"exch1": {name: {"state": "Running", "start_mode": "auto"} for name in NAMES}}}
    manager.services[0].update(State="Stopped", StartMode="Disabled", ProcessId=0)
    first = runs.started(tmp_path, clock, baseline=baseline)
    known = runs.journal(tmp_path, clock)
    known.read()
    data = {"owner": "target", "reason": "by hand", "observed": "target", "evidence": [], "state": "failing_over"}
    known.append([known.draft("adopted", run="run1", by="ops", data=data)], releasing(first))
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(manager.session, params(state="released", run=second, revert_run="run1"), clock=clock)
    assert not result.failed, result.msg
    assert [(entry["State"], entry["StartMode"]) for entry in manager.services] == [("Stopped", "Auto"), ("Running", "Auto")]


def test_reverted_starts_what_ran(tmp_path: pathlib.Path):
    clock, manager = FakeClock(), source()
    first = runs.started(tmp_path, clock)
    run(manager.session, params(run=first), clock=clock)
    run(manager.session, params(state="reverted", run=first, revert_run="run1"), clock=clock)
    assert [(entry["State"], entry["StartMode"]) for entry in manager.services] == [("Running", "Auto")] * 2


def test_releasing_a_source_that_was_never_reached_has_nothing_to_do(tmp_path: pathlib.Path):
    clock = FakeClock()
    first = runs.started(tmp_path, clock)
    run(dead(), params(run=first, accept_unfenced="nothing"), clock=clock)
    result = run(source().session, params(state="released", run=first, revert_run="run1"), clock=clock)
    assert not result.changed and not result.failed


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (params(accept_unfenced=" "), "name the data at risk"),
        (params(accept_unfenced="say why"), "name the data at risk"),
        (params(state="released"), "needs 'run' and 'revert_run'"),
        (params(services=["A", "a"]), "listed twice"),
        (params(service_timeout=0.0), "more than 0 seconds"),
        (params(evidence=[{"grade": 4, "kind": "x", "observed": "y", "at": "never"}]), "no time that can be read"),
    ],
)
def test_bad_input_asks_nothing_of_the_source(given: dict[str, t.Any], word: str):
    manager = source()
    with pytest.raises(InvalidInput, match=word):
        run(manager.session, given)
    assert not manager.session.calls


@pytest.mark.parametrize(("registered", "now", "known"), [(True, False, True), (False, False, True), (None, False, False), (None, True, True)])
def test_the_baseline_knows_which_adapters_register(registered: bool | None, now: bool, known: bool):
    step = FenceStep(params(), FakeHosts(source().session), FakeClock(), [], None)
    baseline = {"registrations": {"exch1": {"Ethernet": registered}}} if registered is not None else {}
    expected = {"registers": registered} if registered is not None else {"registers": now}
    assert step.at_peace("registration Ethernet", {"registers": now}, baseline) == (known, expected)
