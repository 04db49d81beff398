# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lives days after a failover, each from a seed: python -m ….tests.timeline.explorer --seed 1 --count 1000

At no look, and not at the end of a day, may a name server give something wrong while nobody is told. Prints one JSON object; exit code 1 where
one does. ``--without`` takes a protection away; then it has to.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import json
import random
import sys
import time
import typing as t
from unittest import mock

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import threats
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _record_guard, _threats, failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing
from ansible_collections.continuity.identity_failover.tests.timeline.day import HOUR, Conditions, Silent, day
from ansible_collections.continuity.identity_failover.tests.timeline.servers import Settings

#: A protection that is switched off -> what a day then has to show.
WITHOUT = {
    "records": "what the failover left is not compared: only a name that leads to the source is seen, as before",
    "secondaries": "only the first name server is read",
    "discovery": "name servers that only the zones name are not looked for",
    "silent": "a name server that does not answer is not mentioned",
}


def conditions(chance: random.Random) -> Conditions:
    ageing = chance.choice([None, Ageing(1, 1), Ageing(2, 4), Ageing(6, 6), Ageing(168, 168)])
    settings = Settings(
        model=chance.choice(["directory", "directory", "secondaries"]),
        updates=chance.choice(["signed", "signed", "any"]),
        within=chance.choice([0.0, 15.0, 60.0]),
        between=chance.choice([5.0, 60.0, 900.0, 3 * HOUR]),
        slow=chance.choice([0.0, 180.0, HOUR]),
        ageing=ageing,
    )
    return Conditions(settings, *(chance.random() < 0.5 for _each in range(4)), discover=chance.random() < 0.2)


@contextlib.contextmanager
def broken(without: str) -> t.Iterator[None]:
    """Takes a protection of WITHOUT away."""
    with contextlib.ExitStack() as patches:
        if without == "records":
            patches.enter_context(mock.patch.object(_threats, "guards_of", lambda definition, fold: []))
        elif without == "secondaries":
            patches.enter_context(mock.patch.object(_threats, "look_at_records", _first_only))
        elif without == "discovery":
            patches.enter_context(mock.patch.object(_record_guard, "Survey", _ListedOnly))
        elif without == "silent":
            for module in (failover_monitor, threats):
                patches.enter_context(mock.patch.object(module, "unproven", lambda evidence: []))
        elif without:
            raise ValueError(f"{without} is no protection; there are {', '.join(WITHOUT)}")
        yield


class _ListedOnly(Survey):
    def discover(self) -> None:
        """No name server but those of the definition."""


def _first_only(definition: t.Any, guards: t.Any, evidence: t.Any, clock: t.Any) -> t.Any:
    first = {**definition, "dns": {**definition["dns"], "servers": definition["dns"]["servers"][:1], "verify_servers": []}}
    mine = [one for one in evidence if one["kind"] != "dns" or one["of"] == "dns-b1"]
    return _LOOK(first, guards, mine, clock)


_LOOK = _threats.look_at_records


def explore(seed: int, count: int, without: str = "") -> tuple[collections.Counter[str], tuple[int, Silent] | None]:
    """``count`` days from ``seed`` on: how often what happened, and the first seed whose day was silently wrong."""
    happened: collections.Counter[str] = collections.Counter()
    with broken(without):
        for number in range(seed, seed + count):
            chance = random.Random(number)
            with day(conditions(chance), chance) as one:
                one.fail_over()
                one.plan()
                found = one.live()
                happened.update(one.counts)
            if found is not None:
                return happened, (number, found)
    return happened, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many days")
    parser.add_argument("--without", default="", choices=["", *WITHOUT], help="a protection to take away")
    options = parser.parse_args()
    begun = time.process_time()
    happened, found = explore(options.seed, options.count, options.without)
    spent = time.process_time() - begun
    result = {"days": options.count, "seconds_of_processor": round(spent, 2), "happened": dict(happened), "silent": None}
    if found is not None:
        result["silent"] = {"seed": found[0], **dataclasses.asdict(found[1])}
    print(json.dumps(result, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
