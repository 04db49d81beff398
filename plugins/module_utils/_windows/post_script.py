# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A user's own script or program on a Windows host: how it is started by its kind, and its markers."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.post_script import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script

#: Seconds beyond the script's own time: starting PowerShell, ending a tree of processes, reading what is left of its output.
OVERHEAD = 30.0

#: Characters that cmd.exe takes as its own even within quotes, or that end them.
CMD_SPECIAL = re.compile(r'[&|<>^%!"\r\n]')

_ABSOLUTE = re.compile(r"[A-Za-z]:\\.+|\\\\[^\\]+\\[^\\]+\\.+")


@dataclasses.dataclass(frozen=True)
class Launch:
    """A program and its whole command line."""

    program: str
    arguments: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """``started``/``done``: the markers. ``record``: what ``done`` holds, see the script. ``refused``: "", started or lease_lost."""

    exists: bool
    sha256: str
    started: bool
    done: dict[str, t.Any] | None
    ran: bool
    refused: str
    record: dict[str, t.Any] | None


def check_path(path: str, option: str = "path") -> None:
    """Raises InvalidInput unless it is a whole Windows path: where a remote shell starts is nobody's business."""
    if _ABSOLUTE.fullmatch(path) is None or any(character in path for character in '*?"<>|\r\n'):
        raise InvalidInput(rf"{option}: {path!r} is not a whole Windows path, such as D:\dr\post_failover.ps1")


def launch(path: str, arguments: t.Sequence[str]) -> Launch:
    """How a file is run, by its extension (.ps1, .cmd, .bat, .vbs, .js, .exe, .com). Raises InvalidInput for another one, and for arguments
    that cmd.exe would take apart.

    Arguments are quoted by the rules of the C runtime, which every one of these programs but cmd.exe follows.
    """
    check_path(path)
    for argument in arguments:
        if "\0" in argument:
            raise InvalidInput("arguments: no argument can hold a null character")
    extension = path.rpartition(".")[2].lower()
    if extension == "ps1":
        line = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", path, *arguments]
        return Launch("powershell.exe", subprocess.list2cmdline(line))
    if extension in ("cmd", "bat"):
        for text in (path, *arguments):
            if CMD_SPECIAL.search(text):
                raise InvalidInput(f"arguments: cmd.exe cannot be given {text!r} unharmed; use a .ps1 script, or leave out & | < > ^ % ! and quotes")
        inner = " ".join(f'"{text}"' for text in (path, *arguments))
        return Launch("cmd.exe", f'/d /s /c "{inner}"')
    if extension in ("vbs", "js"):
        return Launch("cscript.exe", subprocess.list2cmdline(["//B", "//Nologo", path, *arguments]))
    if extension in ("exe", "com"):
        return Launch(path, subprocess.list2cmdline(list(arguments)))
    raise InvalidInput(f"path: {path} is none of .ps1, .cmd, .bat, .vbs, .js, .exe and .com, so it is not clear how to run it")


def look(session: Session, path: str, folder: str, mark: str) -> Answer:
    """Whether the file is there, and what the markers say. Changes nothing."""
    return _run(session, {"action": "look", "path": path, "folder": folder, "mark": mark}, OVERHEAD)


def run(
    session: Session,
    path: str,
    arguments: t.Sequence[str],
    *,
    working_directory: str,
    seconds: float,
    cap: int,
    folder: str,
    mark: str,
    again: bool,
    lease: t.Mapping[str, t.Any] | None,
) -> Answer:
    """Runs it, once for each ``mark`` unless ``again``; ``cap`` characters of each stream are kept."""
    how = launch(path, arguments)
    data = {"action": "run", "path": path, "folder": folder, "mark": mark, "program": how.program, "arguments": how.arguments, "again": again, "cap": cap}
    return _run(session, {**data, "working_directory": working_directory, "seconds": seconds, "lease": dict(lease) if lease else None}, seconds + OVERHEAD)


def _run(session: Session, data: dict[str, t.Any], timeout: float) -> Answer:
    defaults = {"program": "", "arguments": "", "working_directory": "", "seconds": 0.0, "cap": 0, "again": False, "lease": None}
    answer = run_script(session, SCRIPT, {**defaults, **data}, timeout, only_reads=data["action"] != "run")
    return Answer(**{field.name: answer[field.name] for field in dataclasses.fields(Answer)})
