# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens after a death: another controller runs the playbook again. And what is wrong with the end of that."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import pathlib
import shutil
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseHeld
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.outages import MIRROR, OUTAGE_SECONDS, OUTAGES, harmed
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Stopped

#: How long it takes then until all that starts by itself is there.
STARTED_SECONDS = 30.0
#: How often a playbook is run again before the run counts as one that can't be resumed.
TRIES = 8


class Aftermath:
    """What happens in a child: another controller runs the playbook again until it ends well."""

    def __init__(self, lab: MemoryLab, first: Controller, act: str, since: int) -> None:
        self.lab, self.first, self.act, self.since = lab, first, act, since
        self.history: list[str] = []
        self.outage = ""  #: what dies in the place of the controller
        self.harmed = False  #: whether that was really taken away
        self.over_at = 0.0  #: when a machine that is away serves again

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
        self.lab.threads.killed()
        self.lab.use_files(folder / "files")
        mirror = MIRROR if number % 2 else pathlib.Path("new mirror")
        force = "the other controller is dead" if number % 3 == 0 else ""
        return self.ended(dataclasses.replace(self.first, mirror=mirror, by="night", take_over=force, called=[]), number)

    def struck(self, outage: str, boundary: str) -> None:
        """Something else dies, and the controller goes on."""
        self.lab.boundary = lambda kind, label: None
        self.lab.use_files(pathlib.Path("files").absolute())
        self.outage, self.over_at = outage, self.lab.clock.monotonic() + OUTAGE_SECONDS + STARTED_SECONDS
        before = len(self.lab.trace.records)
        try:
            OUTAGES[outage](self.lab, boundary)
        except FailoverError:  # what the code is told whose message was lost
            self.harmed = True
            raise
        self.harmed = harmed(self.lab, before)

    def ended(self, controller: Controller, number: int) -> dict[str, t.Any]:
        """The playbook is run again and again until it ends well, and a person is asked what only a person knows."""
        decided, outcome = "", "never ended"
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
                    decided = ("rerun", "skip")[number // 2 % 2]
                    controller.script = {"unknown": decided, "reason_for_unknown": "looked at its log"}
        self.lab.clock.sleep(self.over_at - self.lab.clock.monotonic())  # users look when it is over
        if self.outage == "mirror-unwritable":  # the last line of all may have come meanwhile: whoever asks next brings the mirror up to date
            controller.journal("failover_status", controller.definition)
        return {"outcome": outcome, "history": self.history, "decided": decided, "outage": self.outage, "harmed": self.harmed, **self.seen(controller)}

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
            "data": controller.engine.seen() if controller.engine else {},
        }
        return {**told, "estate": outcomes.estate(self.lab)}


def judged(clean: dict[str, t.Any], result: dict[str, t.Any], act: str, options: argparse.Namespace) -> list[str]:
    """What is wrong with the end after a death; empty when it is the end of the run without one."""
    if "error" in result:
        return [result["error"]]
    found = [] if result["outcome"].startswith(("done", "already")) else [f"{result['outcome']}: {result['history'][-3:]}"]
    outage = result["outage"]
    found += outcomes.different(*(_estate(one, outage) for one in (clean, result)), "estate")
    # What an outage undoes is done again, so that its images are others. A drill that was stopped is only put back: of its steps
    # those that leave nothing to put back stay as they stopped.
    harms = outage not in ("", "message")  # a lost message leaves every machine as it was
    without = ("images", "failed") if act == "drill" else ("images",) if harms else ()
    if result["decided"]:
        without = (*without, "accepted")  # what a person decided about the script, with the reason
    meant = [outcomes.without(one["meaning"], without) for one in (clean, result)]
    if result["decided"] == "skip":  # nobody saw how it ended
        meant = [outcomes.without_ends_of_scripts(one) for one in meant]
    found += outcomes.different(*meant, "journal")
    found += outcomes.different(clean["data"], result["data"], "data")
    held_up = [line for line in result["history"] if "run_post_script: unknown_outcome" not in line]  # only that is asked of a person, and ends a drill
    if outage == "message" and held_up:
        found.append(f"one lost message held the run up: {held_up[-3:]}")
    found += result["mirror"]
    may = bool(result["decided"]) or options.repeatable  # a script that is declared repeatable is started again where nobody knows that it ended
    more = result["scripts"] - clean["scripts"]
    found += [f"the user's script ran {more} times more"] if more > may else []  # behind one death at most once more
    if harms:
        return found
    done = [collections.Counter(one["effects"]) if not outage else outcomes.on_any_controller(one["effects"]) for one in (clean, result)]
    repeated = outcomes.twice(*done)
    return found + [line for line in repeated if not may or json.dumps(outcomes.SCRIPT) not in line]


def _estate(one: dict[str, t.Any], outage: str) -> dict[str, t.Any]:
    """A name server that is dead when the run ends keeps the run's marker: that is a warning, and the next run or disarming takes it away."""
    if outage != "dns":
        return t.cast("dict[str, t.Any]", one["estate"])
    return {path: value for path, value in one["estate"].items() if " _failover-" not in path}
