# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from ansible_collections.continuity.identity_failover.tests.needs import needed

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "utils" / "step_cost.py"

#: Starts a process that leaves its parent, as a lab does, and uses half a second of a processor; waits for its end.
LEFT = """
import os, select, time
reader, writer = os.pipe()
if os.fork() == 0:
    child = os.fork()
    if child == 0:
        while time.process_time() < 0.5:
            pass
    else:
        os.write(writer, str(child).encode())
    os._exit(0)
os.wait()
select.select([os.pidfd_open(int(os.read(reader, 20)))], [], [])
"""


def cost(folder: pathlib.Path, *command: str) -> tuple[int, float]:
    """How it ended, and the processors' seconds."""
    file = folder / "cost"
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file), *command], timeout=60, check=False)
    _seconds, used = file.read_text(encoding="ascii").split()
    return done.returncode, float(used)


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137)])
def test_a_command_ends_as_it_would_without(command: str, status: int, tmp_path: pathlib.Path) -> None:
    assert cost(tmp_path, "sh", "-c", command)[0] == status


@needed("" if sys.platform == "linux" else "Linux, which alone hands a process that left its parent over to another")
def test_what_left_its_parent_is_counted(tmp_path: pathlib.Path) -> None:
    status, used = cost(tmp_path, sys.executable, "-S", "-c", LEFT)
    assert status == 0
    assert used >= 0.5
