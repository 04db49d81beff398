# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: a command's cost, the lab's own cost, and the machine they ran on.

CPU seconds count; other work on the machine lengthens wall time only, so each result has the load beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from importlib.metadata import version

from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

BIN = pathlib.Path(sys.executable).parent
TICK = os.sysconf("SC_CLK_TCK")
#: prctl: orphans of our children become ours. Ansible ends without waiting for its last workers, whose time would be lost.
SUBREAPER = 36


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of one command. ``cpu`` is of its whole process tree, ``memory`` the most that the tree held at once, in MB, where it was asked for."""

    wall: float
    cpu: float
    output: str
    memory: float = 0.0


def measured(command: t.Sequence[str | os.PathLike[str]], *, cwd: pathlib.Path, env: t.Mapping[str, str], expect: int | None = 0, memory: bool = False) -> Cost:
    """Runs a command to its end. RuntimeError with the end of what it said when its exit code is another one."""
    others = children()
    with tempfile.TemporaryFile() as said, adopting():
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        with Watched(process.pid if memory else 0) as watched:
            _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        orphans = sum(adopted(others))
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    if expect is not None and process.returncode != expect:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime + orphans, output, round(watched.most / 1024, 1))


class Watched:
    """``with Watched(pid) as watched``: ``most`` is the largest sum of proportional set sizes (KB) of the process and all below it, seen twice a
    second: pages that several of them share count once."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watched:
        if self.pid:
            self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self.pid:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.most = max(self.most, sum(_proportional(pid) for pid in family(self.pid)))


def _proportional(pid: int) -> int:
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0  # it has just ended
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def family(first: int) -> set[int]:
    """A process and all below it."""
    return _family(first)[0]


def _family(first: int) -> tuple[set[int], dict[int, float]]:
    """Their numbers, and the CPU seconds of every process."""
    parents, seconds = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(entry.name)] = int(fields[1])
        seconds[int(entry.name)] = sum(int(field) for field in fields[11:15]) / TICK
    found = {first}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found, seconds


@contextlib.contextmanager
def adopting() -> t.Iterator[None]:
    library = ctypes.CDLL(None)
    library.prctl(SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(SUBREAPER, 0, 0, 0, 0)


def children() -> set[int]:
    """The processes that this one started, or adopted, and that did not end."""
    found: set[int] = set()
    for task in pathlib.Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            found.update(int(pid) for pid in (task / "children").read_text(encoding="ascii").split())
    return found


def adopted(others: t.Container[int]) -> t.Iterator[float]:
    """CPU seconds of every orphan, as it ends; ``others`` are children that were there before."""
    while ours := [pid for pid in children() if pid not in others]:
        for pid in ours:
            _pid, _status, usage = os.wait4(pid, 0)
            yield usage.ru_utime + usage.ru_stime


def environment(config: pathlib.Path, **more: str) -> dict[str, str]:
    """Without the settings of the person's own Ansible."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") or name == "ANSIBLE_COLLECTIONS_PATH"}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **kept,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        **more,
    }


def lab_cpu(lab: Lab) -> float:
    """CPU seconds so far of the lab's process and of the PowerShell engines under it."""
    found, seconds = _family(int(t.cast("dict[str, t.Any]", lab.status())["pid"]))
    return sum(seconds.get(pid, 0.0) for pid in found)


def aim(what: str, measured: float, *, at_most: float | None = None, at_least: float | None = None) -> dict[str, t.Any]:
    """An aim, what was measured, and whether that reaches it. It is told, and nothing follows from it: other work on the machine is in the figures."""
    reached = (at_most is None or measured <= at_most) and (at_least is None or measured >= at_least)
    bounds = {"at_most": at_most, "at_least": at_least}
    return {"what": what, **{name: bound for name, bound in bounds.items() if bound is not None}, "measured": measured, "reached": reached}


def machine() -> dict[str, t.Any]:
    """Where this was measured."""
    return {
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "simulated": "the lab, a model of Windows; no real Windows was involved",
    }


def last_number(lab: Lab) -> int:
    """The number of the trace's last record."""
    records = lab.trace()
    return int(records[-1]["number"]) if records else 0
