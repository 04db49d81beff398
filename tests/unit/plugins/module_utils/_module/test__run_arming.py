# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arming an identity that was disarmed: over a directory store, with the mirrors of two controllers."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.restart import GAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import DISARMED, Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate


@pytest.fixture
def estate(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    return make_estate(tmp_path, monkeypatch)


def disarmed(estate: Estate) -> Head:
    """As on the target: the journal is gone, and the mirror of this controller is kept under another name."""
    journal = open_journal("mail", estate.store, estate.mirror, estate, estate.clock)
    journal.read()
    journal.append([journal.draft("disarmed", data={"reason": "the servers are retired"})])
    Mirror(estate.mirror, "mail").set_aside(f"{DISARMED}-20261122T200000Z-{journal.head.seq}")
    shutil.rmtree(str(estate.store["path"]))
    return journal.head


def test_another_controller_s_mirror_is_not_ahead_of_what_was_armed_again(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("armed")
    run = estate.run("opened", kind="drill").extra["run"]
    estate.run("closed", run=run)
    other = str(tmp_path / "other")
    shutil.copytree(estate.mirror, other)
    ended = disarmed(estate)
    estate.clock.advance(60.0)
    armed = estate.run("armed")
    assert (armed.extra["state"], [event["seq"] for event in armed.extra["timeline"]]) == ("protected", [GAP + 1, GAP + 2])
    assert "the one before was disarmed" in armed.extra["timeline"][0]["text"]
    there = estate.do(failover_status, definition=None, mirror=other)
    assert (there.extra["state"], there.extra["journal"]["condition"], there.extra["runs"]) == ("protected", "ok", [])
    again = estate.do(failover_status, definition=None)
    assert (again.extra["state"], again.extra["head"]["seq"]) == ("protected", GAP + 2)
    # And once more: behind the longest that is kept.
    assert disarmed(estate).seq > ended.seq
    assert estate.run("armed").extra["timeline"][0]["seq"] == 2 * GAP + 1


def test_a_first_journal_begins_with_event_1(estate: Estate) -> None:
    assert [event["seq"] for event in estate.run("armed").extra["timeline"]] == [1]
    assert [event["seq"] for event in estate.run("armed", identity="web", mirror=None).extra["timeline"]] == [1]


def test_a_decision_on_a_planned_move_holds_up_no_baseline(estate: Estate) -> None:
    estate.run("armed")
    service = estate.sessions["exch1"].instances["root/cimv2", "Win32_Service"][0]
    for decision, state, mode in (("proceed", "approved", "Manual"), ("decline", "declined", "Auto")):
        assert estate.do(failover_ack, decision=decision).extra["state"] == state
        service["StartMode"] = mode
        result = estate.run("armed")
        assert (result.changed, result.extra["state"], len(result.extra["changes"])) == (True, state, 1)
        assert estate.do(failover_status).extra["state"] == state and not estate.do(failover_status).extra["unexpected"]
    assert not estate.run("armed").changed


def test_of_a_source_that_failed_no_baseline_is_taken_and_the_reason_is_true(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    for decision, state in (("decline", "declined"), ("withdraw", "pending"), ("proceed", "approved")):
        assert estate.do(failover_ack, decision=decision).extra["state"] == state
        with pytest.raises(WrongState, match=f"mail is {state} since the source failed at 20.*: a baseline can only be taken while nothing is wrong"):
            estate.run("armed")
