# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""run_script with a fake session, and with the real language engine where it is."""

from __future__ import annotations

import os
import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, ProtocolError, ScriptFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm_shell import COMMAND_LINE_LIMIT
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import bootstrap, clixml
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession, ScriptError
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, fixtures, needs_engine, needs_shared


def test_data_goes_in_and_one_value_comes_back() -> None:
    session = FakeSession("exch2", scripts=lambda script, data: {"script": script, "data": data})
    assert run_script(session, "param($data) 1", {"ü": [1]}, 9) == {"script": "param($data) 1", "data": {"ü": [1]}}
    [(_kind, command, arguments, stdin)] = session.calls
    assert (command, session.timeouts) == ("powershell.exe", [9])
    assert "ü".encode() not in stdin and all("param" not in argument for argument in arguments)


def test_a_failed_script_tells_its_codes() -> None:
    def fail(script: str, data: t.Any) -> t.Any:
        raise ScriptError("no such database", id="NotThere,Get-It", hresult=-2146233087, category="ObjectNotFound")

    with pytest.raises(ScriptFailed, match="no such database") as caught:
        run_script(FakeSession("exch2", scripts=fail), "x", None, 9)
    assert (caught.value.details["id"], caught.value.details["hresult"], caught.value.host) == ("NotThere,Get-It", 0x80131501, "exch2")


def ended_with(rc: int, stdout: bytes, stderr: str) -> FakeSession:
    return FakeSession("exch2", programs=lambda command, arguments, stdin: ShellResult(rc, stdout, stderr))


def test_powershell_that_says_nothing() -> None:
    with pytest.raises(ScriptFailed, match="exit code 1.*blocked by policy") as caught:
        run_script(ended_with(1, b"", "blocked\r\nby policy"), "x", None, 9)
    assert caught.value.details["id"] == "NoAnswer"


def test_two_answers_are_refused() -> None:
    line = b'continuity:{"ok":true,"value":1}\r\n'
    with pytest.raises(ProtocolError, match="exch2.*2 times"):
        run_script(ended_with(0, line + line, ""), "x", None, 9)


def test_the_bootstrap_fits_a_command_line() -> None:
    assert len(" ".join([bootstrap.PROGRAM, *bootstrap.arguments(BOOTSTRAP)])) <= COMMAND_LINE_LIMIT
    assert BOOTSTRAP.isascii()
    assert BOOTSTRAP.count(f"'{bootstrap.MARK}'") == 2


def on_the_engine(*extra: tuple[str, str]) -> FakeSession:
    environment = {**os.environ, "PWSH_JSON": "5.1", "PWSH_STDERR": "clixml+progress", **dict(extra)}

    def run(command: str, arguments: t.Sequence[str], stdin: bytes) -> ShellResult:
        done = subprocess.run([str(engine()), *arguments], input=stdin, capture_output=True, env=environment, timeout=180, check=False)
        return ShellResult(done.returncode, done.stdout, clixml.errors_of(done.stderr))

    return FakeSession("exch2", programs=run)


@needs_engine
def test_values_on_the_engine() -> None:
    data = {"text": "ü€😀 'quoted' \"$x\" `\r\n", "list": [1, [2]], "none": None, "deep": {"a": {"b": {"c": {"d": [True]}}}}}
    found = run_script(on_the_engine(), "param($data) @{ back = $data; count = @($data.list).Count }", data, 60)
    assert found == {"back": data, "count": 2}


@needs_engine
def test_noise_does_not_hide_the_answer_on_the_engine() -> None:
    script = "param($data) Write-Host 'noise'; Write-Progress -Activity x; Write-Warning 'w'; Write-Verbose 'v' -Verbose; @{ a = 1 }"
    assert run_script(on_the_engine(), script, None, 60) == {"a": 1}


@needs_engine
@pytest.mark.parametrize(
    ("script", "words", "details"),
    [
        ("param($data) throw 'bad thing'", "bad thing", {"category": "OperationStopped", "line": 1}),
        ("param($data)\n[IO.File]::ReadAllText('/no/such')", "find", {"id": "DirectoryNotFoundException", "hresult": 0x80070003, "line": 2}),
        ("param($data) Get-Item nowhere", "nowhere", {"id": "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand", "category": "ObjectNotFound"}),
        ("param($data) 1; 2", "2 objects", {}),
        ("param($data) if (", "if", {"id": "ParseException"}),
        ("param($data) exit 7", "exit code 7", {"id": "NoAnswer", "rc": 7}),
    ],
)
def test_errors_on_the_engine(script: str, words: str, details: dict[str, t.Any]) -> None:
    with pytest.raises(ScriptFailed, match=words) as caught:
        run_script(on_the_engine(), script, None, 60)
    assert {name: caught.value.details.get(name) for name in details} == details


@needs_engine
@needs_shared("powershell")
def test_the_bootstrap_is_windows_powershell_5(tmp_path: pathlib.Path) -> None:
    facts, file = tmp_path / "facts", tmp_path / "bootstrap.ps1"
    subprocess.run(["python3", str(fixtures("powershell", "make_modules.py")), str(facts)], check=True, capture_output=True)
    file.write_text(BOOTSTRAP)
    done = subprocess.run([str(engine()), "-Check", "-Unresolved", "-ModulePath", str(facts), str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Lossy(FakeSession):
    """Loses the answers to the first ``lost`` scripts."""

    lost = 2

    def run(self, command: str, arguments: t.Sequence[str], stdin: bytes, timeout: float) -> ShellResult:
        if self.lost:
            self.lost -= 1
            raise ConnectionLost("gone", host=self.name)
        return super().run(command, arguments, stdin, timeout)


def test_a_script_that_only_reads_is_run_again_when_its_answer_was_lost() -> None:
    session = Lossy("exch2")
    session.scripts = lambda script, data: {"found": True}
    assert run_script(session, "param($data)", {}, 10.0, only_reads=True) == {"found": True}


def test_a_script_that_changes_something_is_never_run_again() -> None:
    session = Lossy("exch2")
    session.scripts = lambda script, data: {"found": True}
    with pytest.raises(ConnectionLost):
        run_script(session, "param($data)", {}, 10.0)
    assert session.lost == 1
