# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of crashes: every boundary of failover, failback and drill is a death, and another controller goes on from there.

Prints one JSON object: how many boundaries and deaths of each kind, and what differed from the run without a death.
"""

from __future__ import annotations

import argparse
import asyncio
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

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.aftermath import MIRROR, OUTAGE_SECONDS, Aftermath, judged
from ansible_collections.continuity.identity_failover.tests.chaos.boundaries import crashing
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.deaths import Deaths
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Stopped
from ansible_collections.continuity.identity_failover.tests.chaos.undoing import Undoing
from ansible_collections.continuity.identity_failover.tests.chaos.undoing import judged as judged_undone

#: How long the user's script takes: long enough for something to happen meanwhile.
SCRIPT_SECONDS = 10.0
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
        undoing = Undoing(lab, controller, act, options) if options.undo and act in options.acts else None
        aftermath = undoing or Aftermath(lab, controller, act, len(lab.trace.records))
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
        judge = (lambda result: judged_undone(undoing.before, clean, result, act, self.name)) if undoing else lambda result: judged(clean, result, act, options)
        wrong = {number: found for number, result in results.items() if (found := judge(result))}
        again = [inner for result in results.values() for inner in result.get("again", {}).values()]
        return {
            "story": self.name,
            "act": act,
            "boundaries": dict(deaths.counts),
            "deaths": len(results),
            "share": round(len(results) / max(1, deaths.different), 3),
            "same": len(results) - len(wrong),
            "interrupted": sum(bool(result.get("history")) for result in results.values()),
            **({"consents": sum(result.get("consented", False) for result in results.values()), "undone_again": len(again)} if undoing else {}),
            "decisions": sum(bool(result.get("decided")) for result in results.values()),
            "seconds": round(time.monotonic() - begun, 1),
            "cpu_seconds": round(sum(result.get("cpu_seconds", 0.0) for result in (*results.values(), *again)), 1),
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
    found.add_argument("--undo", action="store_true", help="the other controller undoes the run instead of ending it")
    found.add_argument("--undone-again", type=float, default=0.01, help="share of the boundaries of an undo that are deaths in their turn")
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
