# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run's TXT record in each zone that it writes: every message needs it, so a controller that lost its lease can't write.

Its life: a run takes it over where an earlier one left it, before it looks at any record; writes it before its first message to a
zone; removes it before it is closed (``_dns_marker_removal``). A missing marker says nothing of who may write, so whoever writes one asks the
store afterwards whether the lease is still his: from then on a later holder finds it, and takes it over before he looks.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import (
    Line,
    Marker,
    Message,
    marker_name,
    read_marker,
    take_over,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseLost, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Refusal

#: How often the marker is read again because it changed between look and message.
MAX_TRIES = 3
#: Answers that mean that the key has no right to this name (Samba says server_failure).
NO_RIGHT = ("refused", "server_failure")

Guard = tuple[str, Marker]


class MarkerUnseen(WrongState):
    """The server that is written does not show the marker that it took, or that its primary has."""

    reason = "marker_not_seen"


class Written(t.NamedTuple):
    """Who is written for a zone: ``server`` in words, and whether it only hands updates on to its primary."""

    server: str
    passes_on: bool


class ZoneMarkers:
    """``read`` gives one record set from the server that is written for a zone, ``send`` sends a message there, ``written`` says who that is;
    ``warnings`` is added to."""

    def __init__(
        self,
        read: t.Callable[[Item, str], RecordSet | None],
        send: t.Callable[[Message], str],
        written: t.Callable[[str], Written],
        warnings: list[str],
        clock: Clock,
    ) -> None:
        self._read = read
        self._send = send
        self._server = written
        self._warnings = warnings
        self._clock = clock
        self._taken: dict[str, tuple[str, float]] = {}  #: zone -> since when our marker counts as written there: the moment, and the clock's seconds
        self._guards: dict[str, Guard | None] = {}
        self._written: set[str] = set()  #: zones that this task has sent its marker to

    def guard(self, zone: str, fence: Fence | None) -> Guard | None:
        """Name and value that messages need, ours after this; None without a run, or where the key may not write it.

        Raises LeaseLost where a later epoch has been here, and MarkerUnseen where ours is not read back.
        """
        if fence is None:
            return None
        if zone not in self._guards:
            self._guards[zone] = self._take(zone, fence)
        return self._guards[zone]

    def take_stale(self, zone: str, fence: Fence) -> None:
        """Takes an earlier holder's marker over. Whatever that holder has sent takes effect before this or is refused, so a look after it holds."""
        if zone in self._guards:
            return
        there = self.look(marker_name(fence.identity, zone), zone)
        if isinstance(there, Marker) and there != Marker(fence.run, fence.epoch):
            try:
                self._guards[zone] = self._take(zone, fence)
            except Refusal as refusal:
                late = f"a message that its holder had sent could still change zone {zone}"
                self._warnings.append(f"the marker of run {there.run} could not be taken over, so {late}: {refusal.message}")

    def stands(self, zone: str) -> bool:
        """After a prerequisite failed: is the marker still ours, so that it was not the reason? If not it is taken anew later."""
        guard = self._guards.get(zone)
        if guard is None or self.look(guard[0], zone) == guard[1]:
            return True
        del self._guards[zone]
        return False

    def _take(self, zone: str, fence: Fence) -> Guard | None:
        name, ours = marker_name(fence.identity, zone), Marker(fence.run, fence.epoch)
        seen = []
        for _attempt in range(MAX_TRIES):
            there = self.look(name, zone)
            seen.append(there)
            if there == ours:
                if zone in self._written:
                    self._ask(zone, name, ours, fence)
                return name, ours
            if isinstance(there, str):
                self._without(zone, f"{name} has TXT {there}, which is not ours")
                return None
            if there is not None and there.epoch > ours.epoch:
                who = f"run {there.run} writes zone {zone} under epoch {there.epoch}, and ours is {ours.epoch}"
                raise LeaseLost(f"{name} says that {who}: another controller took over, so nothing was written")
            fence.lease.still_ours()
            self._written.add(zone)  # or on its way, where the answer is lost
            sent = stamp(self._clock.now()), self._clock.monotonic()
            try:
                self._send(take_over(fence.identity, zone, there.text() if there else None, ours))
            except Refusal as refusal:
                if refusal.code in NO_RIGHT:
                    self._without(zone, refusal.message)
                    return None
                if refusal.code != "prerequisite":
                    raise
            else:
                self._taken.setdefault(zone, sent)
        if all(there == seen[0] for there in seen):
            self._refuse_unseen(zone, name, ours, seen[0])
        raise LeaseLost(f"{name} changes again and again: another controller writes zone {zone}, so nothing was written")

    def _refuse_unseen(self, zone: str, name: str, ours: Marker, there: Marker | str | None) -> None:
        """Raises MarkerUnseen where what is there never changed, and our own message or a transfer that is not through yet explains that."""
        server, passes_on = self._server(zone)
        shown = f"shows {there.text()}" if isinstance(there, Marker) else "shows none"
        mend = f"so no record of zone {zone} was written; raise verify_timeout, or name the zone's primary first in servers"
        if zone in self._taken:
            at, begun = self._taken[zone]
            why = ": it passes updates on to its primary, and shows them only once they were transferred" if passes_on else ""
            took = f"{server} took the marker of run {ours.run} at {at} and still {shown} {self._clock.monotonic() - begun:.0f} s later"
            raise MarkerUnseen(f"{name}: {took}{why}; {mend}", host=server)
        if passes_on:
            has = f"{server} {shown}, and its primary, which it passes updates on to, has another marker there"
            either = "a transfer is not through yet, of this run's own marker or of that of another controller that writes there"
            raise MarkerUnseen(f"{name}: {has}: {either}; {mend}", host=server)

    def _ask(self, zone: str, name: str, ours: Marker, fence: Fence) -> None:
        """Our marker is there: raises LeaseLost where the lease is not ours any more, and leaves no marker behind then."""
        try:
            fence.lease.beat()
        except LeaseLost:
            line = Line(name, "TXT", ours.text())
            with contextlib.suppress(FailoverError):  # whoever took the lease takes it over, or removes it
                self._send(Message(zone, exists=(line,), deleted=(line,)))
            raise

    def look(self, name: str, zone: str) -> Marker | str | None:
        """Somebody's marker of this name as it stands; what stands there instead as text; None for nothing."""
        records = self._read(Item(name, "TXT"), zone)
        if records is None:
            return None
        return (read_marker(records.values[0]) if len(records.values) == 1 else None) or str(records)

    def _without(self, zone: str, why: str) -> None:
        self._warnings.append(f"updates of zone {zone} go out without the run's marker, so a controller that lost its lease could still write there: {why}")
