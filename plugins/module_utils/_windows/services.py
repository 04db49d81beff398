# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Services of a Windows host by ``Win32_Service``: numbers instead of localised text, one request a call.

Start modes are ``auto``, ``delayed``, ``manual``, ``disabled`` (and ``boot``, ``system`` of drivers); states are Windows' own
words, which are not localised: Running, Stopped, Start Pending, Stop Pending, Paused, ...
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Instance, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.cim import Reference

NAMESPACE = "root/cimv2"
CLASS = "Win32_Service"
PROPERTIES = ("Name", "State", "StartMode", "DelayedAutoStart", "ExitCode", "ServiceSpecificExitCode", "CheckPoint", "WaitHint", "ProcessId")

#: Seconds for one request.
REQUEST = 30.0

#: WMI refuses queries with very many terms (WBEM_E_QUOTA_VIOLATION), so names are asked in portions.
PORTION = 40

#: Win32_Service.StartMode -> our word, and our word -> what ChangeStartMode takes.
MODES = {"auto": "auto", "manual": "manual", "disabled": "disabled", "boot": "boot", "system": "system"}
CHANGE_MODES = {"auto": "Automatic", "delayed": "Automatic", "manual": "Manual", "disabled": "Disabled"}

#: ReturnValue of StartService, StopService, PauseService, ResumeService and ChangeStartMode (documentation of Win32_Service).
CODES = {
    1: "the request is not supported",
    2: "access is denied: the logon needs the right to control this service",
    3: "services that depend on it are running",
    4: "the control code is not valid",
    5: "it does not take this request in its present state",
    6: "it has not been started",
    7: "it did not answer the start request in time",
    8: "Windows reports an unknown failure",
    9: "its program file was not found",
    10: "it is already running",
    11: "the service database is locked",
    12: "a service that it depends on was removed",
    13: "a service that it depends on did not start",
    14: "it is disabled: give a start_mode that lets it start",
    15: "its account could not log on: check the account's password and rights",
    16: "it is marked for deletion",
    17: "it has no thread to run in",
    18: "its dependencies form a circle",
    19: "another service has the same name",
    20: "its name has characters that are not allowed",
    21: "a parameter is not valid",
    22: "its account does not exist or may not run it",
    23: "it exists already",
    24: "it is paused",
}

#: ExitCode that says "look at ServiceSpecificExitCode" (ERROR_SERVICE_SPECIFIC_ERROR).
SPECIFIC = 1066


class ServiceRefused(RemoteError):
    """Windows answered a request about a service with a code that is not success. ``details['code']`` is the number."""

    reason = "service_refused"


@dataclasses.dataclass(frozen=True)
class Service:
    """One service as it is now. ``wait_hint`` in seconds."""

    name: str
    state: str
    start_mode: str
    exit_code: int = 0
    specific_exit_code: int = 0
    check_point: int = 0
    wait_hint: float = 0.0
    process_id: int = 0

    def image(self) -> dict[str, str]:
        """What is compared and put back: nothing that changes by itself."""
        return {"state": self.state, "start_mode": self.start_mode}

    def why_stopped(self) -> str:
        """The exit code in words that an administrator can look up."""
        if self.exit_code == SPECIFIC:
            return f"service-specific exit code {self.specific_exit_code}"
        return f"exit code {self.exit_code}"


def heading(state: str) -> str:
    """Where a pending state goes to; any other state is where it is."""
    return {"Start Pending": "Running", "Continue Pending": "Running", "Stop Pending": "Stopped", "Pause Pending": "Paused"}.get(state, state)


def read_services(session: Session, names: t.Sequence[str], timeout: float = REQUEST) -> dict[str, Service | None]:
    """The named services, in the order asked; None for a name that the host does not know."""
    found: dict[str, Service] = {}
    for start in range(0, len(names), PORTION):
        query = wql.select(CLASS, PROPERTIES, {"Name": list(names[start : start + PORTION])})
        for instance in session.query(NAMESPACE, query, timeout):
            service = _service(instance)
            found[service.name.lower()] = service
    return {name: found.get(name.lower()) for name in names}


def _service(instance: Instance) -> Service:
    mode = values.text(instance, "StartMode").lower()
    delayed = mode == "auto" and values.flag(instance, "DelayedAutoStart")
    return Service(
        name=values.text(instance, "Name"),
        state=values.text(instance, "State"),
        start_mode="delayed" if delayed else MODES.get(mode, mode),
        exit_code=values.number(instance, "ExitCode"),
        specific_exit_code=values.number(instance, "ServiceSpecificExitCode"),
        check_point=values.number(instance, "CheckPoint"),
        wait_hint=values.number(instance, "WaitHint") / 1000.0,
        process_id=values.number(instance, "ProcessId"),
    )


def read_needs(session: Session, timeout: float = REQUEST) -> dict[str, list[str]]:
    """Every service -> the services that it needs, from Win32_DependentService (Dependent needs Antecedent)."""
    needs: dict[str, list[str]] = {}
    for link in session.enumerate(NAMESPACE, "Win32_DependentService", timeout):
        dependent, antecedent = _named(values.field(link, "Dependent")), _named(values.field(link, "Antecedent"))
        if dependent and antecedent:
            needs.setdefault(dependent, []).append(antecedent)
    return needs


def _named(reference: t.Any) -> str:
    """The service's name in a reference; drivers and load order groups have one too."""
    if isinstance(reference, Reference):
        return values.text(reference.keys, "Name")
    if isinstance(reference, dict):
        return values.text(reference, "Name")
    # An object path, as DCOM writes it: \\HOST\root\cimv2:Win32_Service.Name="Spooler"
    _head, found, name = str(reference or "").partition('Name="')
    return name.rstrip('"') if found else ""


def set_start_mode(session: Session, name: str, mode: str, timeout: float = REQUEST) -> None:
    """Sets ``auto``, ``delayed``, ``manual`` or ``disabled``. ChangeStartMode knows no delayed start, so sc.exe sets that."""
    _require(session, name, f"set the start mode {mode} of", _call(session, name, "ChangeStartMode", timeout, StartMode=CHANGE_MODES[mode]))
    if mode not in ("auto", "delayed"):
        return
    now = read_services(session, [name], timeout)[name]
    if now is not None and now.start_mode != mode:
        word = "delayed-auto" if mode == "delayed" else "auto"
        ran = session.run("sc.exe", ["config", name, "start=", word], b"", timeout)
        if ran.rc != 0:
            message = f"could not set the start mode {mode} of service {name} on {session.name}: sc.exe ended with code {ran.rc}"
            raise ServiceRefused(message, host=session.name, code=ran.rc)


#: The start mode that lets a disabled service be started, for as long as that takes.
PASSING = "manual"


#: States in which a service has a process.
UP = ("Running", "Paused")


def on_the_way(aim: t.Mapping[str, str], there: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Images that ``bring`` passes between ``there`` and ``aim``: a controller that dies meanwhile leaves one of them."""
    state = heading(aim["state"])
    if state not in UP:
        return []
    # One that is to be disabled at the end is started as it is, or as PASSING where it is disabled.
    modes = [PASSING, there["start_mode"]] if aim["start_mode"] == "disabled" else [aim["start_mode"]]
    passed = [{**there, "start_mode": PASSING}] if aim["start_mode"] == "disabled" else []
    # A service is paused by way of running.
    return [*passed, *({"state": "Running", "start_mode": mode} for mode in modes)] if state == "Paused" and heading(there["state"]) == "Stopped" else passed


def bring(session: Session, name: str, now: Service | None, wanted: t.Mapping[str, str], deadline: Deadline, clock: Clock, *, as_it_was: bool) -> None:
    """Asks for a start mode and a state, in the order that Windows takes them: it starts no disabled service, and a service that is to stop
    must not be startable afterwards. One that ran though it was disabled is started first, where the aim is to have it ``as_it_was``."""
    moving = now is None or now.state != wanted["state"]
    late = as_it_was and moving and wanted["state"] in UP and wanted["start_mode"] == "disabled"
    mode = (PASSING if now is None or now.start_mode == "disabled" else now.start_mode) if late else wanted["start_mode"]
    if now is None or now.start_mode != mode:
        set_start_mode(session, name, mode, REQUEST)
    if moving and wanted["state"] == "Running":
        request_start(session, name, deadline, clock, state=now.state if now else None)
    elif moving and wanted["state"] == "Paused":
        request_pause(session, name, now, deadline, clock)
    elif moving:
        request_stop(session, name, deadline, clock)
    if late:
        set_start_mode(session, name, "disabled", REQUEST)


def request_start(session: Session, name: str, deadline: Deadline, clock: Clock, *, state: str | None = None) -> None:
    """Asks for the service to run and returns once Windows took the request; it may still be starting.

    ``state``: as it was read just before, which spares reading it here: a paused service is resumed, not started. A database lock and a state
    that is just changing are waited out until the deadline. Raises ServiceRefused.
    """
    if state is None:
        state = (read_services(session, [name], _left(deadline))[name] or Service(name, "", "")).state
    method = "ResumeService" if state == "Paused" else "StartService"
    _request(session, name, method, "start", good=("Running", "Start Pending", "Continue Pending"), deadline=deadline, clock=clock)


def request_stop(session: Session, name: str, deadline: Deadline, clock: Clock) -> None:
    """Asks for the service to stop, it alone: services that depend on it make it fail with code 3."""
    _request(session, name, "StopService", "stop", good=("Stopped", "Stop Pending"), deadline=deadline, clock=clock)


def request_pause(session: Session, name: str, now: Service | None, deadline: Deadline, clock: Clock) -> None:
    """Asks for the service to pause, which only one that runs can do: one that is stopped is started first. Raises ServiceRefused."""
    there = heading(now.state) if now is not None else "Stopped"
    if there == "Paused":
        return
    if there != "Running":
        request_start(session, name, deadline, clock, state=now.state if now is not None else None)
    _seen, why = await_state(session, name, "Running", deadline, clock)
    if why:
        raise ServiceRefused(f"could not pause service {name} on {session.name}: {why}", host=session.name)
    _request(session, name, "PauseService", "pause", good=("Paused", "Pause Pending"), deadline=deadline, clock=clock)


def _request(session: Session, name: str, method: str, verb: str, *, good: tuple[str, ...], deadline: Deadline, clock: Clock) -> None:
    """``good``: the states in which nothing more need be asked for."""
    while True:
        code = _call(session, name, method, _left(deadline))
        if code == 0:
            return
        if code in (5, 6, 10):
            # "Not in this state": it is there already, on its way there, or on its way elsewhere and worth another try.
            state = (read_services(session, [name], _left(deadline))[name] or Service(name, "", "")).state
            if state in good:
                return
            if not state.endswith("Pending") and not (code == 10 and state == "Stopped"):
                _require(session, name, verb, code)
        elif code != 11:
            _require(session, name, verb, code)
        if deadline.passed():
            _require(session, name, verb, code)
        clock.sleep(min(1.0, deadline.remaining()))


def await_state(session: Session, name: str, wanted: str, deadline: Deadline, clock: Clock) -> tuple[Service | None, str]:
    """Waits until the service is in the wanted state, ended in another one, or the deadline passes.

    Returns what was read last and, unless it is as wanted, one sentence that says why not.
    """
    checkpoint, progress = -1, clock.monotonic()
    while True:
        now = read_services(session, [name], _left(deadline))[name]
        if now is None:
            return None, f"the service {name} is gone"
        if now.state == wanted:
            return now, ""
        if not now.state.endswith("Pending") and not (wanted in ("Stopped", "Paused") and now.state == "Running" and not deadline.passed()):
            return now, f"the service {name} is {now.state} ({now.why_stopped()})"
        if now.check_point > checkpoint:
            checkpoint, progress = now.check_point, clock.monotonic()
        if deadline.passed():
            idle = clock.monotonic() - progress
            moving = "it is still making progress" if idle <= max(now.wait_hint, 1.0) else f"it made no progress for {idle:.0f} s"
            return now, f"the service {name} is still {now.state} after {deadline.seconds:g} s; {moving}"
        clock.sleep(min(_step(now.wait_hint), deadline.remaining()))


def _step(wait_hint: float) -> float:
    """Microsoft's sample waits a tenth of the hint; clamped, so that a missing or absurd hint does no harm."""
    return min(max(wait_hint / 10.0, 0.2), 10.0)


def _left(deadline: Deadline) -> float:
    """Seconds for one request: what is left of the deadline, but enough to get an answer at all."""
    return max(min(deadline.remaining(), REQUEST), 5.0)


def _call(session: Session, name: str, method: str, timeout: float, **arguments: str) -> int:
    answer = session.invoke(NAMESPACE, CLASS, method, arguments, timeout, keys={"Name": name})
    return values.number(answer, "ReturnValue")


def _require(session: Session, name: str, verb: str, code: int) -> None:
    if code != 0:
        cause = CODES.get(code, "Windows gave no known reason")
        raise ServiceRefused(f"could not {verb} service {name} on {session.name}: {cause} (code {code})", host=session.name, code=code)
