# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import progress
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import closing
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import begun, lasting, undo_order
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, StepFailed, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.promote_data import promote_data
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts, FakeSession

DONE = {"run": "run1", "did": "discard_queues", "engine": "FailedOver", "promoted": True, "old_direction": "stopped", "data_point": "2026-03-01T12:00:00Z"}
KEY = "data@exch2"


class Case:
    """A failover for which people approved that queues are discarded, and a hook."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.run = {**runs.started(folder, self.clock), "data_state": "discard_queues"}

    def task(self, check_mode: bool = False, **given: t.Any) -> Result:
        options = {"state": "promoted", "engine": "other", "data_state": None, "hook": True, "hook_timeout": 300.0, "evidence": None}
        params = {**runs.ALONE, **options, "run": self.run, **given}
        return promote_data(params, FakeHosts(FakeSession("exch2")), self.clock, check_mode=check_mode)

    def announce(self, **given: t.Any) -> Result:
        return self.task(state="announced", **given)

    def record(self) -> t.Any:
        return runs.read(self.folder, self.clock).runs["run1"]


@pytest.fixture
def case(tmp_path: pathlib.Path) -> Case:
    return Case(tmp_path)


def test_the_choice_is_in_the_journal_before_the_hook_runs_and_its_evidence_afterwards(case: Case) -> None:
    announced = case.announce()
    assert announced.extra["hand_over"] and announced.extra["data_state"] == "discard_queues" and not announced.changed
    begun_with = case.record()
    assert begun_with.images[KEY]["data"]["after"] == {"state": "handed_over", "choice": "discard_queues"}
    with pytest.raises(WrongState, match=KEY):
        closing(runs.read(case.folder, case.clock), "mail", "run1")
    assert progress(begun_with, {})[1][0]["status"] == "unfinished"
    done = case.task(evidence=DONE)
    assert (done.failed, done.changed, done.outcomes[0].status) == (False, True, "done")
    record = case.record()
    assert record.images[KEY]["data"]["before"] is None and record.images[KEY]["data"]["after"]["data_point"] == DONE["data_point"]
    assert record.steps[KEY]["evidence"] == DONE and closing(runs.read(case.folder, case.clock), "mail", "run1") is not None


def test_while_the_hook_runs_the_store_knows_how_long_it_may_take(case: Case) -> None:
    case.announce()
    lease = runs.journal(case.folder, case.clock)
    lease.read()
    assert lease.lease.unsettled >= 299  # what the intent told, and some slack
    case.task(evidence=DONE)
    lease.read()
    assert lease.lease.unsettled == 0


def test_what_is_done_is_not_handed_over_again_and_what_nobody_knows_is(case: Case) -> None:
    case.announce()
    assert case.announce().extra["hand_over"]  # a controller died while the hook ran
    case.task(evidence=DONE)
    again = case.announce()
    assert (again.extra["hand_over"], again.outcomes[0].status) == (False, "already")
    assert case.task().outcomes[0].status == "already"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"did": "revert_to_snapshot"}, "data_choice_not_kept"),
        ({"did": None}, "data_choice_not_kept"),
        ({"promoted": False}, "data_not_promoted"),
        ({"old_direction": "running"}, "old_direction_not_stopped"),
        ({"old_direction": "unknown"}, "old_direction_not_stopped"),
    ],
)
def test_evidence_that_shows_otherwise_fails_the_step_and_is_kept(case: Case, wrong: dict[str, t.Any], reason: str) -> None:
    case.announce()
    result = case.task(evidence={**DONE, **wrong})
    assert result.failed and result.reason == reason and result.outcomes[0].status == "failed" and result.changed
    assert case.record().steps[KEY]["evidence"] == {**DONE, **wrong} and case.announce().extra["hand_over"]
    accepted = case.task(evidence={**DONE, **wrong}, accept_failure="seen in the console: it is as wanted")
    assert not accepted.failed and case.record().accepted[-1]["step"] == KEY


def test_a_hook_that_returns_nothing_leaves_it_unconfirmed(case: Case) -> None:
    case.announce()
    result = case.task()
    assert result.failed and (result.outcomes[0].status, result.reason) == ("unconfirmed", "no_evidence")


@pytest.mark.parametrize("run", ["20260301T090000Z-0a0b0c", None])
def test_what_an_earlier_play_left_in_the_variable_is_no_evidence(case: Case, run: str | None) -> None:
    case.announce()
    result = case.task(evidence={**DONE, "run": run})
    assert (result.outcomes[0].status, result.reason) == ("unconfirmed", "no_evidence") and "this is run1" in result.msg
    assert case.record().steps[KEY]["evidence"] in (None, {}) and case.announce().extra["hand_over"]


def test_a_choice_that_nobody_can_carry_out_is_refused_and_can_be_accepted(case: Case) -> None:
    for state in ("announced", "promoted"):
        with pytest.raises(StepFailed, match="no hook data") as refused:
            case.task(state=state, hook=False)
        assert refused.value.reason == "data_choice_unserved"
    accepted = case.announce(hook=False, accept_failure="the queue is empty, seen in the console")
    assert not accepted.failed and "hand_over" not in accepted.extra
    assert not case.task(hook=False).failed  # as was accepted in this run before


def test_one_copy_has_nothing_to_discard_and_the_journal_says_so(case: Case) -> None:
    result = case.task(engine="none", hook=False)
    assert (result.failed, result.outcomes[0].status) == (False, "already") and "nothing to do" in result.outcomes[0].msg
    assert case.record().steps[KEY]["failed"] is False


def test_the_approved_choice_holds(case: Case) -> None:
    with pytest.raises(InvalidInput, match="people approved discard_queues"):
        case.task(data_state="apply_queues")


@pytest.mark.parametrize("empty", ["engine", "data_point"])
def test_evidence_has_to_say_something(case: Case, empty: str) -> None:
    with pytest.raises(InvalidInput, match="must say something"):
        case.task(evidence={**DONE, empty: " "})


def test_check_mode_predicts_and_writes_nothing(case: Case) -> None:
    result = case.announce(check_mode=True)
    assert result.extra["hand_over"] and result.outcomes[0].status == "predicted" and KEY not in case.record().images


def test_undoing_leaves_the_data_and_names_them(case: Case) -> None:
    case.announce()
    unknown = lasting(begun(case.record()), case.record().images, case.record().steps)
    case.task(evidence=DONE)
    record = case.record()
    (said,) = lasting(begun(record), record.images, record.steps)
    assert "discard_queues, up to 2026-03-01T12:00:00Z" in said and "exch2" in said and "exch2" in unknown[0]
    assert undo_order(record) == []


@pytest.mark.parametrize(
    ("evidence", "grade"), [(None, "unknown"), ({**DONE, "did": None, "promoted": False, "old_direction": "running", "engine": "Protecting"}, "probed")]
)
def test_a_plan_is_as_sure_as_its_hook_looked(case: Case, evidence: dict[str, t.Any] | None, grade: str) -> None:
    predictions = Predictions.begin()
    case.run = {**case.run, "mode": "plan", "predictions": predictions.path}
    result = case.task(evidence=evidence)
    (said,) = predictions.all()
    (change,) = said.changes
    assert (change["grade"], change["after"]) == (grade, {"state": "promoted", "choice": "discard_queues"}) and not result.failed
    assert evidence is None or change["detail"] == {"state": "not_promoted", "old_direction": "running"}  # nothing that moves with time
    assert evidence is None or "the engine is Protecting" in result.outcomes[0].msg
    predictions.end()
