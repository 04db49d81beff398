# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every difference between a plan and the estate is converged, irrelevant or a conflict."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.drift import conflicts, drift
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import DEFINITION, NEW, OLD, RUNNING, STOPPED, change, plan, said, usual

FENCED = said("fence@exch1", change("service MSExchangeIS", RUNNING, {"state": "Stopped", "start_mode": "disabled"}, do="stop and disable it"))


def verdicts(before: list[Prediction], after: list[Prediction], **now: t.Any) -> list[tuple[str, str, str]]:
    return [(one.verdict, one.step, one.item) for one in drift(plan(before), plan(after, **now))]


def changed(index: int, prediction: Prediction) -> list[Prediction]:
    found = usual()
    found[index] = prediction
    return found


def test_the_same_estate_has_no_drift() -> None:
    assert drift(plan(), plan(made_at="2026-03-01T14:00:00.000Z")) == []


def test_what_somebody_did_already_is_converged() -> None:
    done = said("services@exch2", as_wanted={"MSExchangeIS": RUNNING, "MSExchangeADTopology": RUNNING})
    (one,) = drift(plan(), plan(changed(2, done)))
    assert (one.verdict, one.item, one.found) == ("converged", "MSExchangeIS", {"as_wanted": RUNNING})


def test_a_record_that_somebody_pointed_elsewhere_is_a_conflict_that_says_both() -> None:
    other = said("dns", change("mail.example.com A", {"values": ["10.0.9.9"], "ttl": 3600}, NEW))
    (one,) = drift(plan(), plan(changed(5, other)))
    assert one.verdict == "conflict"
    assert one.msg == "mail.example.com A: planned: from 10.0.0.21, ttl 3600 to 10.0.1.21, ttl 60; now: from 10.0.9.9, ttl 3600 to 10.0.1.21, ttl 60"
    assert one.planned["before"] == OLD
    assert one.found["before"] == {"values": ["10.0.9.9"], "ttl": 3600}


def test_a_ttl_alone_is_irrelevant() -> None:
    other = said("dns", change("mail.example.com A", {**OLD, "ttl": 1200}, NEW))
    assert verdicts(usual(), changed(5, other)) == [("irrelevant", "dns", "mail.example.com A")]


def test_a_service_on_its_way_is_irrelevant_and_another_start_mode_is_a_conflict() -> None:
    pending = said("services@exch2", change("MSExchangeIS", {**STOPPED, "state": "Start Pending"}, RUNNING), as_wanted={"MSExchangeADTopology": RUNNING})
    assert verdicts(usual(), changed(2, pending)) == [("irrelevant", "services@exch2", "MSExchangeIS")]
    disabled = said("services@exch2", change("MSExchangeIS", {**STOPPED, "start_mode": "disabled"}, RUNNING), as_wanted={"MSExchangeADTopology": RUNNING})
    assert verdicts(usual(), changed(2, disabled)) == [("conflict", "services@exch2", "MSExchangeIS")]


def test_something_to_do_that_nobody_has_read_is_a_conflict() -> None:
    more = said("services@exch2", change("MSExchangeIS", STOPPED, RUNNING), change("MSExchangeADTopology", STOPPED, RUNNING))
    (one,) = drift(plan(), plan(changed(2, more)))
    assert (one.verdict, one.item, one.planned) == ("conflict", "MSExchangeADTopology", {"as_wanted": RUNNING})


def test_a_source_that_answers_again_is_a_conflict() -> None:
    assert ("conflict", "fence@exch1", "service MSExchangeIS") in verdicts(usual(), changed(0, FENCED))


def test_a_source_that_has_died_since_is_irrelevant() -> None:
    assert verdicts(changed(0, FENCED), usual()) == [("irrelevant", "fence@exch1", "service MSExchangeIS")]


def test_a_step_that_cannot_be_looked_at_any_more_is_a_conflict() -> None:
    stuck = said("dns", reason="unreachable", msg="no name server answers")
    assert verdicts(usual(), changed(5, stuck)) == [("conflict", "dns", "mail.example.com A")]
    assert verdicts([said("spns", as_wanted={"http/m": 1})], [said("spns", reason="unreachable", msg="no DC")]) == [("conflict", "spns", "spns")]


AUTODISCOVER = change("autodiscover.example.com A", OLD, NEW)
THIRD = {"values": ["10.0.9.9"], "ttl": 3600}
STOPS_AT = {"autodiscover.example.com A": "autodiscover.example.com names neither a source nor a target of repoint (A 10.0.9.9)"}


def test_a_record_that_leads_elsewhere_is_a_conflict_of_its_own_and_of_what_its_step_would_not_come_to() -> None:
    then = said("dns", change("mail.example.com A", OLD, NEW), AUTODISCOVER)
    found = {"mail.example.com A": OLD, "autodiscover.example.com A": THIRD}
    now = said("dns", reason="wrong_state", msg="it names neither", found=found, stops_at=STOPS_AT)
    first, second = drift(plan([then]), plan([now]))
    assert (first.verdict, first.step, first.item, first.found) == ("conflict", "dns", "autodiscover.example.com A", {"seen": THIRD})
    assert first.msg == (
        "autodiscover.example.com A: planned: from 10.0.0.21, ttl 3600 to 10.0.1.21, ttl 60; now: 10.0.9.9, ttl 3600; dns would stop at it: "
        "autodiscover.example.com names neither a source nor a target of repoint (A 10.0.9.9)"
    )
    assert (second.verdict, second.item, second.found) == ("conflict", "mail.example.com A", {"seen": OLD})
    assert second.msg.endswith("now: 10.0.0.21, ttl 3600, and dns would stop before it is changed: autodiscover.example.com A")


def test_what_is_as_wanted_converged_only_where_its_step_would_not_stop() -> None:
    there = said("services@exch2", as_wanted={"MSExchangeIS": RUNNING, "MSExchangeADTopology": RUNNING}, reason="broken", msg="a service is broken")
    assert verdicts(usual(), changed(2, there)) == [("conflict", "services@exch2", "MSExchangeIS")]
    assert verdicts(changed(2, said("services@exch2", change("MSExchangeIS", STOPPED, RUNNING), reason="broken")), changed(2, there)) == [
        ("converged", "services@exch2", "MSExchangeIS")
    ]


def test_an_item_that_its_step_would_stop_at_now_is_named_where_it_was_as_wanted_or_other_changes_stay() -> None:
    then = said("services@exch2", change("a", STOPPED, RUNNING), as_wanted={"b": RUNNING})
    now = said("services@exch2", change("a", STOPPED, RUNNING), reason="changed_by_other", found={"b": STOPPED}, stops_at={"b": "b was changed"})
    (one,) = drift(plan([then]), plan([now]))
    assert (one.verdict, one.item, one.planned, one.found) == ("conflict", "b", {"as_wanted": RUNNING}, {"seen": STOPPED})
    assert one.msg == ("b was Running, start_mode manual, as wanted, when the plan was made; services@exch2 would stop at it now: b was changed")


def test_a_step_that_would_stop_at_something_else_than_the_plan_says_is_a_conflict() -> None:
    then = said("spns", reason="spn_held_by_other", stops_at={"http/a": "a third account"}, found={"http/a": 1})
    worse = said("spns", reason="spn_held_by_other", stops_at={"http/a": "a third account", "http/b": "a fourth"}, found={"http/a": 1, "http/b": 2})
    assert verdicts([then], [then]) == []
    assert ("conflict", "spns", "http/b") in verdicts([then], [worse])
    assert verdicts([worse], [then]) == []
    assert verdicts([said("spns", reason="unreachable")], [said("spns", reason="connection_refused")]) == []
    assert verdicts([said("spns", reason="unreachable")], [said("spns", reason="wrong_state", msg="no")]) == [("conflict", "spns", "spns")]


def test_a_fence_that_would_not_be_enough_any_more_is_a_conflict() -> None:
    now = said("fence@exch1", as_wanted={"service MSExchangeIS": STOPPED}, reason="not_fenced", msg="grade 1, and 3 is needed")
    assert verdicts(changed(0, FENCED), changed(0, now)) == [("conflict", "fence@exch1", "service MSExchangeIS")]


def test_what_the_plan_could_not_look_at_is_no_conflict_once_it_can() -> None:
    spns = said("spns", change("http/mail", {"account": "A$"}, {"account": "B$"}))
    assert verdicts([said("spns", reason="unreachable")], [spns]) == [("irrelevant", "spns", "http/mail")]


def test_an_unknown_before_image_that_is_known_now_is_irrelevant() -> None:
    then = said("databases@exch2", change("DB", {"mounted": None, "guid": ""}, {"mounted": True}, grade="unknown"))
    now = said("databases@exch2", change("DB", {"mounted": False, "guid": "g"}, {"mounted": True}))
    assert verdicts([then], [now]) == [("irrelevant", "databases@exch2", "DB")]


def test_clients_come_and_go() -> None:
    other = said("clients", change("ws2", None, {"cache": "cleared"}))
    assert verdicts(usual(), changed(6, other)) == [("irrelevant", "clients", "ws1"), ("irrelevant", "clients", "ws2")]


def test_another_definition_or_intent_is_a_conflict_another_baseline_or_finding_is_not() -> None:
    finding = {"id": "disk_space", "severity": "warning", "host": "", "msg": "", "accepted": ""}
    found = verdicts(usual(), usual(), definition={"source": {"host": "exch1"}, "target": {"host": "exch2"}}, intent={"x": 1}, armed_at="", findings=[finding])
    assert found == [
        ("conflict", "", "definition"),
        ("conflict", "", "intent"),
        ("irrelevant", "", "baseline"),
        ("irrelevant", "", "finding disk_space"),
    ]


def test_a_conflict_of_the_definition_names_the_keys_that_were_changed() -> None:
    other = {**DEFINITION, "dns": {**DEFINITION["dns"], "ttl": 60}, "services": [*DEFINITION["services"], {"name": "W3SVC"}]}
    del other["databases"]
    (one,) = drift(plan(), plan(definition=other))
    assert (one.verdict, one.item, one.msg) == (
        "conflict",
        "definition",
        "the definition was changed since the plan was made: databases, dns.ttl, services",
    )


def test_a_step_that_would_be_done_on_another_machine_is_told_and_is_no_conflict() -> None:
    move = change("http/m", {"account": "A$"}, {"account": "B$"})
    then, now = said("spns", move, touches=["dc3"]), said("spns", move, touches=["dc4"])
    (one,) = drift(plan([then]), plan([now]))
    assert (one.verdict, one.step, one.item, one.planned, one.found) == ("irrelevant", "spns", "hosts", ["dc3"], ["dc4"])
    assert drift(plan([said("spns", reason="unreachable")]), plan([then]))[0].item == "http/m"


def test_a_sentence_names_the_step_once() -> None:
    other = said("dns", change("mail.example.com A", THIRD, NEW))
    (one,) = drift(plan(), plan(changed(5, other)))
    assert one.sentence() == f"dns: {one.msg}"
    (one,) = drift(plan([said("spns")]), plan([said("spns", reason="unreachable", msg="no DC")]))
    assert one.sentence() == one.msg == "spns would stop now: no DC"


def test_an_incident_that_was_opened_since_is_no_conflict() -> None:
    (one,) = drift(plan(intent={"identity": "mail", "incident": ""}), plan(intent={"identity": "mail", "incident": "7"}))
    assert (one.verdict, one.msg) == ("irrelevant", "what is intended: incident was none and is 7")


def test_conflicts_come_first() -> None:
    found = drift(plan(), plan(changed(0, FENCED), armed_at=""))
    assert [one.verdict for one in found] == ["conflict", "irrelevant"]
    assert len(conflicts(found)) == 1
