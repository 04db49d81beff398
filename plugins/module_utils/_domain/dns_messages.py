# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""From changes of record sets to RFC 2136 messages, still as text; ``_transport.dns`` makes the bytes.

Each message is all or nothing on the server, for one zone. Prerequisites compare the whole set by value, so that a change
that somebody made since is never overwritten. Deletion goes record by record: Samba checks only that the old values are
there, so with a deletion of the whole set a value that slipped in would be lost.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import is_reverse
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ttl import host_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: PowerDNS needs seconds for more; a message of 64 kB can't be exceeded by any.
MAX_RECORDS = 250
MAX_BYTES = 48_000
#: Seconds that a server may need for a message, and for each record in it (PowerDNS with sqlite: 42 records a second).
BASE_SECONDS, SECONDS_PER_RECORD = 5.0, 0.1


@dataclasses.dataclass(frozen=True)
class Edit:
    """One record set of one zone, before and after."""

    item: Item
    before: RecordSet | None
    after: RecordSet | None
    zone: str

    def deleted(self) -> tuple[str, ...]:
        """Values to delete. With a new TTL all of them: Knot keeps the old TTL of a value that is only added again."""
        if self.before is None:
            return ()
        if self.after is None or self.after.ttl != self.before.ttl:
            return self.before.values
        return tuple(value for value in self.before.values if value not in self.after.values)

    def added(self) -> tuple[str, ...]:
        if self.after is None:
            return ()
        if self.before is None or self.after.ttl != self.before.ttl:
            return self.after.values
        return tuple(value for value in self.after.values if value not in self.before.values)

    def weight(self) -> int:
        """Records that it counts against MAX_RECORDS."""
        return max(len(self.deleted()), len(self.added()), 1)

    def size(self) -> int:
        """An upper bound of its bytes: no name compressed, every value as long as its text."""
        values = (*(self.before.values if self.before else ("",)), *self.deleted(), *self.added())
        return (len(self.item.name) + 2 + 10) * len(values) + sum([max(16, len(value) + 4) for value in values])


class Line(t.NamedTuple):
    """One record of a message. ``value`` None: the set as a whole."""

    name: str
    type: str
    value: str | None = None
    ttl: int = 0


@dataclasses.dataclass(frozen=True)
class Message:
    """``exists``: exactly these values are there. ``missing``: no such set (type ANY: no such name)."""

    zone: str
    exists: tuple[Line, ...] = ()
    missing: tuple[Line, ...] = ()
    deleted: tuple[Line, ...] = ()
    added: tuple[Line, ...] = ()

    def seconds(self) -> float:
        """How long the server may take for it."""
        return BASE_SECONDS + SECONDS_PER_RECORD * (len(self.deleted) + len(self.added))


@dataclasses.dataclass(frozen=True)
class Marker:
    """The run's TXT record in a zone: who may write there. A higher epoch means that we may not."""

    run: str
    epoch: int

    def text(self) -> str:
        return f'"run={self.run} epoch={self.epoch}"'


_MARKER = re.compile(r'"run=(?P<run>[^" ]+) epoch=(?P<epoch>\d+)"')


def marker_name(identity: str, zone: str) -> str:
    """``_failover-<identity>.<zone>``, with the identity cut to what a label may hold."""
    label = re.sub(r"[^a-z0-9-]+", "-", identity.lower())[:50].strip("-")
    return f"_failover-{label}.{zone}"


def read_marker(value: str) -> Marker | None:
    found = _MARKER.fullmatch(value)
    return Marker(found["run"], int(found["epoch"])) if found else None


def batches(edits: t.Iterable[Edit]) -> list[list[Edit]]:
    """The edits of each message: one zone each, forward zones first, all sets of one name together, within the limits.

    Raises InvalidInput when the sets of one name alone are more than a message holds.
    """
    by_zone: dict[str, dict[str, list[Edit]]] = {}
    for edit in edits:
        by_zone.setdefault(edit.zone, {}).setdefault(host_of(edit.item.name), []).append(edit)
    return [batch for zone in sorted(by_zone, key=is_reverse) for batch in _filled(by_zone[zone])]


def _filled(names: t.Mapping[str, list[Edit]]) -> list[list[Edit]]:
    result: list[list[Edit]] = []
    records = size = MAX_BYTES  # no room yet: the first name opens the first message
    for name, sets in names.items():
        own_records, own_size = sum(edit.weight() for edit in sets), sum(edit.size() for edit in sets)
        if own_records > MAX_RECORDS or own_size > MAX_BYTES:
            its = f"{name}: its {own_records} records ({own_size} bytes) are more than one message may hold ({MAX_RECORDS}, {MAX_BYTES} bytes)"
            why = f"{its}, and one name is changed in one message or not at all; list fewer values for it"
            raise InvalidInput(why, items={str(edit.item): why for edit in sets})
        if records + own_records > MAX_RECORDS or size + own_size > MAX_BYTES:
            result.append([])
            records = size = 0
        result[-1].extend(sets)
        records, size = records + own_records, size + own_size
    return result


def message(edits: t.Sequence[Edit], guard: tuple[str, Marker] | None = None) -> Message:
    """One batch as a message. ``guard``: the marker's name and value that must be there for it to count."""
    exists: list[Line] = [Line(guard[0], "TXT", guard[1].text())] if guard else []
    missing: list[Line] = []
    for edit in edits:
        if edit.before is None:
            missing.append(Line(*edit.item))
        else:
            exists.extend(Line(*edit.item, value) for value in edit.before.values)
    missing.extend(_nothing_beside(edits))
    # Deletions first, so that an A can become a CNAME in one message.
    deleted = [Line(*edit.item, value) for edit in edits for value in edit.deleted()]
    added = [Line(*edit.item, value, edit.after.ttl) for edit in edits if edit.after for value in edit.added()]
    return Message(edits[0].zone, tuple(exists), tuple(missing), tuple(deleted), tuple(added))


def spread_seconds(edits: t.Iterable[Edit], read_back: float) -> float:
    """How long it may last at most until the last name server has the last of them. ``read_back``: seconds for what is read back behind each
    message on the server that was written, and behind the last of them on all others."""
    return sum(message(batch).seconds() + read_back for batch in batches(edits)) + read_back


def _nothing_beside(edits: t.Sequence[Edit]) -> list[Line]:
    """Data beside a CNAME are ignored without a word, so it is a prerequisite that there are none. A new CNAME needs a name without data,
    unless the message deletes what is there; a new set of another type needs a name without CNAME, unless the message deletes that."""
    deleting = {edit.item.name for edit in edits if edit.deleted()}
    unaliasing = {edit.item.name for edit in edits if edit.item.type == "CNAME"}
    new = [edit.item for edit in edits if edit.before is None and edit.after is not None]
    names = dict.fromkeys(item.name for item in new if item.type != "CNAME" and item.name not in unaliasing)
    aliases = [Line(item.name, "ANY") for item in new if item.type == "CNAME" and item.name not in deleting]
    return [*aliases, *(Line(name, "CNAME") for name in names)]


def take_over(identity: str, zone: str, present: str | None, ours: Marker) -> Message:
    """The message that makes our marker the zone's, if it is still what we read (``present``, None = none)."""
    name = marker_name(identity, zone)
    if present is None:
        return Message(zone, missing=(Line(name, "TXT"),), added=(Line(name, "TXT", ours.text(), 60),))
    old = Line(name, "TXT", present)
    return Message(zone, exists=(old,), deleted=(old,), added=(Line(name, "TXT", ours.text(), 60),))
