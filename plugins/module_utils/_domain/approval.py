# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Whether the votes allow a run to be opened now, by whom it is opened and under the definition of now. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import (
    STRENGTHS,
    Vote,
    Votes,
    disagreement,
    live_votes,
    marks_of,
    strong_enough,
    tally,
)

#: What of the intent is no choice of the voters: it must be as the definition and the incident are now.
BOUND = ("identity", "kind", "fence_minimum", "incident")


@dataclasses.dataclass(frozen=True)
class Demand:
    """What the definition asks of the votes. ``intent`` has the keys of BOUND; ``requester`` the marks of who opens the run,
    empty where that person may be among the approvers."""

    intent: t.Mapping[str, t.Any]
    required: int = 1
    minimum: str = "asserted"
    people: People = dataclasses.field(default_factory=People)
    requester: t.Collection[str] = ()


class Verdict(t.NamedTuple):
    """``votes``: those that count. ``why_not``: one clause for each vote that does not, and for what is missing."""

    enough: bool
    votes: list[Vote]
    data_state: str
    why_not: list[str]


def judge(votes: Votes, now: datetime.datetime, demand: Demand, forged: t.Mapping[int, str]) -> Verdict:
    """``forged``: number of a vote's event -> why its signature does not hold any more."""
    known = [{**vote, "marks": sorted(marks_of(vote) | set(demand.people.marks(str(vote["by"]), str(vote.get("sid") or ""))))} for vote in votes]
    counted, why_not = [], []
    for vote in live_votes(known, now):
        problem = _problem(vote, demand, forged)
        if vote["decision"] == "proceed" and problem:
            why_not.append(f"the vote of {vote['by']} does not count: {problem}")
        else:
            counted.append(vote)
    found = tally(counted, now, demand.required, demand.minimum)
    why_not += [f"{vote['by']} declines" for vote in found.decline]
    if found.proceed and not found.agreed:
        why_not.append(disagreement(found.proceed))
    if len(found.proceed) < found.needed:
        why_not.append(f"{len(found.proceed)} of {found.needed} needed say proceed")
    data_state = str(found.proceed[0]["intent"].get("data_state") or "") if found.enough else ""
    return Verdict(found.enough, found.proceed, data_state, why_not)


def _problem(vote: Vote, demand: Demand, forged: t.Mapping[int, str]) -> str:
    """Why a live vote does not count; empty when it does."""
    other = [key for key in BOUND if key in vote["intent"] and str(vote["intent"][key]) != str(demand.intent[key])]
    if other:
        return f"it was given for {other[0]} {vote['intent'][other[0]] or 'none'}, and now that is {demand.intent[other[0]] or 'none'}"
    if vote.get("seq") in forged:
        return forged[vote["seq"]]
    if set(demand.requester) & marks_of(vote):
        return "who opens the run may not be among its approvers (approvals.exclude_requester)"
    how = str(vote.get("how") or STRENGTHS[0])
    return "" if strong_enough(how, demand.minimum) else f"it is {how}, and approvals.identity asks for {demand.minimum}"
