# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What dies in the place of the controller, which goes on: a machine for a while, the mirror for good, or one message."""

from __future__ import annotations

import asyncio
import json
import shutil
import typing as t
from collections.abc import Callable

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, DeadlineExceeded
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.aftermath import MIRROR, OUTAGE_SECONDS
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab

#: How long a client waits for a name server.
DNS_SECONDS = 2.0


def _later(lab: MemoryLab, verb: str, **arguments: t.Any) -> None:
    """A control verb of the lab when the outage is over."""
    lab.loop.call_later(OUTAGE_SECONDS, lambda: lab.keep(asyncio.ensure_future(lab.estate.control(verb, arguments))))


def _reboot(lab: MemoryLab, host: str) -> None:
    lab.control("kill", host=host)
    _later(lab, "return", host=host)


def _silence(lab: MemoryLab) -> None:
    lab.control("dns_fault", server="dns1", kind="silent")
    _later(lab, "dns_heal", server="dns1")


def _lose(lab: MemoryLab, boundary: str) -> t.NoReturn:
    """The message or its answer does not arrive, which is what the code that sent it is told."""
    if ": DNS " in boundary:
        lab.clock.sleep(DNS_SECONDS)
        raise DeadlineExceeded(f"lost: {boundary}")
    raise ConnectionLost(f"lost: {boundary}")


#: Name -> what it does at a boundary of this name.
OUTAGES: dict[str, Callable[[MemoryLab, str], None]] = {
    "target": lambda lab, boundary: _reboot(lab, "exch2"),
    "dc": lambda lab, boundary: _reboot(lab, "dc1"),
    "dns": lambda lab, boundary: _silence(lab),
    "mirror": lambda lab, boundary: shutil.rmtree(MIRROR),
    "message": _lose,
}


def possible(outage: str, kind: str, lab: MemoryLab) -> bool:
    """Whether this can happen at a boundary of this kind. A server that restarts when the run is closed starts what its administrator
    has it start: that is no run's promise."""
    if outage == "target" and json.loads(outcomes.lines(lab)[-1])["kind"] == "run_closed":
        return False
    return outage != "message" or kind.endswith(("unsent", "unanswered"))
