# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan predicted against what its run did."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.score import TOLD, kept, score, score_in_words
from ansible_collections.continuity.identity_failover.tests.unit.plans import NEW, OLD, RUNNING, STOPPED, change, plan, said, usual

ADDRESS = {"interface": "Ethernet", "prefix_length": 24, "skip_as_source": True}


def record(**images: dict[str, t.Any]) -> RunRecord:
    steps = {step.replace("_", "@", 1): {"begun_at": "2026-03-01T12:00:00Z", "ended_at": "2026-03-01T14:00:05Z", "seconds": 5.0, "bad": []} for step in images}
    found = {step.replace("_", "@", 1): items for step, items in images.items()}
    return RunRecord(id="r", kind="failover", mode="execute", opened_at="", by="", planned=False, epoch=1, images=found, steps=steps)


def exact() -> RunRecord:
    return record(
        identity_exch2={"address 10.0.0.21": {"before": None, "after": ADDRESS}},
        services_exch2={"MSExchangeIS": {"before": STOPPED, "after": RUNNING}},
        databases_exch2={"DB01-DR": {"before": {"mounted": False, "guid": "g"}, "after": {"mounted": True, "guid": "g"}}},
        script_exch2={"D:\\dr\\post.ps1": {"before": None, "after": {"state": "done", "exit_code": 0}}},
        dns={"mail.example.com A": {"before": OLD, "after": NEW}},
        clients={"ws1": {"before": None, "after": {"cache": "cleared"}}},
    )


def test_a_run_that_went_as_planned_scores_all() -> None:
    found = score(kept(plan(durations={"dns": {"seconds": 4.0, "runs": 2}})), exact())
    assert (found["predicted"], found["exact"], found["share"], found["unknown"], found["differences"]) == (5, 5, 1.0, 2, [])
    assert {"step": "dns", "expected": 4.0, "took": 5.0} in found["durations"]
    assert {"step": "services@exch2", "expected": None, "took": 5.0} in found["durations"]


def test_each_way_to_go_otherwise_is_a_difference() -> None:
    happened = exact()
    happened.images["services@exch2"]["MSExchangeIS"]["before"] = {"state": "Stopped", "start_mode": "disabled"}
    happened.images["dns"]["mail.example.com A"]["after"] = {"values": ["10.0.1.21"], "ttl": 30}
    happened.steps["clients"]["bad"] = ["ws1"]
    del happened.images["databases@exch2"]["DB01-DR"]
    happened.images["services@exch2"]["Other"] = {"before": STOPPED, "after": RUNNING}
    found = score(kept(plan()), happened)
    assert (found["predicted"], found["exact"], found["share"]) == (5, 1, 0.2)
    assert [(one["item"], one["msg"].split(":")[0]) for one in found["differences"]] == [
        ("MSExchangeIS", "was something else before"),
        ("DB01-DR", "was not changed"),
        ("mail.example.com A", "became something else"),
        ("ws1", "did not end well"),
        ("Other", "was changed and not planned"),
    ]


def test_what_a_prediction_left_open_is_no_difference() -> None:
    unknown_guid = said("databases@exch2", change("DB01-DR", {"mounted": False, "guid": ""}, {"mounted": True}))
    assert score(kept(plan([unknown_guid])), exact())["exact"] == 1


def test_nothing_predicted_is_no_score_and_not_a_full_one() -> None:
    assert score(kept(plan([said("script@exch2", change("x.ps1", None, {}, grade="unknown"))])), record())["share"] is None


def test_what_a_drill_puts_back_is_not_scored() -> None:
    back = said("services@exch2", change("MSExchangeIS", RUNNING, STOPPED), back=True)
    assert len(kept(plan([*usual(), back]))["changes"]) == len(usual()) - 1


def test_the_score_is_a_clause_that_names_what_went_otherwise() -> None:
    assert score_in_words(score(kept(plan()), exact())) == "5 of 5 predicted changes went exactly so, 2 could not be predicted"
    happened = exact()
    del happened.images["databases@exch2"]["DB01-DR"]
    assert "4 of 5 predicted" in score_in_words(score(kept(plan()), happened)) and "databases@exch2: DB01-DR was not changed" in score_in_words(
        score(kept(plan()), happened)
    )
    happened.images["services@exch2"].update({f"Other{number}": {"before": STOPPED, "after": RUNNING} for number in range(TOLD + 1)})
    text = score_in_words(score(kept(plan()), happened))
    assert text.endswith("; 2 more, see the report") and "Other3" in text and "Other4" not in text
