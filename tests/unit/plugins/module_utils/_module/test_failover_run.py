# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run's life: armed, watched, decided, opened, stopped, closed - over a directory store and dictionaries for hosts."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import re
import shlex
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import checkpoint, lease_rules
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import AwaitingApproval
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    InvalidInput,
    LeaseHeld,
    LeaseLost,
    StoreError,
    WrongMachine,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_status as status_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._lock_guard import Locks, Lost
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_arming import REFRESH
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.tests.unit.estate import CIMV2, Estate, machine, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.runs import ALONE


@pytest.fixture
def estate(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    return make_estate(tmp_path, monkeypatch)


def test_arming_records_both_machines_and_their_services(estate: Estate) -> None:
    result = estate.run("armed")
    assert (result.changed, result.extra["state"]) == (True, "protected")
    assert result.extra["baseline"]["machines"]["exch2"] == {"uuid": "22222222-0000-0000-0000-000000000000", "name": "EXCH2"}
    assert result.extra["baseline"]["services"] == {
        "exch1": {"IS": {"state": "Running", "start_mode": "auto"}},
        "exch2": {"IS": {"state": "Stopped", "start_mode": "manual"}},
    }


def test_arming_again_changes_nothing_until_something_differs(estate: Estate) -> None:
    estate.run("armed")
    assert not estate.run("armed").changed
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["StartMode"] = "Disabled"
    result = estate.run("armed")
    assert [(o.name, o.before, o.after) for o in result.outcomes] == [("services.exch2.IS.start_mode", "manual", "disabled")]
    assert result.extra["changes"] == [{"name": "services.exch2.IS.start_mode", "before": "manual", "after": "disabled"}]
    assert estate.run("armed").extra["changes"] == []


def test_a_run_under_an_odd_name_is_refused_before_anything_is_touched(estate: Estate) -> None:
    estate.run("armed")
    head = estate.do(failover_status).extra["head"]["seq"]
    for by in (" ", "EXAMPLE\alice", "['bob']"):
        with pytest.raises(InvalidInput, match=r"by \(failover_by in the playbooks\)"):
            estate.run("armed", by=by)
    assert estate.do(failover_status).extra["head"]["seq"] == head


def test_the_status_says_whose_choices_for_the_data_disagree(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack, by="alice", required=2)
    assert estate.do(failover_status).warnings == []
    estate.do(failover_ack, by="ian", required=2, data_state="discard_queues", data_at_risk="the queue")
    assert "mail: the votes disagree about the data: alice said apply_queues, ian said discard_queues; " in estate.do(failover_status).warnings[0]


def age(estate: Estate) -> float:
    return float(estate.do(failover_status).extra["baseline"]["age"])


def test_a_baseline_grows_old_until_it_was_looked_at_again_though_nothing_differed(estate: Estate) -> None:
    estate.run("armed")
    estate.clock.advance(REFRESH - 60.0)
    assert not estate.run("armed").changed
    head = estate.do(failover_status).extra["head"]["seq"]
    assert (head, age(estate)) == (1, pytest.approx(REFRESH - 60.0))
    assert look_ahead(estate)["about"]["baseline_age"] == pytest.approx(REFRESH - 60.0)
    estate.clock.advance(120.0)
    assert not estate.run("armed").changed
    assert age(estate) == pytest.approx(0.0)
    estate.clock.advance(30.0)
    assert age(estate) == pytest.approx(30.0)


def test_one_lost_answer_does_not_end_arming_or_opening(estate: Estate) -> None:
    for session in estate.sessions.values():
        session.failures["query"] = ConnectionLost("the answer was lost", host=session.name)
    assert estate.run("armed").changed
    estate.do(failover_ack)
    estate.sessions["exch2"].failures["query"] = ConnectionLost("the answer was lost", host="exch2")
    assert estate.run("opened").extra["state"] == "failing_over"


def test_a_verb_leaves_a_checkpoint_behind_a_long_tail_and_the_run_goes_on_from_it(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVENTS", 3)
    estate.mirror = ""
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    run = estate.run("opened").extra["run"]
    closed = estate.run("closed", run=run, definition=None)
    assert [entry["kind"] for entry in closed.extra["timeline"]] == ["checkpoint", "run_closed"]
    assert (closed.extra["state"], closed.extra["phases"]["detect"]) == ("failed_over", 10.0)
    whole = estate.do(failover_status)
    assert [entry["kind"] for entry in whole.extra["timeline"]] == ["armed", "incident_opened", "decision", "run_opened", "checkpoint", "run_closed"]
    assert whole.extra["runs"][0]["phases"] == closed.extra["phases"]


def test_check_mode_leaves_no_checkpoint(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    monkeypatch.setattr(checkpoint, "EVENTS", 1)
    head = estate.do(failover_status).extra["head"]
    estate.run("armed", check_mode=True)
    assert estate.do(failover_status).extra["head"] == head


def test_check_mode_arms_nothing(estate: Estate) -> None:
    assert estate.run("armed", check_mode=True).changed
    assert estate.do(failover_status).extra["state"] == "unarmed"


def test_one_machine_under_two_names_is_refused(estate: Estate) -> None:
    estate.sessions["exch2"] = estate.sessions["exch1"]
    with pytest.raises(WrongMachine, match="one machine"):
        estate.run("armed")


def test_a_silent_source_becomes_an_incident_and_nothing_else_happens(estate: Estate) -> None:
    estate.run("armed")
    result = estate.fail()
    assert (result.changed, result.extra["state"], result.extra["incident"]["class"]) == (True, "pending", "host")
    assert estate.clock.elapsed == pytest.approx(10.0)
    assert not estate.do(failover_monitor, duration=0.0).changed
    create = [call for call in estate.sessions["exch2"].calls if "Create" in call]
    assert len(create) == 1 and "eventcreate.exe" in str(create[0])


def test_one_round_alone_opens_no_incident(estate: Estate) -> None:
    estate.run("armed")
    estate.dead.add("exch1")
    result = estate.do(failover_monitor, duration=0.0)
    assert (result.changed, result.extra["state"], result.extra["time_to_fail"]) == (False, "suspect", 10.0)


def test_a_source_that_answers_again_voids_the_votes(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    assert estate.do(failover_ack).extra["state"] == "approved"
    estate.dead.clear()
    result = estate.do(failover_monitor)
    assert (result.extra["state"], estate.do(failover_status).extra["votes"]) == ("recovered", [])
    assert estate.do(failover_ack, decision="acknowledge").extra["state"] == "protected"


def test_a_source_that_dies_before_a_planned_move_asks_for_a_new_decision(estate: Estate) -> None:
    estate.run("armed")
    assert estate.do(failover_ack).extra["state"] == "approved"
    assert estate.fail().extra["state"] == "pending"


def test_a_run_is_not_opened_for_a_source_that_answers_again(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    estate.dead.clear()
    with pytest.raises(WrongState, match="answers again"):
        estate.run("opened")
    assert estate.do(failover_status).extra["state"] == "recovered"


def test_without_a_decision_nothing_opens_and_the_next_command_is_named(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    with pytest.raises(AwaitingApproval, match=r"ansible-playbook continuity\.identity_failover\.ack"):
        estate.run("opened")


def test_a_decision_said_twice_by_one_person_counts_once(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    assert estate.do(failover_ack, required=2).extra["state"] == "pending"
    again = estate.do(failover_ack, required=2)
    assert (again.changed, again.extra["state"]) == (False, "pending")
    assert estate.do(failover_ack, required=2, by="chief").extra["state"] == "approved"


def test_a_planned_move_that_waits_for_more_votes_is_next_and_may_be_declined(estate: Estate) -> None:
    estate.run("armed")
    with pytest.raises(WrongState, match="mail is protected: nobody has voted for a planned move, so there is nothing to decline"):
        estate.do(failover_ack, by="dave", decision="decline")
    waiting = estate.do(failover_ack, by="alice", required=2)
    assert (waiting.extra["state"], waiting.extra["next"]) == ("protected", estate.do(failover_status).extra["next"])
    assert "failover_decision=proceed" in waiting.extra["next"] and """-e '{"failover_by": "..."}'""" in waiting.extra["next"]
    refused = estate.do(failover_ack, by="dave", decision="decline", required=2)
    assert refused.extra["state"] == "declined" and "dave declines until 20" in refused.msg and ", and can withdraw that before" in refused.msg
    seen = estate.do(failover_status)
    assert seen.extra["next"] == refused.extra["next"] and "failover_decision=withdraw" in seen.extra["next"] and '"dave"' in seen.extra["next"]
    assert any("mail: dave declines until 20" in warning for warning in seen.warnings)
    assert estate.do(failover_ack, by="dave", decision="withdraw", required=2).extra["state"] == "protected"
    assert estate.do(failover_ack, by="bob", required=2).extra["state"] == "approved"


def test_a_decision_that_expired_is_named_where_it_is_missing(estate: Estate) -> None:
    approved(estate)
    estate.clock.sleep(3601.0)
    with pytest.raises(AwaitingApproval, match="manual intervention is pending; the decision of ops to proceed expired at 20"):
        estate.run("opened")
    assert "1 of 2 needed say proceed; the decision of ops to proceed expired at 20" in estate.do(failover_ack, by="chief", required=2).msg


def test_a_refusal_is_named_everywhere_and_holds_nothing_up_once_it_has_expired(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    assert estate.do(failover_ack, by="chief", decision="decline", expires=600.0).extra["state"] == "declined"
    estate.do(failover_ack, required=2)
    second = estate.do(failover_ack, required=2, by="third")
    assert second.extra["state"] == "pending" and "2 of 2 needed say proceed; chief declines until" in second.msg
    with pytest.raises(AwaitingApproval, match="chief declines until"):
        estate.run("opened")
    estate.clock.sleep(601.0)
    assert estate.do(failover_status).extra["state"] == "approved"
    estate.run("opened", definition={**estate.definition, "approvals": {"required": 2}})
    assert (estate.do(failover_status).extra["state"], estate.do(failover_status).extra["runs"][-1]["approvers"]) == (
        "failing_over",
        [{"by": "ops", "how": "asserted"}, {"by": "third", "how": "asserted"}],
    )


def test_to_proceed_with_a_source_that_came_back_names_what_comes_first(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.dead.clear()
    estate.do(failover_monitor)
    with pytest.raises(WrongState, match="failover_decision=acknowledge") as caught:
        estate.do(failover_ack)
    assert "failover_decision=acknowledge" in caught.value.details["next"]


@pytest.mark.parametrize(
    ("field", "value"), [("reason", "  "), ("required", 0), ("expires", 0.0), ("data_state", "discard_queues"), ("data_state", "revert_to_snapshot")]
)
def test_an_empty_decision_is_refused(estate: Estate, field: str, value: t.Any) -> None:
    with pytest.raises(InvalidInput, match="data_at_risk" if field == "data_state" else field):
        estate.do(failover_ack, **{field: value})


def opened(estate: Estate) -> t.Any:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    return estate.run("opened")


def test_an_opened_run_holds_the_lease_and_says_who_owns_the_identity_afterwards(estate: Estate) -> None:
    result = opened(estate)
    assert (result.extra["state"], result.extra["owner_afterwards"]) == ("failing_over", "target")
    assert result.msg.endswith("of mail is open; afterwards the target owns the identity")
    assert result.extra["run"]["machines"]["exch2"]["name"] == "EXCH2"
    with pytest.raises(LeaseHeld, match="ops has held the lease of mail"):
        estate.run("opened", by="another")


def test_a_stopped_run_is_resumed_at_once_under_a_new_epoch(estate: Estate) -> None:
    first = opened(estate).extra["run"]
    estate.run("stopped", run=first)
    second = estate.run("opened").extra["run"]
    assert (second["id"], second["epoch"]) == (first["id"], first["epoch"] + 1)


def test_a_stopped_run_says_what_is_done_and_how_to_go_on_and_to_undo(estate: Estate) -> None:
    stopped = estate.run("stopped", run=opened(estate).extra["run"])
    assert [(entry["step"], entry["status"]) for entry in stopped.extra["not_done"]] == [("fence", "not_begun"), ("services", "not_begun")]
    assert (stopped.extra["done"], stopped.extra["next_accepting"]) == ([], "")
    assert stopped.extra["next"] == "ansible-playbook continuity.identity_failover.failover -e failover_identity=mail"
    assert stopped.extra["undo"] == "ansible-playbook continuity.identity_failover.undo -e failover_identity=mail"
    assert "services on exch2 (not begun)" in stopped.msg


def test_a_run_whose_controller_died_is_resumed_once_its_lease_has_run_out(estate: Estate) -> None:
    first = opened(estate).extra["run"]
    estate.clock.advance(61.0)
    assert estate.run("opened").extra["run"]["id"] == first["id"]


def test_a_replaced_target_is_noticed_before_anything_is_opened(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    estate.sessions["exch2"] = machine("exch2", "99999999-0000-0000-0000-000000000000", "Stopped")
    with pytest.raises(WrongMachine):
        estate.run("opened")
    assert estate.do(failover_status).extra["state"] == "approved"


def test_closing_says_the_target_owns_and_a_second_failover_has_nothing_to_do(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    assert estate.run("closed", run=run).extra["state"] == "failed_over"
    again = estate.run("opened")
    assert (again.changed, again.extra["run"], again.outcomes[0].status) == (False, {}, "already")


def test_a_failback_reverts_the_last_failover_and_ends_protected(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("closed", run=run)
    estate.dead.clear()
    back = estate.run("opened", kind="failback")
    assert (back.extra["reverts"], back.extra["state"], back.extra["owner_afterwards"]) == (run["id"], "failing_back", "source")
    assert back.msg.endswith("; afterwards the source owns the identity")
    assert estate.run("closed", run=back.extra["run"]).extra["state"] == "protected"


def test_giving_a_run_up_needs_a_reason(estate: Estate) -> None:
    approved(estate)
    run = estate.run("opened").extra["run"]
    for reason in ("", None):
        with pytest.raises(InvalidInput, match="say why the run is given up"):
            estate.run("abandoned", reason=reason)
    assert estate.do(failover_status).extra["active_run"]["id"] == run["id"]


def test_a_run_that_moved_nothing_can_be_abandoned_and_frees_the_identity(estate: Estate) -> None:
    first = opened(estate).extra["run"]
    estate.run("stopped", run=first)
    assert estate.run("abandoned").extra["state"] == "pending"


def test_a_drill_opens_from_protected_and_keeps_the_state(estate: Estate) -> None:
    estate.run("armed")
    run = estate.run("opened", kind="drill").extra["run"]
    assert estate.do(failover_status).extra["state"] == "protected"
    with pytest.raises(WrongState, match="drill run"):
        estate.run("opened")
    estate.run("closed", run=run)


def test_a_drill_that_stopped_does_not_keep_a_failover_back(estate: Estate) -> None:
    estate.run("armed")
    drill = estate.run("opened", kind="drill").extra["run"]
    estate.run("stopped", run=drill)
    estate.fail()
    estate.do(failover_ack)
    result = estate.run("opened")
    assert (result.extra["state"], drill["id"] in result.warnings[0]) == ("failing_over", True)


def test_a_plan_takes_no_lease_resumes_nothing_and_writes_only_its_hash(estate: Estate) -> None:
    real = opened(estate).extra["run"]
    estate.run("stopped", run=real)
    before = estate.do(failover_status).extra["timeline"]
    plan = estate.run("opened", mode="plan")
    assert plan.extra["run"]["id"] != real["id"]
    assert not plan.changed
    made = estate.run("closed", run=plan.extra["run"])
    after = estate.do(failover_status).extra["timeline"]
    assert [event["kind"] for event in after[len(before) :]] == ["plan_recorded"]
    assert made.extra["plan_hash"][:16] in after[-1]["text"]
    assert estate.do(failover_status).extra["state"] == "failing_over"
    assert estate.run("opened").extra["run"]["id"] == real["id"]


def test_a_source_whose_services_are_down_is_not_armed_without_a_reason(estate: Estate) -> None:
    estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")][0]["State"] = "Stopped"
    with pytest.raises(WrongState, match="IS of exch1 do not run.*failover_arm_reason"):
        estate.run("armed", reason=None)
    assert estate.run("armed", reason="it is started on demand").extra["state"] == "protected"


def test_why_a_service_is_down_is_kept_so_that_a_leak_check_or_a_failback_arms_without_asking(estate: Estate) -> None:
    service = estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")][0]
    service["State"] = "Stopped"
    estate.run("armed", reason="it is started on demand")
    again = estate.run("armed", reason=None, check_mode=True)
    assert (again.changed, again.extra["changes"]) == (False, [])
    service["State"] = "Running"
    assert estate.run("armed", reason=None).extra["baseline"].get("accepted_down") is None
    service["State"] = "Stopped"
    with pytest.raises(WrongState):
        estate.run("armed", reason=None)


def test_a_drills_own_services_need_not_run_in_peace_time(estate: Estate) -> None:
    estate.definition["drill"] = {"services": {"services": [{"name": "Agent"}]}}
    agent = {"Name": "Agent", "State": "Stopped", "StartMode": "Manual", "DelayedAutoStart": False}
    estate.sessions["exch1"].instances[(CIMV2, "Win32_Service")].append(agent)
    result = estate.run("armed", reason=None)
    assert (result.extra["state"], result.extra["baseline"]["services"]["exch1"]["Agent"]["state"]) == ("protected", "Stopped")


@pytest.mark.parametrize(("observed", "closes"), [("target", True), ("unknown", True), ("source", False), ("both", False), ("none", False)])
def test_a_run_closes_only_where_the_world_agrees(estate: Estate, monkeypatch: pytest.MonkeyPatch, observed: str, closes: bool) -> None:
    from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_ending as module

    run = opened(estate).extra["run"]
    evidence = [{"kind": "dns", "of": "dns1", "name": "mail.example.com A", "values": ["10.0.0.21"], "says": observed}]
    monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: (observed, evidence))
    if closes:
        assert estate.run("closed", run=run).extra["state"] == "failed_over"
    else:
        with pytest.raises(WrongState, match="dns1: mail.example.com A 10.0.0.21"):
            estate.run("closed", run=run)
        assert estate.do(failover_status).extra["state"] == "failing_over"


def test_status_reads_the_mirror_when_the_store_is_silent(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.dead.add("exch2")
    result = estate.do(failover_status, store={"kind": "target", "host": "exch2", "path": None}, definition=None)
    assert (result.extra["state"], result.extra["read_from"]) == ("pending", "mirror")
    assert "mirror" in result.warnings[0]


@pytest.mark.parametrize(("observed", "doubted"), [("source", True), ("target", False), ("unknown", False), ("both", False)])
def test_an_older_mirror_gives_no_advice_against_what_is_observed(estate: Estate, monkeypatch: pytest.MonkeyPatch, observed: str, doubted: bool) -> None:
    """The target is silent. Another controller may have given the identity back since, and its source must not be taken off the network then."""
    approved(estate)
    estate.run("closed", run=estate.run("opened").extra["run"], definition=None)
    estate.dead.add("exch2")
    pulls = {"kind": "address", "of": "exch1", "name": "10.0.0.21", "says": "source"}
    monkeypatch.setattr(status_module, "observe_owner", lambda definition, hosts, clock: (observed, [pulls]))
    monkeypatch.setattr(status_module, "look_for_threats", lambda definition, evidence, *more: evidence)
    monkeypatch.setattr(status_module, "repairs", lambda *_guards: ["a record"])
    lost = Locks(lost=[Lost("mail.example.com", "EXAMPLE\\EXCH1$", "mail.example.com is not locked on dc1")])
    monkeypatch.setattr(status_module, "look_at_locks", lambda *_asked: lost)
    result = estate.do(failover_status, store={"kind": "target", "host": "exch2", "path": None})
    done = [result.extra[key] for key in ("guarded", "repairs", "lock_lost")]
    assert done == ([False, [], []] if doubted else [True, ["a record"], ["mail.example.com"]])
    assert bool(result.extra["doubt"]) == doubted and any("lock it again" in warning for warning in result.warnings) == (not doubted)
    advice = any("take the source off the network" in warning for warning in result.warnings)
    assert (result.extra["read_from"], advice, len(result.extra["threats"])) == ("mirror", not doubted, 1)
    assert ("threatened" in result.msg, ".status " in result.extra["next"]) == (not doubted, doubted)
    if doubted:
        (warning,) = [one for one in result.warnings if one.startswith("mail: by the mirror, which ends with event ")]
        assert "the owner is the target, and everything that answers leads to the source" in warning


def test_an_identity_with_a_name_that_is_none_is_refused(estate: Estate) -> None:
    with pytest.raises(InvalidInput, match="no name for an identity"):
        estate.do(failover_status, identity="../etc")


GLASS = {"state": "opened", "break_glass": "nobody answers the telephone"}


@pytest.mark.parametrize("before", ["protected", "pending", "declined", "recovered"])
def test_break_glass_opens_without_approval_and_is_told_before_everything_else(estate: Estate, before: str) -> None:
    estate.run("armed")
    if before != "protected":
        estate.fail()
    if before == "declined":
        estate.do(failover_ack, decision="decline")
    if before == "recovered":
        estate.dead.clear()
        estate.do(failover_monitor)
    result = estate.run(**GLASS)
    assert (result.extra["state"], result.extra["run"]["data_state"]) == ("failing_over", "apply_queues")
    run = result.extra["run"]["id"]
    status = estate.do(failover_status)
    assert next(iter(status.extra)) == "break_glass"
    assert [(one["run"], one["by"], one["reason"]) for one in status.extra["break_glass"]] == [(run, "ops", "nobody answers the telephone")]
    first = status.extra["accepted"][0]
    assert (first["kind"], first["reason"], before in first["what"]) == ("break_glass", "nobody answers the telephone", True)
    assert any("break-glass: ops opened" in warning for warning in status.warnings)
    assert status.extra["unexpected"] == []


def test_whatever_is_told_of_a_run_that_nobody_approved_begins_with_it(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    first = "break-glass, without approval: nobody answers the telephone; "
    told = [estate.run(**GLASS), estate.do(failover_status)]
    told.append(estate.run("stopped", run=told[0].extra["run"]))
    assert told[-1].extra["accepted"][0]["kind"] == "break_glass"
    told.append(estate.run("opened", mode="undo"))
    told.append(estate.run("reverted", run=told[-1].extra["run"]))
    told.append(estate.run("reverted", run=told[-2].extra["run"]))
    told.append(estate.run(**GLASS))
    estate.run("stopped", run=told[-1].extra["run"])
    told.append(estate.run("abandoned"))
    estate.run("stopped", run=estate.run(**GLASS).extra["run"])
    told.append(estate.run("opened"))
    told.append(estate.run("closed", run=told[-1].extra["run"]))
    told.append(estate.run("closed", run=told[-2].extra["run"]))
    told.append(estate.run("stopped", run=told[-3].extra["run"]))
    told.append(estate.do(failover_status))
    assert [one.msg for one in told if not one.msg.startswith(first)] == []
    back = estate.run("opened", kind="failback")
    assert back.msg.startswith("failback run ")
    estate.run("closed", run=back.extra["run"])
    assert estate.do(failover_status).msg.startswith("mail is ")


def test_who_said_proceed_is_told_also_where_they_were_too_few_and_the_glass_was_broken(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack, required=2, by="Duty Chief")
    estate.run(**GLASS)
    (run,) = estate.do(failover_status).extra["runs"]
    assert [(one["by"], one["how"]) for one in run["approvers"]] == [("Duty Chief", "asserted")] and run["break_glass"]
    assert "pending, and" in run["accepted"][0]["what"] and "nobody approved" not in run["accepted"][0]["what"]


def test_break_glass_with_a_choice_that_loses_data_says_which(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    for nothing in (None, " ", "..."):
        with pytest.raises(InvalidInput, match="data_at_risk"):
            estate.run(**GLASS, data_state="discard_queues", data_at_risk=nothing)
    assert estate.do(failover_status).extra["state"] == "pending"
    estate.run(**GLASS, data_state="discard_queues", data_at_risk="mail since noon")
    entry = estate.do(failover_status).extra["runs"][0]["accepted"][0]
    assert entry["data_at_risk"] == "mail since noon" and "discard_queues, which may lose mail since noon" in entry["what"]


@pytest.mark.parametrize("given", [{"reason": "REASON"}, {"break_glass": "..."}, {"from_observation": "say why"}, {"accept": {"baseline_missing": "why"}}])
def test_a_printed_command_that_is_typed_as_it_stands_is_refused(estate: Estate, given: dict[str, t.Any]) -> None:
    estate.run("armed")
    with pytest.raises(InvalidInput, match=f"{next(iter(given))}.* only stands for a reason"):
        estate.run("opened", **given)


@pytest.mark.parametrize("option", ["reason", "data_at_risk"])
def test_a_decision_without_a_reason_of_its_own_is_refused(estate: Estate, option: str) -> None:
    estate.run("armed")
    with pytest.raises(InvalidInput, match=option):
        estate.do(failover_ack, **{option: "..."})


def test_break_glass_is_not_used_where_people_approved(estate: Estate) -> None:
    estate.run("armed")
    estate.do(failover_ack)
    assert any("not needed" in warning for warning in estate.run(**GLASS).warnings)
    assert estate.do(failover_status).extra["break_glass"] == []


def test_break_glass_needs_a_reason_and_an_armed_identity(estate: Estate) -> None:
    with pytest.raises(WrongState, match="unarmed"):
        estate.run(**GLASS)
    estate.run("armed")
    with pytest.raises(InvalidInput, match="explains nothing"):
        estate.run("opened", break_glass=" ")


def test_break_glass_tells_of_a_source_that_answers_and_goes_on(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.dead.clear()
    result = estate.run(**GLASS)
    assert result.extra["state"] == "failing_over"
    assert any("the source answers again" in warning for warning in result.warnings)


def test_break_glass_goes_beside_a_drill_that_stopped(estate: Estate) -> None:
    estate.run("armed")
    estate.run("stopped", run=estate.run("opened", kind="drill").extra["run"])
    estate.fail()
    assert estate.run(**GLASS).extra["state"] == "failing_over"


def test_a_run_that_was_opened_by_break_glass_is_resumed_like_any_other(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    run = estate.run(**GLASS, data_state="discard_queues", data_at_risk="mail since noon").extra["run"]
    estate.run("stopped", run=run)
    again = estate.run("opened")
    assert (again.extra["run"]["id"], again.extra["run"]["data_state"]) == (run["id"], "discard_queues")
    assert len(estate.do(failover_status).extra["break_glass"]) == 1


def test_who_opens_the_run_may_be_kept_from_approving_it(estate: Estate) -> None:
    estate.definition["approvals"]["exclude_requester"] = True
    estate.run("armed")
    assert estate.do(failover_ack, by="CORP\\ops").extra["state"] == "approved"
    with pytest.raises(AwaitingApproval, match="may not be among its approvers"):
        estate.run("opened", by="ops@corp.example.com")
    assert estate.run("opened", by="chief").extra["state"] == "failing_over"


def test_a_definition_that_asks_for_more_since_the_vote_is_awaiting_approval(estate: Estate) -> None:
    estate.run("armed")
    estate.do(failover_ack)
    estate.definition["approvals"]["required"] = 2
    with pytest.raises(AwaitingApproval, match="1 of 2 needed say proceed"):
        estate.run("opened")


def test_the_run_carries_the_choice_about_data_that_was_approved(estate: Estate) -> None:
    estate.run("armed")
    estate.do(failover_ack, data_state="revert_to_snapshot", data_at_risk="mail since the snapshot of 20:00")
    with pytest.raises(InvalidInput, match="the votes approve revert_to_snapshot, not apply_queues"):
        estate.run("opened", data_state="apply_queues")
    plan = estate.run("opened", mode="plan", data_state="discard_queues")
    assert plan.extra["run"]["data_state"] == "revert_to_snapshot"  # what people approved is what is planned
    estate.run("stopped", run=plan.extra["run"])
    assert estate.run("opened").extra["run"]["data_state"] == "revert_to_snapshot"
    report = estate.do(failover_status).extra["runs"][0]
    assert (report["data_state"], report["approvers"]) == ("revert_to_snapshot", [{"by": "ops", "how": "asserted"}])


def lease_of(estate: Estate, run: dict[str, t.Any]) -> Lease:
    journal = opening.open_journal("mail", run["store"], run["mirror"], estate, estate.clock)
    journal.read()
    return Lease(journal, run["holder"], run["epoch"], run["lease_seconds"], run["id"], "ops", estate.clock)


def crash_within_a_change(estate: Estate, run: dict[str, t.Any], deadline: float) -> None:
    """As after kill -9: the change was announced, and nobody is there any more."""
    lease_of(estate, run).append([], deadline)


def test_after_a_crash_within_a_long_change_the_run_is_resumed_when_its_holder_was_silent_for_the_leases_time(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    crash_within_a_change(estate, run, 600.0)
    estate.clock.advance(61.0)
    assert estate.run("opened").extra["run"]["id"] == run["id"]


def test_another_run_waits_for_what_a_dead_controller_had_begun(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    crash_within_a_change(estate, run, 600.0)
    estate.clock.advance(61.0)
    again = estate.run("opened").extra["run"]
    estate.run("closed", run=again)
    with pytest.raises(LeaseHeld, match="may go on until 2026-03-01T.*Run the playbook again then") as caught:
        estate.run("opened", kind="failback")
    assert "identity_failover.failback " in caught.value.details["next"]
    estate.clock.advance(caught.value.details["remaining"] + 1)
    assert estate.run("opened", kind="failback").extra["state"] == "failing_back"


def start_service(estate: Estate, run: dict[str, t.Any]) -> None:
    """The one step that this estate has; in plan mode it only looks."""
    options = {**ALONE, "state": "started", "services": [{"name": "IS", "start_mode": None, "timeout": 5.0}], "from_baseline": False, "settle": 0.0}
    app_services({**options, "run": run}, estate, estate.clock, check_mode=False)


def look_ahead(estate: Estate, kind: str = "failover", **params: t.Any) -> dict[str, t.Any]:
    """A plan of the one step that this estate has."""
    run = estate.run("opened", mode="plan", kind=kind).extra["run"]
    side = "exch1" if kind == "failback" else "exch2"
    estate.target = lambda: estate.named(side)  # type: ignore[method-assign]
    start_service(estate, run)
    return dict(estate.run("closed", run=run, kind=kind, **params).extra["plan"])


def test_a_plan_is_a_document_that_says_what_would_be_done(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    finding = {"id": "disk_space", "severity": "warning", "host": "exch2", "msg": "full", "evidence": 1}
    made = look_ahead(estate, findings=[finding], hooks=["before_dns", "before_quiesce"])
    (change,) = made["changes"]
    assert (change["step"], change["item"], change["after"]["state"], change["grade"]) == ("services@exch2", "IS", "Running", "probed")
    assert (made["state"], made["owner_afterwards"], made["intent"]["incident"]) == ("pending", "target", "2")
    assert (made["hooks_not_run"], made["findings"][0]["id"], made["steps"][0]["expected"]) == (["before_dns"], "disk_space", None)
    assert estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["State"] == "Stopped"


@pytest.mark.parametrize(("people", "playbook"), [(None, "ack"), ("decided", "failover")])
def test_a_plan_says_what_to_type_next(estate: Estate, people: str | None, playbook: str) -> None:
    estate.run("armed")
    if people:
        estate.do(failover_ack)
    run = estate.run("opened", mode="plan").extra["run"]
    assert f"continuity.identity_failover.{playbook} " in estate.run("closed", run=run).extra["next"]


@pytest.mark.parametrize(("hooks", "asks"), [([], True), (["before_quiesce"], False)])
def test_the_plan_of_a_failback_asks_for_the_word_about_the_data_that_it_will_want(estate: Estate, hooks: list[str], asks: bool) -> None:
    estate.run("armed")
    estate.do(failover_ack)
    estate.run("closed", run=estate.run("opened").extra["run"])
    run = estate.run("opened", mode="plan", kind="failback").extra["run"]
    said = estate.run("closed", run=run, kind="failback", hooks=hooks, reason=None).extra["next"]
    assert "identity_failover.failback " in said and ("failover_data_restored" in said) is asks
    run = estate.run("opened", mode="plan", kind="failback").extra["run"]
    told = estate.run("closed", run=run, kind="failback", hooks=hooks, reason="data restored: copied by hand").extra["next"]
    assert told == command("failback", "mail")


def test_a_plan_of_what_the_state_does_not_allow_is_made_and_says_so(estate: Estate) -> None:
    estate.run("armed")
    estate.do(failover_ack)
    estate.run("closed", run=estate.run("opened").extra["run"])
    run = estate.run("opened", mode="plan").extra["run"]
    made = estate.run("closed", run=run, break_glass="nobody answers")
    assert made.msg.endswith("Not now, though: no failover begins while the identity is failed_over; what moves it on from there is a failback")
    assert made.extra["next"] == command("failback", "mail", failover_data_restored="...")
    assert made.extra["plan"]["kind"] == "failover"


def test_the_plan_of_who_breaks_the_glass_asks_nobody_else(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    run = estate.run("opened", mode="plan").extra["run"]
    assert estate.run("closed", run=run, break_glass="nobody answers").extra["next"] == command("failover", "mail", failover_break_glass="...")


def test_a_plan_while_a_run_is_undone_leads_to_the_end_of_the_undo(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    estate.run("opened", mode="undo")
    plan = estate.run("opened", mode="plan").extra["run"]
    assert estate.run("closed", run=plan).extra["next"] == command("undo", "mail")


def test_two_plans_of_one_estate_have_one_hash_and_no_file_is_left(estate: Estate) -> None:
    estate.run("armed")
    one = look_ahead(estate)
    estate.clock.advance(60.0)
    run = estate.run("opened", mode="plan").extra["run"]
    assert pathlib.Path(run["predictions"]).exists()
    estate.run("stopped", run=run)
    assert not pathlib.Path(run["predictions"]).exists()
    assert look_ahead(estate)["hash"] == one["hash"]


def test_a_plan_without_a_baseline_is_made_and_says_so(estate: Estate) -> None:
    made = look_ahead(estate)
    assert (made["state"], made["about"]["baseline_age"]) == ("unarmed", None)
    assert "There is no baseline" in made["unknown"][0]


def test_a_plan_whose_hash_cannot_be_recorded_is_made_all_the_same(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    run = estate.run("opened", mode="plan").extra["run"]

    def refuse(*args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Journal, "append", refuse)
    result = estate.run("closed", run=run)
    assert result.extra["plan"]["hash"]
    assert "the disk is full" in result.warnings[0]


def test_a_failback_that_nothing_preceded_is_not_planned(estate: Estate) -> None:
    estate.run("armed")
    with pytest.raises(WrongState, match="never failed over"):
        estate.run("opened", mode="plan", kind="failback")


def test_a_plan_after_a_run_says_how_long_each_of_its_steps_took_then(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["State"] = "Running"
    start_service(estate, run)
    estate.run("closed", run=run)
    took = estate.do(failover_status).extra["runs"][0]["steps"][0]["seconds"]
    assert look_ahead(estate)["steps"][0]["expected"] == {"seconds": took, "runs": 1}


def approved(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)


def test_a_run_opened_on_a_plan_says_so_and_is_scored_when_it_is_closed(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    opened_run = estate.run("opened", plan=made, replanned=look_ahead(estate))
    assert opened_run.extra["drift"] == []
    result = estate.run("closed", run=opened_run.extra["run"])
    assert (result.extra["score"]["predicted"], result.extra["score"]["exact"]) == (1, 0)
    assert "; 0 of 1 predicted changes went exactly so; otherwise than planned: services@exch2: IS was not changed" in result.msg
    report = estate.do(failover_status).extra["runs"][0]
    assert (report["plan"]["hash"], report["score"]["share"]) == (made["hash"], 0.0)
    assert report["score"]["differences"][0]["item"] == "IS"


def test_a_conflict_refuses_names_the_item_and_can_be_accepted(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["StartMode"] = "Disabled"
    now = look_ahead(estate)
    with pytest.raises(WrongState, match="services@exch2: IS: planned: from Stopped, start_mode manual.*now: from Stopped, start_mode disabled") as refused:
        estate.run("opened", plan=made, replanned=now)
    assert (refused.value.reason, len(refused.value.details["conflicts"])) == ("plan_conflict", 1)
    assert refused.value.details["next"] == "ansible-playbook continuity.identity_failover.plan -e failover_identity=mail -e failover_kind=failover"
    assert estate.do(failover_status).extra["state"] == "approved"
    estate.definition["accept"] = {"clock_skew": "known for long"}
    with pytest.raises(WrongState, match="type the same command with") as again:
        estate.run("opened", plan=made, replanned=now, accept={"disk_space": "it's enough", "clock_skew": "known for long"})
    (typed,) = shlex.split(again.value.message.partition("type the same command with -e ")[2])
    assert json.loads(typed) == {"failover_accept": {"disk_space": "it's enough", "plan_conflict": "say why"}}
    result = estate.run("opened", plan=made, replanned=now, accept={"plan_conflict": "we disabled it ourselves"})
    (accepted,) = estate.do(failover_status).extra["accepted"]
    assert (accepted["finding"], accepted["reason"]) == ("plan_conflict", "we disabled it ourselves")
    assert "we disabled it ourselves" in result.warnings[0]


def test_a_step_that_would_stop_at_an_item_now_refuses_and_names_it(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")].clear()
    now = look_ahead(estate)
    assert now["coverage"]["would_stop"] == ["services@exch2"]
    with pytest.raises(WrongState, match="IS: planned: from Stopped.*services@exch2 would stop at it: exch2 has no service IS") as refused:
        estate.run("opened", plan=made, replanned=now)
    assert [(one["verdict"], one["item"], one["found"]) for one in refused.value.details["conflicts"]] == [("conflict", "IS", {"seen": None})]
    assert estate.do(failover_status).extra["state"] == "approved"


def test_what_is_done_already_does_not_refuse(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["State"] = "Running"
    result = estate.run("opened", plan=made, replanned=look_ahead(estate))
    assert [one["verdict"] for one in result.extra["drift"]] == ["converged"]


def test_a_plan_that_was_edited_or_is_for_something_else_or_alone_is_refused(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    with pytest.raises(InvalidInput, match="changed since it was made") as edited:
        estate.run("opened", plan={**made, "owner_afterwards": "source"}, replanned=made)
    assert edited.value.details["next"] == "ansible-playbook continuity.identity_failover.plan -e failover_identity=mail -e failover_kind=failover"
    drill = look_ahead(estate, kind="drill")
    with pytest.raises(InvalidInput, match="for a drill of mail"):
        estate.run("opened", plan=drill, replanned=made)
    with pytest.raises(InvalidInput, match="replanned"):
        estate.run("opened", plan=made)
    assert estate.do(failover_status).extra["state"] == "approved"


def test_a_resumed_run_is_not_judged_by_its_plan_again(estate: Estate) -> None:
    approved(estate)
    made = look_ahead(estate)
    first = estate.run("opened", plan=made, replanned=made).extra["run"]
    estate.run("stopped", run=first)
    estate.sessions["exch2"].instances[(CIMV2, "Win32_Service")][0]["StartMode"] = "Disabled"
    assert estate.run("opened", plan=made).extra["run"]["id"] == first["id"]


def test_a_source_that_answers_again_can_be_accepted(estate: Estate) -> None:
    approved(estate)
    estate.dead.clear()
    result = estate.run("opened", accept={"source_answers": "it answers and serves nobody"})
    assert result.extra["state"] == "failing_over"
    assert estate.do(failover_status).extra["accepted"][0]["finding"] == "source_answers"


def test_a_definition_that_the_baseline_does_not_know_can_be_accepted_and_what_is_not_checked_is_said(estate: Estate) -> None:
    approved(estate)
    estate.sessions["exch3"] = estate.sessions["exch2"]
    other = normalise({"source": {"host": "exch1"}, "target": {"host": "exch3"}, "services": [{"name": "IS"}]})
    with pytest.raises(WrongState, match="a baseline that does not know exch3") as refused:
        estate.run("opened", definition=other)
    assert refused.value.reason == "baseline_missing"
    result = estate.run("opened", definition=other, accept={"baseline_missing": "exch2 burnt too"})
    assert "Not checked: whether exch3 are the right machines" in result.warnings[0]


@pytest.mark.parametrize("mode", ["execute", "undo"])
@pytest.mark.parametrize(
    ("accept_failure", "sentence"),
    [
        ({"services": "known", "service": "x"}, "accept_failure.service is no step; did you mean 'services'. The steps are fence, data, identity, .*verify"),
        ({"zzz": "x"}, "accept_failure.zzz is no step. The steps are fence, "),
        ({"services": True}, "accept_failure.services: True says nothing"),
        ({"services": None}, "accept_failure.services has no reason"),
        ({"services": " "}, "accept_failure.services has no reason"),
        ({"services": "say why"}, "accept_failure.services: 'say why' only stands for a reason"),
    ],
)
def test_a_step_that_does_not_exist_is_refused_before_the_run_is_opened(estate: Estate, accept_failure: dict[str, t.Any], sentence: str, mode: str) -> None:
    approved(estate)
    with pytest.raises(InvalidInput, match=sentence):
        estate.run("opened", accept_failure=accept_failure, mode=mode)
    assert estate.do(failover_status).extra["active_run"] is None
    assert estate.run("opened", accept_failure={"services": "they start by hand"}).extra["state"] == "failing_over"


@pytest.mark.parametrize(
    ("accept", "sentence"),
    [({"sourceanswers": "x"}, "is no finding"), ({"source_answers": " "}, "has no reason"), ({"wrong_machine": "x"}, "can not be accepted")],
)
def test_accepting_nonsense_is_refused(estate: Estate, accept: dict[str, str], sentence: str) -> None:
    approved(estate)
    with pytest.raises(InvalidInput, match=sentence):
        estate.run("opened", accept=accept)


def test_an_identity_without_a_baseline_is_moved_when_a_person_accepts_that_and_breaks_the_glass(estate: Estate) -> None:
    accept = {"baseline_missing": "it was bought yesterday"}
    for less in (GLASS, {"state": "opened", "accept": accept}):
        with pytest.raises(WrongState, match="is unarmed") as refused:
            estate.run(**less)
        assert refused.value.reason == "baseline_missing"
    result = estate.run(**GLASS, accept=accept)
    assert (result.extra["state"], result.extra["run"]["machines"]) == ("failing_over", {})
    assert any("Not checked: whether exch1 and exch2 are the right machines" in warning for warning in result.warnings)
    status = estate.do(failover_status)
    assert {entry["reason"] for entry in status.extra["accepted"]} == {"nobody answers the telephone", "it was bought yesterday"}
    assert status.extra["unexpected"] == []
    estate.run("stopped", run=result.extra["run"])
    again = estate.run("opened")
    assert (again.extra["resumed"], len(estate.do(failover_status).extra["accepted"])) == (True, 2)
    estate.run("stopped", run=again.extra["run"])
    assert estate.run("abandoned").extra["state"] == "unarmed"


def test_a_failover_without_a_baseline_ends_as_every_other_one(estate: Estate) -> None:
    run = estate.run(**GLASS, accept={"baseline_missing": "it was bought yesterday"}).extra["run"]
    assert estate.run("closed", run=run).extra["state"] == "failed_over"
    assert estate.do(failover_status).extra["unexpected"] == []


def test_the_refusal_says_who_since_when_until_when_and_what_one_may_do(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    with pytest.raises(LeaseHeld) as caught:
        estate.run("opened", by="another")
    text = caught.value.message
    assert re.search(r"ops has held the lease of mail since 20\d\d-.*Z for run " + run["id"], text)
    assert f"until {lease_rules.at(estate.clock.now(), 60.0)} (60 s from now)" in text
    assert "Wait until then" in text
    assert """ansible-playbook continuity.identity_failover.failover -e failover_identity=mail -e '{"failover_take_over": "REASON"}'""" in text


def test_a_run_is_taken_over_at_once_when_its_lease_has_run_out(estate: Estate) -> None:
    first = opened(estate).extra["run"]
    estate.clock.advance(61.0)
    taken = estate.run("taken_over", by="another", reason="")
    assert (taken.extra["run"]["id"], taken.extra["run"]["epoch"], taken.extra["resumed"]) == (first["id"], first["epoch"] + 1, True)
    assert set(taken.extra["run"]) == set(first)
    event = [entry for entry in taken.extra["timeline"] if entry["kind"] == "run_taken_over"]
    assert len(event) == 1 and "taken from ops (epoch 1) after it had run out" in event[0]["text"]


def test_a_live_lease_is_taken_only_with_a_reason(estate: Estate) -> None:
    first = opened(estate).extra["run"]
    with pytest.raises(LeaseHeld, match="taken over only with a reason"):
        estate.run("taken_over", by="another", reason=" ")
    taken = estate.run("taken_over", by="another", reason="ctl1 has no power")
    lost = taken.extra["taken_from"]
    assert (lost["from"], lost["epoch"], lost["remaining"], lost["forced"], lost["reason"]) == ("ops", 1, 60.0, True, "ctl1 has no power")
    journal = opening.open_journal("mail", estate.store, estate.mirror, estate, estate.clock)
    journal.read()
    assert [event.data["taken"] for event in journal.events if event.kind == "run_taken_over"] == [lost]
    assert (journal.lease.by, journal.lease.epoch) == ("another", 2)
    with pytest.raises(LeaseLost):
        lease_of(estate, first).beat()
    assert not estate.run("stopped", run=first).changed


def test_with_nothing_to_take_over_the_run_is_opened_or_resumed(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    again = estate.run("taken_over")
    assert (again.extra["run"]["id"], again.extra["taken_from"]) == (run["id"], {})
    assert any("nothing had to be taken over" in warning for warning in again.warnings)


def test_taking_over_in_check_mode_takes_nothing(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("taken_over", by="another", check_mode=True)
    assert estate.run("stopped", run=run).changed


@pytest.mark.parametrize("state", ["opened", "taken_over"])
def test_of_two_controllers_that_start_at_once_one_runs_and_the_other_is_told(tmp_path: pathlib.Path, state: str) -> None:
    """In threads, on the machine's own clock and file lock."""
    estates = [Estate(tmp_path), Estate(tmp_path)]
    for each in estates:
        each.clock = SystemClock()  # type: ignore[assignment]
    estates[0].mirror = str(tmp_path / "mirror1")
    estates[1].mirror = str(tmp_path / "mirror2")
    estates[0].run("armed")
    estates[0].do(failover_ack)
    ready = threading.Barrier(2)

    def start(number: int) -> t.Any:
        ready.wait()
        try:
            return estates[number].run(state, by=f"ops{number}", reason="")
        except LeaseHeld as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(start, range(2)))
    won = [number for number in range(2) if not isinstance(answers[number], Exception)]
    assert len(won) == 1, answers
    with pytest.raises(LeaseHeld, match=f"ops{won[0]} has held the lease of mail since .* until .*failover_take_over.: .REASON") as refused:
        estates[1 - won[0]].run("opened", by="late")
    assert refused.value.details["next"] == "ansible-playbook continuity.identity_failover.failover -e failover_identity=mail"
