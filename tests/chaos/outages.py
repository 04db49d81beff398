# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What dies in the place of the controller, which goes on: a machine or the mirror for a while, the mirror for good, or one message."""

from __future__ import annotations

import asyncio
import json
import pathlib
import shutil
import typing as t
from collections.abc import Callable

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, DeadlineExceeded
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab

MIRROR = pathlib.Path("mirror")
#: How long a machine other than the controller is away.
OUTAGE_SECONDS = 40.0
#: How long a client waits for a name server.
DNS_SECONDS = 2.0


def _later(lab: MemoryLab, verb: str, **arguments: t.Any) -> None:
    """A control verb of the lab when the outage is over."""
    lab.loop.call_later(OUTAGE_SECONDS, lambda: lab.keep(asyncio.ensure_future(lab.estate.control(verb, arguments))))


def _reboot(lab: MemoryLab, host: str) -> None:
    lab.control("kill", host=host)
    _later(lab, "return", host=host)


def _no_directory(lab: MemoryLab) -> None:
    """Where the zones are in the directory, its domain controllers take no LDAP either."""
    _reboot(lab, "dc1")
    for server in lab.estate.domain.controllers if lab.estate.domain is not None else ():
        lab.control("ldap_fault", server=server, kind="refused")
        _later(lab, "ldap_heal", server=server)


def _unwritable(lab: MemoryLab) -> None:
    """A file stands where the folder was: root, as whom a test may run, may write into any folder."""
    aside = MIRROR.with_name("mirror of before").absolute()
    place = MIRROR.absolute()
    place.rename(aside)
    place.touch()

    def writable() -> None:
        place.unlink()
        aside.rename(place)

    lab.loop.call_later(OUTAGE_SECONDS, writable)


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
    "dc": lambda lab, boundary: _no_directory(lab),
    "dns": lambda lab, boundary: _silence(lab),
    "mirror": lambda lab, boundary: shutil.rmtree(MIRROR),
    "mirror-unwritable": lambda lab, boundary: _unwritable(lab),
    "message": _lose,
}


def harmed(lab: MemoryLab, since: int) -> bool:
    """Whether something else than the controller was really taken away: a machine, which the lab notes in its trace, or the mirror."""
    return not MIRROR.is_dir() or len(lab.trace.records) > since


def possible(outage: str, kind: str, lab: MemoryLab) -> bool:
    """Whether this can happen at a boundary of this kind. A server that restarts when the run is closed starts what its administrator
    has it start: that is no run's promise."""
    if outage == "target" and json.loads(outcomes.lines(lab)[-1])["kind"] == "run_closed":
        return False
    return outage != "message" or kind.endswith(("unsent", "unanswered"))
