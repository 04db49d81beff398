# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The journal for people: one line an event, and the phases that a run's time went to. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event

#: Which part of the outage a step belongs to.
PHASES = {
    "fence": "act",
    "data": "act",
    "services": "act",
    "databases": "act",
    "identity": "act",
    "spns": "act",
    "script": "act",
    "dns": "propagate",
    "dns_lock": "propagate",
    "clients": "propagate",
    "verify": "verify",
}


def timeline(events: t.Sequence[Event]) -> list[dict[str, t.Any]]:
    """``{seq, at, kind, run, step, host, by, text}`` for each event, oldest first."""
    return [{"seq": e.seq, "at": e.at, "kind": e.kind, "run": e.run, "step": e.step, "host": e.host, "by": e.by, "text": _text(e)} for e in events]


def _text(event: Event) -> str:
    data = event.data if isinstance(event.data, dict) else {}
    if event.kind == "armed":
        return f"baseline of {', '.join(sorted(data.get('machines', {})))}"
    if event.kind == "incident_opened":
        return f"{data.get('class', 'host')} incident: {data.get('msg', 'the source does not answer')}"
    if event.kind == "decision":
        return f"{data['by']} ({data.get('how', 'asserted')}): {data['decision']} ({data['reason']})"
    if event.kind == "journal_restarted":
        known = f"known from {data['known']['of']} up to event {data['known']['seq']}"
        return f"begun anew, {known}; the one before was {data['cites']['condition']}: {data['reason']}"
    if event.kind == "adopted":
        return f"the {data['owner']} owns the identity (observed: {data['observed']}): {data['reason']}"
    if event.kind in ("run_opened", "run_resumed"):
        return f"{data.get('kind', '')} under epoch {data['epoch']}{_on_whose_word(data)}".strip()
    if event.kind == "plan_recorded":
        return f"{data['kind']}, {data['coverage']['changes']} changes, hash {data['hash'][:16]}"
    if event.kind == "run_taken_over":
        taken = data["taken"]
        how = f"by force, {taken['remaining']:.0f} s before it ran out: {taken['reason']}" if taken["forced"] else "after it had run out"
        return f"{data.get('kind', '')} under epoch {data['epoch']}, taken from {taken['from']} (epoch {taken['epoch']}) {how}"
    if event.kind in ("step_intent", "step_predicted"):
        return (
            f"{len(data['changes'])} change{'' if len(data['changes']) == 1 else 's'}: "
            + "; ".join(f"{c['name']}: {c['do']}" for c in data["changes"][:4])
            + ("; ..." if len(data["changes"]) > 4 else "")
        )
    if event.kind == "step_outcome":
        shown = ", ".join(f"{n} {status}" for status, n in data["counts"].items() if n)
        return "; ".join([f"failed: {data['msg']}" if data["failed"] else shown, *_debts(data.get("debts") or {})])
    if event.kind == "debts_settled":
        return "; ".join(_debts(data))
    if event.kind == "accepted":
        return f"accepted: {data['reason']}"
    if event.kind == "checkpoint":
        return f"{data['fold']['state']}, {len(data['fold']['runs'])} runs"
    return str(data.get("reason") or data.get("msg") or "")


def _debts(told: t.Mapping[str, t.Any]) -> list[str]:
    """What changed about what name servers owe."""
    words = {"owed": "owes", "settled": "has what it owed:", "void": "owes no more, as another value is wanted:"}
    return [f"{debt['server']} {words[how]} {len(debt['records'])} records" for how in words for debt in told.get(how) or ()]


def _on_whose_word(data: t.Mapping[str, t.Any]) -> str:
    voters = ", ".join(f"{one['by']} ({one['how']})" for one in data.get("approvers") or ())
    if data.get("break_glass"):
        return f", without approval (break-glass){f', which {voters} had given alone' if voters else ''}"
    return f", approved by {voters}" if voters else ""


def broken_glasses(fold: Fold) -> list[dict[str, t.Any]]:
    """``{run, kind, at, by, reason}`` of each run that was opened without approval, newest first."""
    return [
        {"run": record.id, "kind": record.kind, "at": record.opened_at, "by": record.by, "reason": record.break_glass}
        for record in reversed(list(fold.runs.values()))
        if record.break_glass
    ]


def accepted_of(fold: Fold) -> list[dict[str, t.Any]]:
    """Everything that was accepted with a reason; broken glass stands first."""
    found = [entry for record in fold.runs.values() for entry in record.accepted]
    return sorted(found, key=lambda entry: entry.get("kind") != "break_glass")


def table(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """A timeline as lines of text in columns, below a heading."""
    rows = [("seq", "at", "kind", "step", "by", "what")]
    rows += [(str(e["seq"]), e["at"][:19].replace("T", " "), e["kind"], e["step"], e["by"], " ".join(e["text"].split())) for e in entries]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return ["  ".join([row[0].rjust(widths[0]), *(row[column].ljust(widths[column]) for column in range(1, 5)), row[5]]).rstrip() for row in rows]


def run_reports(fold: Fold) -> list[dict[str, t.Any]]:
    """Each run with its steps, newest first: what was done, how long it took, what failed, what was accepted."""
    reports = []
    for record in reversed(list(fold.runs.values())):
        steps = []
        for key, facts in record.steps.items():
            begun, ended = facts.get("begun_at", ""), facts.get("ended_at", "")
            name, _at, host = key.partition("@")
            seconds = round(facts["seconds"], 3) if ended else None
            steps.append(
                {
                    "step": name,
                    "host": host,
                    "begun_at": begun,
                    "ended_at": ended,
                    "seconds": seconds,
                    "changes": len(record.images.get(key, {})),
                    "failed": bool(facts.get("failed")),
                    "unfinished": not ended,
                    "counts": facts.get("counts", {}),
                    "msg": facts.get("msg", ""),
                    "evidence": facts.get("evidence"),
                }
            )
        reports.append(
            {
                "id": record.id,
                "kind": record.kind,
                "mode": record.mode,
                "by": record.by,
                "planned": record.planned,
                "opened_at": record.opened_at,
                "ended": record.ended or "open",
                "ended_at": record.ended_at,
                "accepted": record.accepted,
                "break_glass": record.break_glass,
                "approvers": record.approvers,
                "data_state": record.data_state,
                "phases": phases(record),
                "steps": steps,
                "plan": {key: record.plan[key] for key in ("hash", "id", "made_at")} if record.plan else None,
                "score": record.score or None,
            }
        )
    return reports


def phases(record: RunRecord) -> dict[str, float]:
    """Seconds of a run's outage by phase: detect, decide, act, propagate, verify. A phase that did not happen is 0."""
    result = {"detect": 0.0, "decide": 0.0, "act": 0.0, "propagate": 0.0, "verify": 0.0, **record.waited}
    for key, facts in record.steps.items():
        result[PHASES.get(key.partition("@")[0], "act")] += facts.get("seconds", 0.0)
    return {name: round(seconds, 3) for name, seconds in result.items()}
