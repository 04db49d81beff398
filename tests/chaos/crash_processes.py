# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole processes killed: ansible-playbook and all that it started get SIGKILL at an event of the journal, another controller goes on.

Each seed is one lab: a kill somewhere in the failover, a kill somewhere in the failback. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.demo.project import BIN, PlaybookFailed, Project
from ansible_collections.continuity.identity_failover.tests.demo.traces import left_behind, snapshot
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

#: Events that a failover and a failback write; the kill is behind one of them.
EVENTS = {"failover": 15, "failback": 15}
#: How often the other controller runs its playbook again; each run waits for the lease a little.
TRIES = 40
IN_MODIFY, IN_CREATE, IN_CLOEXEC = 0x2, 0x100, 0o2000000
WORDS = {"failover_script_unknown": "skip", "failover_script_reason": "looked at its log"}


class Watch:
    """Wakes when a file of the folder is written, or when the process has ended: no waiting by the clock."""

    def __init__(self, folder: pathlib.Path, process: int) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._inotify = library.inotify_init1(IN_CLOEXEC)
        if self._inotify < 0 or library.inotify_add_watch(self._inotify, os.fsencode(folder), IN_MODIFY | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._process = os.pidfd_open(process)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._inotify)
        os.close(self._process)

    def changed(self, timeout: float) -> bool:
        """False when the process has ended. TimeoutError after ``timeout`` seconds of silence."""
        ready, _out, _error = select.select([self._inotify, self._process], [], [], timeout)
        if not ready:
            raise TimeoutError(f"nothing was written for {timeout:g} s")
        if self._inotify in ready:
            os.read(self._inotify, 65536)
        return self._process not in ready


def descendants(process: int) -> list[int]:
    """The process and all below it: workers of ansible-core have sessions of their own, so their group is not enough."""
    parents: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            number = int(entry.name)
            parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(number)
    found = [process]
    for number in found:
        found += parents.get(number, [])
    return found


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """At once: first nothing of it runs any more, then nothing of it is there."""
    stopped: set[int] = set()
    while set(descendants(process.pid)) - stopped:
        for number in set(descendants(process.pid)) - stopped:
            stopped.add(number)
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
    for number in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


class Story:
    """One lab, one controller that is killed, one that goes on."""

    def __init__(self, seed: int, folder: pathlib.Path) -> None:
        self.seed, self.folder = seed, folder
        self.random = random.Random(seed)
        self.wrong: list[str] = []
        self.kills: list[dict[str, t.Any]] = []

    def run(self) -> dict[str, t.Any]:
        begun = time.monotonic()
        with Lab.start(self.folder / "lab", seed=self.seed) as lab:
            self.lab = lab
            before = self.state()
            day = self.project("day")
            day.run("arm")
            lab.kill("exch1")
            day.run("monitor", failover_monitor_duration=60)
            day.run("ack", failover_decision="proceed", failover_reason="a test", failover_by="duty officer")
            night = self.crash(day, "failover", "night")
            self.reached("EXCH2")
            self.crash(night, "failback", "morning", failover_data_restored="a test")
            self.reached("EXCH1")
            self.wrong += left_behind(before, self.state())
        return {"seed": self.seed, "held": not self.wrong, "seconds": round(time.monotonic() - begun, 1), "kills": self.kills, "wrong": self.wrong}

    def state(self) -> dict[str, t.Any]:
        state: t.Any = self.lab.state()
        return snapshot(state)

    def project(self, name: str) -> Project:
        """With deadlines that are short, so that nobody waits long for what a dead controller may have begun."""
        made = Project(self.folder / name, self.folder / "lab", self.lab.info)
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
        return made

    def reached(self, server: str) -> None:
        answer: t.Any = self.lab.ask("ws001", "mail.example.com")
        if answer.get("answered_by") != server:
            self.wrong.append(f"ws001 reaches {answer.get('answered_by')}, not {server}")

    def crash(self, first: Project, playbook: str, other: str, **extra: t.Any) -> Project:
        """The playbook dies behind an event of its own; the other controller ends it. Nothing may have been done twice."""
        since = len(self.lab.trace())
        events, mirrored = self.random.randrange(1, EVENTS[playbook]), bool(self.random.randrange(2))
        killed = any(self.killed(first, playbook, events, extra) for _attempt in range(TRIES))
        if not killed:
            self.wrong.append(f"the {playbook} never came to event {events}")
        second = self.project(other)
        if mirrored:
            shutil.copytree(first.folder / "mirror", second.folder / "mirror")
        runs, said = 0, ""
        while runs < TRIES and (said or not runs):
            runs += 1
            try:
                second.run(playbook, failover_take_over="the other controller was killed", **extra)
                said = ""
            except PlaybookFailed as error:
                said = error.message
                if "nobody knows how it ended" in said:
                    extra = {**extra, **WORDS}
        if said:
            self.wrong.append(f"the {playbook} was not ended in {TRIES} runs: {said}")
        self.kills.append({"playbook": playbook, "behind_event": events, "mirror": mirrored, "runs": runs})
        counted = outcomes.effects(self.lab.trace(since))
        self.wrong += [f"{playbook}: {what}: {times} times" for what, times in counted.items() if times > 1]
        return second

    def killed(self, project: Project, playbook: str, events: int, extra: t.Mapping[str, t.Any]) -> bool:
        """Runs the playbook until the mirror has ``events`` more lines; False where it ended before."""
        mirror = project.folder / "mirror" / f"{outcomes.IDENTITY}.mirror"
        wanted = events + self.lines(mirror)
        command = [BIN / "ansible-playbook", f"{playbook}.yml", "-e", json.dumps({"failover_identity": outcomes.IDENTITY, **extra})]
        with open(project.folder / "logs" / f"{playbook}-killed.log", "wb") as log:
            process = subprocess.Popen(
                command, cwd=project.folder, env=project.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            with Watch(mirror.parent, process.pid) as watch:
                while self.lines(mirror) < wanted:
                    if not watch.changed(300.0):
                        process.wait()
                        return False
            kill_all(process)
        return True

    @staticmethod
    def lines(mirror: pathlib.Path) -> int:
        return mirror.read_bytes().count(b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=10, help="how many seeds, two kills each")
    parser.add_argument("--dir", type=pathlib.Path, help="where labs, projects and logs stay; else they are removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="continuity-processes-") as made:
        folder = options.dir or pathlib.Path(made)
        stories = []
        for seed in range(options.seed, options.seed + options.count):
            place = folder / f"seed-{seed}"
            place.mkdir(parents=True)
            stories.append(Story(seed, place).run())
            print(json.dumps(stories[-1]), file=sys.stderr, flush=True)
    held = sum(story["held"] for story in stories)
    print(json.dumps({"stories": len(stories), "held": held, "failed": [story for story in stories if not story["held"]], "all": stories}, indent=1))
    return 0 if held == len(stories) else 1


if __name__ == "__main__":
    sys.exit(main())
