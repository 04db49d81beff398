# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How sure it is that the source cannot serve: evidence in, a grade out.

| grade | name              | what shows it                                                                         |
| ----- | ----------------- | ------------------------------------------------------------------------------------- |
| 4     | powered_off       | a hypervisor or BMC read back: off                                                    |
| 3     | isolated          | adapters disabled or port shut, read back, and silent from two vantage points         |
| 2     | services_disabled | workload stopped and disabled, registration off, read back                            |
| 1     | unreachable       | silent from the controller and every vantage point, whose own network answers         |
| 0     | none              |                                                                                       |

Grades 4 and 3 come from outside (a hook that asked the hypervisor, the switch); 2 and 1 are made here.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import parse_moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

GRADES: dict[int, str] = {0: "none", 1: "unreachable", 2: "services_disabled", 3: "isolated", 4: "powered_off"}

#: What is missing for each grade, for the sentence that refuses.
HOW: dict[int, str] = {
    1: "silence from the controller and from every vantage point, one of which must prove its own network by answering for somebody else",
    2: "its services stopped and disabled and its DNS registration off, read back",
    3: "its adapters disabled or its switch port shut, given as evidence, and silence from two places",
    4: "a hypervisor or BMC that reads back powered off, given as evidence",
}

#: Evidence of a hook may be this old; older was true once.
FRESH_SECONDS = 300.0


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One fact. ``grade`` is what it shows if it is true; ``at`` is UTC, ISO 8601."""

    grade: int
    kind: str
    observed: str
    at: str

    def as_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Silence:
    """What one place saw: did the source answer it (None = the place could not look), and does its own network work?"""

    place: str
    answered: bool | None
    network_works: bool


def evidence_given(entries: t.Sequence[t.Mapping[str, t.Any]], now: datetime.datetime) -> list[Evidence]:
    """The task's ``evidence`` option; refuses what cannot be evidence (unknown grade, no time, from the future, stale)."""
    found = []
    for number, entry in enumerate(entries, 1):
        grade, kind, at = entry.get("grade"), str(entry.get("kind") or ""), str(entry.get("at") or "")
        if grade not in GRADES or grade == 0:
            raise InvalidInput(f"evidence {number} has grade {grade!r}: give 1 to 4")
        if not kind.strip() or not str(entry.get("observed") or "").strip():
            raise InvalidInput(f"evidence {number} lacks kind or observed: say where it was read and what was seen, such as kind hyperv, observed Off")
        age = (now - _moment(at, number)).total_seconds()
        if age < -60:
            raise InvalidInput(f"evidence {number} is from the future ({at}): compare the clock of the machine that took it")
        if age > FRESH_SECONDS:
            raise InvalidInput(f"evidence {number} is {age:.0f} s old ({at}): read it again, at most {FRESH_SECONDS:.0f} s before this task")
        found.append(Evidence(int(grade), kind, str(entry["observed"]), at))
    return found


def _moment(text: str, number: int) -> datetime.datetime:
    try:
        moment = parse_moment(text)
    except ValueError as error:
        raise InvalidInput(f"evidence {number} has no time that can be read ({text!r}): give at as 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise InvalidInput(f"evidence {number} has a time without a zone ({text}): give at in UTC, ending in Z")
    return moment


def silent(places: t.Sequence[Silence]) -> bool:
    """Is the source silent? Every place looked, heard nothing, and at least one of them is known to have a working network."""
    return bool(places) and all(place.answered is False for place in places) and any(place.network_works for place in places)


def answered(places: t.Sequence[Silence]) -> list[str]:
    """The places that heard the source."""
    return [place.place for place in places if place.answered]


def grade(evidence: t.Sequence[Evidence], places: t.Sequence[Silence]) -> int:
    """The highest grade that the evidence carries.

    An isolated source that somebody still hears is not isolated, and one that is heard is not powered off: then only
    what was read back on the source itself counts. Grade 3 wants silence from two places.
    """
    heard = bool(answered(places))
    best = 0
    for fact in evidence:
        if fact.grade in (1, 3, 4) and heard:
            continue
        if fact.grade == 3 and sum(1 for place in places if place.answered is False) < 2:
            continue
        best = max(best, fact.grade)
    return best


def missing(reached: int, minimum: int, places: t.Sequence[Silence]) -> str:
    """One sentence: what was reached, what is needed and what would show it."""
    heard = answered(places)
    seen = f"; it still answers {', '.join(heard)}" if heard else ""
    blind = [place.place for place in places if place.answered is None]
    unseen = f"; {', '.join(blind)} could not look" if blind else ""
    return (
        f"the source is fenced to grade {reached} ({GRADES[reached]}), {minimum} ({GRADES[minimum]}) is needed: {HOW[minimum]}{seen}{unseen}. "
        "Fence it, give evidence, or accept the risk with a reason that names the data at risk: "
        "fence.accept_unfenced in the definition, or failover_accept_failure.fence for this run"
    )
