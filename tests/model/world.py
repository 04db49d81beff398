# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of the model: time, the target's store, the mirror, and what runs change - with everything that may happen to them.

The rules are the real ones (``_domain/lease_rules``, ``_domain/journal``, ``Mirror.compare``); this file has what they
live on. ``Variant`` takes one of the protections away.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import GENESIS, Event, Head, follow, line_hash, number
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import (
    KeptLease,
    LeaseClaim,
    after_restart,
    grant,
    judge,
    lease_state,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, StoreError, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Variant:
    """What is broken on purpose; nothing by default."""

    mutex: bool = True  #: a transaction, and a script with its check, happen at once
    epoch_check: bool = True  #: a store, a script and a name server refuse who lost the lease
    script_epoch: bool = True  #: of these, the script alone
    dns_epoch: bool = True  #: and the name server alone
    asks: bool = True  #: whoever has written a marker asks the store before his first record
    takes_over: bool = True  #: an earlier holder's marker is taken over before a step looks at the records
    uptime: bool = True  #: the lease counts on the store's uptime, not on its wall clock
    mirror: bool = True
    settling: bool = True  #: what wants the opposite waits for what a dead controller had begun
    bound: bool = True  #: a call that carries no fence takes effect before its deadline, or never


class Violation(AssertionError):
    """Something happened that never may."""


@dataclasses.dataclass
class Message:
    """On its way. ``kind``: cim, script, dns, or mark and unmark for the marker in the zone; ``value`` of mark is what was there when it was
    sent. ``until``: the deadline that the store was told."""

    kind: str
    what: str
    value: t.Any
    holder: str
    epoch: int
    until: float
    not_before: float = 0.0


@dataclasses.dataclass(frozen=True)
class Snapshot:
    lines: tuple[str, ...]
    kept: KeptLease
    serves: bool


class ModelMirror(Mirror):
    """One mirror that all controllers share, in memory. A controller may die before the line that the store took is in it."""

    def __init__(self, world: World) -> None:
        self.world, self.place, self.half = world, "the mirror", 0
        self.lines: list[str] = []

    def read(self, *, whole: bool = True) -> tuple[list[Event], Head]:
        return follow(self.lines, Head())

    def write(self, lines: t.Sequence[str]) -> None:
        if not lines:
            return
        if self.world.dies_before_mirror:
            self.world.dies_before_mirror = False
            raise Died()
        self.agree(self.lines, lines, "the model")
        new = number(lines[-1]) - len(self.lines)
        self.lines.extend(lines[-new:] if new > 0 else ())


class Died(Exception):
    """The controller that is acting just now has died."""


class World:
    """One identity between two servers. ``interleave`` lets others act in the middle of what should be one event."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.time = 1000.0
        self.booted = 0.0
        self.boots = 0
        self.wall = 0.0  #: how far the target's wall clock is from the true time
        self.lines: list[str] = []
        self.kept = KeptLease(boot="0")
        self.locked = False
        self.rewound = False
        self.foreign = False  #: somebody else set the target back, so that what it serves is not our doing
        self.serves = {"source": True, "target": False}
        self.marker: tuple[int, str] | None = None  #: epoch and holder whose messages the name server takes
        self.looked = 0  #: the last epoch under which the records were looked at or written
        self.resolves = "source"
        self.ran: list[str] = []
        self.mirror = ModelMirror(self)
        self.messages: list[Message] = []
        self.snapshot: Snapshot | None = None
        self.holders: dict[int, str] = {}
        self.promised: dict[str, float] = {}
        self.heads: dict[int, str] = {}
        self.kinds = ("cim", "script", "dns")  #: of steps that the runs of this world have
        self.interleave: t.Callable[[], None] = lambda: None
        self.loses_answer = False
        self.loses_power = False
        self.dies_before_mirror = False

    # The store

    def uptime(self) -> float:
        return self.time - self.booted if self.variant.uptime else self.time + self.wall

    def transact(self, request: Request, timeout: float) -> Reply:
        """As ``DirectoryStore._transact``: the same rules under the mutex, on lines in memory."""
        if self.locked:
            raise StoreError("another transaction has held the journal for 10 s")
        self.locked = self.variant.mutex
        try:
            reply = self._transact(request)
        finally:
            self.locked = False
        if self.loses_answer:
            self.loses_answer = False
            raise ConnectionLost("the answer was lost")
        return reply

    def _transact(self, request: Request) -> Reply:
        lines = list(self.lines)
        head = Head(len(lines), line_hash(lines[-1]) if lines else GENESIS)
        sent, uptime, boot = self.time, self.uptime(), str(self.boots)
        self.kept = kept = after_restart(self.kept, uptime, boot)
        lease = lease_state(kept, uptime)
        claim = request.lease
        if claim is not None and not claim.acquire and not self.variant.epoch_check:
            lease = dataclasses.replace(lease, holder=claim.holder, epoch=claim.epoch)
        verdict = judge(claim, lease, request.expect, head)
        self.interleave()
        if verdict == "ok":
            if request.lines:
                self.lines.extend(request.lines)
                head = Head(head.seq + len(request.lines), line_hash(request.lines[-1]))
            if self.loses_power:
                # The line is on the disk, the lease is not, and nobody gets an answer.
                self.loses_power = False
                self.reboot()
                raise Unreachable("the target lost its power")
            if claim is not None:
                self._promise(claim, sent)
                self.kept = grant(claim, kept, uptime, boot, "")
                lease = lease_state(self.kept, uptime)
        return Reply(verdict=verdict, head=head, lines=tuple(lines[request.after :]), lease=lease)

    def _promise(self, claim: LeaseClaim, sent: float) -> None:
        """A lease that is not taken by force leaves the holder before it all the time that it was told."""
        if claim.acquire and not self.rewound:
            if self.holders.setdefault(claim.epoch, claim.holder) != claim.holder:
                raise Violation(f"two holders have epoch {claim.epoch}")
            before = self.kept.holder
            if not claim.force and self.promised.get(before, 0.0) > self.time:
                raise Violation(f"{claim.holder} took the lease from {before}, whose it was until {self.promised[before]:.0f}, at {self.time:.0f}")
        self.promised[claim.holder] = 0.0 if claim.release else sent + claim.seconds

    def went_on(self, head: Head) -> None:
        """A controller has read or written up to ``head`` and goes on: everybody who went on must have seen one history."""
        if self.heads.setdefault(head.seq, head.hash) != head.hash or len(self.lines) < max(self.heads):
            raise Violation(f"the store was set back, and a controller went on at event {head.seq}")

    # What may happen

    def reboot(self) -> None:
        self.boots += 1
        self.booted = self.time
        self.messages = [message for message in self.messages if message.kind != "script"]

    def take_snapshot(self) -> None:
        self.snapshot = Snapshot(tuple(self.lines), self.kept, self.serves["target"])

    def revert(self) -> None:
        """The target is set back to its snapshot, with its journal and its lease."""
        if self.snapshot is None:
            return
        self.rewound = self.rewound or len(self.snapshot.lines) < len(self.lines)
        self.lines, self.kept, self.serves["target"] = list(self.snapshot.lines), self.snapshot.kept, self.snapshot.serves
        self.foreign = True
        self.reboot()

    def land(self, message: Message) -> None:
        """A message takes effect where it was sent, now - or is refused there, where it carries a fence."""
        self.messages.remove(message)
        {"cim": self._call, "script": self._script, "dns": self._dns, "mark": self._mark, "unmark": self._unmark}[message.kind](message)

    def _call(self, message: Message) -> None:
        """Carries no fence: only its deadline bounds it."""
        if self.variant.bound and self.time > message.until:
            return
        self.serves[message.what] = message.value
        if message.value and self.serves["source"] and self.serves["target"] and not self.foreign:
            raise Violation(f"both serve: the {message.what} was started under epoch {message.epoch}, while the other still did")

    def _script(self, message: Message) -> None:
        """Checks the epoch and starts, both under the store's mutex."""
        if self.locked:
            return
        self.locked = self.variant.mutex
        try:
            if self.variant.epoch_check and self.variant.script_epoch and message.epoch != self.kept.epoch:
                return
            self.interleave()
            if (self.kept.epoch, self.kept.holder) != (message.epoch, message.holder) and not (self.rewound or self.kept.holder == ""):
                raise Violation(f"a script was started under epoch {message.epoch}, and epoch {self.kept.epoch} holds the lease")
            self.ran.append(message.what)
        finally:
            self.locked = False

    def _dns(self, message: Message) -> None:
        """One message is prerequisite and change at once. A later epoch takes the marker before its first change."""
        if self.variant.epoch_check and self.variant.dns_epoch and self.marker != (message.epoch, message.holder):
            return
        if message.epoch < self.looked:
            raise Violation(f"a record was written under epoch {message.epoch} after epoch {self.looked} had looked at it")
        self.looked, self.resolves = message.epoch, str(message.value)

    def _mark(self, message: Message) -> None:
        if self.marker == message.value:
            self.marker = (message.epoch, message.holder)

    def _unmark(self, message: Message) -> None:
        if self.marker == (message.epoch, message.holder):
            self.marker = None


class ModelClock:
    """A controller's clock. Its wall clock steps; nothing may depend on that. Sleeping is an event like others."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wall = 0.0

    def now(self) -> datetime.datetime:
        return NOON + datetime.timedelta(seconds=self.world.time + self.wall)

    def monotonic(self) -> float:
        return self.world.time

    def sleep(self, seconds: float) -> None:
        self.world.time += seconds


class ModelStore:
    """The store, as a Journal takes it."""

    place = "the model"

    def __init__(self, world: World) -> None:
        self.transact = world.transact
