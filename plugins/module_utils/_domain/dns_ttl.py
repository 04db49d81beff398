# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Lower TTLs ahead of a planned move, and the TTLs of before again. Pure.

A TTL is lowered days before a move, by whichever controller, and no run and no journal is open then. So what it was is kept where the record
is: a TXT record ``_failover-ttl.<name>`` beside it, written and removed by the very message that changes the TTL, with one string for each
type: ``A was=3600 to=60 until=2026-11-26T21:00:00.000Z``. Whatever comes in between (a failover, its failback, another controller) ends with
the same TTL again. ``until``: when nobody can have the record with its old TTL any more.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import LONGEST_NAME, TTL_RANGE
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

PREFIX, WILDCARD = "_failover-ttl.", "_wildcard."
#: What a TTL is lowered to where the task says nothing.
LOWERED_TTL = 60
#: The TTL of the TXT record itself; only this collection reads it.
NOTE_TTL = 60
_NOTE = re.compile(r'"(?P<type>[A-Z0-9]+) was=(?P<was>[0-9]{1,10}) to=(?P<to>[0-9]{1,10}) until=(?P<until>[0-9TZ:.-]{20,24})"')

Sets = t.Mapping[Item, "RecordSet | None"]


class Note(t.NamedTuple):
    """What a record set's TTL was (seconds), what it was lowered to, and when the old one has run out (a stamp)."""

    type: str
    was: int
    to: int
    until: str

    def text(self) -> str:
        return f'"{self.type} was={self.was} to={self.to} until={self.until}"'


def note_item(name: str) -> Item:
    """Where the notes of a name stand."""
    return Item(PREFIX + (WILDCARD + name[2:] if name.startswith("*.") else name), "TXT")


def has_note(item: Item) -> bool:
    """Whether there is a place for its note: everything below a DNAME is answered from elsewhere, and a name has an end."""
    return item.type != "DNAME" and len(note_item(item.name).name) <= LONGEST_NAME


def refuse_without_note(items: t.Iterable[Item]) -> None:
    """Raises InvalidInput for a set whose TTL can't be lowered, as its note has no place."""
    for item in items:
        if not has_note(item):
            place = note_item(item.name).name
            why = (
                f"{place} would be answered from elsewhere" if item.type == "DNAME" else f"{place} would be longer than the {LONGEST_NAME} characters of a name"
            )
            raise InvalidInput(f"{item}: its TTL can't be lowered or restored, as there is no place beside it to note what it was: {why}")


def is_note(item: Item) -> bool:
    return item.type == "TXT" and item.name.startswith(PREFIX)


def host_of(name: str) -> str:
    """The name that a set belongs to, so that notes go into the same message."""
    bare = name.removeprefix(PREFIX)
    return f"*.{bare.removeprefix(WILDCARD)}" if bare != name and bare.startswith(WILDCARD) else bare


def read_notes(records: RecordSet | None) -> tuple[dict[str, Note], list[str]]:
    """Type -> its note, and the strings that are not ours."""
    notes: dict[str, Note] = {}
    others = []
    for value in records.values if records else ():
        found = _NOTE.fullmatch(value)
        if found and max(int(found["was"]), int(found["to"])) <= TTL_RANGE[1]:
            notes[found["type"]] = Note(found["type"], int(found["was"]), int(found["to"]), found["until"])
        else:
            others.append(value)
    return notes, others


def lowered(now: Sets, target: t.Callable[[Item], int], until: t.Callable[[int], str]) -> dict[Item, RecordSet | None]:
    """The sets of ``now`` (with the notes of their names) as they shall be. ``until``: a TTL that is lowered now -> when it has run out."""
    return _with_notes(now, lambda item, records, note: _lower(item, records, note, target(item), until))


def restored(now: Sets, also_lowered: t.Callable[[Item], int] = lambda item: 0) -> dict[Item, RecordSet | None]:
    """The same for the way back. A TTL above the lowered one (and above ``also_lowered``, which the failover gave) was set by somebody, and stays."""

    def restore(item: Item, records: RecordSet, note: Note | None) -> tuple[RecordSet, Note | None]:
        if note is None or records.ttl > max(note.to, also_lowered(item)):
            return records, None
        return RecordSet(records.values, note.was), None

    return _with_notes(now, restore)


Change = t.Callable[[Item, RecordSet, "Note | None"], "tuple[RecordSet, Note | None]"]


def _lower(item: Item, records: RecordSet, note: Note | None, target: int, until: t.Callable[[int], str]) -> tuple[RecordSet, Note | None]:
    if records.ttl <= target:
        return records, note
    # Lowered further: what it was at first counts, and whichever of the two runs out last.
    first = note if note is not None and records.ttl <= note.to else None
    ends = max(until(records.ttl), first.until) if first else until(records.ttl)
    return RecordSet(records.values, target), Note(item.type, first.was if first else records.ttl, target, ends)


def _with_notes(now: Sets, change: Change) -> dict[Item, RecordSet | None]:
    after: dict[Item, RecordSet | None] = dict(now)
    for name in dict.fromkeys(item.name for item in now if not is_note(item)):
        place = note_item(name)
        notes, others = read_notes(now.get(place))
        for item in [item for item in now if item.name == name]:
            records, note = now[item], notes.pop(item.type, None)
            if records is not None:
                after[item], note = change(item, records, note)  # a record that is gone for a while keeps its note until it is there again
            if note is not None:
                notes[item.type] = note
        texts = [*others, *(note.text() for note in notes.values())]
        after[place] = RecordSet.of(texts, NOTE_TTL) if texts else None
    return after


def told(notes: Sets) -> dict[str, t.Any]:
    """For the result: ``{records: {item: {was, to, until}}, until}``; the last is when all of them have run out, "" without any."""
    records: dict[str, dict[str, t.Any]] = {
        f"{host_of(item.name)} {note.type}": {"was": note.was, "to": note.to, "until": note.until}
        for item, there in notes.items()
        for note in read_notes(there)[0].values()
    }
    return {"records": records, "until": max((facts["until"] for facts in records.values()), default="")}
