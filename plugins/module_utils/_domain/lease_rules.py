# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The rules of the lease, as pure functions: who may act, until when, and what a former holder may still be doing.

Two spans count, both in seconds of the store's uptime since the last grant. ``seconds``: the holder was heard, and for so
long nobody else may take the lease (unless forced). ``longest``: what the holder has begun ends within it, whether the
holder lives or not; a takeover carries it on as ``settling``. The script on the target states the same rules
(``_powershell/store.py``); a test runs both on the same sequences.
"""

from __future__ import annotations

import dataclasses
import datetime

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command

#: What a store answers. ``head_moved``: somebody appended since; ``lease_held``: another holder has it;
#: ``lease_lost``: another holder took the lease. One that ran out and that nobody took is still ours.
#: ``rewound``: the journal's file is behind what was written, or its last line is another one; nothing is done.
#: ``actor_mismatch``: the lines are said to be of another account than the one that is logged on; nothing is done.
VERDICTS = ("ok", "head_moved", "lease_held", "lease_lost", "rewound", "actor_mismatch")


@dataclasses.dataclass(frozen=True)
class LeaseClaim:
    """Under which lease a request comes. ``epoch`` is ours, or for ``acquire`` the one that we expect to get."""

    holder: str
    epoch: int
    seconds: float
    by: str = ""
    run: str = ""
    longest: float = 0.0  #: what is begun under this lease ends within so many seconds; 0: nothing of ours is under way
    acquire: bool = False
    release: bool = False
    force: bool = False  #: with ``acquire``: also from a holder whose lease has not run out
    settling: float = 0.0  #: with ``acquire``: what the journal knows to be under way, where the store has lost its lease


@dataclasses.dataclass(frozen=True)
class KeptLease:
    """The lease as a store keeps it. ``granted`` is the store's uptime, ``boot`` differs after each of its restarts."""

    holder: str = ""
    epoch: int = 0
    by: str = ""
    run: str = ""
    seconds: float = 0.0
    longest: float = 0.0
    settling: float = 0.0  #: what former holders have begun ends within so many seconds of ``granted``
    granted: float = 0.0
    boot: str = ""
    since: str = ""


@dataclasses.dataclass(frozen=True)
class LeaseState:
    """The lease at one moment, as the store tells it. All spans in seconds from then; an empty holder is free."""

    holder: str = ""
    epoch: int = 0
    by: str = ""
    run: str = ""
    remaining: float = 0.0
    longest: float = 0.0
    settling: float = 0.0
    since: str = ""

    @property
    def live(self) -> bool:
        return bool(self.holder) and self.remaining > 0

    @property
    def unsettled(self) -> float:
        """Seconds until everything that anybody has begun under this lease or an earlier one has ended."""
        return max(self.longest, self.settling)


def after_restart(kept: KeptLease, uptime: float, boot: str) -> KeptLease:
    """The same lease, counted anew from the first look after a restart of the store: how long it was down, nobody knows.

    The store must keep what this returns, or the lease of a dead holder would begin anew at every look.
    """
    if kept.boot == boot and kept.granted <= uptime:
        return kept
    return dataclasses.replace(kept, granted=uptime, boot=boot)


def lease_state(kept: KeptLease, uptime: float) -> LeaseState:
    passed = uptime - kept.granted
    return LeaseState(
        holder=kept.holder,
        epoch=kept.epoch,
        by=kept.by,
        run=kept.run,
        remaining=kept.seconds - passed if kept.holder else 0.0,
        longest=max(0.0, kept.longest - passed),
        settling=max(0.0, kept.settling - passed),
        since=kept.since,
    )


def judge(claim: LeaseClaim | None, lease: LeaseState, expect: Head | None, head: Head) -> str:
    """One of VERDICTS for a request under ``claim`` that expects the journal to end at ``expect``."""
    if claim is not None and claim.acquire:
        if lease.live and lease.holder != claim.holder and not claim.force:
            return "lease_held"
        if claim.epoch <= lease.epoch:
            return "head_moved"
    elif claim is not None and (lease.holder != claim.holder or lease.epoch != claim.epoch):
        return "lease_lost"
    return "ok" if expect is None or expect == head else "head_moved"


def grant(claim: LeaseClaim, kept: KeptLease, uptime: float, boot: str, now: str) -> KeptLease:
    """What is kept after a claim that was judged ``ok``. ``now`` is a stamp, for people only."""
    before = lease_state(kept, uptime)
    ends = claim.acquire or claim.release
    return KeptLease(
        holder="" if claim.release else claim.holder,
        epoch=claim.epoch,
        by=claim.by,
        run=claim.run,
        seconds=claim.seconds,
        longest=0.0 if claim.release else claim.longest,
        settling=max(before.unsettled if ends else before.settling, claim.settling),
        granted=uptime,
        boot=boot,
        since=now if claim.acquire else kept.since,
    )


def at(now: datetime.datetime, seconds: float) -> str:
    """A moment for people: so many seconds from now, to the second after."""
    moment = now.astimezone(datetime.timezone.utc) + datetime.timedelta(seconds=seconds, microseconds=999_999)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def held(identity: str, lease: LeaseState, now: datetime.datetime) -> str:
    """Who holds the lease, since when, until when."""
    return (
        f"{lease.by or 'another controller'} has held the lease of {identity} since {lease.since or 'an unknown time'} for run {lease.run}, "
        f"and holds it until {at(now, max(0.0, lease.remaining))} ({max(0.0, lease.remaining):.0f} s from now) unless it is renewed"
    )


def way_out(identity: str, playbook: str) -> str:
    """What one may do about a lease that somebody else holds. ``playbook``: what goes on in the direction of that run, see ``RunRecord.playbook``."""
    forced = command(playbook, identity, failover_take_over="REASON")
    return f"Wait until then and run the playbook again, or, if that controller will not go on, take the run over with a reason: {forced}"


def unsettled(identity: str, lease: LeaseState, now: datetime.datetime) -> str:
    """Why nothing contrary may begin yet."""
    return (
        f"{identity}: a change that run {lease.run} had begun when its controller was last heard may go on until {at(now, lease.unsettled)} "
        f"({lease.unsettled:.0f} s from now), and another run could meet it half way. Run the playbook again then"
    )
