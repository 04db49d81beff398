# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A plan as a table for a terminal of 100 columns, and what differs between two plans. Pure."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.columns import WIDTH, row
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.drift import Difference, drift, shown
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings_text import findings_table
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import duration
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import PEOPLE, kind_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import begins_in_vain

JSON = t.Any
Document = t.Mapping[str, JSON]

#: Columns of the table of changes: number, step and host, item, from and to, grade.
COLUMNS = (4, 21, 26, 35, 9)
#: What can be wrong with a step, in the coverage and in words.
TROUBLE = {"not_observed": "not observed", "would_stop": "would stop"}
#: Items of one step that are listed one by one; of a thousand clients the first tell enough.
LISTED = 20


def table(document: Document, width: int = WIDTH) -> str:
    """Everything of the plan that a person decides on."""
    parts = [
        _head(document, width),
        findings_table(document["findings"], width) or "FINDINGS\n  none",
        _changes(document, width),
        _trouble(document, width),
        _steps(document, width),
        _unknown(document, width),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(document: Document, width: int) -> str:
    about, coverage, age = document["about"], document["coverage"], document["about"]["baseline_age"]
    baseline = f"{duration(age)} old" if age is not None else "none"
    point = document["point_of_no_return"]
    back = f"{_place(point, document)}: {point['because']}" if point else "none: nothing here lets users write elsewhere"
    grades = ", ".join(f"{coverage[grade]} {grade}" for grade in ("probed", "predicted", "unknown"))
    unseen = "".join(f"; {words}: {', '.join(coverage[key])}" for key, words in TROUBLE.items() if coverage[key])
    in_vain = begins_in_vain(document["kind"], document["state"])
    rows = [
        ("Plan", f"{document['kind']} of {document['identity']}, made {about['made_at']} by {about['by'] or 'nobody named'}"),
        ("Hash", document["hash"]),
        ("Now", f"{document['state']}; baseline: {baseline}"),
        *([("Not now", in_vain)] if in_vain else []),
        ("Afterwards", f"the {document['owner_afterwards']} owns the identity"),
        ("Changes", f"{coverage['changes']} ({grades}); as wanted already: {coverage['as_wanted']}{unseen}"),
        ("Hosts", _hosts(document)),
        ("No way back", back),
    ]
    return "\n".join(row((12, width - 13), cells) for cells in rows)


def _place(point: t.Mapping[str, JSON], document: Document) -> str:
    """A step may be the point of no return and change nothing itself."""
    if point["item"]:
        return f"change {point['number']}, {point['item']}"
    return f"{point['step']}, " + (f"before change {point['number']}" if point["number"] <= len(document["changes"]) else "behind the last change")


def _changes(document: Document, width: int) -> str:
    wide = (*COLUMNS[:3], max(20, width - sum(COLUMNS) + COLUMNS[3] - 5), COLUMNS[4])
    rows: list[str] = []
    steps: dict[str, int] = {}
    for change in document["changes"]:
        steps[change["step"]] = steps.get(change["step"], 0) + 1
        if steps[change["step"]] > LISTED:
            continue
        what = change["do"] if change["before"] == change["after"] or change["before"] is None else f"{shown(change['before'])} -> {shown(change['after'])}"
        rows.append(row(wide, (str(change["number"]), change["step"], change["item"], what, change["grade"])))
    more = [f"     ... and {count - LISTED} more of {step}" for step, count in steps.items() if count > LISTED]
    title = row(wide, ("no.", "step", "item", "change", "grade"))
    return "\n".join(["CHANGES", title, *(rows or ["     none"]), *more])


def _trouble(document: Document, width: int) -> str:
    rows = [row((22, 14, width - 40), (step["step"], step["reason"], step["msg"]), "  ") for step in document["steps"] if step["reason"]]
    return "\n".join(["STEPS THAT COULD NOT BE LOOKED AT, OR WOULD STOP", *rows]) if rows else ""


def _steps(document: Document, width: int) -> str:
    rows = []
    for step in document["steps"]:
        known = step["expected"]
        took = f"{duration(known['seconds'])} (median of {known['runs']})" if known else "no earlier run"
        where = ", ".join(_first(step["hosts"])) or "nowhere"
        rows.append(row((22, 12, width - 65, 25), (step["step"], f"{step['changes']} to do", where, took), "  "))
    return "\n".join(["STEPS, WHERE, AND EXPECTED DURATIONS", *rows]) if rows else ""


def _hosts(document: Document) -> str:
    """Servers are all named, however many clients there are."""
    clients = {host for step in document["steps"] if kind_of(step["step"]) in PEOPLE for host in step["hosts"]}
    servers = {host for step in document["steps"] if kind_of(step["step"]) not in PEOPLE for host in step["hosts"]}
    people = clients - servers
    return ", ".join([*(host for host in document["hosts"] if host not in people), *_first(sorted(people))]) or "none"


def _unknown(document: Document, width: int) -> str:
    said = [textwrap.fill(sentence, width, initial_indent="  * ", subsequent_indent="    ") for sentence in document["unknown"]]
    return "\n".join(["WHAT THIS PLAN CANNOT KNOW", *said])


def difference(planned: Document, now: Document, width: int = WIDTH) -> str:
    """What the second plan has otherwise, for people; one line where they are the same."""
    if planned["hash"] == now["hash"]:
        return f"The two plans are the same: {now['hash']}"
    found = drift(planned, now)
    head = f"Plan {planned['hash'][:16]} of {planned['about']['made_at']} and plan {now['hash'][:16]} of {now['about']['made_at']}"
    if not found:
        return f"{head} would do the same, and differ in order or wording only"
    return "\n".join([f"{head}, {len(found)} differences:", *(_difference(one, width) for one in found)])


def _difference(one: Difference, width: int) -> str:
    return row((11, 21, width - 36), (one.verdict, one.step or "plan", one.msg), "  ")


def _first(names: t.Sequence[str]) -> list[str]:
    return [*names[:LISTED], f"and {len(names) - LISTED} more"] if len(names) > LISTED else list(names)
