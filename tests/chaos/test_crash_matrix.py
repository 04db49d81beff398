# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller dies at every boundary of a run; another one ends it, in the same state, with nothing done twice."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

MATRIX = pathlib.Path(__file__).resolve().parent / "crash_matrix.py"


@pytest.mark.parametrize("act", ["failover", "failback", "drill"])
def test_a_death_at_every_boundary_ends_as_a_run_without_one(act: str, tmp_path: pathlib.Path) -> None:
    """In a process of its own: it is forked at each boundary, and must not have threads of a test run."""
    done = subprocess.run([sys.executable, "-W", "ignore", str(MATRIX), "--acts", act], capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert [(one["story"], one["act"], name, wrong) for one in found["acts"] for name, wrong in one["wrong"].items()] == []
    for one in found["acts"]:
        assert {"before", "after", "unsent", "unanswered", "store before", "store after", "mirror before", "mirror after"} <= one["boundaries"].keys()
        assert one["deaths"] == one["same"] > 80, one
