# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PowerShell engine, where one is found: a few processes in server mode, each one request at a time.

Looked for: LAB_PWSH ("none" = do without), `pwsh` on PATH, the place where a lab unpacks one. One without server mode is not used.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON

SIZE = 2
LINE_LIMIT = 64 * 1024 * 1024
START_TIMEOUT = 30.0
DEFAULT_TIMEOUT = 600.0


def find_engine() -> Path | None:
    named = os.environ.get("LAB_PWSH")
    if named is not None:
        return None if named in ("", "none") else Path(named)
    on_path = shutil.which("pwsh")
    unpacked = Path.home() / ".cache" / "continuity-lab" / "pwsh" / "pwsh"
    return Path(on_path) if on_path else unpacked if unpacked.is_file() else None


@dataclass(frozen=True)
class Run:
    """What a request left behind."""

    stdout: str
    stderr: str
    rc: int
    failed: str = ""
    """Why the engine itself could not do it."""


class EngineFailed(Exception):
    """The engine does not start, or has no server mode."""


class _Server:
    """One engine process."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)

    async def ask(self, request: Mapping[str, JSON], timeout: float) -> dict[str, JSON]:
        """Raises EngineFailed, asyncio.TimeoutError."""
        process = await self._started()
        assert process.stdin is not None and process.stdout is not None
        number = next(self._numbers)
        try:
            process.stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
            await process.stdin.drain()
            line = await asyncio.wait_for(process.stdout.readline(), timeout)
            answer = json.loads(line) if line else None
        except (OSError, ValueError, asyncio.LimitOverrunError) as error:
            await self.end()
            raise EngineFailed(f"{type(error).__name__}: {error}") from None
        except BaseException:
            await self.end()
            raise
        if not isinstance(answer, dict) or answer.get("id") != number:
            await self.end()
            raise EngineFailed("the engine ended, or has no server mode")
        return answer

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    self._program,
                    "-ServerMode",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=LINE_LIMIT,
                    cwd=self._folder,
                    env=_environment(),
                    start_new_session=True,
                )
            except OSError as error:
                raise EngineFailed(str(error)) from None
        return self._process

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # What a script left behind goes too: the engine leads a session of its own.
            os.killpg(process.pid, 9)
        await process.wait()


def _environment() -> dict[str, str]:
    """The engine gets nothing of ours but what a program needs to run."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ} | {"DOTNET_EnableDiagnostics": "0"}


class EnginePool:
    """Made when it is first needed; restarted after every failure."""

    def __init__(self, program: Path, folder: Path, size: int = SIZE) -> None:
        """folder: where the engine starts; scripts get their own."""
        self.program = program
        self._servers = [_Server(program, folder) for _number in range(size)]
        self._free: asyncio.LifoQueue[_Server] = asyncio.LifoQueue()
        for server in self._servers:
            self._free.put_nowait(server)

    async def probe(self) -> None:
        """Raises EngineFailed when this engine cannot be used."""
        try:
            answer = await self._ask({"script": "'lab' + 1"}, START_TIMEOUT)
        except asyncio.TimeoutError:
            raise EngineFailed("the engine did not answer") from None
        if str(answer.get("stdout", "")).strip() != "lab1":
            raise EngineFailed("the engine has no server mode")

    async def _ask(self, request: Mapping[str, JSON], timeout: float) -> dict[str, JSON]:
        server = await self._free.get()
        try:
            return await server.ask(request, timeout)
        finally:
            self._free.put_nowait(server)

    async def run(
        self,
        arguments: Sequence[str],
        stdin: str,
        environment: Mapping[str, str | None],
        folder: Path,
        modules: Sequence[Path],
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Run:
        """A command line of powershell.exe, without its name. Never raises but for cancellation, which ends the process."""
        request = {
            "argv": list(arguments),
            "stdin": stdin,
            "env": dict(environment),
            "cwd": str(folder),
            "module_path": [str(each) for each in modules],
            "stderr_format": "clixml",
            "timeout_ms": int(timeout * 1000),
        }
        try:
            answer = await self._ask(request, timeout + 10.0)
        except (EngineFailed, asyncio.TimeoutError) as error:
            return Run("", "", 1, f"{type(error).__name__} {error}".strip())
        if answer.get("error") or answer.get("timed_out"):
            return Run(str(answer.get("stdout", "")), str(answer.get("stderr", "")), 1, str(answer.get("error") or "timed out"))
        return Run(str(answer["stdout"]), str(answer["stderr"]), int(answer["rc"]))

    async def stop(self) -> None:
        for server in self._servers:
            await server.end()
