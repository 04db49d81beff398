# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Votes: whose count, for which intent, until when, and whether they are enough. Pure: the moment is an argument.

A vote is ``{by, marks, how, decision, reason, intent, required, minimum, expires_at}`` and, where it was signed, ``statement`` and
``signature``. It binds to the intent and not to before-images, so that a new plan does not void it.
"""

from __future__ import annotations

import datetime
import typing as t
from collections import Counter

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import parse_moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

Vote = dict[str, t.Any]
Votes = t.Sequence[t.Mapping[str, t.Any]]

#: What becomes of data that the target received and has not applied. The last two may lose some.
DATA_STATES = ("apply_queues", "discard_queues", "revert_to_snapshot")
LOSING = DATA_STATES[1:]
#: Parts of an intent, as people call them.
ABOUT = {"data_state": "the data", "fence_minimum": "the grade of the fence"}
#: What a person can say; to acknowledge is no vote.
DECISIONS = ("proceed", "decline", "withdraw", "acknowledge")
#: How a person's name is known, the weakest first. A logon was seen once by the target; a signature can be verified again.
STRENGTHS = ("asserted", "windows_logon", "signature")
#: States in which a failover waits for people.
AWAITED_IN = ("pending", "declined")
#: Of a vote, for results: the signature and its statement stay in the journal.
SHOWN = ("by", "how", "decision", "reason", "data_at_risk", "intent", "required", "minimum", "expires_at", "at", "sid")
#: For votes of journals that are older than marks.
_NOBODY = People()


class Tally(t.NamedTuple):
    """What the live votes come to."""

    proceed: list[Vote]
    decline: list[Vote]
    needed: int
    agreed: bool
    """All who say proceed mean one and the same intent."""

    @property
    def enough(self) -> bool:
        return self.agreed and not self.decline and len(self.proceed) >= self.needed


def require_named_data(data_state: str, data_at_risk: str | None) -> None:
    """Raises InvalidInput where data may be lost and nobody says which."""
    if data_state in LOSING and not explains(data_at_risk):
        raise InvalidInput(f"data_at_risk: {data_state} may lose data; say which, so that whoever approves it has thought of them")


def strong_enough(how: str, minimum: str) -> bool:
    return STRENGTHS.index(how) >= STRENGTHS.index(minimum)


def marks_of(vote: t.Mapping[str, t.Any]) -> set[str]:
    return set(vote.get("marks") or _NOBODY.marks(str(vote["by"])))


def same_person(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> bool:
    return bool(marks_of(one) & marks_of(other))


def live_votes(votes: Votes, now: datetime.datetime) -> list[Vote]:
    """The newest vote of each person that has not expired; who withdrew has none, and a vote of nobody is none."""
    return [v for v in _newest(votes) if marks_of(v) and v["decision"] != "withdraw" and parse_moment(v["expires_at"]) > now]


def _newest(votes: Votes) -> list[Vote]:
    newest: list[Vote] = []
    for vote in votes:
        newest = [one for one in newest if not same_person(one, vote)] + [dict(vote)]
    return newest


def tally(votes: Votes, now: datetime.datetime, required: int = 1, minimum: str = "asserted") -> Tally:
    """``required`` and ``minimum`` are the definition's; what a vote itself was told counts where it asks for more."""
    live = live_votes(votes, now)
    needed = max([required, *(int(v["required"]) for v in live)])
    strength = max([minimum, *(str(v.get("minimum") or "asserted") for v in live)], key=STRENGTHS.index)
    proceed = [v for v in live if v["decision"] == "proceed" and strong_enough(str(v.get("how") or "asserted"), strength)]
    return Tally(proceed, [v for v in live if v["decision"] == "decline"], needed, len({_frozen(v["intent"]) for v in proceed}) == 1)


def wished_data(votes: Votes, now: datetime.datetime) -> str:
    """The choice for the data of all who say proceed so far; empty where there are none, or they disagree."""
    return _one_choice(tally(votes, now).proceed)


def approved_data(votes: Votes, now: datetime.datetime, required: int, minimum: str) -> str:
    """The choice for the data that enough people approve, by the definition's ``required`` and ``minimum``; empty where there is none yet."""
    found = tally(votes, now, required, minimum)
    return _one_choice(found.proceed) if found.enough else ""


def _one_choice(proceed: Votes) -> str:
    chosen = {str(vote["intent"].get("data_state") or "") for vote in proceed}
    return chosen.pop() if len(chosen) == 1 else ""


def disagreement(proceed: Votes) -> str:
    """What those who say proceed mean differently, whose word is which, and what to do, as a clause; empty where they mean one and the same."""
    about: list[str] = []
    for key in sorted({key for vote in proceed for key in vote["intent"]}):
        said: dict[str, list[str]] = {}
        for vote in proceed:
            said.setdefault(str(vote["intent"].get(key) or "none"), []).append(str(vote["by"]))
        if len(said) > 1:
            about.append(f"{ABOUT.get(key, key)}: " + ", ".join(f"{', '.join(names)} said {choice}" for choice, names in said.items()))
    if not about:
        return ""
    most = Counter(str(vote["intent"].get("data_state") or DATA_STATES[0]) for vote in proceed).most_common(1)[0][0]
    return (
        f"the votes disagree about {'; '.join(about)}; nothing is approved until all mean the same: whoever gives way says proceed again, "
        f"for example with -e failover_data_state={most}, or withdraws"
    )


def disagreements(votes: Votes, now: datetime.datetime) -> list[str]:
    """For lists of what stands against an approval: ``disagreement`` of those whose word counts now."""
    found = disagreement(tally(votes, now).proceed)
    return [found] if found else []


def quorum(votes: Votes, now: datetime.datetime) -> bool:
    """Enough distinct people say proceed, to one and the same intent, and nobody declines."""
    return tally(votes, now).enough


def refusals(votes: Votes, now: datetime.datetime) -> list[str]:
    """Who declines, and until when: while any of these holds, nothing is approved."""
    against = [vote for vote in live_votes(votes, now) if vote["decision"] == "decline"]
    return [f"{vote['by']} declines until {vote['expires_at']}, and can withdraw that before" for vote in against]


def voided(state: str, incident: t.Mapping[str, t.Any] | None, votes: Votes) -> list[str]:
    """Whose words for a planned move ended when the source failed, of those who have said nothing since; of a fold.

    Told while decisions are awaited: an incident goes on until a failback, and its run uses up the votes for it.
    """
    since = {str(vote["by"]) for vote in votes}
    names = [by for by in (incident or {}).get("void_votes") or () if by not in since]
    if state not in AWAITED_IN or not incident or not names:
        return []
    return [f"what {', '.join(names)} said for a planned move is void since the source failed at {incident['opened_at']}: a failover needs new decisions"]


def standing_against(state: str, incident: t.Mapping[str, t.Any] | None, votes: Votes, now: datetime.datetime) -> list[str]:
    """A sentence for each thing that stands between these votes, of a fold, and an approval; how many are lacking is not among them."""
    return [*voided(state, incident, votes), *refusals(votes, now), *disagreements(votes, now)]


def expired(votes: Votes, now: datetime.datetime) -> list[str]:
    """Whose decision to proceed counts no more because of its age, and until when it did: they may have to be asked again."""
    old = [vote for vote in _newest(votes) if vote["decision"] == "proceed" and parse_moment(vote["expires_at"]) <= now]
    return [f"the decision of {vote['by']} to proceed expired at {vote['expires_at']}" for vote in old]


def shown(vote: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A vote as results and reports show it; who is only asserted shows as that."""
    return {"how": STRENGTHS[0], **{key: vote[key] for key in SHOWN if key in vote}}


def _frozen(intent: t.Mapping[str, t.Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(value)) for key, value in intent.items()))
