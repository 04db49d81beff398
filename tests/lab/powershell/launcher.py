# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts programs on the lab's hosts: PowerShell in the engine or as twins, a few console programs, and cmd's answer to everything else."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import stat
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LOGON, Process
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host, ScriptRun
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import hosts_file_text
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World
from ansible_collections.continuity.identity_failover.tests.lab.powershell import command_line, scripts
from ansible_collections.continuity.identity_failover.tests.lab.powershell.callback import Callback
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls, logged_on
from ansible_collections.continuity.identity_failover.tests.lab.powershell.engine import EngineFailed, EnginePool, find_engine
from ansible_collections.continuity.identity_failover.tests.lab.powershell.programs import PROGRAMS, run_program

STUBS = Path(__file__).parent / "stubs"
#: Imported before every script, because they stand in for commands that the engine has itself.
OVERRIDES = "LabOverrides"
Result = tuple[bytes, bytes, int]
Work = Callable[[bytes], Awaitable[Result]]

HOSTS_FILE = r"c:\windows\system32\drivers\etc\hosts"

CONTROL_C_EXIT = 0xC000013A
"""STATUS_CONTROL_C_EXIT"""

_READS_STDIN = re.compile(r"\$input\b|\[(System\.)?Console\]::(In\b|OpenStandardInput)", re.IGNORECASE)
#: Lines that wrap a command without doing anything that the lab would notice.
_WRAPPING = re.compile(
    r"(Set-StrictMode\b.*|\$(ProgressPreference|ErrorActionPreference)\s*=.*|&?\s*chcp(\.com)?\s+65001.*|try\s*\{\s*\[Console\]::OutputEncoding.*|"
    r"\[Console\]::OutputEncoding\s*=.*|If\s*\(-not\s+\$\?\).*|exit\s+\$LASTEXITCODE)",
    re.IGNORECASE,
)


class LabProcess:
    """Implements interfaces.Process."""

    def __init__(self, work: Work, wants_stdin: bool = False) -> None:
        self.wants_stdin = wants_stdin
        self._work = work
        self._task: asyncio.Future[Result] | None = None
        self._terminated = False
        self.on_end: Callable[[], None] = lambda: None

    async def communicate(self, stdin: bytes) -> Result:
        if self._terminated:
            return b"", b"", CONTROL_C_EXIT
        self._task = asyncio.ensure_future(self._work(stdin))
        try:
            return await self._task
        except asyncio.CancelledError:
            if asyncio.current_task() is not None and self._task.cancelled():
                return b"", b"", CONTROL_C_EXIT
            self._task.cancel()
            raise
        finally:
            self.on_end()

    def terminate(self) -> None:
        self._terminated = True
        if self._task is not None:
            self._task.cancel()


class Launcher:
    """One for the whole estate."""

    def __init__(self, world: World, calls: LabCalls, folder: Path, engine: Path | None | str) -> None:
        self._world = world
        self._calls = calls
        self._folder = folder
        program = find_engine() if engine == "find" else Path(engine) if engine else None
        self._pool = EnginePool(program, folder / "engine") if program is not None else None
        self._callback = Callback(calls)
        self._probed = False
        self._probing = asyncio.Lock()
        self._no_engine = "" if program else "no PowerShell engine was found"
        self._running: dict[str, set[LabProcess]] = {}
        self._twins: set[str] = set()
        self._engine_scripts: set[str] = set()

    # Processes

    def start(self, host: Host, command: str, arguments: Sequence[str], environment: Mapping[str, str], skip_cmd_shell: bool) -> Process:
        """Raises FileNotFoundError without cmd for a program that is not there; CreateProcess wants the extension."""
        words = command_line.split(" ".join([command, *arguments]))
        if skip_cmd_shell and (not words or not words[0].lower().endswith((".exe", ".com"))):
            raise FileNotFoundError(command)
        words = command_line.without_cmd(words)
        name = command_line.program_name(words[0]) if words else ""
        process = self._process(host, name, words, environment.get(LOGON, host.user))
        if process is None:
            if skip_cmd_shell:
                raise FileNotFoundError(command)
            process = LabProcess(lambda stdin: _not_recognised(words[0] if words else ""))
        self._world.trace.add("process", host.name, program=name, arguments=len(words) - 1)
        running = self._running.setdefault(host.name, set())
        running.add(process)
        process.on_end = lambda: running.discard(process)
        return process

    def _process(self, host: Host, name: str, words: list[str], user: str) -> LabProcess | None:
        if name in ("powershell", "pwsh"):
            return self._powershell(host, words[1:], user)
        if name in PROGRAMS:
            return LabProcess(lambda stdin: self._program(host, name, words[1:]))
        if name == "echo":
            return LabProcess(lambda stdin: _said(" ".join(words[1:]) + "\r\n"))
        if name == "type":
            return LabProcess(lambda stdin: _typed(host, " ".join(words[1:])))
        if name == "exit":
            code = int(words[1]) if len(words) > 1 and words[1].lstrip("-").isdigit() else 0
            return LabProcess(lambda stdin: _said("", code & 0xFFFFFFFF))
        return None

    async def _program(self, host: Host, name: str, arguments: Sequence[str]) -> Result:
        out, err, code = await run_program(host, name, arguments)
        return out.encode(), err.encode(), code

    def kill_host(self, name: str) -> None:
        """The power is gone, and everything that ran."""
        for process in list(self._running.get(name, ())):
            process.terminate()

    # PowerShell

    def _powershell(self, host: Host, words: list[str], user: str) -> LabProcess:
        line = command_line.powershell(words)
        if line.wrong:
            return LabProcess(lambda stdin: _said("", 0xFFFD0000, line.wrong))
        wants = line.stdin or bool(_READS_STDIN.search(line.text))
        return LabProcess(lambda stdin: self._run(host, line, words, stdin, user), wants)

    async def engine(self) -> EnginePool | None:
        """The engine, if there is one that works."""
        async with self._probing:
            if self._pool is not None and not self._probed:
                try:
                    await self._pool.probe()
                    await self._callback.start()
                    _write_programs(self._folder / "bin", self._pool.program)
                except EngineFailed as error:
                    self._no_engine, self._pool = f"{self._pool.program.name} cannot be used: {error}", None
                self._probed = True
        return self._pool

    async def _run(self, host: Host, line: command_line.PowerShellLine, words: list[str], stdin: bytes, user: str) -> Result:
        logged_on.set(user)
        pool = await self.engine()
        if pool is None:
            return await self._without_engine(host, line, stdin)
        content = scripts.sent(stdin) if scripts.is_bootstrap(line.text) else None
        name = scripts.name_of(content[0]) if content is not None else line.path or "command"
        self._began(host, name)
        host.files.make_folders()
        token = self._callback.open(host)
        try:
            done = await pool.run(words, stdin.decode("utf-8", "replace"), self._environment(host, token, user), host.files.home(), [STUBS])
        finally:
            self._callback.close(token)
        if done.failed:
            self._world.trace.add("fault", host.name, error=f"the PowerShell engine: {done.failed}")
        self._ended(host, name, "pwsh", done.rc)
        return done.stdout.encode(), done.stderr.encode(), done.rc & 0xFFFFFFFF

    def _began(self, host: Host, name: str) -> None:
        self._world.effect(host.name, "script_started", script=name)

    def _ended(self, host: Host, name: str, engine: str, rc: int) -> None:
        (self._engine_scripts if engine == "pwsh" else self._twins).add(name)
        host.scripts.append(ScriptRun(name, engine, rc))
        del host.scripts[:-200]
        self._world.trace.add("script", host.name, script=name, engine=engine, exit_code=rc)

    def _environment(self, host: Host, token: str, user: str) -> dict[str, str | None]:
        folder = str(self._folder / "bin")
        return {
            "COMPUTERNAME": host.computer_name,
            "USERNAME": user,
            "USERDOMAIN": host.machine.domain.split(".")[0].upper(),
            "ProgramData": "C:\\ProgramData",
            "SystemRoot": "C:\\Windows",
            "windir": "C:\\Windows",
            "SystemDrive": "C:",
            "TEMP": "C:\\Windows\\Temp",
            "USERDNSDOMAIN": host.machine.domain.upper(),
            "PWSH_JSON": "5.1",
            "PWSH_STDERR": "clixml",
            "PWSH_IMPORT": OVERRIDES,
            "PSModulePath": str(STUBS),
            "PATH": os.pathsep.join([folder, os.environ.get("PATH", "/usr/bin:/bin")]),
            "PATHEXT": ".COM;.EXE;.BAT;.CMD",
            "LAB_ACCOUNT": host.account(user)[0],
            "LAB_SID": host.account(user)[1],
            "LAB_HOME": str(host.files.home()),
            "LAB_CALLBACK": f"127.0.0.1:{self._callback.port}",
            "LAB_TOKEN": token,
            "LAB_ADDRESS": host.management_address,
        }

    async def _without_engine(self, host: Host, line: command_line.PowerShellLine, stdin: bytes) -> Result:
        if scripts.is_bootstrap(line.text):
            content = scripts.sent(stdin)
            name = scripts.name_of(content[0]) if content is not None else "unknown"
            self._began(host, name)
            name, out, code = await scripts.run_twin(host, stdin, self._calls)
            self._ended(host, name, "twin", code)
            return out.encode(), b"" if out else _clixml(f"the lab has no PowerShell engine and no twin of the script {name}"), code
        if line.path:
            return self._recorded(host, line.path, line.arguments)
        return await self._simple(host, line.text or stdin.decode("utf-8", "replace"))

    def _recorded(self, host: Host, path: str, arguments: Sequence[str]) -> Result:
        """A user's script where nothing can run it: recorded, with the exit code that the estate file states."""
        if not host.files.exists(path):
            return b"", _clixml(f"The argument '{path}' to the -File parameter does not exist."), 0xFFFD0000
        code = host.script_results.get(path.lower(), 0)
        self._began(host, path)
        self._ended(host, path, "twin", code)
        return f"recorded, not run: {path} {' '.join(arguments)}".rstrip().encode() + b"\r\n", b"", code

    async def _simple(self, host: Host, text: str) -> Result:
        """Commands that are nothing but a program with arguments, one after the other."""
        out, err, code = b"", b"", 0
        for command in re.split(r"[;\r\n]+", text):
            command = command.strip().lstrip("& ")
            if not command or _WRAPPING.fullmatch(command):
                continue
            words = command_line.split(command)
            name = command_line.program_name(words[0])
            if name == "exit":
                return out, err, int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
            if name == "clear-dnsclientcache":
                name, words = "ipconfig", ["ipconfig", "/flushdns"]
            if name not in PROGRAMS:
                return out, _clixml(f"{words[0]}: the lab has no PowerShell engine and runs nothing but {', '.join(PROGRAMS)} without one."), 1
            said, complained, code = await self._program(host, name, words[1:])
            out, err = out + said, err + complained
        # powershell.exe tells success or failure only, unless the script exits with a code of its own.
        return out, err, code if code in (0, 1) or "LASTEXITCODE" in text else 1

    def describe(self) -> JSON:
        return {
            "engine": str(self._pool.program.name) if self._pool is not None else None,
            "why_not": self._no_engine,
            "ran_as_twin": sorted(self._twins),
            "ran_in_engine": sorted(self._engine_scripts),
        }

    async def stop(self) -> None:
        for name in list(self._running):
            self.kill_host(name)
        await self._callback.stop()
        if self._pool is not None:
            await self._pool.stop()


async def _not_recognised(word: str) -> Result:
    return b"", f"'{word}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n".encode(), 1


async def _said(text: str, code: int = 0, error: str = "") -> Result:
    return text.encode(), error.encode(), code


async def _typed(host: Host, path: str) -> Result:
    """cmd's own command, for the one file that the lab's hosts have outside of their folders."""
    if path.lower().replace("%systemroot%", r"c:\windows") != HOSTS_FILE:
        return b"", b"The system cannot find the file specified.\r\n", 1
    return await _said("# Copyright (c) 1993-2009 Microsoft Corp.\r\n#\r\n" + hosts_file_text(host.resolver.hosts_file))


def _clixml(message: str) -> bytes:
    """An error as powershell.exe writes it on stderr over WinRM."""
    text = message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><S S="Error">{text}_x000D__x000A_</S></Objs>'.encode()


def _write_programs(folder: Path, engine: Path) -> None:
    """Commands that scripts find on their PATH: Windows' programs lead back into the lab, powershell.exe to the engine."""
    folder.mkdir(parents=True, exist_ok=True)
    client = Path(__file__).parent / "program_client.py"
    for name in PROGRAMS:
        _write_program(folder / name, f'exec "{sys.executable}" -IS "{client}" {name} "$@"')
        _write_program(folder / f"{name}.exe", f'exec "{sys.executable}" -IS "{client}" {name} "$@"')
    for name in ("powershell", "powershell.exe"):
        # The script's working folder is a folder of the lab; file names are flat names of the host's own.
        told = f'"{sys.executable}" -IS "{client}" script_started "$@"'
        _write_program(folder / name, f'{told} && cd "$LAB_HOME" && exec "{engine}" "$@"')
    for name in ("taskkill", "taskkill.exe"):
        _write_program(folder / name, f'exec "{sys.executable}" -IS "{client}" taskkill "$@"')


def _write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def encoded(text: str) -> str:
    """For -EncodedCommand."""
    return base64.b64encode(text.encode("utf-16-le")).decode("ascii")
