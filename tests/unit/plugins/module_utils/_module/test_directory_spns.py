# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, InvalidInput, StepFailed, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.directory_spns import SpnsStep, directory_spns
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts, FakeSession, KeptLease
from ansible_collections.continuity.identity_failover.tests.unit.interrupted import there_and_back

MAIL, DISCOVER = "http/mail.example.com", "http/autodiscover.example.com"


class Forest:
    """Accounts and their names behind two domain controllers."""

    def __init__(self) -> None:
        self.accounts: dict[str, list[str]] = {"EXCH1$": [MAIL, DISCOVER, "HOST/exch1"], "EXCH2$": ["HOST/exch2"], "OTHER$": ["http/other"]}
        self.fails: dict[str, tuple[int, bool]] = {}
        self.lost_after_move = False
        self.moved: list[list[str]] = []
        self.leases: list[t.Any] = []
        self.taken = False
        self.controllers = [FakeSession("dc1", scripts=self.answer), FakeSession("dc2", scripts=self.answer)]

    def _holders(self, value: str) -> list[str]:
        return [name for name, held in self.accounts.items() if value.lower() in map(str.lower, held)]

    def answer(self, script: str, data: t.Any) -> t.Any:
        failed = []
        refused = []
        if data["moves"]:
            self.leases.append(data["lease"])
        if data["moves"] and self.taken and data["lease"]:
            refused, data = [move["value"] for move in data["moves"]], {**data, "moves": []}
        if data["moves"]:
            self.moved.append([f"{move['value']}: {move['from']} -> {move['to']}" for move in data["moves"]])
        for move in data["moves"]:
            if move["value"] in self.fails:
                code, restored = self.fails[move["value"]]
                failed.append({"value": move["value"], "code": code, "message": "no", "restored": restored})
                continue
            if move["from"]:
                self.accounts[move["from"]].remove(move["value"])
            if move["to"]:
                self.accounts[move["to"]].append(move["value"])
        if data["moves"] and self.lost_after_move:
            raise ConnectionLost("the connection ended")
        spelt = {name.lower(): name for name in self.accounts}
        return {
            "accounts": [{"account": spelt[name.lower()], "dn": "CN=x"} for name in data["accounts"] if name.lower() in spelt],
            "holders": [{"value": value, "account": name, "dn": "CN=x"} for value in data["values"] for name in self._holders(value)],
            "forest": True,
            "failed": failed,
            "refused": refused,
        }


def params(*values: str, giver: str = "EXCH1$", taker: str = "EXCH2$", **more: t.Any) -> dict[str, t.Any]:
    return {**runs.ALONE, "state": "moved", "spns": [{"from": giver, "to": taker, "values": list(values)}], "domain_controllers": ["dc1", "dc2"], **more}


def run(forest: Forest, given: dict[str, t.Any], clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return directory_spns(given, FakeHosts(None, forest.controllers), clock or FakeClock(), check_mode=check_mode)


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.status) for outcome in result.outcomes]


def test_names_move_together_and_are_read_back():
    forest = Forest()
    result = run(forest, params(MAIL, DISCOVER))
    assert forest.moved == [[f"{MAIL}: EXCH1$ -> EXCH2$", f"{DISCOVER}: EXCH1$ -> EXCH2$"]]
    assert statuses(result) == [(MAIL, "done"), (DISCOVER, "done")] and result.outcomes[0].after == {"account": "EXCH2$"}
    assert not run(forest, params(MAIL, DISCOVER, giver="exch1$", taker="exch2$")).changed


def test_a_name_that_nobody_holds_is_only_given():
    forest = Forest()
    assert run(forest, params("http/new.example.com")).outcomes[0].before is None
    assert forest.moved == [["http/new.example.com:  -> EXCH2$"]]


@pytest.mark.parametrize(
    ("given", "reason", "word"),
    [
        (params("http/other", MAIL), "spn_held_by_other", "held by OTHER"),
        (params(MAIL, taker="EXCH9$"), "unknown_account", "dc1 knows no account EXCH9"),
        (params(MAIL, taker="EXCH2"), "unknown_account", "a computer is EXCH2"),
    ],
)
def test_what_must_not_move_stops_the_task_before_anything_is_touched(given: dict[str, t.Any], reason: str, word: str):
    forest = Forest()
    with pytest.raises(StepFailed, match=word) as caught:
        run(forest, given)
    assert caught.value.reason == reason and not forest.moved


def test_a_name_on_both_accounts_is_refused():
    forest = Forest()
    forest.accounts["EXCH2$"].append(MAIL)
    with pytest.raises(StepFailed, match="logons fail already"):
        run(forest, params(MAIL))


@pytest.mark.parametrize(
    ("code", "restored", "reason", "word"),
    [
        (8647, True, "spn_not_unique", "another account of the forest holds it"),
        (5, True, "access_denied", "right to write servicePrincipalName"),
        (8206, False, "refused_by_directory", "put it back by hand"),
    ],
)
def test_what_the_directory_says_is_told_by_its_code(code: int, restored: bool, reason: str, word: str):
    forest = Forest()
    forest.fails[MAIL] = (code, restored)
    result = run(forest, params(MAIL, DISCOVER))
    assert result.failed and result.reason == reason and word in result.msg and statuses(result)[1] == (DISCOVER, "done")


def test_the_first_controller_that_answers_does_everything():
    forest = Forest()
    forest.controllers[0].failures["run"] = Unreachable("dc1 is down")
    result = run(forest, params(MAIL))
    assert statuses(result) == [(MAIL, "done")] and len(forest.controllers[0].calls) == 1 and len(forest.controllers[1].calls) == 3


def test_a_plan_names_the_controller_that_is_written_and_the_name_that_it_would_stop_at(tmp_path: pathlib.Path):
    forest, kept = Forest(), Predictions.begin()
    forest.controllers[0].failures["run"] = Unreachable("dc1 is down")
    plan = {**runs.started(tmp_path, FakeClock(), mode="plan"), "predictions": kept.path}
    run(forest, params(MAIL, run=plan))
    run(forest, params(DISCOVER, "http/other", run=plan))
    moved, stopped = kept.all()
    kept.end()
    assert (moved.touches, stopped.touches, forest.moved) == (["dc2"], [], [])
    assert (stopped.as_wanted, list(stopped.stops_at)) == ({}, ["http/other"])
    assert stopped.found == {DISCOVER: {"account": "EXCH1$"}, "http/other": {"account": "OTHER$"}}


def test_without_a_controller_nothing_happens():
    forest = Forest()
    for controller in forest.controllers:
        controller.failures["run"] = Unreachable(f"{controller.name} is down")
    with pytest.raises(Unreachable, match="dc1: dc1 is down; dc2: dc2 is down"):
        run(forest, params(MAIL))


def test_an_answer_that_was_lost_is_decided_by_reading_back():
    forest = Forest()
    forest.lost_after_move = True
    assert statuses(run(forest, params(MAIL))) == [(MAIL, "done")]


def test_check_mode_says_who_would_get_it():
    forest = Forest()
    result = run(forest, params(MAIL), check_mode=True)
    assert result.outcomes[0].msg == "would give it to EXCH2$" and not forest.moved


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (params(MAIL, spns=[]), "spns is empty"),
        (params(MAIL, domain_controllers=[]), "domain_controllers is empty"),
        (params(), "lacks from, to or values"),
        (params(MAIL, taker="exch1$"), "are both exch1"),
        (params("mail.example.com"), "no service principal name"),
        (params("http/mail example"), "no service principal name"),
        (params("WSMAN/exch1"), "belongs to the machine itself"),
        (params(MAIL, MAIL.upper()), "listed twice"),
    ],
)
def test_bad_input_asks_nothing_of_the_directory(given: dict[str, t.Any], word: str):
    forest = Forest()
    with pytest.raises(InvalidInput, match=word):
        run(forest, given)
    assert not forest.controllers[0].calls


@pytest.mark.parametrize("value", ["MSSQLSvc/erp.example.com:1433", "ldap/dc1.example.com/example.com", "HOST/exch1"])
def test_every_shape_of_a_name_is_taken(value: str):
    run(Forest(), params(value), check_mode=True)


def test_a_later_run_gives_back_and_leaves_alone_what_others_took(tmp_path: pathlib.Path):
    forest, clock = Forest(), FakeClock()
    first = runs.started(tmp_path, clock)
    run(forest, params(MAIL, DISCOVER, "http/new.example.com", run=first), clock)
    runs.ended(tmp_path, clock, first)
    forest.accounts["EXCH2$"].remove(DISCOVER)
    forest.accounts["OTHER$"].append(DISCOVER)
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(forest, params(MAIL, DISCOVER, "http/new.example.com", state="reverted", run=second, revert_run="run1"), clock)
    assert dict(statuses(result)) == {MAIL: "done", DISCOVER: "failed", "http/new.example.com": "done"} and result.reason == "changed_by_other"
    assert MAIL in forest.accounts["EXCH1$"] and "http/new.example.com" not in forest.accounts["EXCH2$"] and DISCOVER in forest.accounts["OTHER$"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["EXCH1$", "EXCH2$", ""]), st.sampled_from(["EXCH1$", ""]), st.integers(0, 8), st.integers(0, 8))
def test_names_are_put_back_exactly_wherever_the_controller_died(mail: str, discover: str, first: int, second: int) -> None:
    forest, clock = Forest(), FakeClock()
    forest.accounts = {"EXCH1$": ["HOST/exch1"], "EXCH2$": ["HOST/exch2"]}
    for holder, value in ((mail, MAIL), (discover, DISCOVER)):
        if holder:
            forest.accounts[holder].append(value)
    with tempfile.TemporaryDirectory() as folder:
        given_run = runs.started(pathlib.Path(folder), clock)
        there_and_back(
            forest.controllers[0],
            lambda: run(forest, params(MAIL, DISCOVER, run=given_run), clock),
            lambda: run(forest, params(MAIL, DISCOVER, state="reverted", run=given_run, revert_run="run1"), clock),
            lambda: {account: set(held) for account, held in forest.accounts.items()},
            first,
            second,
        )


@pytest.mark.parametrize(
    ("store", "lease"),
    [
        ({"kind": "target", "host": "dc1", "path": r"E:\journal"}, {"file": r"E:\journal\mail.lease", "epoch": 7}),
        ({"kind": "target", "host": "exch2", "path": None}, None),
        ({"kind": "directory", "host": None, "path": "/srv/journal"}, None),
    ],
)
def test_the_lease_travels_where_the_journal_is_on_the_domain_controller(store: dict[str, t.Any], lease: t.Any) -> None:
    forest = Forest()
    step = SpnsStep(params(MAIL, run={"id": "run1", "identity": "mail", "store": store}), FakeHosts(None, forest.controllers))
    fence = Fence("mail", "run1", 7, KeptLease())
    changes = step.changes(step.observe())
    assert all(applied.ok for applied in step.apply(changes, fence).values())
    assert forest.leases == [lease]
    forest = Forest()
    forest.taken = True
    step = SpnsStep(params(MAIL, run={"id": "run1", "identity": "mail", "store": store}), FakeHosts(None, forest.controllers))
    changes = step.changes(step.observe())
    applied = step.apply(changes, fence)[MAIL]
    assert (applied.ok, applied.reason, MAIL in forest.accounts["EXCH1$"]) == ((False, "lease_lost", True) if lease else (True, "", False))
