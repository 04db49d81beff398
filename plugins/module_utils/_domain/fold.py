# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a journal amounts to: state, incident, votes, run in progress, before-images. Pure: the moment is an argument."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import debts
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import BEGINNINGS, Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import rightful_owner, step_state
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import live_votes, quorum, refusals


#: In any other state a decision decides nothing, and must not count later.
DECIDABLE = ("protected", "suspect", "pending", "declined", "approved")
#: What follows from them depends on whether the votes were enough at their moment.
AFTER_VOTES = ("incident_opened", "decision", "run_opened")


@dataclasses.dataclass
class Fold:
    """The meaning of a whole journal at one moment."""

    state: str = "unarmed"
    baseline: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    armed_at: str = ""
    incident: dict[str, t.Any] | None = None
    votes: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    nonces: dict[str, str] = dataclasses.field(default_factory=dict)  #: of signed statements that were used -> when they expire
    runs: dict[str, RunRecord] = dataclasses.field(default_factory=dict)
    active_run: str = ""
    last_failover: str = ""
    threats: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    debts: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)  #: what name servers owe, see _domain/debts.py
    unexpected: list[str] = dataclasses.field(default_factory=list)

    def active(self) -> RunRecord | None:
        return self.runs.get(self.active_run) if self.active_run else None

    def left_over(self) -> list[RunRecord]:
        """Runs that have begun to move things, never ended, and beside which another run was opened: drills; the last one first."""
        runs = [run for run in self.runs.values() if not run.ended and run.mode != "plan" and run.id != self.active_run]
        return [run for run in reversed(runs) if any(run.images.values())]

    def undoing(self) -> bool:
        """Whether the open run is being put back."""
        active = self.active()
        return active is not None and bool(active.undo_begun_at)


def replay(events: t.Iterable[Event]) -> Fold:
    """Every event applied in order, from the checkpoint where they begin with one; no moment has a part in it."""
    result = Fold()
    for index, event in enumerate(events):
        if index == 0 and event.kind in BEGINNINGS:
            result = restored(event.data)
            continue
        if event.kind in AFTER_VOTES:
            _settle(result, moment(event.at), f"event {event.seq}")
        _APPLY[event.kind](result, event)
    return result


def _settle(result: Fold, now: datetime.datetime, where: str) -> None:
    """A refusal that expired holds up nothing: what the others said may be enough by now, and no event says so."""
    if step_state(result.state, "quorum") and quorum(result.votes, now):
        _move(result, "quorum", where)
    elif result.state == "declined" and not result.incident and not refusals(result.votes, now):
        _move(result, "expired_planned", where)


def _expire(result: Fold, now: datetime.datetime, where: str) -> None:
    if result.state == "approved" and not quorum(result.votes, now):
        _move(result, "expired" if result.incident else "expired_planned", where)
    _settle(result, now, where)


def fold(events: t.Iterable[Event], now: datetime.datetime) -> Fold:
    """Every event applied, and what expired until ``now``. What the table of states does not expect is kept in ``unexpected``."""
    result = replay(events)
    _expire(result, now, "expiry")
    return result


def copied(value: t.Any) -> t.Any:
    """A copy of JSON that shares nothing which can change. A fold has many thousand images, and copy.deepcopy takes ten times as long."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, (list, tuple)) else value


def restored(data: t.Mapping[str, t.Any]) -> Fold:
    """The fold that ``checkpoint.as_json`` wrote. A field that another version wrote or did not know is left out or empty."""
    kept = copied({name: value for name, value in data["fold"].items() if name in {field.name for field in dataclasses.fields(Fold)}})
    known = {field.name for field in dataclasses.fields(RunRecord)}
    runs = [{name: value for name, value in run.items() if name in known} for run in kept.pop("runs")]
    for run in runs:
        run["images"] = {step: dict(items) for step, items in run["images"]}
        run["steps"] = dict(run["steps"])
    return Fold(**kept, runs={run["id"]: RunRecord(**run) for run in runs})


def _move(result: Fold, event: str, where: str) -> None:
    to = step_state(result.state, event)
    if to is None:
        result.unexpected.append(f"{where}: {event} in state {result.state}")
    else:
        result.state = to


def _armed(result: Fold, event: Event) -> None:
    result.baseline, result.armed_at = event.data, event.at
    if result.state == "unarmed":
        _move(result, "armed", f"event {event.seq}")


def _disarmed(result: Fold, event: Event) -> None:
    _expire(result, moment(event.at), f"event {event.seq}")
    _move(result, "disarmed", f"event {event.seq}")
    result.baseline, result.armed_at, result.votes = {}, "", []


def _incident_opened(result: Fold, event: Event) -> None:
    _move(result, "incident_opened", f"event {event.seq}")
    planned = [str(vote["by"]) for vote in live_votes(result.votes, moment(event.at)) if vote["decision"] == "proceed"]
    result.incident = {"id": f"{event.seq}", "opened_at": event.at, **event.data, **({"void_votes": planned} if planned else {})}
    result.votes = []


def _incident_recovered(result: Fold, event: Event) -> None:
    _move(result, "source_answered", f"event {event.seq}")
    result.incident, result.votes = None, []


def _used(result: Fold, event: Event) -> None:
    """An expired statement is refused for that; only what has not expired must be remembered."""
    result.nonces = {nonce: until for nonce, until in result.nonces.items() if moment(until) > moment(event.at)}
    if isinstance(event.data, dict) and event.data.get("nonce"):
        result.nonces[event.data["nonce"]] = event.data["expires_at"]


def _incident_closed(result: Fold, event: Event) -> None:
    _used(result, event)
    _move(result, "looked_at", f"event {event.seq}")


def _decision(result: Fold, event: Event) -> None:
    _used(result, event)
    where, before = f"event {event.seq}", result.state
    if before not in DECIDABLE:
        result.unexpected.append(f"{where}: a decision in state {before}")
        return
    result.votes.append({**event.data, "at": event.at, "seq": event.seq})
    decided = quorum(result.votes, moment(event.at))
    if decided and before != "approved":
        _move(result, "quorum", where)
    elif event.data["decision"] == "decline" and before != "declined":
        _move(result, "declined", where)
    elif event.data["decision"] == "proceed" and before == "declined":
        _move(result, "vote" if result.incident else "vote_planned", where)
    elif before == "approved" and not decided or before == "declined" and not refusals(result.votes, moment(event.at)):
        _move(result, "withdrawn" if result.incident else "withdrawn_planned", where)


def _run_opened(result: Fold, event: Event) -> None:
    data = event.data
    result.runs[event.run] = RunRecord(
        id=event.run,
        kind=data["kind"],
        mode=data["mode"],
        opened_at=event.at,
        by=event.by,
        planned=data["planned"],
        epoch=data["epoch"],
        reverts=data.get("reverts") or "",
    )
    for key in ("approvers", "data_state", "break_glass"):
        if data.get(key):
            setattr(result.runs[event.run], key, data[key])
    result.runs[event.run].plan = data.get("plan") or {}
    if data["mode"] == "plan":
        return
    result.active_run = event.run
    if data["kind"] == "failover" and result.incident is not None:
        decided = (moment(result.votes[-1]["at"]) - moment(result.incident["opened_at"])).total_seconds() if result.votes else 0.0
        result.runs[event.run].waited = {"detect": float(result.incident.get("silent_seconds") or 0.0), "decide": decided}
    if data["kind"] in ("failover", "failback"):
        result.threats = []
        before = result.state
        _move(result, "break_glass" if data.get("break_glass") else f"{data['kind']}_opened", f"event {event.seq}")
        if result.state != before:
            result.votes = []  # consumed; an opening that the table does not expect consumes nothing


def _run_resumed(result: Fold, event: Event) -> None:
    record = result.runs.get(event.run)
    if record is None:
        result.unexpected.append(f"event {event.seq}: resumes the unknown run {event.run}")
    else:
        record.epoch = event.data["epoch"]
        undo = event.data.get("mode") == "undo"
        record.undo_begun_at = (record.undo_begun_at or event.at) if undo else ""
        record.data_consent = (event.data.get("data_consent") or record.data_consent) if undo else ""


def _run_ended(result: Fold, event: Event) -> None:
    record = result.runs.get(event.run)
    if record is None:
        result.unexpected.append(f"event {event.seq}: ends the unknown run {event.run}")
        return
    record.ended, record.ended_at = event.kind.removeprefix("run_"), event.at
    record.score = (event.data or {}).get("score") or {}
    if record.mode == "plan":
        return
    if result.active_run == event.run:
        result.active_run = ""
    if record.kind == "drill":
        return
    if event.kind == "run_closed":
        _move(result, f"{record.kind}_closed", f"event {event.seq}")
        if record.kind == "failover":
            result.last_failover = event.run
        else:
            result.incident = None
    else:
        undone = "reverted"
        if record.kind == "failover" and not result.armed_at:
            undone = "reverted_unarmed"
        elif record.kind == "failover" and result.incident is None:
            undone = "reverted_planned"
        _move(result, undone, f"event {event.seq}")


def _adopted(result: Fold, event: Event) -> None:
    """People moved the identity by hand. An open run ends; its images stay, so that a failback knows what was there first."""
    owner, before, record = event.data["owner"], result.state, result.active()
    if record is not None:
        record.ended, record.ended_at, result.active_run = "adopted", event.at, ""
    _move(result, f"adopted_{owner}", f"event {event.seq}")
    result.votes = []
    if owner == "source":
        result.incident = None
    elif record is not None and record.kind == "failover":
        result.last_failover = record.id
    elif rightful_owner(before) == "source":
        # Nobody recorded what was there before: a failback must not take the images of an older failover for it.
        run_id = f"adopted-{event.seq}"
        result.runs[run_id] = RunRecord(
            id=run_id,
            kind="failover",
            mode="execute",
            opened_at=event.at,
            by=event.by,
            planned=result.incident is None,
            epoch=0,
            ended="adopted",
            ended_at=event.at,
            accepted=[{"at": event.at, "by": event.by, "step": "", **entry} for entry in event.data.get("accepted") or ()],
        )
        result.last_failover = run_id


def _step_intent(result: Fold, event: Event) -> None:
    record = result.runs.get(event.run)
    if record is None:
        result.unexpected.append(f"event {event.seq}: a step of the unknown run {event.run}")
    else:
        record.intended(event)


def _step_outcome(result: Fold, event: Event) -> None:
    record = result.runs.get(event.run)
    if record is None:
        result.unexpected.append(f"event {event.seq}: a step of the unknown run {event.run}")
    else:
        record.concluded(event)
        if event.data.get("debts"):
            result.debts = debts.after(result.debts, event)


def _accepted(result: Fold, event: Event) -> None:
    record = result.runs.get(event.run)
    if record is not None:
        record.accepted.append({"at": event.at, "by": event.by, "step": event.step, **event.data})


def _threat(result: Fold, event: Event) -> None:
    result.threats = event.data.get("threats") or []
    if result.state == "failed_over":
        _move(result, "violated", f"event {event.seq}")


def _debts_settled(result: Fold, event: Event) -> None:
    result.debts = debts.paid(result.debts, event.data["settled"])


def _repaired(result: Fold, event: Event) -> None:
    result.threats = []
    if result.state == "threatened":
        _move(result, "repaired", f"event {event.seq}")


def _nothing(result: Fold, event: Event) -> None:
    """A record for people; the state does not depend on it."""


_APPLY: dict[str, t.Callable[[Fold, Event], None]] = {
    "armed": _armed,
    "disarmed": _disarmed,
    "incident_opened": _incident_opened,
    "incident_recovered": _incident_recovered,
    "incident_closed": _incident_closed,
    "decision": _decision,
    "run_opened": _run_opened,
    "run_resumed": _run_resumed,
    "run_taken_over": _run_resumed,
    "run_closed": _run_ended,
    "run_abandoned": _run_ended,
    "run_reverted": _run_ended,
    "adopted": _adopted,
    "step_predicted": _nothing,
    "plan_recorded": _nothing,
    "step_intent": _step_intent,
    "step_outcome": _step_outcome,
    "accepted": _accepted,
    "threat": _threat,
    "debts_settled": _debts_settled,
    "repaired": _repaired,
    "checkpoint": _nothing,
    "journal_restarted": _nothing,
}
