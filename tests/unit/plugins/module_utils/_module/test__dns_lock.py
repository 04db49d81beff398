# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock on two domain controllers in memory: what is claimed, what is not, what stands in the way. tests/real_servers has a real directory."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock, record_guard
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCredentials,
    DeadlineExceeded,
    FailoverError,
    InvalidInput,
    LeaseLost,
    NotFound,
    ProtocolError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_lock_sites
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_options import build_lock_step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_sites import Site
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_hosts import Case
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_lock import lock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ldap
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.dns_node import NodeRecord, record
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import (
    SELF_RELATIVE,
    Descriptor,
    sid_from_text,
    sid_text,
    with_lock,
)
from ansible_collections.continuity.identity_failover.plugins.modules import update_dns as update_dns_module
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.lock_estate import (
    ACCOUNT,
    CLOCK,
    CONTAINER,
    MAIL,
    OPEN,
    SOURCE,
    WWW,
    Estate,
    defined,
    node,
    setting,
    two_controllers,
)
from ansible_collections.continuity.identity_failover.tests.unit.module_arguments import run_main


@pytest.fixture
def estate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    with two_controllers(monkeypatch) as made:
        yield made


def statuses(result: Result) -> dict[str, str]:
    return {label: str(one["status"]) for label, one in result.extra["locks"].items()}


def test_a_name_is_locked_on_each_controller_and_unlocked_to_the_octet(estate: Estate) -> None:
    result = estate.run(names=[MAIL, WWW])
    assert (result.failed, result.changed, statuses(result)) == (False, True, {"dc1": "locked", "dc2": "locked"}), result.msg
    assert estate.descriptor("dc1") == estate.descriptor("dc2") == with_lock(OPEN, SOURCE)
    assert [(o.name, o.status, o.msg) for o in result.outcomes] == [(MAIL, "done", "locked on dc1, dc2"), (WWW, "done", "locked on dc1, dc2")]
    again = estate.run(names=[MAIL, WWW])
    assert (again.failed, again.changed) == (False, False)
    gone = estate.run("unlocked", names=[MAIL, WWW])
    assert (gone.failed, gone.changed, statuses(gone)) == (False, True, {"dc1": "unlocked", "dc2": "unlocked"})
    assert estate.descriptor("dc1") == estate.descriptor("dc2") == OPEN
    assert set(estate.peers["dc1"].flags) == {ldap.DACL}


def test_names_come_from_the_records_of_the_task_too(estate: Estate) -> None:
    repoint = {"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": ["Mail.example.com."], "ptr": False}
    result = estate.run(names=[], repoint=repoint, records=[{"name": WWW, "type": "A", "values": []}])
    assert [o.name for o in result.outcomes] == [MAIL, WWW] and not result.failed


def test_a_controller_that_lacks_the_entry_gets_it_alone(estate: Estate) -> None:
    estate.run()
    estate.peers["dc2"].entries[node(MAIL)]["ntsecuritydescriptor"] = [OPEN.to_bytes()]
    estate.peers["dc1"].seen.clear()
    assert estate.run().changed
    assert not any(line.startswith("change") for line in estate.peers["dc1"].seen) and estate.descriptor("dc2") == with_lock(OPEN, SOURCE)


def test_check_mode_and_diff_change_nothing(estate: Estate) -> None:
    would = estate.run(check_mode=True)
    assert would.changed and would.outcomes[0].msg == f"would deny EXCH1$ to change {MAIL} on dc1, dc2"
    assert would.diff["after"] == {MAIL: {"account": "EXCH1$", "locked": True}}
    assert estate.descriptor("dc1") == OPEN and statuses(would) == {"dc1": "unlocked", "dc2": "unlocked"}


@pytest.mark.parametrize("partition", ["dc=forestdnszones", "cn=system"])
def test_a_zone_of_the_forest_and_one_where_windows_2000_kept_it_are_found(estate: Estate, partition: str) -> None:
    for peer in estate.peers.values():
        peer.entries = {dn: entry for dn, entry in peer.entries.items() if "microsoftdns" not in dn}
    estate.fill(container=f"cn=microsoftdns,{partition},dc=example,dc=com")
    assert statuses(estate.run()) == {"dc1": "locked", "dc2": "locked"}


@pytest.mark.parametrize(("updates", "words"), [(1, "takes updates that nobody signs"), (0, "takes no dynamic updates"), (7, "does not say")])
def test_a_zone_that_does_not_look_at_the_entry_is_never_claimed(estate: Estate, updates: int, words: str) -> None:
    estate.fill(updates=updates)
    result = estate.run()
    assert (result.failed, result.changed, result.reason) == (True, False, "zone_not_secure") and words in result.msg
    assert estate.descriptor("dc1") == OPEN
    estate.peers["dc1"].entries[node(MAIL)]["ntsecuritydescriptor"] = [with_lock(OPEN, SOURCE).to_bytes()]
    assert statuses(estate.run())["dc1"] != "locked"
    assert estate.run("unlocked").changed and estate.descriptor("dc1") == OPEN


def test_one_name_that_can_t_be_locked_does_not_keep_the_others_open(estate: Estate) -> None:
    result = estate.run(names=["nobody.example.com", MAIL, "mail.example.org"])
    assert [(o.status, o.reason) for o in result.outcomes] == [("failed", "no_node"), ("done", ""), ("failed", "not_in_directory")]
    assert result.failed and result.changed and "mail.example.org is not locked" in result.msg
    assert estate.descriptor("dc1") == with_lock(OPEN, SOURCE)


def test_a_controller_that_is_silent_is_not_claimed(estate: Estate) -> None:
    estate.peers["dc2"].port = 1
    result = estate.run()
    assert not result.failed and statuses(result) == {"dc1": "locked", "dc2": "unreachable"}
    assert any("dc2 could not be read, so it is not known what it denies" in warning for warning in result.warnings)
    assert estate.run(names=[WWW], require="all").reason == "not_converged"


def test_what_is_locked_already_still_has_to_be_so_where_the_task_asks_for_it(estate: Estate) -> None:
    estate.run()
    del estate.peers["dc2"].entries[node(MAIL)]
    late = estate.run()
    assert late.outcomes[0].status == "unconfirmed" and late.reason == "not_converged", late.msg
    assert not estate.run(require="primary").failed
    assert not estate.run("unlocked", names=["nobody.example.com", "mail.example.org"], require="all").failed
    estate.peers["dc2"].port = 1
    assert not estate.run().failed and estate.run(require="all").failed and estate.run("unlocked", require="all").failed


def test_a_controller_that_does_not_have_the_name_yet_is_waited_for(estate: Estate) -> None:
    del estate.peers["dc2"].entries[node(MAIL)]
    late = estate.run()
    assert late.failed and late.outcomes[0].status == "unconfirmed" and "is locked on dc1, not read so on dc2" in late.msg
    assert late.extra["locks"]["dc2"]["absent"] == [MAIL]
    assert not estate.run(require="primary").failed


def asked_in_clear(estate: Estate) -> list[str]:
    return [asked for peer in estate.peers.values() for asked in peer.in_clear]


def test_a_lost_answer_costs_a_new_logon_and_nothing_goes_in_clear(estate: Estate) -> None:
    del estate.peers["dc2"]
    estate.peers["dc1"].cuts = 1
    result = estate.run()
    assert (result.failed, statuses(result)) == (False, {"dc1": "locked"}), result.msg
    assert estate.descriptor("dc1") == with_lock(OPEN, SOURCE) and asked_in_clear(estate) == []


def test_an_answer_that_is_lost_while_addresses_stop_ageing_costs_a_new_logon(estate: Estate) -> None:
    ageing(estate)
    estate.run(names=[], repoint=REPOINT)
    estate.peers["dc1"].cuts = 1
    assert not estate.run(names=[], repoint=REPOINT, static=True).failed
    assert sorted(timestamps(estate, "dc1")) == [0, HOURS] and asked_in_clear(estate) == []


def test_without_any_controller_nothing_is_touched(estate: Estate) -> None:
    for peer in estate.peers.values():
        peer.known = False
    with pytest.raises(BadCredentials, match="no domain controller takes the logon, so nothing was touched .*dc1.*dc2"):
        estate.run()
    for nobody_listens, peer in enumerate(estate.peers.values(), 1):
        peer.port = nobody_listens
    with pytest.raises(Unreachable, match="no domain controller could be read"):
        estate.run()


def test_a_lock_without_an_account_says_what_was_not_touched(estate: Estate) -> None:
    with pytest.raises(BadCredentials, match=r"kerberos is missing: .*; nothing was touched of mail.example.com and 1 more$"):
        estate.run(names=[MAIL, WWW], kerberos=None)


def test_an_account_that_nobody_knows_is_told_and_a_sid_is_taken(estate: Estate) -> None:
    with pytest.raises(NotFound, match=r"dc1 knows no account EXCH1:.*a computer's is EXCH1\$"):
        estate.run(account="EXCH1")
    assert statuses(estate.run(account=sid_text(SOURCE))) == {"dc1": "locked", "dc2": "locked"}


def test_a_missing_right_is_the_item_s_failure(estate: Estate) -> None:
    for peer in estate.peers.values():
        peer.refuse_changes[node(MAIL)] = ldap.ACCESS_DENIED
    result = estate.run(names=[MAIL, WWW])
    assert [(o.status, o.reason) for o in result.outcomes] == [("failed", "access_denied"), ("done", "")], result.outcomes


def test_a_name_without_a_list_keeps_no_other_name_open(estate: Estate) -> None:
    estate.peers["dc2"].entries[node(MAIL)]["ntsecuritydescriptor"] = [Descriptor(SELF_RELATIVE, sid_from_text("S-1-5-18")).to_bytes()]
    result = estate.run(names=[MAIL, WWW])
    assert [(o.status, o.reason) for o in result.outcomes] == [("failed", "no_access_list"), ("done", "")], result.outcomes
    assert result.changed and "dc2 has no list of who may change mail.example.com" in result.msg
    assert estate.descriptor("dc1") == OPEN and estate.descriptor("dc1", WWW) == with_lock(OPEN, SOURCE)
    assert [kind for kind, msg in findings(estate) if "no list" in msg] == ["dns_lock_impossible"]
    assert estate.run("unlocked", require="all").outcomes[0].status == "already"


def test_what_was_written_before_the_lease_was_lost_is_told_as_changed(estate: Estate, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Site.guard

    def lost(self: Lease) -> None:
        raise LeaseLost("somebody else has it")

    def then_lost(self: Site, name: str, wanted: bool) -> None:
        guard(self, name, wanted)
        monkeypatch.setattr(Lease, "still_ours", lost)

    monkeypatch.setattr(Site, "guard", then_lost)
    result = estate.run(run=runs.started(tmp_path, CLOCK), names=[MAIL, WWW])
    assert [(o.status, o.changed, o.reason) for o in result.outcomes] == [("unconfirmed", True, "not_converged"), ("failed", False, "lease_lost")]
    assert result.changed and "is locked on dc1, not read so on dc2" in result.msg
    assert estate.descriptor("dc1") == with_lock(OPEN, SOURCE) and estate.descriptor("dc2") == OPEN


@pytest.mark.parametrize("error", [Unreachable("dc2 is gone"), ProtocolError("dc2 talks nonsense"), BadCredentials("dc2 has forgotten who asks")])
def test_what_one_controller_fails_with_is_told_of_it_alone(estate: Estate, monkeypatch: pytest.MonkeyPatch, error: FailoverError) -> None:
    guard, asked = Site.guard, []

    def ask(self: Site, name: str, wanted: bool) -> None:
        if self.label == "dc2":
            asked.append(name)
            raise error
        guard(self, name, wanted)

    monkeypatch.setattr(Site, "guard", ask)
    result = estate.run(names=[MAIL, WWW])
    assert [(o.status, o.changed) for o in result.outcomes] == [("unconfirmed", True)] * 2 and "not read so on dc2" in result.msg
    assert estate.descriptor("dc1") == estate.descriptor("dc1", WWW) == with_lock(OPEN, SOURCE)
    assert len(asked) == (2 if isinstance(error, ProtocolError) else 1)


@pytest.mark.parametrize("state", ["locked", "unlocked"])
def test_where_every_controller_goes_away_nothing_is_called_changed(estate: Estate, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    if state == "unlocked":
        estate.run(names=[MAIL, WWW])

    def gone(self: Site, name: str, wanted: bool) -> None:
        raise Unreachable(f"{self.label} is gone")

    monkeypatch.setattr(Site, "guard", gone)
    result = estate.run(state, names=[MAIL, WWW])
    assert [(o.status, o.changed, o.reason, o.msg) for o in result.outcomes] == [("failed", False, "unreachable", "dc1 is gone")] * 2


def test_what_ageing_ends_with_undoes_no_lock(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    ageing(estate)

    def refused(self: Site, name: str) -> bool:
        raise BadCredentials("dc1 has forgotten who asks")

    monkeypatch.setattr(Site, "freeze", refused)
    result = estate.run(names=[], repoint=REPOINT, static=True)
    assert (result.failed, result.changed, result.outcomes[0].status) == (True, True, "unconfirmed") and "age still" in result.msg


def test_the_declared_length_counts_names(estate: Estate) -> None:
    longest = []
    for count in (1, 50):
        step = build_lock_step(estate.params("locked", names=[f"n{number}.example.com" for number in range(count)]), CLOCK)
        longest.append(step.changes(step.observe())[0].deadline)
        step.close()
    assert longest[1] - longest[0] >= 2 * 49 and longest[0] > 2 * 3 * 10.0


def test_names_that_there_is_no_time_for_are_not_tried(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, guard = FakeClock(), Site.guard

    def slow(self: Site, name: str, wanted: bool) -> None:
        clock.advance(100.0)
        guard(self, name, wanted)

    monkeypatch.setattr(Site, "guard", slow)
    result = estate.run(names=[MAIL, WWW], clock=clock)
    assert [(o.status, o.changed, o.reason) for o in result.outcomes] == [("done", True, ""), ("failed", False, "deadline_exceeded")]
    assert estate.descriptor("dc1", WWW) == OPEN


def test_a_look_ends_with_the_time_that_it_was_given(estate: Estate) -> None:
    site = build_lock_step(estate.params("locked", names=[MAIL, WWW]), CLOCK).sites[0]
    assert not site.look([MAIL, WWW], "EXCH1$", Deadline(CLOCK, 0.0))
    site.close()
    assert isinstance(site.failure, DeadlineExceeded) and "reading names on dc1 did not end within 0 s" in site.failure.message
    assert f"read {node(MAIL)}" in estate.peers["dc1"].seen and f"read {node(WWW)}" not in estate.peers["dc1"].seen


def test_what_was_seen_is_not_looked_at_again(estate: Estate) -> None:
    del estate.peers["dc2"].entries[node(WWW)]
    late = estate.run(names=[MAIL, WWW])
    assert [o.status for o in late.outcomes] == ["done", "unconfirmed"]
    looks = {name: estate.peers["dc1"].seen.count(f"read {node(name)}") for name in (MAIL, WWW)}
    assert looks == {MAIL: 3, WWW: 4}  # before, to write, and read back


def test_an_account_that_may_not_read_rights_claims_nothing(estate: Estate) -> None:
    for peer in estate.peers.values():
        del peer.entries[node(MAIL)]["ntsecuritydescriptor"]
    assert estate.run().reason == "access_denied"


def test_a_run_s_lock_is_journalled_and_put_back(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    assert estate.run(run=failover).changed
    record = runs.read(tmp_path, CLOCK).runs["run1"]
    image = record.images["dns_lock"][MAIL]
    assert (image["before"], image["after"]) == ({"account": "EXCH1$", "locked": False}, {"account": "EXCH1$", "locked": True})
    assert dns_lock.left_locked([record]) == {MAIL: "EXCH1$"}
    undone = estate.run("reverted", revert_run="run1", run=failover)
    assert dns_lock.left_locked(runs.read(tmp_path, CLOCK).runs.values()) == {}
    assert (undone.failed, undone.changed) == (False, True) and estate.descriptor("dc1") == OPEN


def forget_the_account(estate: Estate, *labels: str) -> None:
    for label in labels:
        del estate.peers[label].entries["cn=exch1,cn=computers,dc=example,dc=com"]


def test_an_account_that_was_deleted_is_still_unlocked_by_a_failback(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    runs.ended(tmp_path, CLOCK, failover)
    forget_the_account(estate, "dc1", "dc2")
    kept = Predictions.begin()
    plan = {**runs.started(tmp_path, CLOCK, run_id="plan", kind="failback", mode="plan"), "predictions": kept.path}
    assert [o.msg for o in estate.run("reverted", revert_run="run1", run=plan).outcomes] == [f"would allow EXCH1$ to change {MAIL} again on dc1, dc2"]
    kept.end()
    runs.ended(tmp_path, CLOCK, plan)
    back = estate.run("reverted", revert_run="run1", run=runs.started(tmp_path, CLOCK, run_id="run2", kind="failback"))
    assert (back.failed, back.changed, statuses(back)) == (False, True, {"dc1": "unlocked", "dc2": "unlocked"}), back.msg
    assert estate.descriptor("dc1") == estate.descriptor("dc2") == OPEN


def test_an_account_that_was_deleted_is_still_unlocked_by_the_run_s_own_undo(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    forget_the_account(estate, "dc1", "dc2")
    undone = estate.run("reverted", revert_run="run1", run=failover)
    assert (undone.failed, undone.changed) == (False, True) and estate.descriptor("dc1") == estate.descriptor("dc2") == OPEN


def test_a_new_account_of_the_old_name_leaves_no_entry_of_the_old_one(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    for peer in estate.peers.values():
        peer.entries["cn=exch1,cn=computers,dc=example,dc=com"]["objectsid"] = [sid_from_text("S-1-5-21-1-2-3-2044")]
    assert estate.run("reverted", revert_run="run1", run=failover).changed
    assert estate.descriptor("dc1") == estate.descriptor("dc2") == OPEN


def test_the_account_is_looked_up_once_on_each_controller(estate: Estate) -> None:
    estate.run()
    assert [line for peer in estate.peers.values() for line in peer.seen if line == "read dc=example,dc=com"] == ["read dc=example,dc=com"] * 2


def test_where_nobody_knows_the_account_a_name_is_not_called_unlocked_and_its_record_stays(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run()
    assert not estate.run(run=failover).changed
    runs.ended(tmp_path, CLOCK, failover)
    forget_the_account(estate, "dc1", "dc2")
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    back = estate.run("reverted", revert_run="run1", run=failback)
    assert (back.failed, back.changed, back.reason) == (True, False, "not_found") and "no account EXCH1$" in back.msg, back.msg
    assert statuses(back) == {"dc1": "unknown", "dc2": "unknown"} and back.extra["locks"]["dc1"]["unknown"] == [MAIL]
    assert any(f"it is not known whether dc1 denies {MAIL}: it knows no account EXCH1$" in warning for warning in back.warnings), back.warnings


def test_one_controller_that_knows_the_account_tells_the_others(estate: Estate) -> None:
    estate.run()
    forget_the_account(estate, "dc2")
    gone = estate.run("unlocked", require="all")
    assert (gone.failed, gone.outcomes[0].msg) == (False, "not locked on dc1, dc2") and estate.descriptor("dc2") == OPEN


@pytest.mark.parametrize("require", ["all", "reachable", "primary"])
def test_an_account_that_may_not_read_rights_unlocks_nothing(estate: Estate, tmp_path: pathlib.Path, require: str) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    for peer in estate.peers.values():
        del peer.entries[node(MAIL)]["ntsecuritydescriptor"]
    for how in ({"state": "unlocked"}, {"state": "reverted", "revert_run": "run1", "run": failover}):
        result = estate.run(**how, require=require)
        assert (result.failed, result.changed, result.reason) == (True, False, "access_denied"), result.msg
        assert statuses(result) == {"dc1": "unknown", "dc2": "unknown"}
        assert any(f"it is not known whether dc1 denies {MAIL}: it does not tell" in warning for warning in result.warnings)
    assert dns_lock.left_locked(runs.read(tmp_path, CLOCK).runs.values()) == {MAIL: "EXCH1$"}


def test_one_controller_that_does_not_tell_is_not_passed_over_and_its_lock_stays_on_record(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    runs.ended(tmp_path, CLOCK, failover)
    del estate.peers["dc2"].entries[node(MAIL)]["ntsecuritydescriptor"]
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    late = estate.run("reverted", revert_run="run1", run=failback)
    assert (late.failed, late.reason, late.changed) == (True, "not_converged", True) and "not read so on dc2" in late.msg
    assert estate.descriptor("dc1") == OPEN
    assert dns_lock.left_locked(runs.read(tmp_path, CLOCK).runs.values()) == {MAIL: "EXCH1$"}
    settled = estate.run("reverted", revert_run="run1", run=failback, require="primary")
    assert not settled.failed and dns_lock.left_locked(runs.read(tmp_path, CLOCK).runs.values()) == {MAIL: "EXCH1$"}


def test_a_lock_that_was_there_before_the_failover_is_taken_away_by_the_failback(estate: Estate, tmp_path: pathlib.Path) -> None:
    ageing(estate)
    estate.run()
    failover = runs.started(tmp_path, CLOCK)
    assert estate.run(run=failover, static=True).changed
    assert runs.read(tmp_path, CLOCK).runs["run1"].images["dns_lock"][MAIL]["before"]["locked"] is True
    runs.ended(tmp_path, CLOCK, failover)
    back = estate.run("reverted", revert_run="run1", run=runs.started(tmp_path, CLOCK, run_id="run2", kind="failback"))
    assert (back.failed, back.changed) == (False, True) and estate.descriptor("dc1") == estate.descriptor("dc2") == OPEN


def test_an_undo_leaves_a_lock_that_was_there_before(estate: Estate, tmp_path: pathlib.Path) -> None:
    ageing(estate)
    estate.run()
    failover = runs.started(tmp_path, CLOCK)
    assert estate.run(run=failover, static=True).changed
    assert not estate.run("reverted", revert_run="run1", run=failover).changed and estate.descriptor("dc1") == with_lock(OPEN, SOURCE)


def test_waiting_is_no_change(estate: Estate, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run()
    node_there = estate.peers["dc2"].entries.pop(node(MAIL))
    assert not estate.run(check_mode=True).changed
    failover = runs.started(tmp_path, CLOCK)
    late = estate.run(run=failover)
    assert (late.failed, late.changed, late.outcomes[0].status) == (True, False, "unconfirmed")
    guard = Site.guard

    def replicated(self: Site, name: str, wanted: bool) -> None:
        estate.peers["dc2"].entries[node(MAIL)] = node_there
        guard(self, name, wanted)

    monkeypatch.setattr(Site, "guard", replicated)
    settled = estate.run(run=failover, verify_timeout=5.0)
    assert (settled.failed, settled.changed, settled.outcomes[0].status, settled.diff["after"]) == (False, False, "done", {}), settled.msg
    assert runs.read(tmp_path, CLOCK).runs["run1"].images["dns_lock"][MAIL]["recorded"]


def test_a_plan_predicts_the_lock_and_what_it_can_t_know(estate: Estate, tmp_path: pathlib.Path) -> None:
    kept = Predictions.begin()
    plan = {**runs.started(tmp_path, CLOCK, mode="plan"), "predictions": kept.path}
    result = estate.run(run=plan, names=[MAIL, "new.example.com", "mail.example.org"])
    assert not result.failed and not result.changed and estate.descriptor("dc1") == OPEN
    (prediction,) = kept.all()
    kept.end()
    assert [(one["name"], one["grade"]) for one in prediction.changes] == [(MAIL, "probed"), ("new.example.com", "unknown")]
    assert prediction.reason == "not_in_directory" and "mail.example.org is not locked" in prediction.msg
    assert "as soon as its record is there" in prediction.changes[1]["do"]
    assert prediction.touches == ["dc1", "dc2"] and list(prediction.stops_at) == ["mail.example.org"] and not prediction.as_wanted


def test_the_module_itself_takes_the_option_and_shows_no_secret(estate: Estate) -> None:
    controllers = [{"address": "127.0.0.1", "port": peer.port, "name": name} for name, peer in estate.peers.items()]
    lock = {"account": "EXCH1$", "names": [MAIL], "domain_controllers": controllers}
    account = {"principal": "failover@EXAMPLE.COM", "password": "of-the-account"}
    answer = run_main(update_dns_module.main, {"state": "locked", "lock": lock, "kerberos": account})
    assert answer.result["changed"] is True and answer.result["locks"]["dc2"]["status"] == "locked" and account["password"] not in answer.text
    for lack, words in (({"lock": None}, "lock"), ({"kerberos": None}, "kerberos is missing"), ({"lock": {"names": [MAIL]}}, "lock.account is empty")):
        args = {name: value for name, value in {"state": "locked", "lock": lock, "kerberos": account, **lack}.items() if value is not None}
        result = run_main(update_dns_module.main, args).result
        assert result["failed"] is True and words in result["msg"], result["msg"]


def status(folder: pathlib.Path) -> Result:
    store = {"kind": "directory", "path": str(folder)}
    params = {"identity": "mail", "definition": None, "wait_for": [], "timeout": 1.0, "store": store, "mirror": None}
    return failover_status(params, FakeHosts(), CLOCK, check_mode=False)


def test_status_knows_the_locked_names_until_the_failback(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover, names=[MAIL, WWW])
    runs.ended(tmp_path, CLOCK, failover)
    assert status(tmp_path).extra["locked"] == [MAIL, WWW]
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    assert not estate.run("reverted", names=[MAIL, WWW], revert_run="run1", run=failback).failed
    runs.ended(tmp_path, CLOCK, failback)
    after = status(tmp_path)
    assert after.extra["locked"] == [] and not any("locked" in warning for warning in after.warnings)


def test_a_lock_that_a_failback_forgot_is_a_warning(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(run=failover)
    runs.ended(tmp_path, CLOCK, failover)
    runs.ended(tmp_path, CLOCK, runs.started(tmp_path, CLOCK, run_id="run2", kind="failback"))
    found = status(tmp_path)
    assert found.extra["locked"] == [MAIL]
    assert any(f"mail: {MAIL} is locked against EXCH1$ still, by the journal" in warning for warning in found.warnings), found.warnings


@pytest.mark.parametrize(("kerberos", "reason"), [(None, "bad_credentials"), ({"principal": "failover@EXAMPLE.COM"}, "missing_library")])
def test_a_lock_that_nobody_can_set_may_be_accepted_and_ends_no_plan(
    estate: Estate, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, kerberos: dict[str, str] | None, reason: str
) -> None:
    monkeypatch.setattr(_dns_lock_sites, "KerberosSeal", KerberosSeal)
    monkeypatch.setattr(dns_gss, "gssapi", None)
    with pytest.raises(FailoverError) as error:
        estate.run(kerberos=kerberos)
    assert error.value.reason == reason and ("kerberos is missing" in error.value.message or "gssapi" in error.value.message)
    run = runs.started(tmp_path, CLOCK)
    accepted = estate.run(kerberos=kerberos, run=run, accept_failure="the zone is on BIND")
    assert not accepted.failed and accepted.extra["accepted"]["reason"] == "the zone is on BIND"
    kept = Predictions.begin()
    plan = {**runs.started(tmp_path / "plan", CLOCK, mode="plan"), "predictions": kept.path}
    assert not estate.run(kerberos=kerberos, run=plan).failed
    assert [one.reason for one in kept.all()] == [reason]
    kept.end()


def test_who_lost_the_lease_denies_nothing(estate: Estate, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(self: Lease) -> None:
        raise LeaseLost("somebody else has it")

    monkeypatch.setattr(Lease, "still_ours", lost)
    result = estate.run(run=runs.started(tmp_path, CLOCK))
    assert result.failed and result.reason == "lease_lost" and estate.descriptor("dc1") == OPEN


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kerberos": {"principal": "failover"}}, "has no realm"),
        ({"account": "failover"}, "would lock itself out"),
        ({"account": " "}, "lock.account is empty"),
        ({"names": []}, "lock.names is empty"),
        ({"names": ["a b"]}, "not a DNS name"),
        ({"protected_names": [MAIL]}, "one of protected_names"),
        ({"require": "most"}, "neither"),
        ({"verify_timeout": -1.0}, "is negative"),
        ({"state": "present"}, "belongs to the states"),
        ({"lock": None}, "lock is missing"),
        ({"lock": {"how": "alias", "names": [MAIL]}}, "lock.to is missing"),
        ({"lock": {"how": "alias", "names": [MAIL], "to": MAIL}}, "would lead to itself"),
        ({"lock": {"how": "alias", "names": [MAIL], "to": WWW, "account": "A$"}}, "lock.account belongs to how 'directory'"),
        ({"lock": {"how": "alias", "names": [MAIL], "to": WWW}, "state": "unlocked"}, "put them back with state 'reverted'"),
        ({"lock": {"how": "alias", "names": [MAIL], "to": WWW}, "static": True}, "static belongs to how 'directory'"),
        ({"lock": {"how": "directory", "to": WWW, "account": "A$"}}, "lock.to belongs to how 'alias'"),
        ({"static": True, "state": "unlocked"}, "static belongs to the state 'locked'"),
        ({"lock": {"account": "A$", "names": [MAIL], "domain_controllers": []}}, "domain_controllers is empty"),
        ({"lock": {"account": "A$", "names": [MAIL], "domain_controllers": [{"address": "dc1"}]}}, "entry 1: 'dc1' is not an IP address"),
        ({"names": [MAIL, "MAIL.example.com."]}, r"lock.names entry 2 \(MAIL.example.com.\): mail.example.com is listed twice"),
        ({"names": [], "repoint": {"names": [MAIL, MAIL]}}, "repoint.names entry 2"),
        (
            {"lock": {"account": "A$", "names": [MAIL], "domain_controllers": [{"address": "::1", "name": name} for name in ("dc1", "dc2")]}},
            "domain_controllers entry 2: dc2 is ::1 port 389, which is listed as dc1 before",
        ),
    ],
)
def test_bad_options_are_one_sentence_before_anybody_is_asked(estate: Estate, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        estate.run(**options)
    assert estate.peers["dc1"].seen == []


HOURS = 3733260  # 2026-11-21 12:00 UTC
TAKEN, MOVED = bytes((10, 0, 0, 21)), bytes((10, 0, 1, 21))
REPOINT = {"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": [MAIL], "ptr": False}


def ageing(estate: Estate, address: bytes = MOVED) -> None:
    """A zone that scavenges after a week and a week, and a record of it, everywhere."""
    for peer in estate.peers.values():
        peer.entries[f"dc=example.com,{CONTAINER}"]["dnsproperty"] = [setting(2, 2), setting(0x40, 1), setting(0x10, 168), setting(0x20, 168)]
        peer.entries[node(MAIL)]["dnsrecord"] = [NodeRecord(1, 60, HOURS, address).to_bytes(), NodeRecord(16, 60, HOURS, b"\1x").to_bytes()]


def timestamps(estate: Estate, dc: str) -> list[int]:
    return [record(value).timestamp for value in estate.peers[dc].entries[node(MAIL)]["dnsrecord"]]


def test_what_scavenging_would_delete_is_told_with_its_day(estate: Estate) -> None:
    ageing(estate)
    result = estate.run(names=[], repoint=REPOINT)
    assert result.extra["locks"]["dc1"]["ageing"][MAIL][0] == {
        "type": "A",
        "static": False,
        "refreshed": "2026-11-21T12:00Z",
        "scavenged_from": "2026-12-05T12:00Z",
    }
    assert any(f"{MAIL} ages: zone example.com may delete its address from 2026-12-05T12:00Z on" in warning for warning in result.warnings)
    assert timestamps(estate, "dc1") == [HOURS, HOURS]


@pytest.mark.parametrize("static", [False, True])
def test_the_guard_knows_from_the_journal_when_a_record_may_vanish(estate: Estate, tmp_path: pathlib.Path, static: bool) -> None:
    ageing(estate)
    assert not estate.run(names=[], repoint=REPOINT, static=static, run=runs.started(tmp_path, CLOCK)).failed
    told = record_guard.ageing(runs.read(tmp_path, CLOCK).runs["run1"], moment("2026-12-02T12:00Z"))
    assert [f"{MAIL} ages: scavenging may delete its address from 2026-12-05T12:00Z on" in sentence for sentence in told] == ([] if static else [True])


def test_static_takes_addresses_out_of_ageing_on_one_controller(estate: Estate) -> None:
    ageing(estate)
    result = estate.run(names=[], repoint=REPOINT, static=True)
    assert not result.failed and result.warnings == [], result.msg
    assert sorted(timestamps(estate, "dc1")) == [0, HOURS] and timestamps(estate, "dc2") == [HOURS, HOURS]
    assert result.outcomes[0].after == {"account": "EXCH1$", "locked": True, "static": True}
    assert not estate.run(names=[], repoint=REPOINT, static=True).changed


def test_a_name_without_an_address_has_nothing_that_could_age(estate: Estate) -> None:
    ageing(estate)
    for peer in estate.peers.values():
        peer.entries[node(WWW)]["dnsrecord"] = [NodeRecord(5, 60, HOURS, b"\x06\x01\x04mail\x00").to_bytes()]
    result = estate.run(names=[WWW], repoint=REPOINT, static=True)
    assert (result.failed, [o.status for o in result.outcomes]) == (False, ["done", "done"]), result.msg
    assert not estate.run(names=[WWW], repoint=REPOINT, static=True).changed


def test_a_controller_that_has_the_source_s_address_yet_is_not_written(estate: Estate) -> None:
    ageing(estate, TAKEN)
    late = estate.run(names=[], repoint=REPOINT, static=True)
    assert late.failed and late.reason == "not_converged" and "age still" in late.msg and timestamps(estate, "dc1") == [HOURS, HOURS]
    estate.peers["dc2"].entries[node(MAIL)]["dnsrecord"] = [NodeRecord(1, 60, HOURS, MOVED).to_bytes()]
    assert not estate.run(names=[], repoint=REPOINT, static=True).failed
    assert timestamps(estate, "dc1") == [HOURS, HOURS] and timestamps(estate, "dc2") == [0]


def test_a_source_that_was_faster_than_the_lock_is_told(estate: Estate) -> None:
    ageing(estate, TAKEN)
    estate.peers["dc2"].entries[node(MAIL)]["dnsrecord"] = [NodeRecord(1, 60, 0, MOVED).to_bytes()]
    result = estate.run(names=[], repoint=REPOINT)
    assert not result.failed
    assert any(f"{MAIL} is locked and has the source's address yet on dc1: where replication" in warning for warning in result.warnings), result.warnings


def test_a_record_that_changes_while_it_is_made_static_is_read_again(estate: Estate) -> None:
    ageing(estate)

    def refreshed() -> None:
        if timestamps(estate, "dc1")[0] == HOURS:
            estate.peers["dc1"].entries[node(MAIL)]["dnsrecord"] = [NodeRecord(1, 60, HOURS + 1, MOVED).to_bytes()]

    estate.run(names=[], repoint=REPOINT)
    estate.peers["dc1"].before_change = refreshed
    assert not estate.run(names=[], repoint=REPOINT, static=True, verify_timeout=5.0).failed
    assert timestamps(estate, "dc1") == [0]


def findings(estate: Estate, *, kind: str = "failover", kerberos: dict[str, str] | None = None, names: t.Sequence[str] = (MAIL,)) -> list[tuple[str, str]]:
    found = lock(Case(defined(estate, names), kind, FakeHosts(), CLOCK), {"kerberos": ACCOUNT if kerberos is None else kerberos})
    return [(one.id, one.msg) for one in found]


def test_the_preflight_is_quiet_where_every_name_can_be_locked(estate: Estate) -> None:
    assert findings(estate) == [] and not any(line.startswith("change") for line in estate.peers["dc1"].seen)


def test_the_preflight_tells_what_stands_in_the_way(estate: Estate) -> None:
    assert [kind for kind, _msg in findings(estate, kerberos={})] == ["dns_lock_impossible"]
    assert findings(estate, kerberos={}, kind="failback") == []
    ((kind, msg),) = findings(estate, names=["nobody.example.com", MAIL])
    assert kind == "dns_lock_impossible" and "no entry for nobody.example.com" in msg
    for peer in estate.peers.values():
        peer.entries[node(MAIL)]["sdrightseffective"] = [b"3"]
    ((kind, msg),) = findings(estate)
    assert kind == "dns_lock_impossible" and f"may not set on dc1 who may change {MAIL}" in msg
    for peer in estate.peers.values():
        peer.entries[node(MAIL)]["sdrightseffective"] = [b"7"]
    estate.peers["dc2"].port = 1
    ((kind, msg),) = findings(estate)
    assert kind == "dns_lock_unknown" and "the domain controller dc2 can not be read" in msg


def test_a_controller_that_hangs_over_a_change_keeps_no_name_open_on_the_others(estate: Estate) -> None:
    def hangs_up() -> None:
        raise ConnectionResetError

    estate.peers["dc1"].before_change = hangs_up
    result = estate.run(names=[MAIL, WWW])
    assert estate.descriptor("dc2") == estate.descriptor("dc2", WWW) == with_lock(OPEN, SOURCE)
    assert estate.descriptor("dc1") == OPEN and result.failed and statuses(result) == {"dc1": "unlocked", "dc2": "locked"}
