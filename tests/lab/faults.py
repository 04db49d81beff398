# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a host's management endpoint, switchable while the lab runs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError

if TYPE_CHECKING:
    from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork

KINDS: dict[str, dict[str, JSON]] = {
    "refuse": {},
    "blackhole": {},
    "slow": {"ms": 500},
    "drop": {"percent": 100, "after": 0, "when": "before"},
    "idle_close": {"seconds": 1.0},
    "401": {},
    "413": {},
    "503": {},
    "access_denied": {"class": ""},
    "quota": {"shells": 0, "operations": 0},
    "bad_certificate": {"problem": "untrusted"},
    "class_missing": {"class": ""},
    "empty_output": {"class": "", "method": ""},
    "return_value": {"value": 1, "class": "", "method": ""},
    "split_output": {"bytes": 1024},
}
"""Kind → its parameters with their defaults. An empty class or method means every one."""

_CHOICES = {"when": ("before", "after", "either"), "problem": ("untrusted", "expired", "name")}


@dataclass(frozen=True)
class Dropped:
    """What the drop fault decided for one request: close the connection before it is read by anybody, or after it was carried out."""

    before: bool
    after: bool


class Faults:
    """The active faults of one host."""

    def __init__(self, host: str, seed: int) -> None:
        self._host = host
        self._random = random.Random(f"{seed}:{host}")
        self.active: dict[str, dict[str, JSON]] = {}
        self._requests = 0

    def set(self, kind: str, parameters: Mapping[str, JSON]) -> dict[str, JSON]:
        """Switch a fault on; returns all its parameters. LabError names what is wrong."""
        if kind not in KINDS:
            raise LabError(f"There is no fault {kind!r}; the kinds are {', '.join(KINDS)}.")
        values = dict(KINDS[kind])
        for name, value in parameters.items():
            if name not in values:
                known = ", ".join(KINDS[kind]) or "none"
                raise LabError(f"The fault {kind} has no parameter {name!r}; it has: {known}.")
            values[name] = _converted(kind, name, value, values[name])
        self._requests = 0
        self.active[kind] = values
        return values

    def heal(self, kind: str | None = None) -> list[str]:
        """Switch one fault off, or all; returns the kinds that were on."""
        if kind is not None and kind not in KINDS:
            raise LabError(f"There is no fault {kind!r}; the kinds are {', '.join(KINDS)}.")
        healed = [one for one in self.active if kind in (None, one)]
        for one in healed:
            del self.active[one]
        return healed

    def matches(self, kind: str, class_name: str, method: str = "") -> dict[str, JSON] | None:
        """The parameters of an active fault that is about this class and method."""
        parameters = self.active.get(kind)
        if parameters is None:
            return None
        for name, actual in (("class", class_name), ("method", method)):
            wanted = str(parameters.get(name, ""))
            if wanted and wanted.lower() != actual.lower():
                return None
        return parameters

    def dropped(self) -> Dropped:
        """Decide on the next request. after=N lets N requests pass first; the decision is seeded, so a run can be repeated."""
        parameters = self.active.get("drop")
        if parameters is None:
            return Dropped(False, False)
        self._requests += 1
        hit = self._requests > parameters["after"] and self._random.random() * 100 < parameters["percent"]
        when = parameters["when"]
        if when == "either":
            when = self._random.choice(("before", "after"))
        return Dropped(hit and when == "before", hit and when == "after")


def apply_reachability(network: LabNetwork, host: str, faults: Faults) -> None:
    """Bring the host's listeners in line with the faults that act below HTTP."""
    for kind, hosts in (("blackhole", network.silenced), ("refuse", network.refused)):
        if kind in faults.active:
            hosts.add(host)
        else:
            hosts.discard(host)
    network.refresh(host)


def _converted(kind: str, name: str, value: JSON, default: JSON) -> JSON:
    """A parameter in its default's type; texts come from the command line."""
    try:
        result = type(default)(value)
    except (TypeError, ValueError):
        raise LabError(f"The fault {kind} needs a number for {name}, not {value!r}.") from None
    if name in _CHOICES and result not in _CHOICES[name]:
        raise LabError(f"The fault {kind} takes {name} as one of {', '.join(_CHOICES[name])}, not {value!r}.")
    return result
