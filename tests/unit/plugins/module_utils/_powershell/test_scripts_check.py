# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every script is what Windows PowerShell 5.1 takes: its syntax, its commands, their parameters."""

from __future__ import annotations

import importlib
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils import _powershell
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, fixtures, needs_engine

FOLDER = pathlib.Path(next(iter(_powershell.__path__)))

#: Commands of 5.1 that the recorded list lacks, with where they are documented.
DOCUMENTED = ("Import-PSSession", "Get-Acl", "Set-Acl")  # Microsoft.PowerShell.Utility and .Security of 5.1


def scripts() -> dict[str, str]:
    """Name -> text of every script: constants named SCRIPT or ..._SCRIPT, and the bootstrap."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"{_powershell.__name__}.{path.stem}")
        constants = {name: text for name, text in vars(module).items() if name.endswith(("SCRIPT", "BOOTSTRAP")) and isinstance(text, str)}
        found.update({f"{path.stem}.{name}": text for name, text in constants.items()})
    return found


@pytest.mark.parametrize("name", sorted(scripts()))
def test_a_script_is_ascii_and_takes_its_data_as_data(name: str) -> None:
    text = scripts()[name]
    assert text.isascii()
    assert name == "bootstrap.BOOTSTRAP" or text.lstrip().startswith("param($data)")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Modules that know the commands of 5.1 and what they take, and do nothing."""
    maker = fixtures("powershell", "make_modules.py")
    folder = tmp_path_factory.mktemp("facts")
    subprocess.run([sys.executable, str(maker), str(folder)], check=True, capture_output=True, cwd=folder)
    return folder


@needs_engine
def test_the_engines_check_finds_nothing(facts: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for name, text in scripts().items():
        (tmp_path / f"{name}.ps1").write_text(text, encoding="ascii")
    command = [str(engine()), "-Check", "-Unresolved", "-ModulePath", str(facts), "-Allow", ",".join(DOCUMENTED), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


@needs_engine
@pytest.mark.parametrize("text", ["$a = $b ?? 1", "Get-MailboxDatabse -Server x", "Mount-Database -Identiy x", "if ("])
def test_the_check_would_find_what_is_wrong(facts: pathlib.Path, tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "bad.ps1").write_text(f"param($data)\n{text}\n", encoding="ascii")
    done = subprocess.run(
        [str(engine()), "-Check", "-Unresolved", "-ModulePath", str(facts), str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1 and "bad.ps1:2" in done.stdout
