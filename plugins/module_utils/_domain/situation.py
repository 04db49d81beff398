# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What is going on with an identity, in lines for whoever looks next: the incident, the decisions, the open run, its lease. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import DECIDABLE, Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseState
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import duration, moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import in_words, progress
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, Tally, expired, live_votes, tally

#: Where an identity goes while a run moves it.
DIRECTION = {"failing_over": "from the source to the target", "failing_back": "from the target to the source"}


def ownership(state: str, rightful: str, observed: str, owner_after_undo: str = "") -> str:
    """Who owns the identity, as a clause; while it is moved nobody does. ``owner_after_undo``: who will own it once the undo that is under way
    has ended; empty where the run goes forward."""
    if rightful not in ("source", "target"):
        if owner_after_undo:
            return (
                f"its run is being undone: afterwards the {owner_after_undo} owns it, and by the journal nobody does until that has ended; "
                f"observed is {observed}"
            )
        return f"it is being moved {DIRECTION[state]}, and by the journal nobody owns it until that has ended; observed is {observed}"
    return f"by the journal the owner is the {rightful}, observed is {observed}"


def situation(fold: Fold, events: t.Sequence[Event], definition: t.Mapping[str, t.Any], lease: LeaseState | None, now: datetime.datetime) -> list[str]:
    """A line for each thing that somebody has to know; none while all is quiet. ``lease``: None where nobody could be asked for it."""
    lines = [*_incident(fold, now), *_decisions(fold, definition, now)]
    active = fold.active()
    if active is not None:
        lines += [_opened(active, events), *_how_far(active, definition)]
    return lines + _lease(active, lease)


def _incident(fold: Fold, now: datetime.datetime) -> list[str]:
    incident = fold.incident
    if incident is None:
        return []
    age = duration(max(0.0, round((now - moment(incident["opened_at"])).total_seconds())))
    why = str(incident.get("msg") or "the source does not answer")
    silent = f" (it was silent for {duration(float(incident['silent_seconds']))} by then)" if incident.get("silent_seconds") else ""
    return [f"incident {incident['id']}, a {incident.get('class', 'host')} incident, since {incident['opened_at']}, {age} ago: {why}{silent}"]


def _decisions(fold: Fold, definition: t.Mapping[str, t.Any], now: datetime.datetime) -> list[str]:
    """While a decision means anything: how many are needed, and who said what, how that is known, and what for the data."""
    live, old = live_votes(fold.votes, now), expired(fold.votes, now)
    if fold.state not in DECIDABLE or not (fold.incident or live or old):
        return []
    approvals = definition.get("approvals") or {}
    found = tally(fold.votes, now, int(approvals.get("required") or 1), str(approvals.get("identity") or "asserted"))
    head = f"decisions: {len(found.proceed)} of {found.needed} needed say proceed"
    if len(found.proceed) > 1 and not found.agreed:
        head += ", and they do not mean the same"
    if not live:
        head += f"; without another word the data get {DATA_STATES[0]}"
    return [head, *(f"{vote['by']} says {_vote(vote, found)}" for vote in live), *old]


def _vote(vote: t.Mapping[str, t.Any], found: Tally) -> str:
    weak = vote["decision"] == "proceed" and not any(one["by"] == vote["by"] for one in found.proceed)
    data, risk = vote["intent"].get("data_state"), vote.get("data_at_risk")
    parts = [f"{vote['decision']} ({vote.get('how') or 'asserted'}{', too weak to count' if weak else ''})", f"at {vote['at']}", f"until {vote['expires_at']}"]
    parts += [f"for the data {data}{f', at risk: {risk}' if risk else ''}"] if data and vote["decision"] == "proceed" else []
    return f"{', '.join(parts)}: {vote['reason']}"


def _opened(run: RunRecord, events: t.Sequence[Event]) -> str:
    """Who opened it, and who was the last to write of it, which is who stopped it where it stopped."""
    who = ", ".join(str(one.get("by")) for one in run.approvers)
    how = f" without approval: {run.break_glass}" if run.break_glass else f", decided by {who}" if who else ""
    last = next((event for event in reversed(events) if event.run == run.id), None)
    latest = f"; its last event is of {last.at} by {last.by or 'nobody named'}" if last is not None else ""
    undone = f"; it is being undone since {run.undo_begun_at}" if run.undo_begun_at else ""
    return f"the {run.kind} run {run.id} is open since {run.opened_at}, opened by {run.by}{how}{undone}{latest}"


def _how_far(run: RunRecord, definition: t.Mapping[str, t.Any]) -> list[str]:
    """What is done and what is not; of a step that failed, what it said."""
    if run.undo_begun_at:
        back = [step for step in run.images if run.images[step] and run.put_back(step)]
        return [f"put back: {_places(back) or 'nothing yet'}; still moved: {_places(run.moved()) or 'nothing'}"]
    done, not_done = progress(run, definition)
    lines = [in_words(done, not_done)]
    for entry in not_done:
        said = entry["msg"] or "; ".join(f"{one['name']}: {one['msg']}" for one in entry["names"] if one.get("msg"))
        lines += [f"{_places([entry['step'] + ('@' + entry['host'] if entry['host'] else '')])}: {said}"] if said else []
    return lines


def _places(keys: t.Iterable[str]) -> str:
    return ", ".join(key.replace("@", " on ") for key in keys)


def _lease(active: RunRecord | None, lease: LeaseState | None) -> list[str]:
    if lease is None:
        return ["who holds the lease of the run is not known, as the store could not be asked"] if active is not None else []
    if lease.live:
        mine = active is not None and lease.run == active.id
        what = "of this run, which is under way" if mine else f"of the run {lease.run}" if lease.run else "of no run"
        return [f"{lease.by} holds the lease {what}; it runs out in {lease.remaining:.0f} s unless it is renewed"]
    return ["nobody holds the lease of the run: it has stopped, and whoever has the next command goes on with it"] if active is not None else []
