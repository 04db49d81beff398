# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.


"""Edits of record sets as changes of the step driver, and back."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, from_image, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import BASE_SECONDS, MAX_RECORDS, SECONDS_PER_RECORD, Edit
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Change


def change_of(edit: Edit, deadline: float) -> Change:
    """Where nothing changes, what is there is waited for at the other name servers."""
    if edit.before == edit.after:
        do = f"wait until every name server has {edit.item} as the primary has it"
    elif edit.after is None:
        do = f"remove {edit.item}, now {edit.before}"
    else:
        do = f"set {edit.item} to {edit.after} with a TTL of {edit.after.ttl} s" + (f", now {edit.before}" if edit.before else "")
    waits = edit.before == edit.after
    return Change(str(edit.item), do, to_image(edit.before), to_image(edit.after), deadline=deadline, detail={"zone": edit.zone}, waits=waits)


def left_alone(item: Item, there: RecordSet | None, zone: str) -> Change:
    """What somebody set otherwise than the task expects, and keeps."""
    image = to_image(there)
    return Change(str(item), f"leave {item} as somebody set it", image, image, detail={"zone": zone, "kept": True}, waits=True)


def edit_of(change: Change) -> Edit:
    return Edit(Item.parse(change.name), from_image(change.before), from_image(change.after), str(change.detail["zone"]))


def longest(sets: int, read_back: float) -> float:
    """Seconds for the largest message of a task of so many sets, and for its reading back."""
    return read_back + BASE_SECONDS + SECONDS_PER_RECORD * 2 * min(sets, MAX_RECORDS)
