# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of crashes: every boundary of failover, failback and drill is a death, and another controller goes on from there.

Prints one JSON object: how many boundaries and deaths of each kind, and what differed from the run without a death.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable
from unittest import mock

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseHeld
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import LazyTargetStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.deaths import Deaths
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Stopped

MIRROR = pathlib.Path("mirror")
#: How long a machine other than the controller is away.
OUTAGE_SECONDS = 40.0
#: How long the user's script takes: long enough for something to happen meanwhile.
SCRIPT_SECONDS = 10.0
#: How often a playbook is run again before the run counts as one that can't be resumed.
TRIES = 8
#: Story -> whether the source lives at first, and what is done and crashed, in this order.
STORIES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "source dead": (False, ("failover", "failback", "drill")),
    "planned": (True, ("failover", "failback")),
}


class Story:
    """One lab and one controller, and what happens to them."""

    def __init__(self, name: str, folder: pathlib.Path, options: argparse.Namespace) -> None:
        self.name, self.folder, self.options = name, folder, options
        self.planned, self.acts = STORIES[name]

    def run(self) -> list[dict[str, t.Any]]:
        os.chdir(self.folder)  # where the mirror is; a child has another folder
        with MemoryLab(self.folder) as lab:
            lab.estate.hosts["exch2"].script_seconds[outcomes.SCRIPT.lower()] = SCRIPT_SECONDS
            moved = definition(lab, planned=self.planned, repeatable=self.options.repeatable)
            controller = Controller(lab, moved, credentials(lab), MIRROR, "day")
            controller.arm()
            if not self.planned:
                lab.control("kill", host="exch1")
                controller.count_down()
            controller.decide()
            last = max(number for number, act in enumerate(self.acts) if act in self.options.acts)
            return [self._act(lab, controller, act) for act in self.acts[: last + 1]]

    def _act(self, lab: MemoryLab, controller: Controller, act: str) -> dict[str, t.Any]:
        begun, options = time.monotonic(), self.options
        aftermath = Aftermath(lab, controller, act, len(lab.trace.records))
        harm = OUTAGES.get(options.outage)
        child: t.Any = (lambda number, folder: aftermath.struck(harm)) if harm else aftermath
        place = self.folder / act
        deaths = Deaths(place, aftermath.fingerprint, aftermath.keep, child, workers=options.workers, every=options.every, goes_on=harm is not None)
        deaths.armed = act in options.acts
        chance = random.Random(f"{options.seed} {self.name} {act} {options.outage}")
        deaths.chosen = lambda number: chance.random() < options.sample and (not options.tasks or controller.called[-1][0] in options.tasks)
        try:
            with crashing(lab, deaths.at):
                getattr(controller, act)()
        except (Stopped, FailoverError) as error:
            if not deaths.child:
                raise
            aftermath.history.append(str(error))
        if deaths.child:
            deaths.end(lambda: aftermath.ended(controller, deaths.child))
        clean = aftermath.seen(controller)
        results = deaths.results()
        shutil.rmtree(place)
        wrong = {number: found for number, result in results.items() if (found := judged(clean, result, act, options))}
        return {
            "story": self.name,
            "act": act,
            "boundaries": dict(deaths.counts),
            "deaths": len(results),
            "same": len(results) - len(wrong),
            "interrupted": sum(bool(result.get("history")) for result in results.values()),
            "decisions": sum(bool(result.get("decided")) for result in results.values()),
            "seconds": round(time.monotonic() - begun, 1),
            "cpu_seconds": round(sum(result.get("cpu_seconds", 0.0) for result in results.values()), 1),
            "wrong": {f"{number} {deaths.labels[number]}": lines for number, lines in wrong.items()},
        }


def later(lab: MemoryLab, verb: str, **arguments: t.Any) -> None:
    """A control verb of the lab when the outage is over."""
    lab.loop.call_later(OUTAGE_SECONDS, lambda: lab.keep(asyncio.ensure_future(lab.estate.control(verb, arguments))))


def reboot(lab: MemoryLab, host: str) -> None:
    lab.control("kill", host=host)
    later(lab, "return", host=host)


def silence(lab: MemoryLab) -> None:
    lab.control("dns_fault", server="dns1", kind="silent")
    later(lab, "dns_heal", server="dns1")


#: What dies in the place of the controller.
OUTAGES: dict[str, Callable[[MemoryLab], None]] = {
    "target": lambda lab: reboot(lab, "exch2"),
    "dc": lambda lab: reboot(lab, "dc1"),
    "dns": silence,
    "mirror": lambda lab: shutil.rmtree(MIRROR),
}


class crashing:
    """While it lasts, every message, store transaction, mirror write and step is a boundary."""

    def __init__(self, lab: MemoryLab, at: Callable[[str, str], None]) -> None:
        self._lab, self._at = lab, at
        self._patches = [
            mock.patch.object(LazyTargetStore, "transact", self._around_store(LazyTargetStore.transact)),
            mock.patch.object(Mirror, "write", self._around_mirror(Mirror.write)),
        ]

    def __enter__(self) -> None:
        self._lab.boundary = self._at
        for patch in self._patches:
            patch.start()

    def __exit__(self, *_error: object) -> None:
        for patch in self._patches:
            patch.stop()
        self._lab.boundary = lambda kind, label: None

    def _around_store(self, transact: t.Any) -> t.Any:
        at = self._at

        def around(store: LazyTargetStore, request: Request, timeout: float) -> Reply:
            what = ", ".join(json.loads(line)["kind"] for line in request.lines) or "no event"
            at("store before", what)
            reply: Reply = transact(store, request, timeout)
            at("store after", what)
            return reply

        return around

    def _around_mirror(self, write: t.Any) -> t.Any:
        at = self._at

        def around(mirror: Mirror, lines: t.Sequence[str]) -> None:
            at("mirror before", f"{len(lines)} lines")
            write(mirror, lines)
            at("mirror after", f"{len(lines)} lines")

        return around


class Aftermath:
    """What happens in a child: another controller runs the playbook again until it ends well."""

    def __init__(self, lab: MemoryLab, first: Controller, act: str, since: int) -> None:
        self.lab, self.first, self.act, self.since = lab, first, act, since
        self.history: list[str] = []

    def fingerprint(self) -> tuple[t.Any, ...]:
        """All that a controller leaves: the world, and what it has on its own disk."""
        found = MIRROR / "mail.mirror"
        return (self.lab.fingerprint(), found.stat().st_size if found.exists() else 0)

    def keep(self, folder: pathlib.Path) -> None:
        self.lab.copy_files(folder / "files")
        shutil.copytree(MIRROR, folder / MIRROR)

    def __call__(self, number: int, folder: pathlib.Path) -> dict[str, t.Any]:
        """The controller has died. The other one has the same disk, or a shared one, or knows nothing; every third takes the lease by force."""
        self.lab.boundary = lambda kind, label: None
        self.lab.use_files(folder / "files")
        first = self.first
        mirror = MIRROR if number % 2 else pathlib.Path("new mirror")
        force = "the other controller is dead" if number % 3 == 0 else ""
        return self.ended(Controller(self.lab, first.definition, first.credentials, mirror, "night", take_over=force), number)

    def struck(self, harm: Callable[[MemoryLab], None]) -> None:
        """Something else has died, and the controller goes on."""
        self.lab.boundary = lambda kind, label: None
        self.lab.use_files(pathlib.Path("files").absolute())
        harm(self.lab)

    def ended(self, controller: Controller, number: int) -> dict[str, t.Any]:
        """The playbook is run again and again until it ends well, and a person is asked what only a person knows."""
        decided, outcome = False, "never ended"
        for _attempt in range(TRIES):
            try:
                outcome = self._again(controller)
                break
            except LeaseHeld:
                left = outcomes.lease_left(self.lab)
                self.history.append(f"lease held for {left:.0f} s more")
                self.lab.clock.sleep(left + 1.0)
            except Stopped as stopped:
                self.history.append(str(stopped))
                self.lab.clock.sleep(OUTAGE_SECONDS)
                if stopped.reason == "unknown_outcome" and not decided:
                    decided = True
                    controller.script = {"unknown": ("rerun", "skip")[number // 2 % 2], "reason_for_unknown": "looked at its log"}
        return {"outcome": outcome, "history": self.history, "decided": decided, **self.seen(controller)}

    def _again(self, controller: Controller) -> str:
        if self.act == "drill" and self._drilled():
            controller.journal("failover_status", controller.definition)
            return "done"  # closed before the death: nobody would drill once more
        return str(getattr(controller, self.act)())

    def _drilled(self) -> bool:
        return any(run["kind"] == "drill" and run["ended"] for run in outcomes.meaning(self.lab)["runs"])

    def seen(self, controller: Controller) -> dict[str, t.Any]:
        """The end of a run, for a comparison."""
        told = {
            "effects": dict(outcomes.effects(self.lab.trace.records[self.since :])),
            "scripts": outcomes.script_runs(self.lab.trace.records[self.since :]),
            "mirror": outcomes.mirror_differs(self.lab, controller.mirror),
            "meaning": outcomes.meaning(self.lab),
        }
        return {**told, "estate": outcomes.estate(self.lab)}


def judged(clean: dict[str, t.Any], result: dict[str, t.Any], act: str, options: argparse.Namespace) -> list[str]:
    """What is wrong with the end after a death; empty when it is the end of the run without one."""
    if "error" in result:
        return [result["error"]]
    found = [] if result["outcome"].startswith(("done", "already")) else [f"{result['outcome']}: {result['history'][-3:]}"]
    found += outcomes.different(clean["estate"], result["estate"], "estate")
    # What an outage undoes is done again, so that its images are others. A drill that was stopped is only put back: of its steps
    # those that leave nothing to put back stay as they stopped.
    without = ("images", "failed") if act == "drill" else ("images",) if options.outage else ()
    found += outcomes.different(*(outcomes.without(one["meaning"], without) for one in (clean, result)), "journal")
    found += result["mirror"]
    if options.outage:
        may = result["decided"] or options.repeatable
        return found + (["the user's script ran twice"] if result["scripts"] > clean["scripts"] and not may else [])
    repeated = outcomes.twice(collections.Counter(clean["effects"]), collections.Counter(result["effects"]))
    return found + [line for line in repeated if not result["decided"] or json.dumps(outcomes.SCRIPT) not in line]


def matrix(options: argparse.Namespace, folder: pathlib.Path) -> dict[str, t.Any]:
    acts = []
    for number, name in enumerate(name for name in options.stories if set(STORIES[name][1]) & set(options.acts)):
        place = folder / str(number)
        place.mkdir(parents=True)
        acts += Story(name, place, options).run()
    ran = [act for act in acts if act["act"] in options.acts]
    return {"deaths": sum(act["deaths"] for act in ran), "same": sum(act["same"] for act in ran), "acts": ran}


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("--stories", nargs="+", choices=list(STORIES), default=list(STORIES))
    found.add_argument("--acts", nargs="+", choices=["failover", "failback", "drill"], default=["failover", "failback", "drill"])
    found.add_argument("--tasks", nargs="+", default=[], help="modules whose tasks are died in; all without it")
    found.add_argument("--sample", type=float, default=1.0, help="share of the boundaries that are deaths")
    found.add_argument("--seed", type=int, default=1, help="which ones")
    found.add_argument("--every", action="store_true", help="die at every boundary, also where nothing was changed since the one before")
    found.add_argument("--outage", choices=["", *OUTAGES], default="", help="what dies in the place of the controller, which goes on")
    found.add_argument("--repeatable", action="store_true", help="the user's script is declared repeatable")
    found.add_argument("--workers", type=int, default=2, help="deaths side by side")
    return found


def main() -> int:
    options = parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="continuity-crash-") as folder:
        found = matrix(options, pathlib.Path(folder))
    print(json.dumps(found, indent=1))
    return 0 if found["deaths"] == found["same"] else 1


if __name__ == "__main__":
    sys.exit(main())
