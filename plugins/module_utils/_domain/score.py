# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How good a plan was: what it predicted against what the run then did. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord

JSON = t.Any

#: Of each planned change, what a journal keeps.
KEPT = ("step", "item", "before", "after", "grade")
#: Differences that a sentence lists.
TOLD = 5


def kept(document: t.Mapping[str, JSON]) -> dict[str, JSON]:
    """What the opening of a run on this plan says of it: enough to judge the plan when the run is closed, wherever that is."""
    changes = [{key: change[key] for key in KEPT} for change in document["changes"] if not change["puts_back"]]
    expected = {step["step"]: step["expected"]["seconds"] for step in document["steps"] if step["expected"]}
    return {"hash": document["hash"], "id": document["about"]["id"], "made_at": document["about"]["made_at"], "changes": changes, "expected": expected}


def score(plan: t.Mapping[str, JSON], record: RunRecord) -> dict[str, JSON]:
    """``{plan, predicted, exact, share, unknown, differences, durations}``. ``share``: of the changes that were predicted at all
    (not graded unknown), those that went exactly so; None where there were none."""
    differences: list[dict[str, JSON]] = []
    predicted = exact = unknown = 0
    planned: set[tuple[str, str]] = set()
    for change in plan["changes"]:
        step, item = change["step"], change["item"]
        planned.add((step, item))
        if change["grade"] == "unknown":
            unknown += 1
            continue
        predicted += 1
        why = _otherwise(change, record)
        if why:
            differences.append({"step": step, "item": item, "planned": change["after"], "found": _image(record, step, item).get("after"), "msg": why})
        else:
            exact += 1
    for step, items in record.images.items():
        for item, image in items.items():
            if (step, item) not in planned:
                differences.append({"step": step, "item": item, "planned": None, "found": image["after"], "msg": "was changed and not planned"})
    return {
        "plan": plan["hash"],
        "predicted": predicted,
        "exact": exact,
        "share": round(exact / predicted, 3) if predicted else None,
        "unknown": unknown,
        "differences": differences,
        "durations": _durations(plan, record),
    }


def score_in_words(judged: t.Mapping[str, JSON]) -> str:
    """What was predicted against what happened, as a clause; of many differences the first, which the report lists all."""
    unknown = f", {judged['unknown']} could not be predicted" if judged["unknown"] else ""
    differences = [f"{one['step']}: {one['item']} {one['msg']}" for one in judged["differences"]]
    told = [*differences[:TOLD], *([f"{len(differences) - TOLD} more, see the report"] if len(differences) > TOLD else [])]
    otherwise = f"; otherwise than planned: {'; '.join(told)}" if told else ""
    return f"{judged['exact']} of {judged['predicted']} predicted changes went exactly so{unknown}{otherwise}"


def _image(record: RunRecord, step: str, item: str) -> dict[str, JSON]:
    return record.images.get(step, {}).get(item, {})


def _otherwise(change: t.Mapping[str, JSON], record: RunRecord) -> str:
    """How the change went otherwise than predicted; empty where it went exactly so."""
    step, item = change["step"], change["item"]
    image = _image(record, step, item)
    if not image:
        return "was not changed: it was as wanted already, or the step did not come to it"
    if item in record.steps.get(step, {}).get("bad", ()):
        return "did not end well"
    if not _agrees(change["before"], image["before"]):
        return "was something else before"
    return "" if _agrees(change["after"], image["after"]) else "became something else"


def _agrees(predicted: JSON, found: JSON) -> bool:
    """A prediction may say less than what was read back, nothing else than it."""
    if isinstance(predicted, t.Mapping) and isinstance(found, t.Mapping):
        return all(value in ("", None) or (key in found and found[key] == value) for key, value in predicted.items())
    return bool(predicted == found)


def _durations(plan: t.Mapping[str, JSON], record: RunRecord) -> list[dict[str, JSON]]:
    """``{step, expected, took}`` of every step that the run did; ``expected`` is None where no earlier run was known."""
    result = []
    for step, facts in record.steps.items():
        took = round(facts["seconds"], 1) if facts.get("ended_at") else None
        result.append({"step": step, "expected": plan["expected"].get(step), "took": took})
    return result
