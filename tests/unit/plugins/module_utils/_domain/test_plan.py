# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan's document: what it holds, its two hashes, what is refused when it is handed in."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import (
    canonical,
    definition_hash,
    definition_keys,
    expected_durations,
    plan_hash,
    read,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import hooks_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.tests.unit.plans import DEFINITION, RUNNING, STOPPED, change, plan, said, usual

FINDING = {"id": "disk_space", "severity": "warning", "host": "exch2", "msg": "D: has 3 GB left", "accepted": "", "evidence": {"free": 3}}


def test_a_plan_counts_its_grades_and_says_what_it_did_not_see() -> None:
    made = plan()
    assert made["coverage"] == {
        "changes": 7,
        "probed": 2,
        "predicted": 3,
        "unknown": 2,
        "as_wanted": 1,
        "not_observed": ["fence@exch1"],
        "would_stop": [],
    }
    assert [one["number"] for one in made["changes"]] == [1, 2, 3, 4, 5, 6, 7]
    assert made["hosts"] == ["exch1", "exch2", "ws1"]
    assert made["owner_afterwards"] == "target"


BASELINE = {"taken_at": "2026-03-01T10:00:00.000Z", "machines": {"exch2": {"uuid": "u"}}}


def test_two_plans_of_one_estate_have_one_hash_whenever_they_are_made() -> None:
    one = plan(findings=[FINDING], baseline=BASELINE)
    later = plan(
        findings=[{**FINDING, "msg": "D: has 2 GB left"}],
        made_at="2026-03-01T13:00:00.000Z",
        armed_at="2026-03-01T12:30:00.000Z",
        baseline={**BASELINE, "taken_at": "2026-03-01T12:30:00.000Z"},
        durations={"services@exch2": {"seconds": 3.0, "runs": 1}},
    )
    assert one["hash"] == later["hash"]
    assert one["about"]["seal"] != later["about"]["seal"]


@pytest.mark.parametrize(
    "other",
    [
        {"definition": {**DEFINITION, "names": ["files"]}},
        {"findings": [FINDING]},
        {"hooks": ["before_dns"]},
        {"intent": {"identity": "mail", "direction": "failover", "fence_minimum": 3}},
        {"predictions": usual()[1:]},
        {"baseline": BASELINE},
        {"armed_at": ""},
    ],
)
def test_what_a_person_decides_on_is_in_the_hash(other: dict[str, t.Any]) -> None:
    assert plan()["hash"] != plan(**other)["hash"]


def test_a_secret_in_a_definition_is_no_part_of_its_hash() -> None:
    assert definition_hash({"dns": {"credential": "dns"}}) == definition_hash({"dns": {"credential": "dns", "secret": "hunter2"}})
    assert definition_hash({"dns": {"credential": "dns"}}) != definition_hash({"dns": {"credential": "other"}})


def test_where_a_controller_keeps_its_mirror_and_hooks_is_no_part_of_a_definitions_hash() -> None:
    here, there = ({"mirror": f"/{home}/mirror", "hooks": {"dir": f"/{home}/hooks", "plan_safe": ["data"]}} for home in ("a", "b"))
    assert definition_hash(here) == definition_hash(there)
    assert definition_hash(here) != definition_hash({**here, "hooks": {"dir": "/a/hooks", "plan_safe": []}})


def test_a_document_comes_back_from_its_text() -> None:
    made = plan()
    assert read(json.dumps(made, indent=2), "mail", "failover") == made
    assert read(made, "mail", "failover") == made


def places(node: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """Every leaf of a document."""
    if isinstance(node, (dict, list)) and node:
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        return [place for key, value in pairs for place in places(value, (*path, key))]
    return [path]


LEAVES = [place for place in places(plan(findings=[FINDING])) if place != ("format",)]


@given(st.sampled_from(LEAVES), st.one_of(st.text(), st.integers(), st.booleans(), st.none()))
def test_a_document_that_was_edited_anywhere_is_refused(place: tuple[t.Any, ...], value: t.Any) -> None:
    made = plan(findings=[FINDING])
    node: t.Any = made
    for key in place[:-1]:
        node = node[key]
    if canonical(node[place[-1]]) == canonical(value):
        return
    node[place[-1]] = value
    with pytest.raises(InvalidInput, match="changed since it was made"):
        read(made, "mail", "failover")


def test_the_keys_of_the_definition_show_no_secret_and_nothing_of_this_controller_alone() -> None:
    given = {"mirror": "/m", "hooks": {"dir": "/h", "plan_safe": ["data"]}, "spns": [], "drill": {}, "key": {"name": "k", "secret": "one"}}
    keys = definition_keys(given)
    assert sorted(keys) == ["drill", "hooks.plan_safe", "key.name", "spns"]
    assert definition_keys({**given, "key": {"name": "k", "secret": "two"}}) == keys


def test_the_hosts_are_those_of_every_step_and_where_the_journal_lies() -> None:
    spns = said("spns", change("http/m", None, {"account": "B$"}), touches=["dc3"])
    dns = said("dns", change("a A", None, 1), touches=["dns1"])
    more = said("dns", change("b A", None, 1), touches=["dns2"])
    made = plan([spns, dns, more, said("fence@exch1", reason="unreachable")])
    assert made["hosts"] == ["dc3", "dns1", "dns2", "exch1", "exch2"]
    assert [step["hosts"] for step in made["steps"]] == [["dc3"], ["dns1", "dns2"], ["exch1"]]
    assert plan([spns], definition={**DEFINITION, "store": {"kind": "target", "host": "witness"}})["hosts"] == ["dc3", "witness"]
    assert plan([spns], definition={**DEFINITION, "store": {"kind": "directory"}})["hosts"] == ["dc3"]


def test_an_edit_that_makes_the_seal_anew_still_shows_in_the_hash() -> None:
    made = plan()
    made["changes"][0]["after"]["prefix_length"] = 8
    assert plan_hash(made) != made["hash"]


@pytest.mark.parametrize(("identity", "kind"), [("files", "failover"), ("mail", "failback")])
def test_a_plan_for_something_else_is_refused(identity: str, kind: str) -> None:
    with pytest.raises(InvalidInput, match="it is for a failover of mail"):
        read(plan(), identity, kind)


@pytest.mark.parametrize("handed", ["no json", "[]", "{}", {"format": 0}, {"format": 2}, None])
def test_what_is_no_plan_is_refused_in_one_sentence(handed: t.Any) -> None:
    with pytest.raises(InvalidInput, match="^plan: .*plan playbook"):
        read(handed, "mail", "failover")


def test_the_point_of_no_return_is_the_first_change_that_lets_users_write() -> None:
    point = plan()["point_of_no_return"]
    assert (point["step"], point["item"], point["number"]) == ("services@exch2", "MSExchangeIS", 2)
    only_dns = plan([usual()[5]])["point_of_no_return"]
    assert only_dns["item"] == "mail.example.com A"
    only_the_address = plan([usual()[1]])["point_of_no_return"]  # what serves there runs already, since no step starts it
    assert only_the_address["item"] == "address 10.0.0.21"
    assert plan([said("spns", change("http/mail", {"account": "A$"}, {"account": "B$"}))])["point_of_no_return"] is None
    share = said("identity@exch2", change("share data", None, {"path": "D:\\data"}))
    assert plan([share, *usual()])["point_of_no_return"]["item"] == "share data"


def test_stopping_the_target_in_a_failback_is_not_yet_the_point_of_no_return() -> None:
    stop = said("services@exch2", change("MSExchangeIS", RUNNING, STOPPED))
    start = said("services@exch1", change("MSExchangeIS", STOPPED, RUNNING))
    assert plan([stop, start], kind="failback")["point_of_no_return"]["host"] == "exch1"
    assert plan([start], kind="drill")["point_of_no_return"] is None


def test_a_plan_says_what_it_cannot_know() -> None:
    said_so = " ".join(plan(hooks=["before_dns"], armed_at="")["unknown"])
    for sentence in (
        "There is no baseline",
        "exch1 is dead or only cut off",
        "What D:\\dr\\post.ps1 does",
        "hook before_dns",
        "Whether users arrive",
        "What others change",
        "no replication engine",
    ):
        assert sentence in said_so
    assert "cut off" not in " ".join(plan(usual()[1:])["unknown"])
    not_enough = said("fence@exch1", change("service IS", RUNNING, STOPPED), reason="not_fenced", msg="grade 2, and 3 is needed")
    made = plan([not_enough, *usual()[1:]])
    assert "cut off" not in " ".join(made["unknown"])
    assert made["coverage"]["would_stop"] == ["fence@exch1"]


def test_a_step_of_two_tasks_is_one_step() -> None:
    made = plan([said("dns", change("a A", None, 1), as_wanted={"c A": 3}), said("dns", change("b A", None, 2))])
    (step,) = made["steps"]
    assert (step["changes"], step["as_wanted"]) == (2, {"c A": 3})


def test_a_document_shares_nothing_with_what_it_was_made_of() -> None:
    predictions = usual()
    made = plan(predictions)
    before = copy.deepcopy(made)
    predictions[1].changes[0]["after"]["interface"] = "other"
    assert made == before


def record(kind: str, *steps: tuple[str, str, str, bool], mode: str = "execute") -> RunRecord:
    facts = {  # each lay stopped for two hours in between
        name: {"begun_at": f"2026-03-01T12:00:{begun}Z", "ended_at": f"2026-03-01T14:00:{ended}Z", "seconds": float(int(ended) - int(begun)), "failed": bad}
        for name, begun, ended, bad in steps
    }
    return RunRecord(id="r", kind=kind, mode=mode, opened_at="", by="", planned=False, epoch=1, steps=facts)


def test_expected_durations_are_the_median_of_earlier_runs_of_the_kind() -> None:
    runs = [
        record("failover", ("dns", "00", "04", False), ("services@exch2", "00", "10", True)),
        record("failover", ("dns", "00", "08", False)),
        record("failover", ("dns", "00", "30", False)),
        record("failback", ("dns", "00", "50", False)),
        record("failover", ("dns", "00", "59", False), mode="plan"),
    ]
    assert expected_durations(runs, "failover") == {"dns": {"seconds": 8.0, "runs": 3}}


def test_a_plan_names_the_hooks_of_its_own_kind_only() -> None:
    there = ["before_fence", "before_dns", "before_quiesce"]
    assert hooks_of("failover", there) == hooks_of("drill", there) == ["before_dns", "before_fence"]
    assert hooks_of("failback", there) == ["before_dns", "before_quiesce"]
