# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other way to end a run whose controller died: another controller undoes it, dies perhaps, and a third one undoes it again."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import LeaseHeld
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.aftermath import TRIES, Aftermath
from ansible_collections.continuity.identity_failover.tests.chaos.boundaries import crashing
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import HOST_NAMES, STORIES
from ansible_collections.continuity.identity_failover.tests.chaos.deaths import Deaths
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.outages import MIRROR, OUTAGE_SECONDS
from ansible_collections.continuity.identity_failover.tests.chaos.seeds import Spread
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Stopped
from ansible_collections.continuity.identity_failover.tests.chaos.undo_sequence import undo

#: What a person says of the data that clients may have written, where the undo asks.
DISCARD = "the test wrote nothing"
#: What an undo comes to where no run is open and only a failback leads back.
CLOSED = "refused: closed"


class Undoing(Aftermath):
    """``before``: the end of the world before the run began, which is where the undo leads."""

    def __init__(self, lab: MemoryLab, first: Controller, act: str, options: argparse.Namespace) -> None:
        self.before = outcomes.meaning(lab), outcomes.estate(lab)
        super().__init__(lab, first, act, len(lab.trace.records))
        self.options = options
        self.worlds = pathlib.Path(f"worlds of {act}").absolute()
        self.worlds.mkdir()
        self.discard = ""

    def ended(self, controller: Controller, number: int) -> dict[str, t.Any]:
        again = Deaths(pathlib.Path("again").absolute(), self.fingerprint, self.keep, self._again_undone, workers=1)
        spread = Spread(self.options.undone_again, f"{self.options.seed} {self.act}").moved(number)
        again.chosen = lambda boundary, kind: boundary == self.options.again if self.options.death else spread.next() and self._is_new()
        with crashing(self.lab, again.at):
            outcome = self._undone(controller)
        told = self._told(outcome, controller)
        return {**told, "boundaries": again.different, "again": {f"{one} {again.labels[one]}": result for one, result in again.results().items()}}

    def _is_new(self) -> bool:
        """Whether no other undo of this act came through the same world: behind such a death all would be as behind that one."""
        seen = [outcomes.snapshot(self.lab.control("state")), outcomes.zones(self.lab), outcomes.guards(self.lab)]
        world = [outcomes.meaning(self.lab), *seen, self.lab.under_way()]
        name = hashlib.sha256(json.dumps(world, sort_keys=True).encode()).hexdigest()
        try:
            (self.worlds / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _again_undone(self, number: int, folder: pathlib.Path) -> dict[str, t.Any]:
        """The undo's controller died too."""
        self.lab.boundary = lambda kind, label: None
        self.lab.threads.killed()
        self.lab.use_files(folder / "files")
        force = "two controllers are dead" if number % 3 == 0 else ""
        mirror = MIRROR if number % 2 else pathlib.Path("newer mirror")
        third = dataclasses.replace(self.first, mirror=mirror, by="morning", take_over=force, called=[])
        return self._told(self._undone(third), third)

    def _told(self, outcome: str, controller: Controller) -> dict[str, t.Any]:
        return {"outcome": outcome, "history": self.history, "decided": "", "consented": bool(self.discard), **self.seen(controller)}

    def _undone(self, controller: Controller) -> str:
        """The playbook is run again and again until it ends well; the data are given up only where it asks."""
        for _attempt in range(TRIES):
            try:
                return undo(controller, self.discard)
            except LeaseHeld:
                left = outcomes.lease_left(self.lab)
                self.history.append(f"lease held for {left:.0f} s more")
                self.lab.clock.sleep(left + 1.0)
            except Stopped as stopped:
                self.history.append(str(stopped))
                if not outcomes.meaning(self.lab)["active"]:
                    return CLOSED
                if "point_of_no_return" in stopped.details and not self.discard:
                    self.discard = DISCARD
                elif stopped.reason == "duplicate_address":
                    self.lab.control("kill", host=controller.source)  # who undoes takes back what the hook before_source_joins did
                else:
                    self.lab.clock.sleep(OUTAGE_SECONDS)
        return "never ended"


#: What the journal amounts to behind an undone run; a drill leaves the state alone.
STATE_AFTERWARDS = {
    ("failover", "source dead"): "pending",
    ("failover", "directory"): "pending",
    ("failover", "planned"): "protected",
    ("failback", "source dead"): "failed_over",
    ("failback", "directory"): "failed_over",
    ("failback", "planned"): "failed_over",
}


def judged(before: tuple[dict[str, t.Any], dict[str, t.Any]], clean: dict[str, t.Any], result: dict[str, t.Any], act: str, story: str) -> list[str]:
    """What is wrong with the end after an undo; empty when all is as before the run, or as behind it where it was closed before the death."""
    if "error" in result:
        return [result["error"]]
    found = [f"undone again, {name}: {line}" for name, inner in result.get("again", {}).items() for line in judged(before, clean, inner, act, story)]
    meaning, estate = before
    runs = result["meaning"]["runs"]
    opened = len(runs) > len(meaning["runs"])
    if opened and runs[-1]["ended"] == "closed":
        wanted = CLOSED if act == "failover" else "already"
        return [*found, *_as(wanted, result), *outcomes.different(clean["estate"], result["estate"], "estate")]
    ended_before = CLOSED if act == "failback" else "already"  # behind a failback that is undone, its failover is closed as before
    found += _as(("done", ended_before) if opened else ended_before, result)
    found += outcomes.different(_registered(estate, story), _registered(result["estate"], story), "estate") + result["mirror"]
    found += outcomes.different(meaning["runs"], runs[: len(meaning["runs"])], "earlier runs")
    told = {key: result["meaning"][key] for key in ("active", "lease", "unexpected", "state")}
    state = STATE_AFTERWARDS.get((act, story), meaning["state"]) if opened else meaning["state"]
    found += outcomes.different({**meaning, "state": state, "runs": None}, {**told, "runs": None}, "journal")
    if opened and [run["ended"] for run in runs[len(meaning["runs"]) :]] != ["reverted"]:
        found.append(f"the run ended as {runs[-1]['ended']}, not as reverted")
    return found + (["the undo ran the user's script"] if result["scripts"] > clean["scripts"] else [])


def _registered(estate: dict[str, t.Any], story: str) -> dict[str, t.Any]:
    """A source that lives registers its names by itself once its fence is put back: with its own TTL, and not with the one that was lowered ahead."""
    own = {f"{server} {name}. 1" for server in ("dns1", "dns2") for name in HOST_NAMES} if STORIES[story].planned else set()
    return {path: value[1:] if path in own else value for path, value in estate.items()}


def _as(wanted: str | tuple[str, ...], result: dict[str, t.Any]) -> list[str]:
    return [] if result["outcome"].startswith(wanted) else [f"{result['outcome']} instead of {wanted}: {result['history'][-3:]}"]
