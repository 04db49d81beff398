# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, InvalidInput, LeaseLost, StepFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.interrupted import there_and_back
from ansible_collections.continuity.identity_failover.tests.unit.windows_services import Manager, service

EXCHANGE = {"MSExchangeIS": ["MSExchangeADTopology"], "MSExchangeTransport": ["MSExchangeADTopology"]}
NAMES = ["MSExchangeADTopology", "MSExchangeIS", "MSExchangeTransport"]


def entry(name: str, start_mode: str | None = None, timeout: float = 120.0) -> dict[str, t.Any]:
    return {"name": name, "start_mode": start_mode, "timeout": timeout}


def params(*services: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {**runs.ALONE, "state": "started", "services": list(services), "from_baseline": False, "settle": 1.0, **more}


def run(manager: Manager, given: dict[str, t.Any], clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return app_services(given, FakeHosts(manager.session), clock or FakeClock(), check_mode=check_mode)


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.status) for outcome in result.outcomes]


def exchange(state: str = "Stopped", **more: t.Any) -> Manager:
    return Manager(*(service(name, state, **more) for name in NAMES), needs=EXCHANGE, looks=1)


def test_services_start_in_the_order_that_their_dependencies_need():
    manager = exchange()
    result = run(manager, params(entry("MSExchangeIS"), entry("MSExchangeADTopology"), entry("MSExchangeTransport")))
    assert manager.done == ["MSExchangeADTopology Running", "MSExchangeIS Running", "MSExchangeTransport Running"]
    assert result.changed and not result.failed
    assert [outcome.after for outcome in result.outcomes] == [{"state": "Running", "start_mode": "auto"}] * 3
    assert result.diff["before"]["MSExchangeIS"] == {"state": "Stopped", "start_mode": "auto"}


def test_a_second_time_there_is_nothing_to_do():
    manager = exchange("Running")
    result = run(manager, params(*map(entry, NAMES)))
    assert not result.changed and {status for _name, status in statuses(result)} == {"already"}
    assert not manager.session.calls_of("invoke")


def test_services_stop_in_reverse_and_can_be_disabled():
    manager = exchange("Running")
    result = run(manager, params(*(entry(name, "disabled") for name in NAMES), state="stopped"))
    assert manager.done == [
        f"{name} {what}" for name in reversed(["MSExchangeADTopology", "MSExchangeIS", "MSExchangeTransport"]) for what in ("Disabled", "Stopped")
    ]
    assert result.outcomes[-1].after == {"state": "Stopped", "start_mode": "disabled"}


def test_a_disabled_service_starts_only_with_a_start_mode():
    manager = exchange(mode="Disabled")
    refused = run(manager, params(entry("MSExchangeADTopology")))
    assert refused.failed and refused.reason == "service_refused" and "give a start_mode" in refused.msg and not refused.changed
    started = run(manager, params(entry("MSExchangeADTopology", "manual")))
    assert started.outcomes[0].after == {"state": "Running", "start_mode": "manual"}


def test_an_unknown_service_stops_the_task_before_anything_is_touched():
    manager = exchange()
    with pytest.raises(StepFailed, match="exch2 has no service MSExchangeOops") as caught:
        run(manager, params(entry("MSExchangeADTopology"), entry("MSExchangeOops")))
    assert caught.value.reason == "unknown_service"
    assert statuses(caught.value.result) == [("MSExchangeADTopology", "not_tried"), ("MSExchangeOops", "failed")]
    assert not manager.session.calls_of("invoke")


def test_dependants_that_nobody_listed_are_named_and_left_running():
    """MSExchangeIS depends on LanmanServer: a cascade would take the mailbox store down."""
    manager = Manager(
        service("LanmanServer", "Running"),
        service("MSExchangeIS", "Running"),
        service("Browser"),
        needs={"MSExchangeIS": ["LanmanServer"], "Browser": ["LanmanServer"]},
    )
    result = run(manager, params(entry("LanmanServer"), state="stopped"))
    assert result.failed and "MSExchangeIS. They are not listed" in result.msg and "Browser" not in result.msg
    assert manager.find("MSExchangeIS")["State"] == "Running" and manager.find("LanmanServer")["State"] == "Running"


def test_a_service_that_dies_after_its_start_is_failed_with_its_exit_code():
    manager, clock = exchange(), FakeClock()
    die = clock.sleep

    def sleep(seconds: float) -> None:
        die(seconds)
        if seconds > 2.0:
            manager.find("MSExchangeADTopology").update(State="Stopped", ExitCode=1066, ServiceSpecificExitCode=17, ProcessId=0)

    clock.sleep = sleep  # type: ignore[method-assign]
    result = run(manager, params(entry("MSExchangeADTopology"), settle=3.0), clock)
    assert statuses(result) == [("MSExchangeADTopology", "failed")] and result.changed and result.failed
    assert "Stopped 3 s later (service-specific exit code 17)" in result.msg


def test_services_settle_side_by_side():
    manager, clock = exchange(), FakeClock()
    assert not run(manager, params(*map(entry, NAMES), settle=3.0), clock).failed
    assert sum(seconds for seconds in clock.slept if seconds > 2.0) == pytest.approx(3.0)


def test_one_that_dies_while_the_others_start_is_found_out_in_the_end():
    manager, clock = exchange(), FakeClock()
    dies = manager.find("MSExchangeADTopology")
    manager.after_start = lambda started: dies.update(State="Stopped", ExitCode=17, ProcessId=0) if started["Name"] == "MSExchangeTransport" else None
    result = run(manager, params(*map(entry, NAMES), settle=3.0), clock)
    assert statuses(result) == [("MSExchangeADTopology", "failed"), ("MSExchangeIS", "done"), ("MSExchangeTransport", "done")]
    assert result.failed and result.changed and "exit code 17" in result.msg and "2 of 3 items" in result.msg


def test_with_stop_nothing_is_started_after_a_service_that_dies():
    manager, clock = exchange(), FakeClock()
    sleep = clock.sleep

    def dying(seconds: float) -> None:
        sleep(seconds)
        if seconds > 2.0:
            manager.find("MSExchangeADTopology").update(State="Stopped", ExitCode=17, ProcessId=0)

    clock.sleep = dying  # type: ignore[method-assign]
    result = run(manager, params(*map(entry, NAMES), settle=3.0, on_item_failure="stop"), clock)
    assert statuses(result) == [("MSExchangeADTopology", "failed"), ("MSExchangeIS", "not_tried"), ("MSExchangeTransport", "not_tried")]
    assert manager.done == ["MSExchangeADTopology Running"]


def test_a_second_look_that_is_lost_is_taken_again(monkeypatch: pytest.MonkeyPatch):
    manager, clock = exchange(), FakeClock()
    sleep = clock.sleep

    def losing(seconds: float) -> None:
        sleep(seconds)
        if seconds > 2.0:
            manager.session.failures["query"] = ConnectionLost("the answer was lost")

    clock.sleep = losing  # type: ignore[method-assign]
    result = run(manager, params(*map(entry, NAMES), settle=3.0), clock)
    assert not result.failed and not manager.session.failures


def test_a_service_that_was_started_anew_in_between_is_failed():
    manager, clock = exchange(), FakeClock()
    sleep = clock.sleep
    clock.sleep = lambda seconds: (sleep(seconds), manager.find(NAMES[0]).update(ProcessId=999))[0]  # type: ignore[method-assign]
    result = run(manager, params(entry(NAMES[0])), clock)
    assert result.failed and "another process" in result.msg


def test_settle_zero_does_not_look_twice():
    clock = FakeClock()
    assert not run(exchange(), params(entry(NAMES[0]), settle=0.0), clock).failed
    assert 1.0 not in clock.slept


def test_a_service_that_never_ends_pending_is_unconfirmed_after_its_timeout():
    manager, clock = Manager(service("A"), looks=10**6), FakeClock()
    result = run(manager, params(entry("A", timeout=5.0)), clock)
    assert statuses(result) == [("A", "unconfirmed")] and result.failed and "still Start Pending after 5 s" in result.msg
    assert clock.elapsed < 6


def test_check_mode_predicts_and_touches_nothing():
    manager = exchange(mode="Manual")
    result = run(manager, params(*(entry(name, "auto") for name in NAMES)), check_mode=True)
    assert result.changed and {status for _name, status in statuses(result)} == {"predicted"}
    assert result.outcomes[0].msg == "would set start mode auto and start"
    assert not manager.session.calls_of("invoke")


def test_the_items_after_a_failed_one_are_tried_or_not_as_asked():
    for choice, expected in (("continue", "done"), ("stop", "not_tried")):
        manager = Manager(service("A", mode="Disabled"), service("B"))
        result = run(manager, params(entry("A"), entry("B"), on_item_failure=choice))
        assert statuses(result) == [("A", "failed"), ("B", expected)]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (params(), "services is empty"),
        (params(entry("A"), entry("a")), "listed twice"),
        (params(entry("A", "disabled")), "cannot be started and disabled"),
        (params(entry("A", timeout=0.0)), "more than 0 seconds"),
        (params(entry("A"), settle=-1.0), "0 or more seconds"),
        (params(entry("A"), from_baseline=True), "from_baseline needs 'run'"),
    ],
)
def test_bad_input_is_one_sentence_and_touches_nothing(given: dict[str, t.Any], word: str):
    manager = Manager(service("A"))
    with pytest.raises(InvalidInput, match=word):
        run(manager, given)
    assert not manager.session.calls


def test_a_baseline_says_which_services_ran_and_how_they_start(tmp_path: pathlib.Path):
    clock = FakeClock()
    baseline = {"services": {"exch2": {"A": {"state": "Running", "start_mode": "auto"}, "B": {"state": "Stopped", "start_mode": "manual"}}}}
    opened = runs.started(tmp_path, clock, kind="failback", baseline=baseline)
    manager = Manager(service("A", mode="Disabled"), service("B", "Running"))
    result = run(manager, params(entry("A"), entry("B"), from_baseline=True, run=opened), clock)
    assert [outcome.after for outcome in result.outcomes] == [{"state": "Running", "start_mode": "auto"}, {"state": "Stopped", "start_mode": "manual"}]
    with pytest.raises(InvalidInput, match="baseline of exch2 has no service C"):
        run(manager, params(entry("C"), from_baseline=True, run=opened), clock)


def test_without_any_baseline_of_the_host_the_services_start_as_they_are_set_up_and_that_is_said(tmp_path: pathlib.Path) -> None:
    clock = FakeClock()
    manager = Manager(service("A", mode="Manual"))
    result = run(manager, params(entry("A"), from_baseline=True, run=runs.started(tmp_path, clock, baseline={"machines": {}})), clock)
    assert (result.changed, result.outcomes[0].after) == (True, {"state": "Running", "start_mode": "manual"})
    assert "no baseline of exch2" in result.warnings[0]


def test_a_later_run_puts_back_what_an_earlier_one_changed(tmp_path: pathlib.Path):
    clock, manager = FakeClock(), Manager(service("A", mode="Manual"), service("B", "Running"))
    first = runs.started(tmp_path, clock)
    run(manager, params(entry("A", "auto"), entry("B"), run=first), clock)
    runs.ended(tmp_path, clock, first)
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(manager, params(entry("A"), entry("B"), state="reverted", run=second, revert_run="run1"), clock)
    assert statuses(result) == [("A", "done"), ("B", "already")]
    assert manager.find("A")["State"] == "Stopped" and manager.find("A")["StartMode"] == "Manual" and manager.find("B")["State"] == "Running"


def test_what_somebody_else_changed_since_is_left_alone(tmp_path: pathlib.Path):
    clock, manager = FakeClock(), Manager(service("A", mode="Manual"))
    first = runs.started(tmp_path, clock)
    run(manager, params(entry("A", "auto"), run=first), clock)
    runs.ended(tmp_path, clock, first)
    manager.find("A")["StartMode"] = "Disabled"
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(manager, params(entry("A"), state="reverted", run=second, revert_run="run1"), clock)
    assert result.failed and result.reason == "changed_by_other" and manager.find("A")["State"] == "Running"


def test_a_controller_that_wakes_up_after_its_lease_was_taken_changes_nothing_more(tmp_path: pathlib.Path) -> None:
    """It stalls between two calls of one change: the second one asks first, and is not sent."""
    clock, manager = FakeClock(), Manager(service("A", mode="Manual"))
    opened = runs.started(tmp_path, clock)
    change_mode = manager.session.methods[("Win32_Service", "ChangeStartMode")]

    def stalls(session: t.Any, keys: t.Any, arguments: t.Any) -> t.Any:
        answer = change_mode(session, keys, arguments)
        taker = runs.journal(tmp_path, clock)
        taker.read()
        taker.append([], LeaseClaim(holder="other", epoch=opened["epoch"] + 1, seconds=60.0, run="run1", acquire=True, force=True))
        clock.advance(120)
        return answer

    manager.session.methods[("Win32_Service", "ChangeStartMode")] = stalls
    with pytest.raises(LeaseLost) as caught:
        run(manager, params(entry("A", "auto"), run=opened), clock)
    result = t.cast("Result", caught.value.result)
    assert [(outcome.status, outcome.reason) for outcome in result.outcomes] == [("failed", "lease_lost")]
    assert [call[3] for call in manager.session.calls_of("invoke")] == ["ChangeStartMode"]
    assert manager.find("A")["State"] == "Stopped"


@pytest.mark.parametrize(("state", "passes"), [("started", []), ("stopped", ["A Running"])])
def test_a_service_that_was_paused_is_paused_again(tmp_path: pathlib.Path, state: str, passes: list[str]) -> None:
    clock, manager = FakeClock(), Manager(service("A", "Paused", mode="Manual"), looks=2)
    opened = runs.started(tmp_path, clock)
    assert not run(manager, params(entry("A"), state=state, run=opened), clock).failed
    assert manager.find("A")["State"] == ("Running" if state == "started" else "Stopped")
    manager.done.clear()
    result = run(manager, params(entry("A"), state="reverted", run=opened, revert_run="run1"), clock)
    assert (statuses(result), manager.find("A")["State"], manager.done) == ([("A", "done")], "Paused", [*passes, "A Paused"])
    assert result.outcomes[0].after == {"state": "Paused", "start_mode": "manual"}


def test_a_baseline_that_recorded_a_paused_service_is_followed(tmp_path: pathlib.Path) -> None:
    clock, manager = FakeClock(), Manager(service("A"))
    opened = runs.started(tmp_path, clock, baseline={"services": {"exch2": {"A": {"state": "Paused", "start_mode": "auto"}}}})
    result = run(manager, params(entry("A"), from_baseline=True, run=opened), clock)
    assert (result.failed, manager.find("A")["State"]) == (False, "Paused")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["Running", "Stopped", "Paused"]), st.sampled_from(["Auto", "Manual", "Disabled"])), min_size=1, max_size=3),
    st.sampled_from(["started", "stopped"]),
    st.sampled_from(["auto", "manual"]),
    st.integers(0, 2),
    st.integers(0, 30),
    st.integers(0, 30),
)
@example([("Paused", "Disabled")], "stopped", "auto", 0, 30, 4).via("it ran already, with the start mode of the run, when the controller died over pausing it")
def test_services_are_put_back_exactly_wherever_the_controller_died(
    found: list[tuple[str, str]], state: str, mode: str, looks: int, first: int, second: int
) -> None:
    clock = FakeClock()
    manager = Manager(*(service(name, *image) for name, image in zip("ABC", found, strict=False)), looks=looks)
    entries = [entry(one["Name"], mode) for one in manager.services]
    with tempfile.TemporaryDirectory() as folder:
        given_run = runs.started(pathlib.Path(folder), clock)
        there_and_back(
            manager.session,
            lambda: run(manager, params(*entries, state=state, run=given_run), clock),
            lambda: run(manager, params(*entries, state="reverted", run=given_run, revert_run="run1"), clock),
            lambda: [(one["State"], one["StartMode"]) for one in manager.services if one["Name"] not in manager.pending],
            first,
            second,
        )
