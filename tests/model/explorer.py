# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explores the model's schedules, seeded: python -m ….tests.model.explorer --seed 1 --transitions 1000000

Prints one JSON object: transitions, transitions per second of processor time, what happened how often, and the violation
with its last events where one was found (exit code 1).
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import random
import sys
import time
import typing as t

from ansible_collections.continuity.identity_failover.tests.model.controller import Controller
from ansible_collections.continuity.identity_failover.tests.model.world import Variant, Violation, World

#: Events of one schedule, then a new world: long enough for two takeovers and a run back.
LENGTH = 120

#: How many worlds have runs of the last step only, so that two of them meet in a zone often.
SHORT_RUNS = 0.3

#: What may happen, and how often. Most often somebody just goes on.
EVENTS = {
    "act": 60,
    "land": 14,
    "delay": 1,
    "pass": 8,
    "beat": 4,
    "wait": 3,
    "crash": 2,
    "stall": 2,
    "lose_message": 1,
    "lose_answer": 1,
    "step_wall": 1,
    "step_target_wall": 1,
    "reboot": 0.5,
    "power": 0.3,
    "die_before_mirror": 0.3,
    "snapshot": 0.5,
    "revert": 0.2,
}


@dataclasses.dataclass
class Found:
    """A violation, and what led to it."""

    what: str
    transition: int
    events: list[str]


WHOLE = Variant()


class Schedule:
    """One world, two controllers, and a source of choices."""

    def __init__(self, variant: Variant, random_source: random.Random) -> None:
        self.random = random_source
        self.world = World(variant)
        self.world.interleave = self._interleave
        if self.random.random() < SHORT_RUNS:
            self.world.kinds = ("dns",)
        self.busy: Controller | None = None  #: in the middle of a transaction, while others may act
        self.interrupted = False
        self.controllers = [Controller(name, self.world, self.random.choice) for name in ("a", "b")]
        self.done: collections.deque[str] = collections.deque(maxlen=60)

    def happen(self, event: str) -> None:
        """One transition. Raises Violation."""
        self.done.append(event)
        getattr(self, f"_{event}")()

    def _one(self) -> Controller | None:
        awake = [one for one in self.controllers if one.stalled_until <= self.world.time and one is not self.busy]
        return self.random.choice(awake) if awake else None

    def _interleave(self) -> None:
        """Somebody else acts in the middle of a transaction: nothing comes of it while the mutex is held."""
        if self.interrupted or self.random.random() >= 0.1:
            return
        self.interrupted = True
        try:
            self._pass()
            self._act()
        finally:
            self.interrupted = False

    def _act(self) -> None:
        one = self._one()
        if one is not None:
            self.done.append(f"{one.name}: {one.phase if one.lease else 'open'} {one.aim} {one.at} epoch {one.epoch} at {self.world.time:.0f}")
            self._by(one, one.act)

    def _by(self, one: Controller, act: t.Callable[[], None]) -> None:
        before, self.busy = self.busy, one
        try:
            act()
        finally:
            self.busy = before

    def _beat(self) -> None:
        one = self._one()
        if one is not None:
            self._by(one, one.beat)

    def _land(self) -> None:
        messages = [message for message in self.world.messages if message.not_before <= self.world.time]
        if messages:
            message = self.random.choice(messages)
            self.done.append(f"lands: {message}")
            self.world.land(message)

    def _delay(self) -> None:
        if self.world.messages:
            self.random.choice(self.world.messages).not_before = self.world.time + self.random.choice((10.0, 70.0, 200.0))

    def _lose_message(self) -> None:
        if self.world.messages:
            self.world.messages.remove(self.random.choice(self.world.messages))

    def _pass(self) -> None:
        self.world.time += self.random.choice((1.0, 5.0, 15.0))

    def _wait(self) -> None:
        self.world.time += self.random.choice((30.0, 61.0, 150.0, 400.0))

    def _crash(self) -> None:
        self.random.choice(self.controllers).begin()

    def _stall(self) -> None:
        self.random.choice(self.controllers).stalled_until = self.world.time + self.random.choice((10.0, 70.0, 200.0))

    def _lose_answer(self) -> None:
        self.world.loses_answer = True

    def _step_wall(self) -> None:
        self.random.choice(self.controllers).clock.wall += self.random.choice((-3600.0, -90.0, 90.0, 3600.0))

    def _step_target_wall(self) -> None:
        """Windows moves the boot time with the clock, so a step looks like a restart of the store."""
        self.world.wall += self.random.choice((-3600.0, -90.0, 90.0, 3600.0))
        if self.world.variant.uptime:
            self.world.boots += 1

    def _reboot(self) -> None:
        self.world.reboot()

    def _power(self) -> None:
        self.world.loses_power = True

    def _die_before_mirror(self) -> None:
        self.world.dies_before_mirror = True

    def _snapshot(self) -> None:
        self.world.take_snapshot()

    def _revert(self) -> None:
        self.world.revert()


def explore(seed: int, transitions: int, variant: Variant = WHOLE) -> tuple[collections.Counter[str], Found | None]:
    """So many transitions, or fewer where a violation is found. The same seed gives the same schedules."""
    source = random.Random(seed)
    names, weights = list(EVENTS), list(EVENTS.values())
    happened: collections.Counter[str] = collections.Counter()
    while happened.total() < transitions:
        schedule = Schedule(variant, source)
        for event in source.choices(names, weights, k=min(LENGTH, transitions - happened.total())):
            happened[event] += 1
            try:
                schedule.happen(event)
            except Violation as violation:
                return happened, Found(str(violation), happened.total(), list(schedule.done))
    return happened, None


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Explores the model of lease, journal and fences.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transitions", type=int, default=1_000_000)
    parser.add_argument("--without", choices=[field.name for field in dataclasses.fields(Variant)], help="take one protection away")
    options = parser.parse_args(arguments)
    variant = Variant(**{options.without: False}) if options.without else Variant()
    begun = time.process_time()
    happened, found = explore(options.seed, options.transitions, variant)
    seconds = time.process_time() - begun
    answer = {
        "seed": options.seed,
        "without": options.without or "",
        "transitions": happened.total(),
        "cpu_seconds": round(seconds, 3),
        "transitions_per_second": round(happened.total() / seconds),
        "happened": dict(happened.most_common()),
        "violation": dataclasses.asdict(found) if found else None,
    }
    json.dump(answer, sys.stdout, indent=2)
    print()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
