# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others write to the journal while the monitor watches: what happened is recorded all the same, or was recorded by them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import AwaitingApproval
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import HeadMoved
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_monitor as monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.runs import journal


@pytest.fixture
def estate(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    made = make_estate(tmp_path, monkeypatch)
    made.run("armed")
    return made


def meanwhile(estate: Estate, monkeypatch: pytest.MonkeyPatch, done: t.Callable[[], t.Any], times: int = 1) -> None:
    """``done`` happens just before each of the monitor's first ``times`` entries."""
    drafted, left = monitor.Journal.append, [times]

    def append(self: t.Any, drafts: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
        if drafts and drafts[0].by == "monitor" and left[0]:
            left[0] -= 1
            done()
        return drafted(self, drafts, *args, **more)

    monkeypatch.setattr(monitor.Journal, "append", append)


def written(estate: Estate, kind: str, **data: t.Any) -> None:
    other = journal(pathlib.Path(estate.store["path"]), estate.clock)
    other.read()
    other.append([other.draft(kind, by="somebody", data=data)])


def test_an_incident_is_recorded_although_somebody_decided_meanwhile(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(estate, monkeypatch, lambda: estate.do(failover_ack))
    result = estate.fail()
    assert (result.changed, result.extra["state"], result.extra["incident"]["class"]) == (True, "pending", "host")
    assert [(one.name, one.before) for one in result.outcomes][0] == ("incident_opened", "approved")
    assert estate.do(failover_status).extra["state"] == "pending"


def test_an_incident_that_another_monitor_recorded_is_not_recorded_twice(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = {"class": "host", "msg": "no reply", "silent_seconds": 15.0}
    meanwhile(estate, monkeypatch, lambda: written(estate, "incident_opened", **incident))
    result = estate.fail()
    assert (result.changed, result.extra["state"], result.extra["incident"]["msg"]) == (False, "pending", "no reply")
    assert [one.name for one in result.outcomes if one.name == "incident_opened"] == []


def test_a_monitor_that_never_gets_to_write_fails_instead_of_staying_green(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(estate, monkeypatch, lambda: written(estate, "plan_recorded", plan="p"), times=99)
    with pytest.raises(HeadMoved):
        estate.fail()


def test_a_threat_is_recorded_although_somebody_wrote_meanwhile(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.fail()
    estate.do(failover_ack)
    estate.run("closed", run=estate.run("opened").extra["run"], definition=None)
    pulls = {"kind": "dns", "of": "dns1", "name": "mail A", "values": ["10.0.0.21"], "says": "both"}
    monkeypatch.setattr(monitor, "observe_owner", lambda definition, hosts, clock: ("both", [pulls]))
    monkeypatch.setattr(monitor, "look_for_threats", lambda definition, evidence, *rest: evidence)
    meanwhile(estate, monkeypatch, lambda: written(estate, "plan_recorded", plan="p"))
    result = estate.do(monitor.failover_monitor, duration=0.0)
    assert (result.changed, result.extra["state"], [one["kind"] for one in result.extra["threats"]]) == (True, "threatened", ["dns"])


def test_whose_votes_for_a_planned_move_are_void_is_told_to_whoever_looks_next(estate: Estate) -> None:
    for by in ("alice", "bob"):
        estate.do(failover_ack, by=by, required=2)
    assert estate.do(failover_status).extra["state"] == "approved"
    told = "what alice, bob said for a planned move is void since the source failed at "
    assert told in estate.fail().msg
    seen = estate.do(failover_status)
    assert seen.extra["incident"]["void_votes"] == ["alice", "bob"] and any(f"mail: {told}" in warning for warning in seen.warnings)
    with pytest.raises(AwaitingApproval, match=f"manual intervention is pending; {told}.*: a failover needs new decisions"):
        estate.run("opened")
    assert "1 of 2 needed say proceed; what bob said for a planned move is void" in estate.do(failover_ack, by="alice", required=2).msg
    estate.do(failover_ack, by="bob", required=2)
    assert not any("void" in warning for warning in estate.do(failover_status).warnings)


def test_void_votes_are_no_matter_once_the_failover_is_approved(estate: Estate) -> None:
    estate.do(failover_ack, by="alice", required=2)

    def told() -> tuple[str, bool]:
        seen = estate.do(failover_status)
        return seen.extra["state"], any("void" in warning for warning in seen.warnings)

    assert "void" in estate.fail().msg and told() == ("pending", True)
    assert "void" not in estate.do(failover_ack, by="bob").msg and told() == ("approved", False)
    run = estate.run("opened").extra["run"]
    assert told() == ("failing_over", False)
    estate.run("closed", run=run)
    assert told() == ("failed_over", False) and "void" not in estate.do(monitor.failover_monitor, duration=0.0).msg


@pytest.mark.parametrize("again", [False, True])
def test_a_source_that_dies_behind_a_declined_planned_move_is_an_incident(estate: Estate, again: bool) -> None:
    """The refusal was about a move that nothing forced. A second word to proceed changes nothing in that: without an incident nothing is pending."""
    estate.do(failover_ack)
    estate.do(failover_ack, by="deputy", decision="decline")
    assert estate.do(failover_status).extra["state"] == "declined"
    if again:
        estate.do(failover_ack, by="chief")
        assert estate.do(failover_status).extra["state"] == "protected"
    result = estate.fail()
    assert (result.changed, result.extra["state"], result.extra["incident"]["class"]) == (True, "pending", "host")
