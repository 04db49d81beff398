# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook under watch: at each of its tasks and behind each line of its mirror it goes on, or it and all that it started get SIGKILL."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import typing as t
from collections.abc import Callable

from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import IDENTITY
from ansible_collections.continuity.identity_failover.tests.demo.project import BIN, Project

CALLBACKS = pathlib.Path(__file__).resolve().parent / "callbacks"
IN_MODIFY, IN_CREATE, IN_CLOEXEC = 0x2, 0x100, 0o2000000
#: Seconds of silence after which a playbook hangs.
SILENCE = 300.0
#: (kind, label) of a boundary -> whether the playbook dies there. Kinds: before, after and skipped (a task's), line (of the mirror).
Dies = Callable[[str, str], bool]


def mirror_of(project: Project) -> pathlib.Path:
    return project.folder / "mirror" / f"{IDENTITY}.mirror"


def mirrored(project: Project) -> list[str]:
    """The kinds of the events in the project's mirror; a line that is just being written is none yet."""
    path = mirror_of(project)
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0] if path.exists() else ""
    return [json.loads(line)["kind"] for line in whole.splitlines()]


class Watched:
    """One run of a playbook. ``with Watched(…) as watched: killed = watched.until(dies)``"""

    def __init__(self, project: Project, playbook: str, extra: t.Mapping[str, t.Any]) -> None:
        self._project = project
        self.killed = False
        self._lines = len(mirrored(project))
        self._gate = socket.socket(socket.AF_UNIX)
        self._gate.bind("")  # a name of the kernel's choice, which is gone with the socket
        self._gate.listen(8)
        mirror = mirror_of(project).parent
        mirror.mkdir(mode=0o700, exist_ok=True)
        self._inotify = _watch(mirror)
        self.log = project.folder / "logs" / f"{len(list((project.folder / 'logs').iterdir())):03d}-{playbook}-watched.log"
        gate = {"CHAOS_GATE": self._gate.getsockname()[1:].decode(), "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "chaos_gate"}
        with open(self.log, "wb") as log:
            command = [BIN / "ansible-playbook", f"{playbook}.yml", "-e", json.dumps({"failover_identity": IDENTITY, **extra})]
            environment = {**project.environment(), **gate}
            self._process = subprocess.Popen(
                command, cwd=project.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._pid = os.pidfd_open(self._process.pid)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            kill_all(self._process)
        self._gate.close()
        os.close(self._inotify)
        os.close(self._pid)

    def until(self, dies: Dies) -> int | None:
        """The playbook's exit code; None where it was killed."""
        while True:
            ready, _out, _error = select.select([self._inotify, self._gate, self._pid], [], [], SILENCE)
            if not ready:
                raise TimeoutError(f"{self.log}: nothing happened for {SILENCE:g} s")
            if self._inotify in ready:
                os.read(self._inotify, 65536)
            if self._new_lines(dies):
                self._kill()
            elif self._gate in ready:
                self._asked(dies)
            if self.killed:
                return None
            if self._pid in ready:
                return self._process.wait()

    def _new_lines(self, dies: Dies) -> bool:
        """A line is looked at before a task that has ended since: so the death is in the line's own task."""
        for kind in mirrored(self._project)[self._lines :]:
            self._lines += 1
            if dies("line", kind):
                return True
        return False

    def _asked(self, dies: Dies) -> None:
        """The playbook waits for the answer, so it dies at this very place."""
        connection, _peer = self._gate.accept()
        with connection, connection.makefile("rb") as asked:
            kind, task = json.loads(asked.readline())
            if self._new_lines(dies) or dies(kind, task):
                self._kill()
            else:
                connection.sendall(b"g")

    def _kill(self) -> None:
        kill_all(self._process)
        self.killed = True


def _watch(folder: pathlib.Path) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    found: int = library.inotify_init1(IN_CLOEXEC)
    if found < 0 or library.inotify_add_watch(found, os.fsencode(folder), IN_MODIFY | IN_CREATE) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    return found


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
    while new := set(descendants(process.pid)) - stopped:
        for number in new:
            stopped.add(number)
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
    for number in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()
