# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller dies at every boundary of a run; another one ends it, in the same state, with nothing done twice."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest

MATRIX = pathlib.Path(__file__).resolve().parent / "crash_matrix.py"


def crashed(*arguments: str) -> list[dict[str, t.Any]]:
    """The acts' results. In a process of its own: it is forked at each boundary, and must not have threads of a test run."""
    command = [sys.executable, "-W", "ignore", str(MATRIX), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.stdout, done.stderr
    acts: list[dict[str, t.Any]] = json.loads(done.stdout)["acts"]
    assert [(one["story"], one["act"], name, wrong) for one in acts for name, wrong in one["wrong"].items()] == []
    return acts


@pytest.mark.parametrize("act", ["failover", "failback", "drill"])
def test_a_death_at_every_boundary_ends_as_a_run_without_one(act: str) -> None:
    for one in crashed("--acts", act):
        assert {"before", "after", "unsent", "unanswered", "store before", "store after", "mirror before", "mirror after"} <= one["boundaries"].keys()
        assert one["deaths"] == one["same"] > 80, one


@pytest.mark.parametrize("act", ["failover", "failback", "drill"])
def test_a_run_whose_controller_died_is_undone(act: str) -> None:
    """A seeded share here, every death in ``make chaos``; some of the controllers that undo die too."""
    for one in crashed("--undo", "--acts", act, "--sample", "0.03", "--undone-again", "0.002"):
        print(f"{one['story']}, {act}: {one['deaths']} deaths, a share of {one['share']}, and {one['undone_again']} deaths of an undo")
        assert one["deaths"] == one["same"] > 10, one
        assert one["undone_again"] > 0, one
        # Only where clients may have written is anybody asked about data.
        assert (0 < one["consents"] < one["deaths"]) == (act != "drill"), one


@pytest.mark.parametrize("outage", ["target", "dc", "dns", "mirror"])
def test_a_run_that_another_machines_death_stopped_is_ended(outage: str) -> None:
    (one,) = crashed("--stories", "source dead", "--acts", "failover", "--outage", outage, "--sample", "0.05")
    assert one["deaths"] > 8


def test_a_script_of_unknown_end_is_a_persons_decision_unless_it_is_repeatable() -> None:
    """Its server restarts while it runs."""
    options = ("--stories", "source dead", "--acts", "failover", "--tasks", "run_post_script", "--outage", "target")
    (asked,), (not_asked,) = crashed(*options), crashed(*options, "--repeatable")
    assert (asked["decisions"] > 0, not_asked["decisions"]) == (True, 0)
