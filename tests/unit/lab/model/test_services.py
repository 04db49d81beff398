# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.model.services import RUNNING, START_PENDING, STOP_PENDING, STOPPED, Service, ServiceManager

from .support import TestWorld


def manager(*services: Service) -> tuple[TestWorld, ServiceManager]:
    world = TestWorld()
    return world, ServiceManager(world, "h", services)


def state(services: ServiceManager, name: str) -> str:
    found = services.find(name)
    assert found is not None
    return found.state


def test_a_service_is_pending_before_it_runs_and_the_second_start_says_so() -> None:
    world, services = manager(Service("A", start_delay=1.0))
    assert services.start("a") == 0
    assert state(services, "A") == START_PENDING
    assert services.start("A") == 10
    world.clock.advance(1.0)
    assert state(services, "A") == RUNNING
    assert services.start("A") == 10
    assert len(world.seen.effects("service_started")) == 1


def test_prerequisites_start_first_and_the_dependant_waits_for_them() -> None:
    world, services = manager(Service("A", start_delay=1.0), Service("B", depends_on=("a",), start_delay=1.0))
    assert services.start("B") == 0
    world.clock.advance(1.5)
    assert (state(services, "A"), state(services, "B")) == (RUNNING, START_PENDING)
    world.clock.advance(1.0)
    assert state(services, "B") == RUNNING


@pytest.mark.parametrize(
    ("needed", "code"),
    [([], 12), ([Service("A", start_mode="Disabled")], 13), ([Service("A", start_code=15)], 13)],
)
def test_a_prerequisite_that_cannot_start_is_told_at_once(needed: list[Service], code: int) -> None:
    _world, services = manager(Service("B", depends_on=("A",)), *needed)
    assert services.start("B") == code
    assert state(services, "B") == STOPPED


def test_a_disabled_service_is_not_started_and_a_logon_failure_has_its_own_code() -> None:
    _world, services = manager(Service("A", start_mode="Disabled"), Service("B", start_code=15))
    assert services.start("A") == 14
    assert services.start("B") == 15


def test_a_service_with_running_dependants_is_not_stopped() -> None:
    world, services = manager(Service("A"), Service("B", depends_on=("A",)))
    services.start("B")
    world.clock.advance(1.0)
    assert services.stop("A") == 3
    assert services.stop("B") == 0
    assert state(services, "B") == STOP_PENDING
    assert services.stop("A") == 3
    world.clock.advance(1.0)
    assert services.stop("A") == 0


def test_stopping_what_does_not_run_is_no_success() -> None:
    world, services = manager(Service("A", start_delay=1.0))
    assert services.stop("A") == 5
    services.start("A")
    assert services.stop("A") == 5
    world.clock.advance(2.0)
    assert services.stop("A") == 0


def test_a_service_that_takes_no_stop_keeps_running() -> None:
    world, services = manager(Service("Dnscache", accepts_stop=False))
    services.start("Dnscache")
    world.clock.advance(1.0)
    assert services.stop("Dnscache") == 5


def test_a_hung_service_stays_pending_and_its_check_point_stands_still() -> None:
    world, services = manager(Service("A", hangs="start"), Service("B", start_delay=60.0))
    services.start("A")
    services.start("B")
    hung, slow = services.find("A"), services.find("B")
    assert hung is not None and slow is not None
    before = hung.check_point(world.now()), slow.check_point(world.now())
    world.clock.advance(10.0)
    assert hung.state == START_PENDING
    assert hung.check_point(world.now()) == before[0]
    assert slow.check_point(world.now()) > before[1]


def test_a_service_that_dies_after_its_start_leaves_the_code_of_a_crash() -> None:
    world, services = manager(Service("A", dies_after=2.0))
    services.start("A")
    world.clock.advance(1.0)
    assert state(services, "A") == RUNNING
    world.clock.advance(2.0)
    found = services.find("A")
    assert found is not None and (found.state, found.exit_code) == (STOPPED, 1067)


@pytest.mark.parametrize(
    ("mode", "code", "after"), [("Automatic", 0, "Auto"), ("manual", 0, "Manual"), ("Disabled", 0, "Disabled"), ("Auto", 21, "Auto"), ("Boot", 21, "Auto")]
)
def test_start_modes_have_other_names_in_the_method_than_in_the_property(mode: str, code: int, after: str) -> None:
    _world, services = manager(Service("A"))
    assert services.change_start_mode("A", mode) == code
    found = services.find("A")
    assert found is not None and found.start_mode == after


def test_power_off_tells_nobody_and_a_boot_starts_what_starts_by_itself() -> None:
    world, services = manager(Service("A"), Service("B", start_mode="Manual"), Service("C", delayed=True))
    services.boot()
    world.clock.advance(2.0)
    assert [each.state for each in services.all()] == [RUNNING, STOPPED, RUNNING]
    told = len(world.seen.records)
    services.power_off()
    assert [each.state for each in services.all()] == [STOPPED] * 3
    assert len(world.seen.records) == told
    services.power_on()
    world.clock.advance(2.0)
    assert [each.state for each in services.all()] == [RUNNING, STOPPED, RUNNING]


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["start", "stop", "die", "wait"])), max_size=30))
def test_no_service_runs_without_what_it_needs_unless_that_died(steps: list[tuple[str, str]]) -> None:
    world, services = manager(Service("A"), Service("B", depends_on=("A",)), Service("C", depends_on=("B",)))
    died: set[str] = set()
    for name, step in steps:
        if step == "start" and services.start(name) == 0:
            died.discard(name)
        elif step == "stop":
            services.stop(name)
        elif step == "die":
            services.die(name)
            died.add(name)
        else:
            world.clock.advance(0.07)
        for each in services.all():
            if each.state == RUNNING:
                for needed in services.prerequisites(each):
                    assert needed.state != STOPPED or needed.name in died
