# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The journal of one identity as pure text: events, their lines, their chain.

A line is canonical JSON (sorted keys, no blanks, ASCII). Each event names the SHA-256 of the line before it, so a
line that was edited, dropped or reordered shows. Large data are compressed within the line, before it is hashed. Nothing here reads a clock or a file.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import typing as t
import zlib

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import broken
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken

GENESIS = "0" * 64

#: kind -> what it announces. Nothing else may stand in a journal.
KINDS = {
    "armed": "a baseline was taken",
    "disarmed": "the baseline was removed",
    "incident_opened": "Time to Fail reached zero",
    "incident_recovered": "the source answers again",
    "incident_closed": "a person looked at the recovered source",
    "decision": "a person decided",
    "run_opened": "a run took the lease",
    "run_resumed": "a stopped run went on under a new lease",
    "run_taken_over": "a run went on under a lease that was taken from another controller",
    "run_closed": "a run ended as intended",
    "run_abandoned": "a run was given up before it moved anything",
    "run_reverted": "a run was undone",
    "journal_restarted": "a new journal was begun, because the one before it was lost or disarmed",
    "adopted": "people moved the identity by hand, and said so",
    "step_predicted": "what a step would change",
    "plan_recorded": "a plan was made; its hash",
    "step_intent": "what a step is about to change, with before-images",
    "step_outcome": "what a step changed",
    "accepted": "a person accepted a finding or a failure, with a reason",
    "threat": "something pulls the identity back",
    "debts_settled": "name servers that a run went on without were read, and have the records now",
    "repaired": "the identity is where it should be again",
    "checkpoint": "what the journal amounts to up to here, so that a run reads on from here",
}
#: Data of this many characters are compressed. From here on at most a third is left of what steps write, and what is smaller can be read in any editor.
COMPRESSED_FROM = 2048
#: How the line of a checkpoint is told from any other without parsing it: its kind and the next key, in canonical order.
CHECKPOINT_MARK = '"kind":"checkpoint","prev":"'
RESTART_MARK = '"kind":"journal_restarted","prev":"'
#: What a journal may begin with beside event 1: both say what was before them.
BEGINNINGS = ("checkpoint", "journal_restarted")
_NUMBER = re.compile(r'.*"seq":([0-9]+),"step":', re.DOTALL)


class Head(t.NamedTuple):
    """The end of a chain: the number of its last event (0 = empty) and the hash of that event's line."""

    seq: int = 0
    hash: str = GENESIS


@dataclasses.dataclass(frozen=True)
class Event:
    """One entry. ``at`` is a stamp in UTC, ``by`` who caused it, ``host`` the host concerned, ``data`` JSON."""

    seq: int
    at: str
    kind: str
    run: str = ""
    step: str = ""
    by: str = ""
    host: str = ""
    data: t.Any = None
    prev: str = GENESIS

    def line(self) -> str:
        """Canonical JSON. Large data stand as ``data_zlib``: base64 of their compressed canonical JSON."""
        fields = dataclasses.asdict(self)
        data = _canonical(self.data)
        if len(data) < COMPRESSED_FROM:
            return _canonical(fields)
        del fields["data"]
        return _canonical({**fields, "data_zlib": base64.b64encode(zlib.compress(data.encode("ascii"), 6)).decode("ascii")})


def _canonical(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def claimed_sid(event: Event) -> str:
    """The SID of the Windows account that a decision says it is of; empty for every other event."""
    said = event.data if event.kind in ("decision", "incident_closed") and isinstance(event.data, dict) else {}
    return str(said.get("sid") or "-") if said.get("how") == "windows_logon" else ""


def line_hash(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8")).hexdigest()


def parse(line: str) -> Event:
    """One line back to an event. JournalBroken, without a place, where it is not one of ours."""
    try:
        found = json.loads(line)
        if "data_zlib" in found:
            found["data"] = json.loads(zlib.decompress(base64.b64decode(found.pop("data_zlib"), validate=True)))
        event = Event(**found)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
        raise JournalBroken(f"no event: {error}", what="unreadable") from error
    numbered = isinstance(event.seq, int) and not isinstance(event.seq, bool)
    if not numbered or not all(isinstance(value, str) for name, value in vars(event).items() if name not in ("seq", "data")):
        raise JournalBroken("no event: its parts are not what they are called", what="unreadable")
    if event.kind not in KINDS:
        raise JournalBroken(f"unknown kind {event.kind!r}", seq=event.seq, what="newer_version")
    return event


def number(line: str) -> int:
    """The number that a line gives itself, without parsing it; 0 where it gives none."""
    found = _NUMBER.match(line)
    return int(found.group(1)) if found else 0


def from_checkpoint(lines: t.Sequence[str], least: int = 0) -> int:
    """The index of the last checkpoint among ``lines``, or ``least`` where none stands behind that index."""
    return next((index for index in range(len(lines) - 1, least, -1) if CHECKPOINT_MARK in lines[index]), least)


def origin(lines: t.Sequence[str], head: Head) -> Head:
    """What ``lines`` follow from: ``head``, or where they begin with a later checkpoint or a restart, what that says of itself."""
    try:
        first = parse(lines[0]) if lines and (CHECKPOINT_MARK in lines[0] or RESTART_MARK in lines[0]) else None
    except JournalBroken:
        return head  # ``follow`` says what is wrong with it
    return Head(first.seq - 1, first.prev) if first is not None and first.kind in BEGINNINGS and first.seq > head.seq + 1 else head


def follow(lines: t.Sequence[str], head: Head, place: str = "its store") -> tuple[list[Event], Head]:
    """The events of ``lines`` and the new head, when each line follows from ``head``; else JournalBroken, which says
    where the chain breaks, how, and what is safe."""
    events: list[Event] = []
    for index, line in enumerate(lines):
        try:
            event = parse(line)
        except JournalBroken as error:
            raise broken(error.details["what"], head.seq + 1, head.seq, place, error.message) from error
        if event.seq != head.seq + 1:
            raise broken(_misplaced(lines, index, event, head), head.seq + 1, head.seq, place, f"event {event.seq} stands in its place")
        if event.prev != head.hash:
            raise broken("edited", event.seq, head.seq - (index > 0), place)
        head = Head(event.seq, line_hash(line))
        events.append(event)
    return events, head


def _misplaced(lines: t.Sequence[str], index: int, event: Event, head: Head) -> str:
    """How it came that ``event`` stands where another should."""
    if event.seq <= head.seq:
        return "repeated" if lines[index] in lines[:index] or line_hash(lines[index]) == head.hash else "reordered"
    return "reordered" if any(number(line) == head.seq + 1 for line in lines[index + 1 :]) else "missing"


def explained(events: t.Sequence[Event], place: str) -> None:
    """Raises JournalBroken unless a whole journal begins with event 1, with the checkpoint of a pruning or with a restart."""
    if events and events[0].seq > 1 and not (events[0].kind == "journal_restarted" or (events[0].kind == "checkpoint" and events[0].data.get("pruned"))):
        raise broken("unexplained_start", events[0].seq, 0, place)


def chain(drafts: t.Iterable[Event], head: Head) -> tuple[list[Event], list[str], Head]:
    """Drafts (their seq and prev are ignored) numbered and chained onto ``head``: events, lines, new head."""
    events, lines = [], []
    for draft in drafts:
        event = dataclasses.replace(draft, seq=head.seq + 1, prev=head.hash)
        line = event.line()
        head = Head(event.seq, line_hash(line))
        events.append(event)
        lines.append(line)
    return events, lines, head
