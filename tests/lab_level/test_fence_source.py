# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fence_source against a living, a dead, a returning and the wrong machine."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongMachine
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.fence_source import fence_source, fence_source_spec
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import run_step, statuses
from ansible_collections.continuity.identity_failover.tests.unit import runs

NAMES = ["MSExchangeADTopology", "MSExchangeIS", "MSExchangeTransport"]
PLACES = [{"host": "controller"}, {"host": "wit1"}, {"host": "exch2"}]


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), clients=1) as started:
        yield started


def machine(lab: Lab, host: str) -> dict[str, str]:
    known = lab.info["hosts"][host]
    return {"uuid": known["uuid"], "name": known["computer_name"]}


def run(lab: Lab, host: str = "exch1", check_mode: bool = False, **given: t.Any) -> Result:
    options = {"services": NAMES, "vantage_points": PLACES, **given}
    return run_step(lab, fence_source, fence_source_spec(), host, named=["wit1", "exch2"], check_mode=check_mode, **options)


def workload(lab: Lab) -> set[tuple[str, str]]:
    services = lab.state("exch1")["services"]
    return {(services[name]["state"], services[name]["start_mode"]) for name in NAMES}


def test_a_living_source_reaches_grade_two_and_stays_down_after_a_restart(lab: Lab, tmp_path: pathlib.Path) -> None:
    assert run(lab, check_mode=True).extra["grade"] == 2 and workload(lab) == {("Running", "Auto")}
    clock = SystemClock()
    failover = runs.started(tmp_path, clock)
    result = run(lab, machine=machine(lab, "exch1"), run=failover)
    assert result.extra["grade"] == 2 and set(statuses(result).values()) <= {"done", "already"} and workload(lab) == {("Stopped", "Disabled")}
    lab.kill("exch1")
    lab.return_("exch1")
    runs.ended(tmp_path, clock, failover)
    failback = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    assert not run(lab).changed and workload(lab) == {("Stopped", "Disabled")}
    released = run(lab, state="released", run=failback, revert_run="run1")
    assert not released.failed and released.changed and workload(lab) == {("Stopped", "Auto")}
    assert not run(lab, state="released", run=failback, revert_run="run1").changed


def test_a_dead_source_is_evidence(lab: Lab) -> None:
    lab.kill("exch1")
    result = run(lab, minimum=1)
    assert result.extra["grade"] == 1 and not result.failed and not result.changed
    too_little = run(lab, minimum=2)
    assert too_little.failed and too_little.reason == "not_fenced"
    assert not run(lab, minimum=2, accept_unfenced="mail of the last minute").failed


def test_a_source_that_only_the_controller_cannot_reach_is_not_taken_for_dead(lab: Lab) -> None:
    lab.cut("controller", "exch1")
    result = run(lab, minimum=1)
    assert result.failed and result.reason == "not_fenced" and "still answers wit1" in result.msg


def test_an_isolated_controller_proves_nothing(lab: Lab) -> None:
    for host in ("exch1", "wit1", "exch2"):
        lab.cut("controller", host)
    result = run(lab, minimum=1)
    assert result.failed and result.extra["grade"] == 0 and "could not look" in result.msg


def test_the_stand_in_is_never_fenced_in_the_sources_place(lab: Lab) -> None:
    """After a failover the source's name may lead to the stand-in."""
    with pytest.raises(WrongMachine):
        run(lab, "exch2", machine=machine(lab, "exch1"))
    assert not [record for record in lab.trace(kind="effect") if record["host"] == "exch2" and "service" in record]
