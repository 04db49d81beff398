# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal of 10,000 events: what a run that resumes on it reads, and what the driver adds to each step. Prints one JSON object.

The journal is made as an identity's years would make it: an hourly baseline, drills, failovers with steps of few and of thousands of items, and the
checkpoints that failover_run writes. Its store is a directory, so that no CPU second is a transport's. CPU is this process's; the best of several rounds.

* resume: open the journal, read it, decide what to do (resume the open run), in a reader that knows nothing yet. Without checkpoints: as a comparison,
  the same lines read from the first one on.
* step: one step of the driver over ten items that change nothing but a dictionary, inside the run less the same step alone.
* script: the store's script of the target on the same file, in the PowerShell engine of the lab; milliseconds between its first and last line.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import EVENTS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Applied, Change, Fence, Seen, one_by_one
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.store import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.bench.measure import aim, machine
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.runs import ALONE, started

ITEMS = 10
#: What the script's file system and machine are on a machine that is no Windows.
STUBS = r"""
function Get-CimInstance { param($ClassName, $Property) [pscustomobject]@{ LastBootUpTime = [datetime]'2026-11-22T01:00:00Z' } }
"""


class CountingStore(DirectoryStore):
    """Counts what it is asked and what it answers."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.calls = self.lines = self.characters = 0

    def transact(self, request: Request, timeout: float) -> Reply:
        reply = super().transact(request, timeout)
        self.calls, self.lines, self.characters = self.calls + 1, self.lines + len(reply.lines), self.characters + sum(map(len, reply.lines))
        return reply


class Toggle:
    """A step over ten items of a dictionary."""

    key, host = "services@exch2", "exch2"

    def __init__(self) -> None:
        self.there = dict.fromkeys((f"Service{number}" for number in range(ITEMS)), "Stopped")

    def check_machine(self, expected: Machine | None) -> None:
        """Any."""

    def observe(self) -> dict[str, t.Any]:
        return dict(self.there)

    def changes(self, before: dict[str, t.Any]) -> list[Change]:
        return [Change(name, "start", image, "Running") for name, image in before.items() if image != "Running"]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return one_by_one(changes)

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        self.there.update({change.name: change.after for change in group})
        return {change.name: Applied(ok=True) for change in group}

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return {change.name: Seen(confirmed=True, image=self.there[change.name]) for change in group}

    def inverse(self, name: str, before: t.Any, after: t.Any, now: t.Any) -> Change | None:
        return Change(name, "put back", now, before)


def drafts(journal: Journal) -> t.Iterator[list[Event]]:
    """The years of one identity, in the batches that are appended together."""
    services = {f"MSExchange{number}": {"state": "Running", "start_mode": "auto"} for number in range(20)}
    machines = {host: {"uuid": f"0000-{host}", "name": host.upper()} for host in ("exch1", "exch2")}
    records = {f"host{number}.example.com A": {"values": ["10.0.0.21"], "ttl": 600} for number in range(300)}
    baseline = {"machines": machines, "source": "exch1", "services": dict.fromkeys(machines, services), "records": records}
    number = 0
    while True:
        for _hour in range(24):
            yield [journal.draft("armed", by="schedule", host="exch1", data=baseline)]
        number += 1
        run, kind = f"drill{number}", "drill"
        yield [journal.draft("run_opened", run=run, by="ops", data={"kind": kind, "mode": "execute", "planned": True, "epoch": number})]
        for step, count in (("fence@exch1", 3), ("services@exch2", 12), ("identity@exch2", 4), ("dns", 60 if number % 100 else 3000), ("verify", 8)):
            names = [f"item{index}.example.com" for index in range(count)]
            changes = [{"name": name, "do": "change", "before": {"ttl": 600}, "after": {"ttl": 60}, "grade": "probed", "detail": None} for name in names]
            changed = [{"name": name, "status": "done", "after": {"ttl": 60}} for name in names]
            outcome = {"failed": False, "msg": "", "counts": {"done": count}, "changed": changed, "bad": [], "evidence": None}
            yield [journal.draft("step_intent", run=run, step=step, by="ops", host="exch2", data={"changes": changes, "reverts": ""})]
            yield [journal.draft("step_outcome", run=run, step=step, by="ops", host="exch2", data=outcome)]
        yield [journal.draft("run_closed", run=run, by="ops", data={"kind": kind, "accepted": []})]


def make(folder: pathlib.Path, events: int) -> dict[str, t.Any]:
    """Fills ``folder``/store and ``folder``/mirror; returns the option ``run`` of a drill that stays open."""

    def opened() -> Journal:
        return Journal("mail", DirectoryStore(str(folder / "store")), Mirror(str(folder / "mirror"), "mail"), SystemClock())

    waiting: list[Event] = []
    for batch in drafts(opened()):
        waiting += batch
        if len(waiting) >= EVENTS and batch[-1].kind == "run_closed":
            journal = opened()
            journal.append(waiting)
            journal.checkpoint("bench")
            waiting = []
            if journal.head.seq >= events - EVENTS // 2:
                break
    run = started(folder / "store", SystemClock(), run_id="open", kind="drill", baseline={})
    return {**run, "by": "bench"}


def plain(folder: pathlib.Path) -> None:
    """The same events without checkpoints, for comparison."""
    whole, _head = Mirror(str(folder / "mirror"), "mail").read()
    journal = Journal("mail", DirectoryStore(str(folder / "plain")), None, SystemClock())
    journal.append([event for event in whole if event.kind != "checkpoint"])


def best(rounds: int, work: t.Callable[[], t.Any]) -> tuple[float, t.Any]:
    """The fewest CPU seconds of several rounds, and what the last one gave."""
    found = []
    for _round in range(rounds):
        gc.collect()
        begun = time.process_time()
        answer = work()
        found.append(time.process_time() - begun)
    return min(found), answer


def resume(folder: pathlib.Path, store: str, rounds: int, *, mirrored: bool) -> dict[str, t.Any]:
    def work() -> tuple[CountingStore, Journal, t.Any]:
        counting = CountingStore(str(folder / store))
        journal = Journal("mail", counting, Mirror(str(folder / "mirror"), "mail") if mirrored else None, SystemClock())
        fold = journal.read()
        return counting, journal, opening(fold, "mail", "drill") if fold.active_run else fold.state

    cpu, (counting, journal, decided) = best(rounds, work)
    return {
        "cpu": round(cpu, 4),
        "calls": counting.calls,
        "lines_read": counting.lines,
        "characters_read": counting.characters,
        "events_folded": len(journal.events),
        "decided": decided if isinstance(decided, str) else decided.how,
    }


def steps(folder: pathlib.Path, run: dict[str, t.Any], count: int, rounds: int, *, mirrored: bool) -> dict[str, t.Any]:
    params: dict[str, t.Any] = {**ALONE, "state": "started"}
    inside = {**params, "run": {**run, "mirror": str(folder / "mirror") if mirrored else None}}
    calls: list[int] = []

    def alone() -> None:
        for _step in range(count):
            drive(Toggle(), params, FakeHosts(), SystemClock(), check_mode=False)

    def driven() -> None:
        for _step in range(count):
            context = t.cast(RunContext, open_run(inside, FakeHosts(), SystemClock()))
            context.fold()
            drive(Toggle(), inside, FakeHosts(), SystemClock(), check_mode=False, context=context)
            calls.append(context.journal.calls)

    less, _none = best(rounds, alone)
    more, _none = best(rounds, driven)
    return {"cpu_ms": round(1000 * (more - less) / count, 2), "cpu_ms_alone": round(1000 * less / count, 2), "calls": sorted(set(calls)), "items": ITEMS}


def script(folder: pathlib.Path) -> dict[str, t.Any] | str:
    """The script's own time for a read of the tail and for a read that finds nothing new."""
    engine = os.environ.get("LAB_PWSH") or shutil.which("pwsh")
    if not engine:
        return "no PowerShell engine: set LAB_PWSH"
    place = folder / "script"
    place.mkdir()
    shutil.copy(folder / "store" / "mail.journal", place / "journal\\mail.journal")
    text = STUBS + "$body = {" + SCRIPT + "}\n$null = [System.IO.Directory]::CreateDirectory('journal')\n"
    last = int(len((place / "journal\\mail.journal").read_bytes().splitlines()))
    for name, request in {"tail": Request("mail", checkpoint=True), "nothing_new": Request("mail", after=last), "everything": Request("mail")}.items():
        text += f"$data = '{json.dumps({'path': 'journal', 'request': request.as_json()})}' | ConvertFrom-Json\n$null = & $body $data\n"
        text += "$least = [double]::MaxValue\nforeach ($round in 1..5) { $watch = [System.Diagnostics.Stopwatch]::StartNew(); $answer = & $body $data; "
        text += "$null = ConvertTo-Json -InputObject $answer -Depth 6 -Compress; $least = [Math]::Min($least, $watch.Elapsed.TotalMilliseconds) }\n"
        text += f'"{name} " + [int]$least\n'
    (place / "run.ps1").write_text(text, encoding="utf-8")
    done = subprocess.run([engine, "-NoProfile", "-File", "run.ps1"], cwd=place, capture_output=True, text=True, timeout=300, check=True)
    found = dict(line.split() for line in done.stdout.splitlines() if line.strip())
    return {"milliseconds": {name: int(value) for name, value in found.items()}, "errors": done.stderr[:500]}


def benchmark(folder: pathlib.Path, events: int, count: int, rounds: int) -> dict[str, t.Any]:
    run = make(folder, events)
    plain(folder)
    files = {name: (folder / name / "mail.journal").stat().st_size for name in ("store", "plain")}
    result: dict[str, t.Any] = {
        "benchmark": "journal",
        "events": len((folder / "store" / "mail.journal").read_bytes().splitlines()),
        "file_bytes": files,
        "resume": {
            "without_mirror": resume(folder, "store", rounds, mirrored=False),
            "with_mirror": resume(folder, "store", rounds, mirrored=True),
            "without_checkpoints": resume(folder, "plain", rounds, mirrored=False),
        },
        "script": script(folder),
        "step": {
            "without_mirror": steps(folder, run, count, rounds, mirrored=False),
            "with_mirror": steps(folder, run, count, rounds, mirrored=True),
        },
    }
    resumed = result["resume"]["without_mirror"]
    aims = [
        aim("calls to the store to resume, without a mirror", resumed["calls"], at_most=1),
        aim("seconds of CPU to resume, without a mirror", resumed["cpu"], at_most=1.0),
    ]
    return {**result, "aims": aims, "machine": machine()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(benchmark(pathlib.Path(folder), options.events, options.steps, options.rounds), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
