# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A change made anew, from what somebody else left there meanwhile: our values come in, the ones that we take out go, all others stay. Pure."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Repoint, same_values
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import name_in_value, with_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState


def merged(item: Item, before: RecordSet | None, after: RecordSet | None, now: RecordSet | None) -> RecordSet | None:
    """``now`` with what changed from ``before`` to ``after``. Raises WrongState where a CNAME would lead to two places."""
    old, new, there = (set(records.values) if records else set() for records in (before, after, now))
    return _as_set(item, (there - (old - new)) | (new - old), after or now)


def made_anew(repoint: Repoint | None, item: Item, before: RecordSet | None, after: RecordSet | None, now: RecordSet | None) -> RecordSet | None:
    """The same; in a set that is repointed a source that registered again is moved too, and the target is there in any case."""
    if repoint is None or item.name not in repoint.names:
        return merged(item, before, after, now)
    pairs = dict(repoint.pairs)
    hosts = {value: name_in_value(item.type, value) for records in (now, after) if records for value in records.values}
    moved = [with_name(item.type, value, pairs[hosts[value]]) if hosts[value] in pairs else value for value in (now.values if now else ())]
    theirs = merged(item, before, after, RecordSet.of(moved, now.ttl)) if now else after
    ours = [value for value in (after.values if after else ()) if hosts[value] in pairs.values()]
    return _as_set(item, {*(theirs.values if theirs else ()), *ours}, after or now)


def _as_set(item: Item, values: set[str], like: RecordSet | None) -> RecordSet | None:
    if item.type == "CNAME" and len(values) > 1:
        raise WrongState(f"{item} would lead to {' and '.join(sorted(values))}: somebody else set it, and an alias has one value")
    return RecordSet.of(values, like.ttl) if like and values else None


def all_made_anew(repoint: Repoint | None, edits: t.Iterable[Edit], now: t.Mapping[Item, RecordSet | None]) -> dict[Item, RecordSet | None]:
    """Of each edit what its set is to become; without those that would cost somebody else's value."""
    found: dict[Item, RecordSet | None] = {}
    for edit in edits:
        with contextlib.suppress(WrongState):
            found[edit.item] = made_anew(repoint, edit.item, edit.before, edit.after, now[edit.item])
    return found


def put_back(
    repoint: Repoint | None,
    item: Item,
    before: RecordSet | None,
    after: RecordSet | None,
    now: RecordSet | None,
    *,
    noted: bool = False,
    ours: bool = False,
) -> RecordSet | None:
    """``before`` with what the move from it to ``after`` left there and did not bring: values of others, and a TTL that was raised since.

    ``noted``: a note says what the TTL was before it was lowered, so whoever raised it did not restore it, and the note still will.
    ``ours``: an earlier try may have put back what is there. Else values that are back are a source's that registered itself, and so is their TTL,
    which nobody has chosen (of Windows 1,200 s).
    """
    beside = _others(repoint, item, before, after) if repoint is not None else set()
    values = {*(before.values if before else ()), *beside}
    like = before or after
    if not values or like is None:
        return None
    raised = not noted and now is not None and before is not None and now.ttl > before.ttl and (after is None or now.ttl != after.ttl)
    registered = not ours and not same_values(now, after)
    return RecordSet.of(values, now.ttl if raised and not registered and now is not None else like.ttl)


def _others(repoint: Repoint, item: Item, before: RecordSet | None, after: RecordSet | None) -> set[str]:
    came = {value for value in (after.values if after else ()) if not before or value not in before.values}
    if item.name not in repoint.names:
        return {value for value in came if item.type == "PTR" and value not in repoint.names}
    ours = {host for pair in repoint.pairs for host in pair}
    return {value for value in came if name_in_value(item.type, value) not in ours}
