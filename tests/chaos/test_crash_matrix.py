# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller dies at a boundary of a run; another one ends it, in the same state, with nothing done twice.

A seeded share of the boundaries here, all of them in ``make chaos``.
"""

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
    found = json.loads(done.stdout)
    acts: list[dict[str, t.Any]] = found["acts"]
    print(f"{' '.join(arguments)} --seed {found['seed']}: {found['deaths']} deaths")
    assert [(one["story"], one["act"], name, wrong) for one in acts for name, wrong in one["wrong"].items()] == [], f"--seed {found['seed']}"
    return acts


#: All that a controller can die at, and its lease's thread: before and after each task, message, transaction of the store and write of the mirror.
KINDS = {
    f"{who}{kind}"
    for who in ("", "renewal ")
    for kind in ("before", "after", "unsent", "unanswered", "store before", "store after", "mirror before", "mirror after")
}
ACTS = ["failover", "failback", "drill"]


@pytest.mark.parametrize("act", ACTS)
def test_a_run_whose_controller_died_is_ended_as_one_without_a_death(act: str) -> None:
    for one in crashed("--acts", act, "--sample", "0.05"):
        counts = one["boundaries"]
        assert counts.keys() == KINDS, one
        # Whatever has a begin has an end; a dead server alone answers nothing.
        assert all(counts[kind] == counts[kind.replace("before", "after")] for kind in counts), one
        assert one["deaths"] == one["same"] > 5, one


def test_a_controller_dies_in_the_middle_of_each_renewal_of_its_lease() -> None:
    """The lease's thread was in it; what the run's own had begun goes on at the hosts."""
    (one,) = crashed("--stories", "source dead", "--acts", "failover", "--kinds", "renewal")
    assert one["boundaries"]["renewal before"] >= 3, one
    assert one["deaths"] == one["same"] >= 2 * one["boundaries"]["renewal before"], one


@pytest.mark.parametrize("kinds", [(), ("--kinds", "renewal")])
def test_one_lost_message_or_answer_holds_no_run_up_and_nothing_is_done_twice(kinds: tuple[str, ...]) -> None:
    """The lease's renewals among them."""
    share = ("--sample", "0.6" if kinds else "0.015")
    (one,) = crashed("--stories", "source dead", "--acts", "failover", "--outage", "message", "--every", *share, *kinds)
    assert one["deaths"] == one["same"] == one["outages"]["message"]["harmed"] > 10, one
    assert one["interrupted"] == one["decisions"], one  # only what became of the script is asked of a person


@pytest.mark.parametrize("act", ACTS)
def test_a_run_whose_controller_died_is_undone(act: str) -> None:
    """Some of the controllers that undo die too."""
    acts = crashed("--undo", "--acts", act, "--sample", "0.035", "--undone-again", "0.005")
    for one in acts:
        print(f"{one['story']}, {act}: {one['deaths']} deaths, a share of {one['share']}, and {one['undone_again']} deaths of an undo")
        assert one["deaths"] == one["same"] > 3, one
        # Where clients may have written, somebody is asked about their data; a drill has none of theirs.
        assert (one["consents"] > 0) == (act != "drill"), one
    assert sum(one["undone_again"] for one in acts) > 0, acts


def test_a_run_that_another_machines_death_stopped_is_ended() -> None:
    """Of a failover, a failback and a drill, each outage by turns. One that took nothing away, or that nothing met, would be none."""
    outages = ("target", "dc", "dns", "mirror", "mirror-unwritable")
    acts = crashed("--stories", "source dead", "--sample", "0.1", "--outage", *outages)
    assert [one["act"] for one in acts] == ACTS
    for one in acts:
        assert one["deaths"] == one["same"] > 2 * len(outages) - 1, one
    for outage in outages:
        met = [one["outages"][outage] for one in acts]
        assert all(one["deaths"] == one["harmed"] > 1 for one in met), (outage, met)
        # A mirror that is gone is only written anew from the store.
        assert (sum(one["interrupted"] for one in met) > 0) == (outage != "mirror"), (outage, met)


def test_a_script_of_unknown_end_is_a_persons_decision_unless_it_is_repeatable() -> None:
    """Its server restarts while it runs."""
    options = ("--stories", "source dead", "--acts", "failover", "--tasks", "run_post_script", "--outage", "target", "--sample", "0.4")
    (asked,), (not_asked,) = crashed(*options), crashed(*options, "--repeatable")
    assert (asked["decisions"] > 0, not_asked["decisions"]) == (True, 0)
