# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller of the model: the real Journal and Lease, driven one event at a time, so that anything may come between two of them.

Its run has four steps, as a failover has: take one side out of service, put the other one into it, run the script, lead the
names there. A step is intent, check, send, look, outcome; each is an event of its own. Before a record there is the marker in the zone, as
``_module/_dns_marker.py`` has it, and before the run is closed it is taken away.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, JournalBroken, LeaseLost
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.tests.model.world import Died, Message, ModelClock, ModelStore, Violation, World

SECONDS = 60.0
#: Deadlines of changes, as definitions have them.
DEADLINES = (30.0, 120.0, 300.0)

#: What a run does, for each side that is to serve in the end.
STEPS = {
    "target": (("cim", "source", False), ("cim", "target", True), ("script", "to_target", ""), ("dns", "name", "target")),
    "source": (("cim", "target", False), ("cim", "source", True), ("script", "to_source", ""), ("dns", "name", "source")),
}


class Controller:
    """``aim``: the side that is to serve. ``choose`` draws from what may happen; the explorer or hypothesis gives it."""

    def __init__(self, name: str, world: World, choose: t.Callable[[t.Sequence[t.Any]], t.Any]) -> None:
        self.name, self.world, self.choose = name, world, choose
        self.clock = ModelClock(world)
        self.life = 0
        self.stalled_until = 0.0
        self.begin()

    def begin(self) -> None:
        """A new process: it knows what the mirror has, and nothing else."""
        self.life += 1
        self.holder = f"{self.name}{self.life}"
        mirror = self.world.mirror if self.world.variant.mirror else None
        self.journal = Journal("mail", ModelStore(self.world), mirror, self.clock)
        self.lease: Lease | None = None
        self.epoch = 0
        self.aim, self.at, self.phase, self.deadline = "", 0, "closed", 0.0
        self.checked: Message | None = None
        self.marking: Message | None = None  #: about the marker, and not answered yet
        self.guarded = False  #: the marker is ours, and the lease was when we had seen that

    # Events

    def act(self) -> None:
        """Whatever comes next."""

        def whatever_is_next() -> None:
            self._next()()  # chosen in here, because choosing may fail as well

        self._alive(whatever_is_next)

    def beat(self) -> None:
        """The heartbeat, from its thread: between any two events of the step."""
        if self.lease is not None:
            self._alive(self.lease.beat)

    def _alive(self, event: t.Callable[[], None]) -> None:
        """An error of the collection ends the process, as a failed task does; a Violation gets out."""
        life, before = self.life, self.journal.head
        try:
            event()
            if life == self.life and before != self.journal.head:
                self.world.went_on(self.journal.head)
        except JournalBroken as error:
            if not self.world.foreign:
                raise Violation(f"the chain is broken, and nobody touched it: {error.message}") from error
            self.begin()
        except (Died, FailoverError):
            self.begin()

    def _next(self) -> t.Callable[[], None]:
        if self.lease is None:
            return self._open
        return {
            "intent": self._intent,
            "check": self._check,
            "send": self._send,
            "look": self._look,
            "outcome": self._outcome,
            "unmark": self._unmark,
            "close": self._close,
        }[self.phase]

    def _open(self) -> None:
        """Opens a run, or goes on with the one that is open: in its direction, or back where that is chosen."""
        fold = self.journal.read()
        active = fold.active()
        back = [event.data["aim"] for event in self.journal.events if event.kind == "accepted" and active is not None and event.run == active.id]
        if active is None:
            if self._unsettled():
                return
            kind = "failback" if self.world.resolves == "target" else "failover"
            aim, run, event = ("source" if kind == "failback" else "target"), f"r{self.journal.head.seq}", "run_opened"
        else:
            kind, run, event = active.kind, active.id, "run_resumed"
            aim = back[-1] if back else "source" if kind == "failback" else "target"
        lease = self.journal.lease
        forced = lease.live and self.choose((False, False, True))
        claim = LeaseClaim(self.holder, lease.epoch + 1, SECONDS, self.name, run, acquire=True, force=forced)
        data = {"kind": kind, "mode": "execute", "planned": True, "epoch": claim.epoch}
        drafts = [self.journal.draft(event, run=run, by=self.name, data=data)]
        undo = active is not None and not back and self.choose((False, True))
        if undo:
            aim = "source" if aim == "target" else "target"
            drafts.append(self.journal.draft("accepted", run=run, data={"aim": aim, "what": "undo", "reason": "undo"}))
        self.journal.append(drafts, claim)
        self.epoch, self.run = claim.epoch, run
        self.lease = Lease(self.journal, self.holder, claim.epoch, SECONDS, run, self.name, self.clock)
        self.aim, self.at, self.phase = aim, 0, "intent"
        self.contrary = bool(back) or undo

    def _unsettled(self) -> bool:
        lease = self.journal.lease
        return self.world.variant.settling and not lease.live and lease.unsettled > 0

    def _intent(self) -> None:
        assert self.lease is not None
        if self.contrary and self.world.variant.settling:
            self.lease.beat()
            if self.journal.lease.settling > 0:
                return  # the driver sleeps for so long; here others go on meanwhile
        step = self._steps()[self.at]
        if step[0] == "dns":
            stale = self.world.marker is not None and self.world.marker != (self.epoch, self.holder)
            if stale and self.world.variant.takes_over:
                self._mark()
                return
            self.world.looked = max(self.world.looked, self.epoch)
        if self._seen():
            self._next_step()  # as it is wanted already: nothing is changed, and nothing said
            return
        self.deadline = self.choose(DEADLINES)
        data = {"changes": [{"name": step[1], "do": step[0], "before": None, "after": step[2]}], "reverts": ""}
        self.lease.append([self.journal.draft("step_intent", run=self.run, step=f"{self.at}@{self.aim}", data=data)], self.deadline)
        self.phase = "check"

    def _check(self) -> None:
        """The driver's question, then the one before a message: both answered here, and what follows is another event."""
        assert self.lease is not None
        if not self.marking:
            self.lease.require(self.deadline)  # once before a step's messages, as the driver does
        self.lease.still_ours()
        kind, what, value = self._steps()[self.at]
        if kind == "dns" and not self.guarded:
            self._mark()
            return
        what = f"{what} in {self.run}" if kind == "script" else what
        self.checked = Message(kind, what, value, self.holder, self.epoch, self.clock.monotonic() + self.deadline)
        self.phase = "send"

    def _mark(self) -> None:
        """Looks at the marker, takes it over or writes it; once it is seen to be ours the store is asked."""
        assert self.lease is not None
        there = self.world.marker
        if self._awaits_answer():
            return
        if there == (self.epoch, self.holder):
            if self.world.variant.asks:
                self.lease.beat()
            self.guarded = True
        elif there is not None and there[0] > self.epoch:
            raise LeaseLost("a later epoch writes this zone")
        else:
            self._post("mark", there)

    def _awaits_answer(self) -> bool:
        """A name server is asked one thing at a time."""
        return any(message is self.marking for message in self.world.messages)

    def _post(self, kind: str, value: t.Any) -> None:
        self.marking = Message(kind, "marker", value, self.holder, self.epoch, self.clock.monotonic() + self.deadline)
        self.world.messages.append(self.marking)

    def _unmark(self) -> None:
        """The run's last message to a name server. Lost or not, the run is closed after it."""
        assert self.lease is not None
        self.lease.beat()
        self._post("unmark", None)
        self.phase = "close"

    def _send(self) -> None:
        """Whatever came between the check and this, the message goes out."""
        assert self.checked is not None
        self.world.messages.append(self.checked)
        self.phase = "look"

    def _steps(self) -> list[tuple[str, str, t.Any]]:
        return [step for step in STEPS[self.aim] if step[0] in self.world.kinds]

    def _seen(self) -> bool:
        kind, what, value = self._steps()[self.at]
        if kind == "cim":
            return bool(self.world.serves[what] == value)
        return f"{what} in {self.run}" in self.world.ran if kind == "script" else self.world.resolves == value

    def _look(self) -> None:
        """Reads back; where it is not to be seen, the change is made again, after a check."""
        seen = self._seen()
        self.phase = "outcome" if seen else "check"
        self.guarded = seen  # a record that did not come may have been refused for the marker: that is looked at again

    def _outcome(self) -> None:
        assert self.lease is not None
        data = {"failed": False, "counts": {}, "changed": [], "reverts": ""}
        ours = any(message.holder == self.holder for message in self.world.messages)
        self.lease.append([self.journal.draft("step_outcome", run=self.run, step=f"{self.at}@{self.aim}", data=data)], None if ours else 0.0)
        self._next_step()

    def _next_step(self) -> None:
        self.at += 1
        self.phase = "unmark" if self.at == len(self._steps()) else "intent"

    def _close(self) -> None:
        if self._awaits_answer():
            return
        data = {"kind": "failover", "accepted": []}
        kind = "run_reverted" if self.contrary else "run_closed"
        release = LeaseClaim(self.holder, self.epoch, SECONDS, self.name, self.run, release=True)
        self.journal.append([self.journal.draft(kind, run=self.run, data=data)], release, anywhere=True)
        self.begin()
