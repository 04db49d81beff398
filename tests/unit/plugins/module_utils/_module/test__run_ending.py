# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run: what may stand against it, and what a reason makes of that."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_ending as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.fence_source import fence_source
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_failover_run import Estate, estate, opened
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_fence_source import dead
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_fence_source import params as fence
from ansible_collections.continuity.identity_failover.tests.unit.runs import ALONE

__all__ = ["estate"]

LAGGING = [{"kind": "dns", "of": "dns2", "name": "mail.example.com A", "values": ["10.0.0.11"], "says": "source"}]
BOTH_HOLD = [
    {"kind": "address", "of": host, "name": "10.0.0.50", "values": ["Preferred"], "says": says} for host, says in (("exch1", "source"), ("exch2", "target"))
]


def observed(monkeypatch: pytest.MonkeyPatch, word: str, evidence: list[dict[str, t.Any]]) -> None:
    monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: (word, evidence))


@pytest.mark.parametrize("word", ["source", "both", "none"])
def test_another_owner_than_promised_is_refused_with_the_command_that_accepts_it(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, word, LAGGING)
    with pytest.raises(WrongState, match="dns2: mail.example.com A 10.0.0.11") as refused:
        estate.run("closed", run=run)
    there = refused.value.details["next"]
    assert refused.value.reason == "owner_not_confirmed"
    assert there.startswith("ansible-playbook continuity.identity_failover.failover -e failover_identity=mail ")
    assert there.endswith("""-e '{"failover_accept": {"owner_not_confirmed": "say why"}}'""")
    assert there in refused.value.message


@pytest.mark.parametrize("word", ["source", "both", "none"])
def test_another_owner_than_promised_is_accepted_with_a_reason_and_recorded(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, word, LAGGING)
    result = estate.run("closed", run=run, accept={"owner_not_confirmed": "dns2 is down for the night"})
    assert result.extra["state"] == "failed_over" and "dns2 is down for the night" in result.warnings[0]
    assert [entry["reason"] for entry in result.extra["accepted"]] == ["dns2 is down for the night"]
    (entry,) = estate.do(failover_status).extra["accepted"]
    assert (entry["finding"], entry["reason"]) == ("owner_not_confirmed", "dns2 is down for the night")
    assert "dns2: mail.example.com A 10.0.0.11" in entry["what"]


def test_the_command_that_accepts_it_keeps_what_was_accepted_already(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, "source", LAGGING)
    with pytest.raises(WrongState) as refused:
        estate.run("closed", run=run, accept={"source_answers": "it is a planned move"})
    assert '{"source_answers": "it is a planned move", "owner_not_confirmed": "say why"}' in refused.value.details["next"]


def test_a_reason_that_was_not_needed_is_not_recorded(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, "target", [])
    assert estate.run("closed", run=run, accept={"owner_not_confirmed": "dns2 is down"}).extra["accepted"] == []


def test_two_servers_that_hold_an_address_are_accepted_for_no_reason(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, "both", BOTH_HOLD)
    with pytest.raises(WrongState, match="both servers have an address of it") as refused:
        estate.run("closed", run=run, accept={"owner_not_confirmed": "whatever"})
    assert "next" not in refused.value.details and "failover_accept" not in refused.value.message
    assert estate.do(failover_status).extra["state"] == "failing_over"


def test_an_empty_reason_is_none(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, "source", LAGGING)
    with pytest.raises(InvalidInput, match="owner_not_confirmed has no reason"):
        estate.run("closed", run=run, accept={"owner_not_confirmed": " "})


def test_check_mode_accepts_and_records_nothing(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    observed(monkeypatch, "source", LAGGING)
    assert estate.run("closed", run=run, accept={"owner_not_confirmed": "dns2 is down"}, check_mode=True).changed
    assert estate.do(failover_status).extra["accepted"] == []


def test_a_fence_failure_that_was_accepted_goes_through_to_closed(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    assert fence_source(fence(run=run), FakeHosts(dead()), estate.clock, check_mode=False).failed
    with pytest.raises(WrongState, match="fence@exch1 did not end well"):
        estate.run("closed", run=run)
    result = fence_source(fence(run=run, accept_failure="mail since 11:50"), FakeHosts(dead()), estate.clock, check_mode=False)
    assert not result.failed
    closed = estate.run("closed", run=run)
    assert closed.extra["state"] == "failed_over"
    assert [(entry["step"], entry["reason"]) for entry in closed.extra["accepted"]] == [("fence@exch1", "mail since 11:50")]


def refused_dns(estate: Estate, run: t.Mapping[str, t.Any], reason: str) -> t.Any:
    """A name server at a port that nobody listens on."""
    record = {"name": "mail.example.com", "type": "A", "values": ["10.0.0.21"], "ttl": 60}
    given = {"records": [record], "servers": [{"address": "127.0.0.1", "port": 9, "name": "dns1"}], "verify_servers": [], "repoint": None}
    more = {"key": None, "kerberos": None, "unsigned": True, "ttl": None, "require": "reachable", "verify_timeout": 1.0, "protected_names": []}
    params = {**ALONE, "state": "present", "run": run, "accept_failure": reason, "on_conflict": "replace", **given, **more}
    return update_dns(params, FakeHosts(), estate.clock, check_mode=False)


def test_a_dns_failure_that_was_accepted_goes_through_to_closed(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names still lead to the source: that was accepted with the failure's consequence, and is accepted once more by its own name."""
    run = opened(estate).extra["run"]
    assert not refused_dns(estate, run, "the zone is changed by hand").failed
    observed(monkeypatch, "source", LAGGING)
    with pytest.raises(WrongState) as refused:
        estate.run("closed", run=run)
    assert """'{"failover_accept_failure": {"dns": "the zone is changed by hand"}}'""" in refused.value.details["next"]
    closed = estate.run("closed", run=run, accept={"owner_not_confirmed": "the zone is changed by hand"})
    assert (closed.extra["state"], [entry.get("step", "") for entry in closed.extra["accepted"]]) == ("failed_over", ["dns", ""])


def test_what_fails_after_a_failover_was_closed_leaves_nothing_to_resume_or_undo(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("closed", run=run)
    stopped = estate.run("stopped", run=run)
    assert "had been closed before; what failed came afterwards" in stopped.msg and not stopped.changed
    assert (stopped.extra["undo"], stopped.extra["next_accepting"], stopped.extra["not_done"]) == ("", "", [])
    assert ".failback " in stopped.extra["next"] and stopped.extra["state"] == "failed_over"


def test_what_fails_after_a_failback_was_closed_is_followed_by_arming(estate: Estate) -> None:
    estate.run("closed", run=opened(estate).extra["run"])
    estate.dead.clear()
    run = estate.run("opened", kind="failback").extra["run"]
    estate.run("closed", run=run)
    stopped = estate.run("stopped", run=run)
    assert stopped.extra["next"] == "ansible-playbook continuity.identity_failover.arm -e failover_identity=mail"
    assert stopped.extra["undo"] == "" and "is stopped" not in stopped.msg


def test_a_drill_that_left_something_is_not_followed_by_what_would_take_it_for_peace_time(estate: Estate) -> None:
    estate.run("armed")
    run = estate.run("opened", kind="drill").extra["run"]
    estate.run("closed", run=run)
    stopped = estate.run("stopped", run=run)
    assert ".status " in stopped.extra["next"] and stopped.extra["undo"] == "" and "left behind" in stopped.msg


def test_an_abandoned_failback_says_that_the_target_owns_the_identity(estate: Estate) -> None:
    estate.run("closed", run=opened(estate).extra["run"])
    estate.dead.clear()
    estate.run("stopped", run=estate.run("opened", kind="failback").extra["run"])
    for check_mode in (True, False):
        result = estate.run("abandoned", check_mode=check_mode)
        assert (result.extra["owner_afterwards"], "the target owns the identity" in result.msg) == ("target", True)
    assert result.extra["state"] == "failed_over"


def test_an_open_run_is_told_with_the_commands_that_resume_and_undo_it(estate: Estate) -> None:
    estate.run("closed", run=opened(estate).extra["run"])
    estate.dead.clear()
    estate.run("stopped", run=estate.run("opened", kind="failback").extra["run"])
    with pytest.raises(WrongState) as refused:
        estate.run("opened")
    told = refused.value.message
    assert "identity_failover.failback -e" in told and "identity_failover.undo -e" in told and "abandon" not in told
