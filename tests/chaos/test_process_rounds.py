# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which places of a playbook are deaths, counted in a run without one."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.tests.chaos import all_parts, crash_processes, seeds
from ansible_collections.continuity.identity_failover.tests.chaos.process_rounds import Counting, Point, effects


class Lab:
    """Its trace grows by what a host does by itself, or by what a hook does."""

    def __init__(self) -> None:
        self.records: list[dict[str, t.Any]] = []

    def trace(self, since: int) -> list[dict[str, t.Any]]:
        return self.records[since:]

    def acts(self, kind: str) -> None:
        self.records.append({"kind": kind})


class World:
    def __init__(self) -> None:
        self.lab = Lab()


@pytest.fixture
def counting() -> Counting:
    world: t.Any = World()
    return Counting(world, 0)


def test_a_place_is_behind_each_line_and_before_and_after_each_task(counting: Counting) -> None:
    counting("before", "failover_run")
    counting("line", "run_opened")
    counting("after", "failover_run")
    counting.world.lab.acts("effect")  # a service that is just starting
    counting("before", "app_services")
    counting("line", "step_intent")
    counting.world.lab.acts("effect")
    counting("line", "step_outcome")
    counting("after", "app_services")
    assert counting.points() == [
        Point("line", 1, "run_opened"),
        Point("line", 2, "step_intent"),
        Point("line", 3, "step_outcome"),
        Point("task", 1, "before failover_run"),
        Point("task", 3, "before app_services"),  # the same as after the run was opened
        Point("task", 4, "after app_services"),
    ]


def test_what_happened_between_two_tasks_makes_two_places_of_them(counting: Counting) -> None:
    counting("before", "app_services")
    counting("after", "app_services")
    counting.world.lab.acts("control")  # a hook
    counting("before", "fence_source")
    counting("after", "fence_source")
    assert [point.label for point in counting.points()] == ["before app_services", "after app_services", "before fence_source", "after fence_source"]


def test_a_task_that_is_skipped_is_no_place_and_moves_no_other_one(counting: Counting) -> None:
    for kind, task in (("before", "mount_databases"), ("skipped", "mount_databases"), ("before", "update_dns"), ("after", "update_dns")):
        counting(kind, task)
    assert counting.points() == [Point("task", 3, "before update_dns"), Point("task", 4, "after update_dns")]


def test_records_that_we_wrote_are_effects_and_a_runs_marker_is_none() -> None:
    ours = {"kind": "dns", "host": "dns1", "opcode": "UPDATE", "key": "failover-key.", "rcode": "NOERROR", "updates": ["mail.example.com. 60 IN A 192.0.2.1"]}
    others = [{**ours, "key": "host-exch1."}, {**ours, "rcode": "NXRRSET"}, {**ours, "updates": ["_failover-mail.example.com. 60 IN TXT x"]}]
    assert sorted(effects([ours, ours, *others]).values()) == [2]


def test_the_sample_has_two_deaths_of_every_playbook_and_place_as_the_seed_says() -> None:
    samples = [crash_processes.sample_of(seed) for seed in range(400)]
    assert all(crash_processes.sample_of(seed) == found for seed, found in enumerate(samples))
    assert {tuple(playbook for playbook, _point in found) for found in samples} == {("drill", "failover"), ("failover", "failback")}
    for playbook, most in crash_processes.AT_LEAST.items():
        numbers = {(point.kind, point.number) for found in samples for one, point in found if one == playbook}
        assert all(1 <= number <= most[kind] for kind, number in numbers) and len(numbers) > 0.9 * sum(most.values())


def test_a_share_is_spread_evenly_and_its_seed_moves_it() -> None:
    spreads = {seed: seeds.Spread(0.05, seed) for seed in "abcdefgh"}
    found = {seed: [number for number in range(200) if spread.next()] for seed, spread in spreads.items()}
    assert all(len(numbers) == 10 and {b - a for a, b in zip(numbers, numbers[1:], strict=False)} <= {19, 20, 21} for numbers in found.values())
    assert len({tuple(numbers) for numbers in found.values()}) > 4
    # Of many undos with few boundaries each, some are deaths, and about as many as the share says.
    assert 18 <= sum(seeds.Spread(0.005, "a").moved(number).next() for number in range(5000)) <= 32


def test_make_chaos_has_every_act_of_every_kind_and_names_them_apart() -> None:
    names = [part.name for part in all_parts.parts()]
    assert len(names) == len(set(names))
    planned = [f"planned-{act}" for act in ("failover", "failback")]
    for act in (*planned, *(f"{story}-{act}" for story in ("dead", "directory") for act in ("failover", "failback", "drill"))):
        for kind in ("boundaries", "undone", "lost-message", *(f"outage-{one}" for one in ("target", "dc", "dns", "mirror", "mirror-unwritable"))):
            assert f"{kind}-{act}" in names


def test_a_part_counts_the_deaths_within_its_undos_and_those_that_did_not_hold() -> None:
    act = {"undone_again": 7, "wrong": {"3 unsent": ["undone again, 4 unsent: estate/x", "estate/y"]}}
    assert all_parts.deaths({"deaths": 5, "same": 4, "acts": [act]}) == (12, 10)
    assert all_parts.deaths({"deaths": 3, "held": 2}) == (3, 2)
    assert all_parts.deaths({"broke": 1}) == (0, 0)


@pytest.mark.parametrize(("printed", "kept"), [('{"deaths": 3, "held": 3}', True), ('{"deaths": 3, "he', False), ("", False)])
def test_a_part_that_died_over_its_json_broke_down_and_is_run_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, printed: str, kept: bool) -> None:
    monkeypatch.setattr(all_parts, "RESULTS", tmp_path)
    monkeypatch.setattr(all_parts.subprocess, "run", lambda command, **options: subprocess.CompletedProcess(command, 0 if kept else -9, stdout=printed))
    found = all_parts.run(all_parts.Part("one", "crash_matrix.py", ()), ())
    assert ("broke" not in found, found["part"]["held"]) == (kept, kept)
    assert [path.name for path in tmp_path.iterdir()] == (["one.json"] if kept else [])
    assert ("broke down" in all_parts.told(1, 1, all_parts.parts()[0], found, False)) is not kept
