# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocol explored: nothing is found in it as it is, and whatever protection is taken away is missed."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from ansible_collections.continuity.identity_failover.tests.model.explorer import EVENTS, Schedule, explore
from ansible_collections.continuity.identity_failover.tests.model.world import Variant, Violation


def test_a_hundred_thousand_transitions_break_nothing() -> None:
    happened, found = explore(seed=20261126, transitions=100_000)
    assert found is None, "\n".join([found.what, *found.events])
    assert happened.total() == 100_000
    assert set(happened) == set(EVENTS)


#: Protection -> what the explorer finds without it.
MISSED = {
    "mutex": "two holders have epoch|the chain is broken",
    "epoch_check": "two holders have epoch|a script was started under epoch|a record was written under epoch",
    "script_epoch": "a script was started under epoch",
    "dns_epoch": "a record was written under epoch",
    "asks": "a record was written under epoch",
    "takes_over": "a record was written under epoch",
    "uptime": "took the lease from",
    "mirror": "the store was set back, and a controller went on",
    "settling": "both serve",
    "bound": "both serve",
}


@pytest.mark.parametrize("protection", MISSED)
def test_what_is_taken_away_is_missed(protection: str) -> None:
    _happened, found = explore(seed=1, transitions=100_000, variant=Variant(**{protection: False}))
    assert found is not None
    assert any(found.what.find(part) >= 0 for part in MISSED[protection].split("|")), found.what


def test_the_same_seed_gives_the_same_schedules() -> None:
    first, second = (explore(seed=7, transitions=30_000, variant=Variant(settling=False)) for _time in range(2))
    assert first == second


def test_the_command_prints_what_it_found_and_fails() -> None:
    module = "ansible_collections.continuity.identity_failover.tests.model.explorer"
    command = [sys.executable, "-m", module, "--seed", "1", "--transitions", "2000", "--without", "mutex"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert '"transitions_per_second"' in done.stdout and "two holders" in done.stdout


class Protocol(RuleBasedStateMachine):
    """The same events, chosen by hypothesis, which shortens what it finds."""

    variant = Variant()

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule(self.variant, random.Random(0))

    @rule(event=st.sampled_from([*EVENTS, *["act"] * 20, *["land"] * 4]), seed=st.integers(0, 1 << 16))
    def happen(self, event: str, seed: int) -> None:
        self.schedule.random.seed(seed)
        self.schedule.happen(event)


Protocol.TestCase.settings = settings(max_examples=60, stateful_step_count=60, suppress_health_check=list(HealthCheck))
TestProtocol = Protocol.TestCase


@pytest.mark.parametrize("protection", ["mutex", "epoch_check", "uptime", "mirror"])
def test_hypothesis_misses_what_is_taken_away_too(protection: str) -> None:
    class Broken(Protocol):
        variant = Variant(**{protection: False})

    found = settings(Protocol.TestCase.settings, max_examples=2000, derandomize=True, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(Violation) as violation:
        run_state_machine_as_test(Broken, settings=found)
    assert any(part in str(violation.value) for part in MISSED[protection].split("|"))
