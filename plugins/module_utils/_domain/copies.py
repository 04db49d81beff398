# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The copies of a journal - store, mirror, export - looked at as they are: what verifies, what doesn't, whether they agree. Pure."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import as_json, complete
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import replay
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import not_met, of_export, of_mirror, rewound
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import (
    Event,
    Head,
    explained,
    follow,
    from_checkpoint,
    line_hash,
    number,
    origin,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, JournalBroken, JournalRewound, StoreError


@dataclasses.dataclass(frozen=True)
class Copy:
    """One copy. ``events`` and ``head`` go as far as the chain verifies; ``finding`` says why not further, None at its end."""

    of: str  #: store, mirror or export
    place: str
    lines: tuple[str, ...]
    events: tuple[Event, ...]
    head: Head
    finding: StoreError | None = None

    def facts(self) -> dict[str, t.Any]:
        found = self.finding.details if self.finding is not None else None
        return {
            "of": self.of,
            "place": self.place,
            "first": self.events[0].seq if self.events else 0,
            "last": self.head.seq,
            "hash": self.head.hash,
            "events": len(self.events),
            "checkpoints": sum(event.kind == "checkpoint" for event in self.events),
            "verifies": self.finding is None,
            "finding": {"msg": self.finding.message, **found} if self.finding is not None and found is not None else None,
        }


def looked_at(of: str, place: str, lines: t.Sequence[str]) -> Copy:
    """A copy whose lines were read. Nothing is raised: what does not verify is a finding."""
    start = origin(lines, Head())
    try:
        events, head = follow(lines, start, place)
        explained(events, place)
        return Copy(of, place, tuple(lines), tuple(events), head)
    except StoreError as found:
        error = found
        good = lines[: max(0, int(error.details["trusted"]) - start.seq)]
        events, head = follow(good, start, place)
        if of == "mirror" and isinstance(error, JournalBroken) and error.details["what"] != "newer_version":
            error = of_mirror(error, place)
        return Copy(of, place, tuple(lines), tuple(events), head, error)


def disagreement(store: Copy, mirror: Copy) -> StoreError | None:
    """How the store contradicts its mirror. One that is behind the store does not: it catches up by itself."""
    theirs = {number(line): line for line in mirror.lines}
    for line in store.lines:
        seq = number(line)
        if theirs.get(seq, line) != line:
            return rewound("replaced", seq, seq - 1, store.place, store=store.head.seq, mirror=mirror.head.seq)
    if store.head.seq < mirror.head.seq:
        return rewound("rewound", store.head.seq + 1, store.head.seq, store.place, store=store.head.seq, mirror=mirror.head.seq)
    return None


def as_met(store: Copy, mirror: Copy | None, identity: str) -> Copy:
    """The store, with its finding in other words where status and runs do not meet it: a line in the middle that was changed stands where they
    do not read. One line more or less they would meet, by its number."""
    found = store.finding
    if not isinstance(found, JournalBroken) or found.details["what"] not in ("edited", "unreadable", "reordered"):
        return store
    again = command("journal", identity, failover_journal_state="verified")
    if mirror is not None and mirror.finding is None and mirror.lines:
        if mirror.lines[-1] not in store.lines or _follows(store.lines[store.lines.index(mirror.lines[-1]) + 1 :], mirror.head) is None:
            return store
        return dataclasses.replace(store, finding=not_met(found, store.place, again, mirror=mirror.place, verifies=mirror.head.seq))
    tail = store.lines[from_checkpoint(store.lines) :]
    first = _follows(tail, origin(tail, Head()))
    if not first or first[0].kind != "checkpoint" or not complete(first[0].data):
        return store
    return dataclasses.replace(store, finding=not_met(found, store.place, again, checkpoint=first[0].seq))


def _follows(lines: t.Sequence[str], head: Head) -> list[Event] | None:
    try:
        return follow(lines, head)[0]
    except JournalBroken:
        return None


def wrong_checkpoints(events: t.Sequence[Event]) -> list[int]:
    """The numbers of checkpoints that say otherwise than the events before them, by this version's reckoning."""
    wrong, since = [], 0
    for index, event in enumerate(events):
        if index and event.kind == "checkpoint" and complete(event.data):
            # From the checkpoint before, which was found right: so each event is replayed once.
            if as_json(replay(events[since:index]))["fold"] != event.data["fold"]:
                wrong.append(event.seq)
            else:
                since = index
    return wrong


def export_text(identity: str, at: str, lines: t.Sequence[str]) -> str:
    """The lines as they are, below one line that says whose they are and where their chain ends."""
    header = {"journal_of": identity, "exported_at": at, "first": number(lines[0]), "last": number(lines[-1]), "hash": line_hash(lines[-1])}
    return "\n".join([json.dumps(header, sort_keys=True), *lines]) + "\n"


def read_export(identity: str, place: str, text: str) -> Copy:
    """Raises InvalidInput for what is no export of this identity, and the finding where its chain or its head does not verify."""
    first, _end, rest = text.partition("\n")
    try:
        header = json.loads(first)
        whose, head = header["journal_of"], Head(int(header["last"]), str(header["hash"]))
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"export: {place} is no export of a journal: its first line does not say whose it is") from error
    if whose != identity:
        raise InvalidInput(f"export: {place} is an export of the journal of {whose}, not of {identity}")
    found = looked_at("export", place, rest.rstrip("\n").split("\n"))
    finding = found.finding or (rewound("replaced", found.head.seq, found.head.seq - 1, place, store=found.head.seq) if found.head != head else None)
    if isinstance(finding, (JournalBroken, JournalRewound)) and finding.details["what"] != "newer_version":
        again = command("journal", identity, failover_journal_state="exported", failover_journal_export="ANOTHER-FILE")
        raise of_export(finding, f"the export {place}", again)
    if finding is not None:
        raise finding
    return found


def joined(old: Copy, new: t.Sequence[str], place: str) -> list[str]:
    """Everything that an export and the copy at hand have, as one chain. Raises InvalidInput where they are not of one chain."""
    lines = {number(line): line for line in new}
    for line in old.lines:
        seq = number(line)
        if lines.setdefault(seq, line) != line:
            raise InvalidInput(f"export: event {seq} in {old.place} is another one than in {place}: name another file, both are kept")
    result = [lines[seq] for seq in sorted(lines)]
    if looked_at("export", place, result).finding is not None:
        raise InvalidInput(f"export: {old.place} ends at event {old.head.seq}, and {place} begins behind that: name another file, both are kept")
    return result
