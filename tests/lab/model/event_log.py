# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The classic event logs of one host."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

TYPES = {"error": 1, "warning": 2, "information": 3}
"""EventType of Win32_NTLogEvent (reference: Microsoft, Win32_NTLogEvent)."""


@dataclass(frozen=True)
class Event:
    logfile: str
    number: int
    source: str
    code: int
    kind: str
    """"error", "warning", "information"."""
    message: str
    at: float
    """Seconds since 1970."""


class EventLog:
    """Application and System; record numbers rise by one in each."""

    LOGFILES = ("Application", "System")

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host
        self._numbers = dict.fromkeys(self.LOGFILES, 0)
        self.events: list[Event] = []

    def write(self, logfile: str, source: str, code: int, kind: str, message: str) -> Event:
        self._numbers[logfile] += 1
        event = Event(logfile, self._numbers[logfile], source, code, kind, message, self._world.now())
        self.events.append(event)
        del self.events[:-5000]
        self._world.effect(self._host, "event_written", logfile=logfile, source=source, code=code, type=kind)
        return event

    def describe(self) -> JSON:
        return [{"logfile": e.logfile, "number": e.number, "source": e.source, "code": e.code, "type": e.kind, "message": e.message} for e in self.events[-20:]]
