# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab and two controllers: a server dies, its identity moves and moves back, a drill; round after round. Each playbook may be killed once in it."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import sys
import time
import typing as t

from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.killing import Watched, mirror_of, mirrored
from ansible_collections.continuity.identity_failover.tests.demo.project import PlaybookFailed, Project
from ansible_collections.continuity.identity_failover.tests.demo.traces import left_behind, snapshot
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

#: What is killed, in the order of a round.
PLAYBOOKS = ("failover", "failback", "drill")
EXTRA: dict[str, dict[str, t.Any]] = {"failback": {"failover_data_restored": "a test"}}
#: Who has the identity behind it.
OWNERS = {"failover": "EXCH2", "failback": "EXCH1", "drill": "EXCH1"}
#: How often the other controller runs its playbook again; each run waits for the lease a little.
TRIES = 10
WORDS = {"failover_script_unknown": "skip", "failover_script_reason": "looked at its log"}
#: The user of the lab's zones that the collection writes as.
KEY = "failover-key."
#: Names of the example that the source registers by itself.
NAMES = ("mail.example.com", "autodiscover.example.com")


@dataclasses.dataclass(frozen=True)
class Point:
    """Where a playbook dies: the ``number``th time that its gate is asked (``task``), or behind its ``number``th line."""

    kind: str
    number: int
    label: str = ""


@dataclasses.dataclass
class Death:
    """One playbook, killed at ``point`` (None: it ran through), and what was wrong with the end of it."""

    playbook: str
    point: Point | None
    mirror: str = ""
    runs: int = 0
    seconds: float = 0.0
    lab_cpu: float = 0.0
    wrong: list[str] = dataclasses.field(default_factory=list)

    def place(self) -> str:
        return f"{self.point.kind} {self.point.number} {self.point.label}".strip() if self.point else "no death"

    def told(self) -> dict[str, t.Any]:
        kept = {key: value for key, value in dataclasses.asdict(self).items() if key not in ("point", "lab_cpu")}
        return {**kept, "place": self.place(), "seconds": round(self.seconds, 1)}


@dataclasses.dataclass
class End:
    """What is there behind a playbook, and what it did."""

    state: dict[str, t.Any]
    effects: collections.Counter[str]


@dataclasses.dataclass
class Counting:
    """The boundaries of a run without a death, as (kind, label, lines so far, what hooks did so far). What hosts go on with by themselves moves no place."""

    world: World
    since: int
    found: list[tuple[str, str, int, int]] = dataclasses.field(default_factory=list)

    def __call__(self, kind: str, label: str) -> bool:
        lines = sum(one[0] == "line" for one in self.found) + (kind == "line")
        hooks = sum(record["kind"] == "control" for record in self.world.lab.trace(self.since))
        self.found.append((kind, label, lines, hooks))
        return False

    def points(self) -> list[Point]:
        """Behind each line, before and after each task. Between a task's end and the next one's begin nothing happens mostly: that is one
        death, every other one at the end."""
        lines = [one for one in self.found if one[0] == "line"]
        points = [Point("line", number, label) for number, (_kind, label, _lines, _hooks) in enumerate(lines, 1)]
        asked = [(number, *one) for number, one in enumerate((one for one in self.found if one[0] != "line"), 1)]
        skipped = {number - 1 for number, kind, *_rest in asked if kind == "skipped"} | {number for number, kind, *_rest in asked if kind == "skipped"}
        places: list[list[tuple[int, str, str, int, int]]] = []
        for one in asked:
            if one[0] not in skipped:
                same = places and places[-1][-1][3:] == one[3:] and places[-1][-1][1] == "after"
                places[-1].append(one) if same else places.append([one])
        chosen = [place[number % len(place)] for number, place in enumerate(places)]
        return points + [Point("task", number, f"{kind} {label}") for number, kind, label, _lines, _effects in chosen]


def effects(records: t.Sequence[t.Mapping[str, t.Any]]) -> collections.Counter[str]:
    """As ``outcomes.effects``, and the records that we wrote in DNS."""
    found = outcomes.effects(records)
    for record in records:
        if (record["kind"], record.get("opcode"), record.get("key"), record.get("rcode")) == ("dns", "UPDATE", KEY, "NOERROR"):
            changed = [line for line in record["updates"] if not line.startswith("_failover-")]
            if changed:
                found[json.dumps({"effect": "records_written", "host": record["host"], "updates": sorted(changed)})] += 1
    return found


def _settled(said: str) -> bool:
    """Whether the playbook was only refused because of what the controller that died last may have begun; then that has ended now."""
    left = re.search(r"\((\d+)\s+s\s+from\s+now\)", said)
    if left is not None:
        time.sleep(int(left[1]) + 1)
    return left is not None


class World:
    """``with World(folder, seed) as world``: the lab runs, the identity is armed, unless the first playbook is one that arms it."""

    def __init__(self, folder: pathlib.Path, seed: int, *, armed: bool = True) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.points: dict[str, list[Point]] = {}
        self.clean: dict[str, End] = {}
        folder.mkdir(parents=True)
        self.lab = Lab.start(folder / "lab", seed=seed)
        try:
            self.before = self.state()
            self.records = self._records()
            self.controllers = [self._project("day"), self._project("night")]
            if armed:
                self.controllers[0].run("arm")
        except BaseException:
            self.lab.stop()
            raise

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_error: object) -> None:
        self.lab.stop()

    def state(self) -> dict[str, t.Any]:
        state: t.Any = self.lab.state()
        return snapshot(state)

    def _project(self, name: str) -> Project:
        """With deadlines that are short, so that nobody waits long for what a dead controller may have begun."""
        power_on = [sys.executable, "-W", "ignore", str(pathlib.Path(__file__).with_name("power_on.py")), str(self.folder / "lab")]
        made = Project(self.folder / name, self.folder / "lab", self.lab.info, site_power_on=power_on)
        path = made.folder / "inventory" / "group_vars" / "all" / "failover.yml"
        text = path.read_text(encoding="utf-8")
        for old, new in (
            ("timeout: 600", "timeout: 20"),
            ("credential: exchange}", "credential: exchange, timeout: 20}"),
            ("MSSQLSERVER}", "MSSQLSERVER, timeout: 20}"),
        ):
            if old not in text:
                raise AssertionError(f"the example project has no {old} any more")
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        # Two playbooks in one start of Ansible.
        incident = [{"ansible.builtin.import_playbook": f"{playbook}.yml"} for playbook in ("monitor", "ack")]
        (made.folder / "incident.yml").write_text(json.dumps(incident), encoding="utf-8")
        return made

    def first_round(self) -> dict[str, list[Point]]:
        """Without a death: where there can be one, and what the end is then."""
        for playbook in PLAYBOOKS:
            self._lead_to(playbook)
            since = self._last_record()
            counting = Counting(self, since)
            with Watched(self.controllers[0], playbook, EXTRA.get(playbook, {})) as watched:
                code = watched.until(counting)
            if code:
                raise AssertionError(f"{playbook} without a death ended with {code}: {watched.log}")
            self.points[playbook] = counting.points()
            self.clean[playbook] = self._end(since)
        return self.points

    def _lead_to(self, playbook: str) -> None:
        """What has to be there before the playbook."""
        if playbook == "failover":
            self._as_at_the_beginning()
            self.lab.kill("exch1")
            said = {"failover_decision": "proceed", "failover_reason": "a test", "failover_by": "duty officer"}
            self.controllers[0].run("incident", failover_monitor_duration=60, **said)

    def _records(self) -> list[dict[str, t.Any]]:
        """What each name server has of the names."""
        servers = [str(one["name"]) for one in self.lab.info["dns"]["servers"]]
        return [dict(self.lab.control("dns_record", {"server": server, "name": name})) for server in servers for name in NAMES]

    def _as_at_the_beginning(self) -> None:
        """With the TTLs of then, which the source's own registration has changed since: arming has something to keep behind each failback."""
        if self._records() != self.records:
            for record in self.records:
                self.lab.control("dns_record", record)
            self.controllers[0].run("arm")

    def act(self, playbook: str, point: Point | None) -> Death:
        """The playbook dies there; the other controller ends it."""
        begun, cpu = time.monotonic(), self._lab_cpu()
        death = Death(playbook, point)
        self._lead_to(playbook)
        since = self._last_record()
        if point is not None:
            drilled = self._die(playbook, point, death)
            self._hand_over(death)
            self._go_on(playbook, death, drilled)
        else:
            self._through(playbook, death)
        death.wrong += self._judged(playbook, self._end(since))
        death.seconds, death.lab_cpu = time.monotonic() - begun, self._lab_cpu() - cpu
        return death

    def _die(self, playbook: str, point: Point, death: Death) -> bool:
        """Whether the run had been closed by then."""
        asked: collections.Counter[str] = collections.Counter()
        begun = len(mirrored(self.controllers[0]))

        def dies(kind: str, label: str) -> bool:
            asked["line" if kind == "line" else "task"] += 1
            return asked[point.kind] == point.number and (kind == "line") == (point.kind == "line")

        for _attempt in range(TRIES):
            asked.clear()
            with Watched(self.controllers[0], playbook, EXTRA.get(playbook, {})) as watched:
                code = watched.until(dies)
            if code is None or not _settled(watched.log.read_text(encoding="utf-8")):
                break
        if code is not None:
            death.wrong.append(f"it ended with {code} before it came there, with {dict(asked)}: {watched.log}")
        return "run_closed" in mirrored(self.controllers[0])[begun:]

    def _through(self, playbook: str, death: Death) -> None:
        """Without a death."""
        for _attempt in range(TRIES):
            try:
                self.controllers[0].run(playbook, **EXTRA.get(playbook, {}))
                return
            except PlaybookFailed as error:
                if not _settled(error.message):
                    death.wrong.append(str(error))
                    return

    def _hand_over(self, death: Death) -> None:
        """The other controller has the mirror of the one that died, one that is behind, or none."""
        first, second = self.controllers
        death.mirror = self.random.choice(("the same", "behind", "none"))
        folder = mirror_of(second).parent
        if death.mirror != "behind":
            shutil.rmtree(folder, ignore_errors=True)
        if death.mirror == "the same":
            shutil.copytree(mirror_of(first).parent, folder)
        self.controllers = [second, first]

    def _go_on(self, playbook: str, death: Death, closed: bool) -> None:
        said, extra = "it was not run", EXTRA.get(playbook, {})
        if playbook == "drill" and closed:
            self.controllers[0].run("status")  # nobody would drill once more
            return
        while death.runs < TRIES and said:
            death.runs += 1
            try:
                self.controllers[0].run(playbook, failover_take_over="the other controller was killed", **extra)
                said = ""
            except PlaybookFailed as error:
                said = error.message
                _settled(said)
                if "nobody knows how it ended" in said:
                    extra = {**extra, **WORDS}
        if said:
            death.wrong.append(f"it was not ended in {TRIES} runs: {said}")

    def _end(self, since: int) -> End:
        return End(self.state(), effects(self.lab.trace(since)))

    def _judged(self, playbook: str, end: End) -> list[str]:
        wrong = []
        answer: t.Any = self.lab.ask("ws001", "mail.example.com")
        if answer.get("answered_by") != OWNERS[playbook]:
            wrong.append(f"ws001 reaches {answer.get('answered_by')}, not {OWNERS[playbook]}")
        clean = self.clean.get(playbook)
        if clean is None:
            return wrong + [f"{what}: {times} times" for what, times in end.effects.items() if times > 1]
        return wrong + left_behind(clean.state, end.state) + outcomes.twice(clean.effects, end.effects)

    def unchanged(self, death: Death) -> None:
        """All is as it was before the identity was armed."""
        death.wrong += [] if death.wrong else left_behind(self.before, self.state())

    def _last_record(self) -> int:
        return max((record["number"] for record in self.lab.trace()), default=0)

    def _lab_cpu(self) -> float:
        """Of the lab's own process, in seconds."""
        words = pathlib.Path(f"/proc/{self.lab.info['pid']}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
