# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows services: what the service control manager does with them.

Return codes are those of Win32_Service's methods (reference: Microsoft, "StartService method of the Win32_Service class"; Win32 error in brackets):
0 accepted, 2 access denied, 3 dependants running (1051), 4 no such control (1052), 5 cannot accept control (1061), 6 not started (1062),
10 already running (1056), 12 dependency deleted (1075), 13 dependency failed (1068), 14 disabled (1058), 15 logon failed (1069), 21 bad parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.world import Timer, World

STOPPED = "Stopped"
START_PENDING = "Start Pending"
STOP_PENDING = "Stop Pending"
RUNNING = "Running"
PAUSED = "Paused"
PAUSE_PENDING = "Pause Pending"
CONTINUE_PENDING = "Continue Pending"

ACCEPTED, DENIED, DEPENDANTS_RUNNING, NO_SUCH_CONTROL, CANNOT_ACCEPT, NOT_STARTED, ALREADY_RUNNING = 0, 2, 3, 4, 5, 6, 10
DEPENDENCY_DELETED, DEPENDENCY_FAILED, DISABLED, BAD_PARAMETER = 12, 13, 14, 21

#: What ChangeStartMode takes, in small letters, and what the property StartMode then says.
START_MODES = {"boot": "Boot", "system": "System", "automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}

NEVER_STARTED = 1077
STOPPED_BY_CRASH = 1067


@dataclass
class Service:
    """One service; times in seconds."""

    name: str
    display_name: str = ""
    description: str = ""
    start_mode: str = "Auto"
    delayed: bool = False
    depends_on: tuple[str, ...] = ()
    account: str = "LocalSystem"
    path: str = ""
    start_delay: float = 0.05
    stop_delay: float = 0.05
    dies_after: float | None = None
    """It ends by itself so long after it said Running."""
    hangs: str = ""
    """"start" or "stop": it never leaves that pending state."""
    start_code: int = 0
    """What StartService answers instead of starting, 0 = nothing special (15 = logon failed, ...)."""
    accepts_stop: bool = True
    accepts_pause: bool = False
    state: str = STOPPED
    exit_code: int = NEVER_STARTED
    specific_exit_code: int = 0
    process_id: int = 0
    changed_at: float = 0.0
    timer: Timer | None = field(default=None, repr=False)

    def check_point(self, now: float) -> int:
        """Rises while a pending service makes progress; a hung one's stands still."""
        if not self.state.endswith("Pending"):
            return 0
        return 1 if self.hangs else 1 + int((now - self.changed_at) * 10)


class ServiceManager:
    """The service control manager of one host. Names are matched without case."""

    def __init__(self, world: World, host: str, services: Iterable[Service] = ()) -> None:
        self._world = world
        self._host = host
        self._services = {service.name.lower(): service for service in services}
        self._next_process = 1000
        self.on_change: list[Callable[[Service, str], None]] = []
        """Called with the service and its state before."""

    def all(self) -> list[Service]:
        return list(self._services.values())

    def find(self, name: str) -> Service | None:
        return self._services.get(name.lower())

    def running(self, name: str) -> bool:
        service = self.find(name)
        return service is not None and service.state == RUNNING

    def prerequisites(self, service: Service) -> list[Service]:
        """Those that exist, nearest first."""
        return [found for found in (self.find(name) for name in service.depends_on) if found is not None]

    def dependants(self, service: Service) -> list[Service]:
        return [other for other in self._services.values() if service.name.lower() in (name.lower() for name in other.depends_on)]

    def new_process(self) -> int:
        self._next_process += 4
        return self._next_process

    # What administrators ask for

    def start(self, name: str) -> int:
        """Starts it and what it needs; returns at once, the service is pending then."""
        service = self._services[name.lower()]
        if service.state != STOPPED:
            return ALREADY_RUNNING
        code = self._refusal(service, set())
        if code:
            return code
        self._begin(service)
        return ACCEPTED

    def _refusal(self, service: Service, seen: set[str]) -> int:
        if service.start_mode == "Disabled":
            return DISABLED
        if service.start_code:
            return service.start_code
        seen.add(service.name.lower())
        for name in service.depends_on:
            needed = self.find(name)
            if needed is None:
                return DEPENDENCY_DELETED
            if needed.name.lower() in seen or needed.state == RUNNING:
                continue
            if needed.state == STOP_PENDING or (needed.state == STOPPED and self._refusal(needed, seen)):
                return DEPENDENCY_FAILED
        return ACCEPTED

    def _begin(self, service: Service) -> None:
        for needed in self.prerequisites(service):
            if needed.state == STOPPED:
                self._begin(needed)
        service.process_id = self.new_process()
        self._enter(service, START_PENDING)
        self._world.effect(self._host, "service_starting", service=service.name)
        self._when_ready(service)

    def _when_ready(self, service: Service) -> None:
        """Waits for the prerequisites, then for the service's own start time."""
        needed = self.prerequisites(service)
        if any(each.state in (STOPPED, STOP_PENDING) for each in needed):
            self._end(service, 1068, "service_start_failed")
        elif any(each.state == START_PENDING for each in needed):
            service.timer = self._world.later(0.01, lambda: self._when_ready(service))
        elif service.hangs != "start":
            service.timer = self._world.later(service.start_delay, lambda: self._started(service))

    def _started(self, service: Service) -> None:
        if service.state != START_PENDING:
            return
        service.exit_code = 0
        self._world.effect(self._host, "service_started", service=service.name)
        self._enter(service, RUNNING)
        if service.dies_after is not None:
            service.timer = self._world.later(service.dies_after, lambda: self.die(service.name))

    def stop(self, name: str) -> int:
        """Refuses while dependants run; never cascades."""
        service = self._services[name.lower()]
        if service.state not in (RUNNING, PAUSED) or not service.accepts_stop:
            return CANNOT_ACCEPT
        if any(each.state != STOPPED for each in self.dependants(service)):
            return DEPENDANTS_RUNNING
        self._enter(service, STOP_PENDING)
        self._world.effect(self._host, "service_stopping", service=service.name)
        if service.hangs != "stop":
            service.timer = self._world.later(service.stop_delay, lambda: self._stopped(service))
        return ACCEPTED

    def _stopped(self, service: Service) -> None:
        if service.state == STOP_PENDING:
            self._end(service, 0, "service_stopped")

    def pause(self, name: str) -> int:
        return self._control(name, RUNNING, PAUSE_PENDING, PAUSED, "service_paused")

    def resume(self, name: str) -> int:
        return self._control(name, PAUSED, CONTINUE_PENDING, RUNNING, "service_resumed")

    def _control(self, name: str, needed: str, pending: str, end: str, effect: str) -> int:
        """Only a service that accepts pausing takes either control (Win32 error 1052 otherwise), and only in the right state."""
        service = self._services[name.lower()]
        if service.state == STOPPED:
            return NOT_STARTED
        if not service.accepts_pause:
            return NO_SUCH_CONTROL
        if service.state != needed:
            return CANNOT_ACCEPT
        self._enter(service, pending)
        service.timer = self._world.later(service.stop_delay, lambda: self._controlled(service, pending, end, effect))
        return ACCEPTED

    def _controlled(self, service: Service, pending: str, end: str, effect: str) -> None:
        if service.state == pending:
            self._world.effect(self._host, effect, service=service.name)
            self._enter(service, end)

    def change_start_mode(self, name: str, mode: str) -> int:
        service = self._services[name.lower()]
        wanted = START_MODES.get(mode.lower())
        if wanted is None:
            return BAD_PARAMETER
        if wanted in ("Boot", "System"):
            return BAD_PARAMETER  # these are for drivers
        if service.start_mode != wanted:
            before = service.start_mode
            service.start_mode = wanted
            self._world.effect(self._host, "service_start_mode_changed", service=service.name, before=before, after=wanted)
        return ACCEPTED

    # What happens to them

    def die(self, name: str) -> None:
        """The process ends without a word."""
        service = self._services[name.lower()]
        if service.state == STOPPED:
            return
        self._end(service, STOPPED_BY_CRASH, "service_died")
        for other in self.dependants(service):
            if other.state == START_PENDING:
                self._end(other, 1068, "service_start_failed")

    def boot(self) -> None:
        """Starts what starts by itself, prerequisites first; delayed ones half a second later."""
        for service in list(self._services.values()):
            if service.start_mode == "Auto" and service.state == STOPPED and not service.delayed:
                self.start(service.name)
        delayed = [service.name for service in self._services.values() if service.start_mode == "Auto" and service.delayed]
        if delayed:
            self._world.later(0.5, lambda: self._start_delayed(delayed))

    def _start_delayed(self, names: list[str]) -> None:
        for name in names:
            if not self.off:
                self.start(name)

    off = False
    """True while the machine has no power."""

    def power_off(self) -> None:
        """Everything is gone; nobody is told."""
        self.off = True
        for service in self._services.values():
            if service.timer is not None:
                service.timer.cancel()
            service.state, service.process_id, service.exit_code = STOPPED, 0, NEVER_STARTED

    def power_on(self) -> None:
        self.off = False
        self.boot()

    def _end(self, service: Service, exit_code: int, effect: str) -> None:
        if service.timer is not None:
            service.timer.cancel()
        service.exit_code = exit_code
        service.process_id = 0
        self._world.effect(self._host, effect, service=service.name, exit_code=exit_code)
        self._enter(service, STOPPED)

    def _enter(self, service: Service, state: str) -> None:
        before, service.state, service.changed_at = service.state, state, self._world.now()
        for call in self.on_change:
            call(service, before)

    def describe(self) -> JSON:
        return {each.name: {"state": each.state, "start_mode": each.start_mode, "exit_code": each.exit_code} for each in self._services.values()}
