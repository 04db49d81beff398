# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of crashes: every boundary of failover, failback and drill is a death, and another controller goes on from there.

Prints one JSON object: how many boundaries and deaths of each kind, and what differed from the run without a death.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes, seeds
from ansible_collections.continuity.identity_failover.tests.chaos.aftermath import Aftermath, judged
from ansible_collections.continuity.identity_failover.tests.chaos.boundaries import crashing
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import FURTHER, STORIES, Setting, credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.data_engine import DataEngine
from ansible_collections.continuity.identity_failover.tests.chaos.deaths import Deaths
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.outages import MIRROR, OUTAGES, possible
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Stopped
from ansible_collections.continuity.identity_failover.tests.chaos.undoing import Undoing
from ansible_collections.continuity.identity_failover.tests.chaos.undoing import judged as judged_undone

#: How long the user's script, a service and a database take: long enough for something to happen meanwhile, and for the lease to be renewed.
SLOW_SECONDS = 8.0


class Story:
    """One lab and one controller, and what happens to them."""

    def __init__(self, name: str, folder: pathlib.Path, options: argparse.Namespace) -> None:
        self.name, self.folder, self.options = name, folder, options
        self.setting = STORIES[name]

    def run(self) -> list[dict[str, t.Any]]:
        os.chdir(self.folder)  # where the mirror is; a child has another folder
        with MemoryLab(self.folder, estate=self.setting.estate) as lab:
            slow_down(lab)
            controller = begin(lab, self.setting, MIRROR, repeatable=self.options.repeatable)
            last = max(number for number, act in enumerate(self.setting.acts) if act in self.options.acts)
            return [self._act(lab, controller, act) for act in self.setting.acts[: last + 1]]

    def _act(self, lab: MemoryLab, controller: Controller, act: str) -> dict[str, t.Any]:
        begun, options = time.monotonic(), self.options
        undoing = Undoing(lab, controller, act, options) if options.undo and act in options.acts else None
        aftermath = undoing or Aftermath(lab, controller, act, len(lab.trace.records))
        place = self.folder / act
        deaths = self._deaths(place, aftermath, controller, act)
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
            "decisions": sum(bool(result.get("decided")) for result in results.values()),
            **({"outages": {outage: met(outage, results) for outage in options.outage}} if options.outage else {}),
            **(undone(results) if undoing else {}),
            "seconds": round(time.monotonic() - begun, 1),
            "cpu_seconds": round(sum(result.get("cpu_seconds", 0.0) for result in (*results.values(), *again)), 1),
            "wrong": {f"{number} {deaths.labels[number]}": [*lines, self._replay(act, number, results[number])] for number, lines in wrong.items()},
        }

    def _replay(self, act: str, number: int, result: dict[str, t.Any]) -> str:
        """The command that plays this very death again."""
        options = self.options
        words = ["--stories", f"'{self.name}'", "--acts", act, "--death", str(number)]
        words += [f"--{name}" for name in ("every", "undo", "repeatable") if getattr(options, name)]
        words += ["--outage", result["outage"]] if result.get("outage") else []
        words += [f"(--again {name.split()[0]} for one in the undo)" for name in result.get("again", {})][:1]
        return " ".join(["again: .venv/bin/python -W ignore tests/chaos/crash_matrix.py", *words])

    def _deaths(self, place: pathlib.Path, aftermath: Aftermath, controller: Controller, act: str) -> Deaths:
        options = self.options
        seed = f"{options.seed} {self.name} {act} {' '.join(options.outage)}"
        spread, turn, outage = seeds.Spread(options.sample, seed), random.Random(seed).randrange(100), ""

        def child(number: int, folder: pathlib.Path) -> t.Any:
            return aftermath.struck(outage, deaths.labels[number]) if outage else aftermath(number, folder)

        deaths = Deaths(place, aftermath.fingerprint, aftermath.keep, child, workers=options.workers, every=options.every, goes_on=bool(options.outage))
        deaths.armed = act in options.acts
        part, parts = options.part

        def chosen(number: int, kind: str) -> bool:
            """``outage``: one after the other."""
            nonlocal outage, turn
            outage = options.outage[turn % len(options.outage)] if options.outage else ""
            if options.death:
                return number == options.death
            here = deaths.different % parts == part - 1 and possible(outage, kind, aftermath.lab)
            there = not options.tasks or controller.called[-1][0] in options.tasks
            picked = here and there and kind.startswith(options.kinds) and spread.next()
            turn += picked
            return picked

        deaths.chosen = chosen
        return deaths


def met(outage: str, results: dict[int, dict[str, t.Any]]) -> dict[str, int]:
    """How often there was such an outage, took something away, and was met by the run."""
    found = [result for result in results.values() if result.get("outage") == outage]
    return {
        "deaths": len(found),
        "harmed": sum(bool(result["harmed"]) for result in found),
        "interrupted": sum(bool(result["history"]) for result in found),
    }


def begin(lab: MemoryLab, setting: Setting, mirror: pathlib.Path, *, repeatable: bool = False) -> Controller:
    """All that is there before the first run: the identity is armed, the source dies where it is to, and people have decided."""
    moved = definition(lab, setting, repeatable=repeatable)
    engine = DataEngine(lab) if setting.choice else None
    controller = Controller(lab, moved, credentials(lab), mirror, "day", setting=setting, engine=engine)
    for host in (controller.source, controller.target, *moved["directory"]["domain_controllers"]):
        lab.control("register", host=host)  # as it does every day in peace time
    controller.arm()
    if setting.planned:
        lab.control("dns_record", server="dns1", name=FURTHER, values=[lab.network.address(20, 21)], ttl=600)
        controller.ttls("lowered")
    else:
        lab.control("kill", host="exch1")
        controller.count_down()
    controller.decide()
    return controller


def slow_down(lab: MemoryLab) -> None:
    lab.estate.hosts["exch2"].script_seconds[outcomes.SCRIPT.lower()] = SLOW_SECONDS
    for database in ("DB01", "DB01-DR"):
        lab.control("database", name=database, mount_time=SLOW_SECONDS)
    for host in ("exch1", "exch2"):
        lab.control("service", host=host, service="MSExchangeTransport", start_delay=SLOW_SECONDS, stop_delay=SLOW_SECONDS)


def undone(results: dict[int, dict[str, t.Any]]) -> dict[str, int]:
    """Of runs that were undone: how often the data were asked about, how many boundaries the undos have, and how many of them were deaths."""
    return {
        "consents": sum(result.get("consented", False) for result in results.values()),
        "undo_boundaries": sum(result.get("boundaries", 0) for result in results.values()),
        "undone_again": sum(len(result.get("again", {})) for result in results.values()),
    }


def matrix(options: argparse.Namespace, folder: pathlib.Path) -> dict[str, t.Any]:
    acts = []
    for number, name in enumerate(name for name in options.stories if set(STORIES[name].acts) & set(options.acts)):
        place = folder / str(number)
        place.mkdir(parents=True)
        acts += Story(name, place, options).run()
    ran = [act for act in acts if act["act"] in options.acts]
    return {"seed": options.seed, "deaths": sum(act["deaths"] for act in ran), "same": sum(act["same"] for act in ran), "acts": ran}


def one_of(text: str) -> tuple[int, int]:
    """``K/N``"""
    part, _slash, parts = text.partition("/")
    if not 1 <= int(part) <= int(parts):
        raise ValueError(text)
    return int(part), int(parts)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("--stories", nargs="+", choices=list(STORIES), default=list(STORIES))
    found.add_argument("--acts", nargs="+", choices=["failover", "failback", "drill"], default=["failover", "failback", "drill"])
    found.add_argument("--tasks", nargs="+", default=[], help="modules whose tasks are died in; all without it")
    found.add_argument("--kinds", default="", help="the beginning of the kinds of boundaries to die at, such as renewal")
    found.add_argument("--sample", type=float, default=1.0, help="share of the boundaries that are deaths")
    found.add_argument("--seed", type=int, default=seeds.of_this_commit(), help="which ones; without it the commit says")
    found.add_argument("--death", type=int, default=0, help="this one boundary alone, by the number that a failure has")
    found.add_argument("--again", type=int, default=0, help="with --death and --undo: the boundary of the undo that is a death too")
    found.add_argument("--part", type=one_of, default=(1, 1), metavar="K/N", help="every Nth boundary, from the Kth on, so that N runs are all of it")
    found.add_argument("--every", action="store_true", help="die at every boundary, also where nothing was changed since the one before")
    found.add_argument("--outage", nargs="+", choices=list(OUTAGES), default=[], help="what dies in the controller's place, which goes on; several by turns")
    found.add_argument("--undo", action="store_true", help="the other controller undoes the run instead of ending it")
    found.add_argument("--undone-again", type=float, default=0.01, help="share of the boundaries of an undo that are deaths in their turn")
    found.add_argument("--repeatable", action="store_true", help="the user's script is declared repeatable")
    found.add_argument("--workers", type=int, default=2, help="deaths side by side")
    return found


def main() -> int:
    options = parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="continuity-crash-") as folder:
        print(f"--seed {options.seed}", file=sys.stderr, flush=True)
        found = matrix(options, pathlib.Path(folder))
    print(json.dumps(found, indent=1))
    return 0 if found["deaths"] == found["same"] else 1


if __name__ == "__main__":
    sys.exit(main())
