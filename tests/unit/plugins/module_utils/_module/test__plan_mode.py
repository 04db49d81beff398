# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan mode: a step is predicted in the world that earlier steps leave, and nothing that it meets ends the plan."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import Unreachable, WrongMachine, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Change
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import refuse_all
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.runs import ALONE, journal, started


class Switches:
    """Item -> on or off; all shall be ``wanted``. Applying or verifying would be a mistake."""

    def __init__(self, key: str, found: dict[str, str], wanted: str = "on", trouble: Exception | None = None) -> None:
        self.key, self.host = key, key.partition("@")[2]
        self.found, self.wanted, self.trouble = found, wanted, trouble

    def check_machine(self, expected: t.Any) -> None:
        if isinstance(self.trouble, WrongMachine):
            raise self.trouble

    def observe(self) -> dict[str, t.Any]:
        if isinstance(self.trouble, Unreachable):
            raise self.trouble
        return dict(self.found)

    def changes(self, before: dict[str, t.Any]) -> list[Change]:
        if isinstance(self.trouble, WrongState):
            raise self.trouble
        return [Change(name, f"switch {self.wanted}", image, self.wanted) for name, image in before.items() if image != self.wanted]

    def inverse(self, name: str, before: t.Any, after: t.Any, now: t.Any) -> Change | None:
        if now not in (before, after):
            raise WrongState(f"{name} is {now}")
        return None if now == before else Change(name, f"switch {before}", now, before)

    def groups(self, changes: list[Change]) -> t.Any:
        raise AssertionError("a plan changes nothing")

    apply = verify = groups


class Planning:
    def __init__(self, folder: pathlib.Path) -> None:
        self.clock, self.kept, self.folder = FakeClock(), Predictions.begin(), folder
        self.run = {**started(folder, self.clock, mode="plan"), "predictions": self.kept.path}

    def drive(self, step: t.Any, **params: t.Any) -> t.Any:
        return drive(step, {**ALONE, "run": self.run, **params}, FakeHosts(), self.clock, check_mode=False)

    def last(self) -> Prediction:
        return self.kept.all()[-1]


@pytest.fixture
def planning(tmp_path: pathlib.Path) -> t.Iterator[Planning]:
    made = Planning(tmp_path)
    yield made
    made.kept.end()


def test_a_later_step_is_predicted_from_the_earlier_prediction(planning: Planning) -> None:
    planning.drive(Switches("services@exch2", {"a": "off", "b": "on"}))
    assert (planning.last().changes[0]["grade"], planning.last().as_wanted) == ("probed", {"b": "on"})
    again = planning.drive(Switches("services@exch2", {"a": "off"}))
    assert [(outcome.status, outcome.before) for outcome in again.outcomes] == [("already", "on")]
    planning.drive(Switches("services@exch2", {"a": "off"}, wanted="dim"))
    assert [(change["before"], change["grade"]) for change in planning.last().changes] == [("on", "predicted")]


def test_what_rests_on_a_change_before_it_is_predicted_and_not_probed(planning: Planning) -> None:
    planning.drive(Switches("services@exch2", {"a": "off"}))
    planning.drive(Switches("databases@exch2", {"db": "off"}))
    assert planning.last().changes[0]["grade"] == "predicted"


@pytest.mark.parametrize(
    "trouble", [Unreachable("exch2 does not answer", host="exch2"), WrongMachine("another machine answers"), WrongState("a third account holds it")]
)
def test_a_step_that_would_fail_is_part_of_the_plan(planning: Planning, trouble: t.Any) -> None:
    result = planning.drive(Switches("spns", {"a": "off"}, trouble=trouble))
    assert (result.failed, result.changed) == (False, False)
    said = planning.last()
    assert (said.changes, said.reason, said.msg) == ([], trouble.reason, trouble.message)
    assert all(outcome.grade == "unknown" for outcome in result.outcomes if outcome.status == "predicted")
    assert trouble.message in result.warnings[0]
    assert "ok" not in {outcome.status for outcome in result.outcomes}


def test_what_a_step_broke_off_at_is_named_and_nothing_of_it_is_shown_as_wanted(planning: Planning) -> None:
    class Picky(Switches):
        def changes(self, before: dict[str, t.Any]) -> list[Change]:
            raise refuse_all("nothing was touched: b is broken", "broken", {"b": "b is broken"}, before, "exch2")

    result = planning.drive(Picky("services@exch2", {"a": "off", "b": "broken", "c": "on"}))
    told = [(outcome.name, outcome.status, outcome.changed, outcome.grade, outcome.before, outcome.after) for outcome in result.outcomes]
    assert told == [
        ("a", "skipped", False, "unknown", "off", None),
        ("c", "skipped", False, "unknown", "on", None),
        ("b", "predicted", False, "unknown", "broken", None),
    ]
    said = planning.last()
    assert (said.as_wanted, said.found, said.stops_at) == ({}, {"a": "off", "b": "broken", "c": "on"}, {"b": "b is broken"})


def test_where_changes_are_made_is_kept_and_what_is_only_waited_for_touches_nothing(planning: Planning) -> None:
    class Elsewhere(Switches):
        def changes(self, before: dict[str, t.Any]) -> list[Change]:
            return [Change("a", "switch on", "off", "on"), Change("b", "wait", "on", "on", waits=True), Change("c", "switch on", "off", "on")]

        def touches(self, change: Change) -> list[str]:
            return ["dns1", f"of {change.name}"]

    planning.drive(Elsewhere("dns", {"a": "off", "b": "on", "c": "off"}))
    assert planning.last().touches == ["dns1", "of a", "of c"]


def test_of_what_only_the_whole_refuses_the_item_is_named(planning: Planning) -> None:
    class Judged(Switches):
        def conclude(self, result: t.Any) -> None:
            result.outcomes[0].status, result.outcomes[0].msg = "failed", "b has no owner"
            result.failed, result.reason, result.msg = True, "no_owner", "b is not locked"

    planning.drive(Judged("dns_lock", {"a": "off", "b": "on", "c": "on"}))
    said = planning.last()
    assert (said.as_wanted, said.found, said.stops_at) == ({"c": "on"}, {"b": "on"}, {"b": "b has no owner"})


def test_what_only_the_whole_fails_on_is_told_and_does_not_fail_the_plan(planning: Planning) -> None:
    class Judged(Switches):
        def conclude(self, result: t.Any) -> None:
            result.failed, result.reason, result.msg = True, "not_fenced", "grade 1, and 3 is needed"

    result = planning.drive(Judged("fence@exch1", {"a": "off"}))
    assert not result.failed
    assert (planning.last().reason, planning.last().msg, len(planning.last().changes)) == ("not_fenced", "grade 1, and 3 is needed", 1)


def test_of_a_silent_host_nothing_is_shown_as_wanted(planning: Planning) -> None:
    class Silent(Switches):
        silence = Unreachable("exch1 does not answer", host="exch1")

    result = planning.drive(Silent("fence@exch1", {"a": "on"}))
    assert [(outcome.status, outcome.grade) for outcome in result.outcomes] == [("skipped", "unknown")]
    assert (planning.last().as_wanted, planning.last().reason) == ({}, "unreachable")


def test_a_drill_is_planned_there_and_back(planning: Planning) -> None:
    planning.drive(Switches("services@exch2", {"a": "off", "b": "on"}))
    planning.drive(Switches("services@exch2", {"a": "off", "b": "on"}), state="reverted", revert_run="run1")
    said = planning.last()
    assert [(change["name"], change["before"], change["after"]) for change in said.changes] == [("a", "on", "off")]
    assert (said.puts_back, said.as_wanted) == (True, {"b": "on"})


def test_what_somebody_changed_since_the_failover_is_told_in_the_plan_of_a_failback(planning: Planning) -> None:
    known = journal(planning.folder, planning.clock)
    known.read()
    images = [{"name": name, "do": "", "before": "off", "after": "on", "grade": "probed", "detail": None} for name in ("a", "b")]
    known.append([known.draft("step_intent", run="run1", step="services@exch2", data={"changes": images, "reverts": ""})])
    planning.run = {**planning.run, "id": "plan2"}
    planning.drive(Switches("services@exch2", {"a": "on", "b": "broken"}), state="reverted", revert_run="run1")
    said = planning.last()
    assert [(change["name"], change["after"]) for change in said.changes] == [("a", "off")]
    assert (said.reason, said.msg, said.as_wanted, said.puts_back) == ("changed_by_other", "b is broken", {}, False)
    assert (said.found, said.stops_at) == ({"b": "broken"}, {"b": "b is broken"})


def test_no_secret_gets_into_a_plan(planning: Planning) -> None:
    planning.drive(Switches("services@exch2", {"a": "hunter2-canary"}), key={"name": "k", "secret": "hunter2-canary"})
    assert "hunter2" not in pathlib.Path(planning.kept.path).read_text(encoding="ascii")
