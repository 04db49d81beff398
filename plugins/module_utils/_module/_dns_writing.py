# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Carries the edits of one message out: compare and swap, and what is decided where somebody else was quicker."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit, Line, Marker, batches, marker_name, message
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, DeadlineExceeded, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Applied, Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker import ZoneMarkers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import Anew
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_updater import Updater
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading

#: How often a message is made anew without the records that somebody changed in between.
MAX_SETTLE = 3
Read = t.Callable[[t.Sequence[Item]], t.Mapping[Item, Reading]]


class RunOpen(WrongState):
    """A run of the identity writes the zone."""

    reason = "run_open"


class Writer:
    """``read`` gives what the servers that are written have now. ``fence``: the run's, once the driver told it. ``outside_runs_of``: the identity
    of which no run may have its marker in the zone, where there is no fence."""

    def __init__(self, updater: Updater, markers: ZoneMarkers, read: Read, on_conflict: str, anew: Anew, outside_runs_of: str) -> None:
        self.fence: Fence | None = None
        self._outside_runs_of = outside_runs_of
        self._anew = anew
        self._updater = updater
        self._markers = markers
        self._read = read
        self.on_conflict = on_conflict

    def write(self, edits: list[Edit]) -> dict[str, Applied]:
        """One message, made anew without what somebody changed in between. Raises Refusal and TransportError."""
        applied: dict[str, Applied] = {}
        for _attempt in range(MAX_SETTLE):
            if not edits:
                return applied
            try:
                said = self._swap(edits)
            except Refusal as refusal:
                if refusal.code != "prerequisite":
                    raise
                edits, settled = self._settle(edits, refusal)
                applied.update(settled)
            else:
                applied.update({str(edit.item): Applied(ok=True, msg=said) for edit in edits})
                return applied
        applied.update(
            {str(edit.item): Applied(False, f"{edit.item} changed again and again while it was to be written", "changed_by_other") for edit in edits}
        )
        return applied

    def again(self, edits: t.Sequence[Edit]) -> Iterator[tuple[Item, str]]:
        """What reading back found otherwise, once more. What became of each that was sent, message by message: ``written``, ``refused`` because
        something had changed, or ``lost``, the message or its answer, which proves nothing against anybody."""
        for batch in batches(edits):
            how = "written"
            try:
                self._swap(batch)
            except Refusal as refusal:
                if refusal.code != "prerequisite":
                    raise
                self._markers.stands(batch[0].zone)  # the next look shows what is there; the marker is read anew
                how = "refused"
            except (ConnectionLost, DeadlineExceeded):
                how = "lost"  # the next look shows whether it was done
            yield from ((edit.item, how) for edit in batch)
            if how == "lost":
                return

    def _swap(self, edits: t.Sequence[Edit]) -> str:
        """One message. Returns what is to be said of an answer that is not signed as it must be."""
        guard = self._markers.guard(edits[0].zone, self.fence)
        if self.fence is not None:
            self.fence.lease.still_ours()
        sent = message(edits, guard)
        if not self._outside_runs_of:
            return self._updater.carry_out(sent)
        name, zone = marker_name(self._outside_runs_of, sent.zone), sent.zone
        try:
            return self._updater.carry_out(dataclasses.replace(sent, missing=(*sent.missing, Line(name, "TXT"))))
        except Refusal as refusal:
            there = self._markers.look(name, zone) if refusal.code == "prerequisite" else None
            if there is None:
                raise
            who = f"run {there.run} of {self._outside_runs_of} writes zone {zone}" if isinstance(there, Marker) else f"{there} stands there"
            raise RunOpen(f"{name}: {who}, so nothing was written; close or undo that run first, or remove the record where it has ended") from refusal

    def _settle(self, edits: list[Edit], refusal: Refusal) -> tuple[list[Edit], dict[str, Applied]]:
        """After a prerequisite failed nothing of the message was done: what is left to send, and what is decided."""
        lost = not self._markers.stands(edits[0].zone)
        now = self._read([edit.item for edit in edits])
        anew = self._anew(edits, {item: reading.records for item, reading in now.items()}) if self.on_conflict == "replace" else {}
        left: list[Edit] = []
        decided: dict[str, Applied] = {}
        for edit in edits:
            reading = now[edit.item]
            records, alias = reading.records, reading.alias if edit.item.type != "CNAME" else ""
            if alias and edit.after is not None:
                decided[str(edit.item)] = _taken(edit, f"a CNAME to {alias}")
            elif edit.item not in anew and records not in (edit.before, edit.after):
                decided[str(edit.item)] = kept(records) if self.on_conflict == "keep" else _taken(edit, str(records or "absent"))
            elif records == anew.get(edit.item, edit.after):
                decided[str(edit.item)] = Applied(ok=True, msg="it was there already when it was to be written")
            else:
                left.append(dataclasses.replace(edit, before=records, after=anew.get(edit.item, edit.after)))
        if left == edits and not lost:
            decided.update({str(edit.item): Applied(False, refusal.message, refusal.code) for edit in left})
            left = []
        return left, decided


def _taken(edit: Edit, there: str) -> Applied:
    change = f"{there} now and was {edit.before or 'absent'} when the task began"
    return Applied(False, f"{edit.item} is {change}: somebody changed it, so it was not overwritten", "changed_by_other")


def kept(there: RecordSet | None) -> Applied:
    return Applied(ok=True, skipped=True, msg=f"it is {there or 'absent'}, as somebody else set it, and was left so", reason="changed_by_other")
