# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: what was accepted stands first, texts of others are no markup, and each step shows what it was sure of."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2

TEMPLATE = pathlib.Path(__file__).parents[3] / "roles" / "report" / "templates" / "report.html.j2"


def step(name: str, **more: t.Any) -> dict[str, t.Any]:
    facts = {"host": "exch2", "seconds": 1.0, "changes": 1, "failed": False, "unfinished": False, "counts": {"done": 1}, "msg": "", "evidence": None}
    return {"step": name, **facts, **more}


def written(*steps: dict[str, t.Any], notes: t.Sequence[str] = (), of_run: t.Mapping[str, t.Any] | None = None, **more: t.Any) -> str:
    run = {
        "id": "r1",
        "kind": "failover",
        "ended": "closed",
        "by": "ops",
        "approvers": [],
        "break_glass": "",
        "plan": None,
        "score": None,
        "steps": list(steps),
    }
    status = {
        "state": "failed_over",
        "at": "2026-03-01T12:00:00Z",
        "accepted": [],
        "debts": [],
        "owner": {"rightful": "target", "observed": "target"},
        "incident": None,
        "baseline": {"armed_at": ""},
        "runs": [{**run, **(of_run or {}), "phases": dict.fromkeys(("detect", "decide", "act", "propagate", "verify"), 1.0)}],
        "timeline": [],
        "head": {"seq": 3, "hash": "0" * 64},
        **more,
    }
    environment = jinja2.Environment(autoescape=False)
    environment.filters.update(zip=zip, dict2items=lambda given: [{"key": key, "value": value} for key, value in given.items()])
    definition = {"source": {"host": "exch1"}, "target": {"host": "exch2"}}
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report_status=status, failover_identity="mail", failover_report_notes=notes, failover_definition=definition)


def test_what_was_accepted_stands_before_everything_else_and_broken_glass_among_it() -> None:
    accepted = [{"at": "12:00", "by": "ops", "what": "opened without approval", "step": "", "reason": "nobody answers <b>the phone</b>"}]
    text = written(step("fence"), accepted=accepted, notes=["only a rehearsal"])
    assert 0 < text.index("opened without approval") < text.index("only a rehearsal") < text.index("Owner by the journal") < text.index("Timeline")
    assert "nobody answers &lt;b&gt;the phone&lt;/b&gt;" in text


def test_a_run_that_nobody_approved_says_so() -> None:
    run = {"id": "r1", "kind": "failover", "ended": "closed", "by": "ops", "approvers": [], "break_glass": "fire", "plan": None, "score": None, "steps": []}
    text = written(runs=[{**run, "phases": dict.fromkeys(("detect", "decide", "act", "propagate", "verify"), 0.0)}])
    assert "without approval" in text


def test_evidence_is_shown_with_its_step() -> None:
    evidence = {"did": "discard_queues", "engine": "FailedOver", "promoted": True, "old_direction": "stopped", "data_point": "11:58 <UTC>"}
    text = written(step("fence", evidence=[{"grade": 1}, {"grade": 3}]), step("data", evidence=evidence), step("data", evidence={}))
    assert "grade 3 (isolated)" in text and "discard queues, the data are there up to 11:58 &lt;UTC&gt;" in text


def test_a_step_whose_end_nobody_recorded_or_that_failed_says_so() -> None:
    text = written(step("data", unfinished=True, seconds=None), step("dns", failed=True, msg="dns1 refused it"))
    assert "begun, its end is not recorded" in text and "dns1 refused it" in text


def test_of_each_voter_it_is_said_how_the_name_is_known() -> None:
    voters = [{"by": "chief", "how": "asserted"}, {"by": "officer", "how": "windows_logon"}, {"by": "owner", "how": "signature"}]
    text = written(of_run={"approvers": voters})
    said = '(<span class="warn">a name that was only stated</span>), officer (<span>Windows logon</span>), owner (<span>signed</span>)'
    assert f"approved by chief {said}" in text


def test_of_each_event_it_is_said_who_did_it() -> None:
    text = written(timeline=[{"seq": 4, "at": "2026-03-01T12:00:00Z", "kind": "run_taken_over", "step": "", "by": "<officer>", "text": "by force"}])
    assert "<td>&lt;officer&gt;</td><td>by force</td>" in text


def test_a_run_on_a_plan_shows_its_score_and_what_went_otherwise() -> None:
    score = {"predicted": 20, "exact": 19, "unknown": 1, "differences": [{"step": "dns", "item": "mail A", "msg": "became something else: <x>"}]}
    text = written(of_run={"plan": {"hash": "abcdef" * 10, "made_at": "2026-03-01"}, "score": score})
    assert ": 19 of 20 predicted changes went exactly so, 1 could not be predicted" in text
    assert "dns: mail A became something else: &lt;x&gt;" in text
