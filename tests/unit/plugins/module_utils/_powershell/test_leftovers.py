# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is removed from a host's folder: the script in the engine, on a folder of this machine, and its twin on the lab's files."""

from __future__ import annotations

import asyncio
import hashlib
import pathlib
import subprocess
import types
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import leftovers
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins import leftovers as twin
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, needs_engine

LAST = '{"seq":2}'
HASH = hashlib.sha256(LAST.encode()).hexdigest()
OURS = ["mail.20261126-ab.0123456789ab.done", "mail.journal.old", "mail.journal.torn", "mail.lease", "mail.journal"]
WINDOWS = r"C:\ProgramData\continuity\identity_failover"


class Place(t.Protocol):
    path: str

    def write(self, name: str, text: str) -> None:
        """A file of the folder."""

    def names(self) -> list[str]:
        """What the folder holds; nothing where there is none."""

    def session(self) -> FakeSession:
        """A host whose PowerShell is this."""


class Engine:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / "kept"
        self.path = str(self.folder)

    def write(self, name: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def session(self) -> FakeSession:
        def run(command: str, arguments: t.Sequence[str], stdin: bytes) -> ShellResult:
            environment = {"PWSH_JSON": "5.1", "PATH": "/usr/bin:/bin"}
            ran = subprocess.run([str(engine()), *arguments], input=stdin, capture_output=True, env=environment, timeout=180, check=False)
            return ShellResult(ran.returncode, ran.stdout, ran.stderr.decode())

        return FakeSession("exch2", programs=run)


class Twin:
    path = WINDOWS

    def __init__(self, folder: pathlib.Path) -> None:
        self.files = Files(folder / "lab")

    def write(self, name: str, text: str) -> None:
        self.files.home()
        self.files.write(f"{WINDOWS}\\{name}", text.encode())

    def names(self) -> list[str]:
        return [path.rpartition("\\")[2] for path in self.files.names()] if self.files.is_folder(WINDOWS) else []

    def session(self) -> FakeSession:
        host: t.Any = types.SimpleNamespace(files=self.files)
        return FakeSession("exch2", scripts=lambda script, data: asyncio.run(twin.run(host, data, t.cast("t.Any", None))))


@pytest.fixture(params=[pytest.param("engine", marks=needs_engine), "twin"])
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    return Engine(tmp_path) if request.param == "engine" else Twin(tmp_path)


def fill(place: Place, *others: str) -> None:
    for name in [*OURS, *others]:
        place.write(name, f'{{"seq":1}}\n{LAST}\n' if name == "mail.journal" else "x")


def test_a_host_without_our_folder(place: Place) -> None:
    found = leftovers.remove(place.session(), place.path, "mail", "", 60.0)
    assert (found.files, found.removed, found.folder) == ([], [], "absent")


def test_looking_removes_nothing(place: Place) -> None:
    fill(place)
    found = leftovers.look(place.session(), place.path, "mail", 60.0)
    assert (found.files, found.removed, found.folder, found.others) == (OURS, [], "kept", False)
    assert place.names() == sorted(OURS)


def test_everything_of_the_identity_goes_and_the_empty_folder_with_it(place: Place) -> None:
    fill(place)
    found = leftovers.remove(place.session(), place.path, "mail", HASH, 60.0)
    assert (found.removed, found.folder, found.failed, found.refused) == (OURS, "removed", [], "")
    assert place.names() == []
    assert leftovers.look(place.session(), place.path, "mail", 60.0).folder == "absent"


def test_another_identity_is_left_alone_and_keeps_the_folder(place: Place) -> None:
    fill(place, "mail-2.journal", "erp.journal")
    found = leftovers.remove(place.session(), place.path, "mail", HASH, 60.0)
    assert (found.removed, found.folder, found.others) == (OURS, "kept", True)
    assert place.names() == ["erp.journal", "mail-2.journal"]


def test_a_journal_that_has_grown_refuses_everything(place: Place) -> None:
    fill(place)
    place.write("mail.journal", LAST + "\n" + '{"seq":3}' + "\n")
    found = leftovers.remove(place.session(), place.path, "mail", HASH, 60.0)
    assert (found.refused, found.removed) == ("journal_moved", [])
    assert place.names() == sorted(OURS)
