# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A journal in use: the store, its mirror, and everything read so far, kept in step."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import as_json, complete, due
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold, replay
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import WHAT, broken, rewound, torn, torn_mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain, claimed_sid, explained, follow, origin
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim, LeaseState, held, way_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.restart import later_epoch
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import under_way
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    FailoverError,
    HeadMoved,
    ActorMismatch,
    JournalBroken,
    LeaseHeld,
    LeaseLost,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request, Store
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror, SpareMirror

#: Somebody may append between our read and our append (a vote, the monitor); each try starts from the new head.
TRIES = 5
TIMEOUT = 30.0


class Journal:
    """The journal of ``identity``. ``events`` and ``head`` are what is known; every transaction brings them up to date.

    Unless it is ``whole``, ``events`` begin at the last checkpoint: ask the fold, not the events, for what happened before.
    """

    def __init__(self, identity: str, store: Store, mirror: Mirror | None, clock: Clock, *, whole: bool = False) -> None:
        self.identity = identity
        self.store = store
        self.events: list[Event] = []
        self.head = Head()
        self.lease = LeaseState()
        self._under_way = 0.0  #: seconds that a store which lost its lease is to wait for, as the journal shows it
        self.account: t.Mapping[str, str] = {}  #: who is logged on to the store, as it says itself
        self.warnings: list[str] = []
        self.playbook = ""  #: what the caller is about, for the commands in refusals; empty: what the run that is met is about
        self._mirror = mirror
        self._clock = clock
        self._whole = whole
        self.calls = 0
        if isinstance(mirror, SpareMirror):
            mirror.warn = self.warnings.append
        if mirror is not None:
            try:
                self.events, self.head = mirror.read(whole=whole)
                if not self._knows_enough():
                    self._whole = True
                    self.events, self.head = mirror.read()
                if mirror.half:
                    self.warnings.append(torn_mirror(mirror.half, mirror.place))
            except JournalBroken as error:
                kept = mirror.set_aside()
                found = f"event {error.details['seq']} {WHAT[error.details['what']]}"
                self.warnings.append(f"the mirror did not verify ({found}); it was kept as {kept} and is written again from the store")
        self.mirrored = self.head.seq  #: up to which event the mirror had it, so that the store was not asked for those

    def set_mirror_aside(self, why: str) -> None:
        """Keeps the mirror's file under another name; the next journal that is opened writes a new one."""
        if self._mirror is not None:
            self._mirror.set_aside(why)

    @property
    def mirror_lost(self) -> str:
        """Why a spare mirror was given up; empty where it is as it should be."""
        return self._mirror.lost if isinstance(self._mirror, SpareMirror) else ""

    def probe_mirror(self) -> None:
        """Finds out whether the mirror could be written now. Raises MirrorUnwritable, unless it is a spare one."""
        if self._mirror is not None:
            self._mirror.probe()

    def draft(self, kind: str, *, run: str = "", step: str = "", by: str = "", host: str = "", data: t.Any = None) -> Event:
        """An event of this moment, to be chained by ``append``."""
        return Event(seq=0, at=stamp(self._clock.now()), kind=kind, run=run, step=step, by=by, host=host, data=data)

    def fold(self) -> Fold:
        return fold(self.events, self._clock.now())

    def read(self) -> Fold:
        """Catches up with the store and folds everything; from the last checkpoint where nothing is known yet."""
        self._transact(Request(self.identity, after=self.head.seq))
        if not self._whole and not self._knows_enough():
            self._whole, self.events, self.head = True, [], Head()
            self._transact(Request(self.identity))
        return self.fold()

    def _knows_enough(self) -> bool:
        """False where the events begin with a checkpoint of another version, which may lack what the events before it said."""
        return not self.events or self.events[0].kind != "checkpoint" or complete(self.events[0].data)

    def checkpoint(self, by: str) -> None:
        """Appends a checkpoint where one is due. It may fail: nothing depends on it, and the next verb tries again."""
        if not due(self.events):
            return
        try:
            self.append([self.draft("checkpoint", by=by, data=as_json(replay(self.events)))])
        except HeadMoved:
            return  # somebody else writes; there may be a checkpoint already
        except FailoverError as error:
            self.warnings.append(f"no checkpoint was written, so each step reads more than it has to: {error.message}")

    def prune(self, by: str, cited: t.Mapping[str, t.Any]) -> None:
        """A checkpoint stands instead of the journal, and cites the event it follows from; ``cited``: what else it says of
        the events before it. The file so far is kept beside the journal until the next pruning."""
        pruned = {"seq": self.head.seq, "hash": self.head.hash, **cited}
        self.append([self.draft("checkpoint", by=by, data={**as_json(replay(self.events)), "pruned": pruned})], aside="pruned")

    def append(self, drafts: t.Sequence[Event], lease: LeaseClaim | None = None, *, anywhere: bool = False, aside: str = "") -> list[Event]:
        """Appends in one transaction, under ``lease`` where one is given.

        With ``anywhere`` the drafts hold whatever was appended since (a step under the lease); without it a moved head
        raises HeadMoved, since what was decided on may have changed.
        """
        actor = next((sid for draft in drafts if (sid := claimed_sid(draft))), "")
        for _attempt in range(TRIES):
            events, lines, head = chain(drafts, self.head)
            reply = self._transact(Request(self.identity, after=self.head.seq, lines=tuple(lines), expect=self.head, lease=lease, aside=aside, actor=actor))
            if reply.verdict == "ok":
                self._keep(events, lines, head)
                return events
            if drafts and self._arrived(lines, reply, lease):
                return events
            self.refuse(reply)
            if not anywhere:
                break
        raise HeadMoved(f"the journal of {self.identity} in {self.store.place} has grown since it was read: run the task again")

    def disarmed_before(self) -> tuple[Head, str]:
        """The end of an earlier journal of the identity that the mirror's folder keeps since it was disarmed, and its file's name."""
        return self._mirror.disarmed() if self._mirror is not None else (Head(), "")

    def begin(self, drafts: t.Sequence[Event], behind: Head) -> list[Event]:
        """The first events of a journal that begins behind ``behind``, so that no older mirror of the identity is ahead of it."""
        events, lines, head = chain(drafts, behind)
        reply = self._transact(Request(self.identity, lines=tuple(lines), expect=Head(), aside="before"))
        if reply.verdict == "ok":
            self._keep(events, lines, head)
        elif not self._arrived(lines, reply, None):
            self.refuse(reply)
            raise HeadMoved(f"the journal of {self.identity} in {self.store.place} was begun since it was read: run the task again")
        return events

    def _arrived(self, lines: t.Sequence[str], reply: Reply, lease: LeaseClaim | None) -> bool:
        """Whether an answer was lost and the repeat found our own lines, whoever appended behind them. A line names the one before it,
        so that nobody else's is the same. A lease that is somebody else's by now is told all the same, unless we gave it up with them."""
        ours = list(reply.lines[: len(lines)]) == list(lines)
        return ours and (reply.verdict != "lease_lost" or (lease is not None and lease.release))

    def claim(self, lease: LeaseClaim) -> LeaseState:
        """Renews or releases the lease without an event, or takes it. Raises LeaseLost or LeaseHeld, and HeadMoved where the epoch that
        is to be taken was taken by somebody else."""
        reply = self._transact(Request(self.identity, after=self.head.seq, lease=lease))
        if reply.verdict != "ok":
            self.refuse(reply)
            raise HeadMoved(f"the lease of {self.identity} in {self.store.place} was taken since it was read: run the task again", epoch=reply.lease.epoch)
        return self.lease

    def _transact(self, request: Request) -> Reply:
        if not self.head.seq and not self._whole and self._mirror is None:
            # Whatever is asked first, the tail is what comes back. A mirror is to be complete, so that one that is new gets every line.
            request = dataclasses.replace(request, checkpoint=True)
        if request.lease is not None and request.lease.acquire and self._under_way > 0:
            request = dataclasses.replace(request, lease=dataclasses.replace(request.lease, settling=self._under_way))
        reply = self.ask(request)
        self._compare(request, reply)
        if reply.verdict != "ok" or not request.lines:
            start = origin(reply.lines, self.head)
            events, head = follow(reply.lines, start, self.store.place)
            if not request.checkpoint and (start != self.head or not request.after):
                explained(events, self.store.place)
            if events and head != reply.head:
                raise broken("miscounted", start.seq + 1, 0, self.store.place)
            if start != self.head:
                self._begin_again(start)
            self._keep(events, list(reply.lines), head)
        self.lease, self.account = self._after_recorded(reply.lease), reply.account
        if reply.damaged:
            self.warnings.append(
                f"the lease of {self.identity} in {self.store.place} could not be read: it was set aside in a .damaged file and is nobody's now; "
                "a controller that held it stops, and a run goes on under a later epoch"
            )
        if reply.torn:
            behind = reply.head.seq - (len(request.lines) if reply.verdict == "ok" else 0)
            self.warnings.append(torn(behind, self.store.place))
        return reply

    def _after_recorded(self, lease: LeaseState) -> LeaseState:
        """A lease whose file is lost begins at 0 again; its epochs must go on behind those of every run that may have been, and what
        the journal shows as begun may still be going on. Whoever takes that lease hands the store both."""
        self._under_way = 0.0
        if lease.epoch or not self.events:
            return lease
        recorded = self.fold()
        if not any(run.epoch for run in recorded.runs.values()):
            return lease
        self._under_way = under_way(recorded.runs.values(), self._clock.now())
        return dataclasses.replace(lease, epoch=later_epoch(recorded, 0), settling=max(lease.settling, self._under_way))

    def ask(self, request: Request) -> Reply:
        """Repeats after a lost answer: the expected head makes a second append impossible."""
        for attempt in range(TRIES):
            self.calls += 1
            try:
                return self.store.transact(request, TIMEOUT)
            except (ConnectionLost, ConnectionRefused, DeadlineExceeded):
                if attempt == TRIES - 1:
                    raise
                self._clock.sleep(0.2 * (attempt + 1))
        raise AssertionError("the loop returns or raises")

    def _compare(self, request: Request, reply: Reply) -> None:
        """The store may be ahead of what we know; behind it, or behind what it remembers itself, it lost what was written."""
        place = self.store.place
        if reply.verdict != "ok" or not request.lines:
            Mirror.compare(self.head, reply.head, place)
        if reply.verdict == "rewound" and reply.mark.seq > reply.head.seq:
            raise rewound("truncated", reply.head.seq + 1, reply.head.seq, place, store=reply.head.seq, mark=reply.mark.seq)
        if reply.verdict == "rewound":
            raise rewound("replaced", reply.head.seq, reply.head.seq - 1, place, store=reply.head.seq, mark=reply.mark.seq)

    def _begin_again(self, start: Head) -> None:
        """The store begins behind what is known: its journal was pruned meanwhile, or only its tail was asked for."""
        if self._mirror is not None and self.head.seq:
            kept = self._mirror.set_aside("before-pruning")
            self.warnings.append(
                f"the journal in {self.store.place} was pruned behind event {self.head.seq}, up to {start.seq}; the mirror until then is {kept}"
            )
        self.events, self.head = [], start

    def _keep(self, events: list[Event], lines: list[str], head: Head) -> None:
        if self._mirror is not None:
            self._mirror.write(lines)
        self.events.extend(events)
        self.head = head

    def refuse(self, reply: Reply) -> None:
        """Raises for a verdict that trying again can't change."""
        lease = reply.lease
        if reply.verdict == "lease_held":
            record = self.fold().runs.get(lease.run)
            playbook = self.playbook or (record.playbook() if record else "failover")
            raise LeaseHeld(
                f"{held(self.identity, lease, self._clock.now())}. {way_out(self.identity, playbook)}",
                next=command(playbook, self.identity),
                holder=lease.by,
                run=lease.run,
                remaining=lease.remaining,
            )
        if reply.verdict == "actor_mismatch":
            raise ActorMismatch(
                f"{self.store.place} did not take the decision: it is said to be of another account than the one that is logged on there "
                f"({reply.account.get('name') or 'none'}); run the task again",
                account=reply.account.get("name", ""),
            )
        if reply.verdict == "lease_lost":
            raise LeaseLost(
                f"the lease of {self.identity} is not ours any more (epoch {lease.epoch}, held by {lease.by or 'nobody'}): nothing more is changed; "
                "run the playbook again to go on from the journal",
                epoch=lease.epoch,
            )
