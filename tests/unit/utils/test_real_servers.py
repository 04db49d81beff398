# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/utils/real_servers.sh runs its tests with two versions of dnspython, and says so where it has only one."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parents[2] / "utils"


def program(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def run(root: pathlib.Path, *arguments: str, forbid_skips: bool = False) -> subprocess.CompletedProcess[str]:
    """The script in a tree of its own, where Python only tells how it was called, and in a network that is there already."""
    for name in ("real_servers.sh", "environment.sh"):
        (root / "tests" / "utils").mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / name, root / "tests" / "utils")
    program(root / ".venv" / "bin" / "python", 'echo "${CONTINUITY_DNSPYTHON:-newest} $PYTHONPATH $*"')
    program(root / "bin" / "ip", ":")
    kept = {name: value for name, value in os.environ.items() if name != "CONTINUITY_FORBID_SKIPS"}
    given = {
        "PATH": f"{root}/bin{os.pathsep}{os.environ['PATH']}",
        "CONTINUITY_PRIVATE_NETWORK": "1",
        **({"CONTINUITY_FORBID_SKIPS": "1"} if forbid_skips else {}),
    }
    command = [str(root / "tests" / "utils" / "real_servers.sh"), *arguments]
    return subprocess.run(command, env={**kept, **given}, capture_output=True, text=True, timeout=60, check=False)


def test_both_versions_run_each_test(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".cache" / "dnspython-2.3.0").mkdir(parents=True)
    done = run(tmp_path, forbid_skips=True)
    packages = f"{tmp_path}/.cache/gssapi"
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"newest {packages} -m pytest -q tests/real_servers",
            "The same with dnspython 2.3.0:",
            f"2.3.0 {tmp_path}/.cache/dnspython-2.3.0:{packages} -m pytest -q tests/real_servers",
        ],
    )


@pytest.mark.parametrize("forbid_skips", [False, True])
def test_an_oldest_version_that_is_missing_is_told_and_fails_where_nothing_may_be_skipped(tmp_path: pathlib.Path, forbid_skips: bool) -> None:
    done = run(tmp_path, forbid_skips=forbid_skips)
    assert (done.returncode, len(done.stdout.splitlines())) == (int(forbid_skips), 2)
    assert done.stdout.splitlines()[1].startswith("Skipped: the same with dnspython 2.3.0: no .cache/dnspython-2.3.0; ")


def test_with_arguments_only_those_are_run(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, "-x", "tests/real_servers/test_matrix.py", forbid_skips=True)
    assert done.stdout.splitlines() == [f"newest {tmp_path}/.cache/gssapi -m pytest -q -x tests/real_servers/test_matrix.py"]
