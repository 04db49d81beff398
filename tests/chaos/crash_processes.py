# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole processes killed: ansible-playbook and all that it started get SIGKILL before and after each task of failover, failback and drill, and
behind each line of the journal. Another controller goes on, and the end must be that of a run without a death.

A first round without a death counts the places. Then round follows round on the same lab, each playbook with the next of its deaths:
what one leaves behind is what the next begins with, so nothing is built again for a death. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import resource
import sys
import tempfile
import time
import typing as t

from ansible_collections.continuity.identity_failover.tests.chaos import seeds
from ansible_collections.continuity.identity_failover.tests.chaos.crash_matrix import one_of
from ansible_collections.continuity.identity_failover.tests.chaos.process_rounds import PLAYBOOKS, Death, Point, World

#: Without a first round: how often each playbook asks its gate, and how many lines it writes, at least.
AT_LEAST = {"failover": {"task": 30, "line": 16}, "failback": {"task": 34, "line": 18}, "drill": {"task": 38, "line": 8}}


def counted(world: World, options: argparse.Namespace) -> dict[str, list[Point]]:
    """A round without a death; the places of each playbook that are deaths in this part."""
    points = world.first_round()
    chance = random.Random(options.seed)
    part, parts = options.part
    chosen = {playbook: found[part - 1 :: parts] for playbook, found in points.items()}
    return {playbook: [point for point in found if chance.random() < options.sample] for playbook, found in chosen.items()}


def rounds(world: World, left: dict[str, list[Point]]) -> t.Iterator[Death]:
    """Deaths until none is left or one did not end as it should: then the lab is not what the next one is to begin with."""
    while any(left.values()):
        for playbook in PLAYBOOKS:
            if playbook == "drill" and not left.get(playbook):
                continue  # nothing follows on a drill
            death = world.act(playbook, left[playbook].pop(0) if left.get(playbook) else None)
            yield death
            if death.wrong:
                return


def whole(options: argparse.Namespace, folder: pathlib.Path) -> tuple[dict[str, int], list[Death]]:
    """Every place of the part. A new lab, with a first round of its own, behind each death that did not end as it should."""
    deaths: list[Death] = []
    with World(folder / "0", options.seed) as world:
        left = counted(world, options)
        found = {playbook: len(points) for playbook, points in world.points.items()}
        wanted = sum(map(len, left.values()))
        _told(deaths, rounds(world, left), wanted)
    while any(left.values()):
        with World(folder / str(len(deaths)), options.seed) as world:
            world.first_round()
            _told(deaths, rounds(world, left), wanted)
    return found, deaths


def sample_of(seed: int) -> list[tuple[str, Point]]:
    """Two deaths: one of a failover, and one of the drill before it or of the failback behind it. A drill arms the identity by itself."""
    chance = random.Random(seed)
    places = []
    for playbook in chance.choice((("drill", "failover"), ("failover", "failback"))):
        everywhere = [(kind, number) for kind, most in sorted(AT_LEAST[playbook].items()) for number in range(1, most + 1)]
        places.append((playbook, Point(*chance.choice(everywhere))))
    return places


def sampled(options: argparse.Namespace, folder: pathlib.Path) -> tuple[dict[str, int], list[Death]]:
    """Two deaths for each of ``--count`` labs, chosen by the seed; nothing is counted first."""
    deaths: list[Death] = []
    for seed in range(options.seed, options.seed + options.count):
        places = sample_of(seed)
        with World(folder / str(seed), seed, armed=places[0][0] != "drill") as world:
            _told(deaths, _one_by_one(world, places), 2 * options.count)
            if places[-1][0] == "failback":
                world.unchanged(deaths[-1])
    return {}, deaths


def _one_by_one(world: World, places: list[tuple[str, Point]]) -> t.Iterator[Death]:
    """Until one did not end as it should."""
    for playbook, point in places:
        death = world.act(playbook, point)
        yield death
        if death.wrong:
            return


def _told(deaths: list[Death], found: t.Iterator[Death], wanted: int) -> None:
    for death in found:
        if death.point is None and not death.wrong:
            continue  # a playbook that leads to the next death
        deaths.append(death)
        number = sum(one.point is not None for one in deaths)
        print(
            f"{number} of {wanted}: {death.playbook}, {death.place()}: {'; '.join(death.wrong) or 'held'} ({death.seconds:.0f} s)", file=sys.stderr, flush=True
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=seeds.of_this_commit(), help="of the lab and of what is chosen; without it the commit says")
    parser.add_argument("--count", type=int, default=0, help="so many labs with two deaths each, by their seeds, instead of every place")
    parser.add_argument("--part", type=one_of, default=(1, 1), metavar="K/N", help="every Nth place, from the Kth on, so that N runs are all of them")
    parser.add_argument("--sample", type=float, default=1.0, help="share of the places that are deaths")
    parser.add_argument("--dir", type=pathlib.Path, help="where labs, projects and logs stay; else they are removed")
    options = parser.parse_args()
    begun = time.monotonic()
    print(f"--seed {options.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="continuity-processes-") as made:
        points, deaths = (sampled if options.count else whole)(options, options.dir or pathlib.Path(made))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    held = sum(not death.wrong for death in deaths)
    told = {
        "seed": options.seed,
        "places": points,
        "deaths": len(deaths),
        "held": held,
        "seconds": round(time.monotonic() - begun, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime + sum(death.lab_cpu for death in deaths), 1),
        "failed": [death.told() for death in deaths if death.wrong],
        "all": [death.told() for death in deaths],
    }
    print(json.dumps(told, indent=1))
    if held < len(deaths) and options.count:
        print(f"again: .venv/bin/python -W ignore tests/chaos/crash_processes.py --seed {options.seed} --count {options.count}", file=sys.stderr)
    return 0 if held == len(deaths) else 1


if __name__ == "__main__":
    sys.exit(main())
