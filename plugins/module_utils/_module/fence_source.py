# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""fence_source: makes sure that the source cannot serve, and says how sure that is."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import fencing
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.service_order import refuse_duplicates, start_order, stop_order
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    FailoverError,
    InvalidInput,
    TransportError,
    Unreachable,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import REQUEST, HostStep, ours_to_revert, refuse_all, refused
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import dns_client, ping
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import services as windows
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import require_machine

#: No answer at all. A closed port belongs here: nothing serves there; the vantage points' echo tells whether the machine lives.
SILENT = (Unreachable, ConnectionRefused, ConnectionLost, DeadlineExceeded)

#: Seconds for a first sign of life, and for one echo.
FIRST_ANSWER = 15.0
ECHO = 1.0

#: Seconds that a change may last beyond the service's own timeout.
SLACK = 15.0

STOPPED = {"state": "Stopped", "start_mode": "disabled"}


def fence_source_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["fenced", "released", "reverted"], "default": "fenced"},
            "services": {"type": "list", "elements": "str", "default": []},
            "service_timeout": {"type": "float", "default": 60.0},
            "registration": {"type": "bool", "default": True},
            "minimum": {"type": "int", "choices": sorted(fencing.GRADES), "default": 2},
            "vantage_points": {"type": "list", "elements": "dict", "default": [], "options": {"host": {"type": "str", "required": True}}},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "evidence": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "grade": {"type": "int", "choices": [grade for grade in sorted(fencing.GRADES) if grade], "required": True},
                    "kind": {"type": "str", "required": True},
                    "observed": {"type": "str", "required": True},
                    "at": {"type": "str", "required": True},
                },
            },
            "accept_unfenced": {"type": "str"},
        }
    )


def fence_source(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Stops and disables the workload of the source, or finds it silent; see the module's documentation."""
    refuse_duplicates(params["services"])
    if params["service_timeout"] <= 0:
        raise InvalidInput(f"service_timeout is {params['service_timeout']:g}: give more than 0 seconds")
    if params["accept_unfenced"] is not None and not explains(params["accept_unfenced"]):
        raise InvalidInput("accept_unfenced explains nothing: name the data at risk and why it is accepted")
    if params["state"] == "released" and not (params["run"] and params["revert_run"]):
        raise InvalidInput("state 'released' needs 'run' and 'revert_run', the run that fenced the source: only its record knows the start modes of before")
    given = fencing.evidence_given(params["evidence"], clock.now())
    run = open_run(params, hosts, clock)
    step = FenceStep(params, hosts, clock, given, run)
    # Releasing is reverting without starting anything; the driver knows one word for both.
    driven = {**params, "state": "reverted"} if params["state"] == "released" else params
    result = drive(step, driven, hosts, clock, check_mode=check_mode, context=run)
    if isinstance(result.extra.get("accepted"), dict):
        result.extra["accepted"] = result.extra["accepted"]["reason"]  # this module's key is the reason alone, whichever option gave it
    return result


class FenceStep(HostStep):
    """Items are ``service X`` (image: state, start_mode) and ``registration Ethernet`` (image: registers)."""

    def __init__(self, params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, given: list[fencing.Evidence], run: RunContext | None) -> None:
        super().__init__("fence", hosts.target(), clock)
        self.params = params
        self.hosts = hosts
        self.evidence = list(given)
        self.run = run
        self.services = [f"service {name}" for name in params["services"]]
        self.timeout = float(params["service_timeout"])
        self.silence: TransportError | None = None
        self.places: list[fencing.Silence] = []

    def check_machine(self, expected: Machine | None) -> None:
        """Another machine at the source's address is refused; no machine at all is evidence."""
        try:
            # One answer that was lost is no silence.
            repeated(lambda: self._who(expected), self.clock)
        except SILENT as error:
            self.silence = error

    def _who(self, expected: Machine | None) -> None:
        if expected is not None:
            require_machine(self.session, expected, FIRST_ANSWER)
        else:
            self.session.identify(FIRST_ANSWER)

    def observe(self) -> dict[str, JSON]:
        if self.silence is None:
            try:
                return repeated(self._observe, self.clock)
            except SILENT as error:
                self.silence = error
        if self.params["state"] != "fenced" and self.run is not None:
            # What the run had changed while the source answered is known by name, and each of it can't be put back now.
            return dict.fromkeys([*self.services, *self.run.images(self.params["revert_run"], self.key)])
        return dict.fromkeys(self.services)

    def _observe(self) -> dict[str, JSON]:
        names = list(self.params["services"])
        found = windows.read_services(self.session, names, REQUEST) if names else {}
        needs = windows.read_needs(self.session, REQUEST) if len(names) > 1 else {}
        order = stop_order(names, needs) if self.params["state"] == "fenced" else start_order(names, needs)
        images: dict[str, JSON] = {}
        for name in order:
            service = found[name]
            images[f"service {name}"] = service.image() if service else None
        for entry in dns_client.read_registrations(self.session, REQUEST):
            images[f"registration {entry.interface}"] = {"registers": entry.registers}
        return images

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        if self.silence is not None:
            return []
        unknown = {name: f"{self.host} has no {name}" for name, image in before.items() if image is None}
        if unknown:
            message = f"{'; '.join(unknown.values())}: nothing was touched. Give key names (MSExchangeIS), not displayed ones"
            raise refuse_all(message, "unknown_service", unknown, before, self.host)
        changes = []
        for name, image in before.items():
            if name in self.services and image != STOPPED:
                changes.append(Change(name, "stop and disable it", image, dict(STOPPED), deadline=self.timeout + SLACK))
            elif name not in self.services and image["registers"] and self.params["registration"]:
                changes.append(Change(name, "switch it off", image, {"registers": False}, deadline=SLACK))
        return changes

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        return {change.name: self._apply(change) for change in group}

    def _apply(self, change: Change) -> Applied:
        try:
            if change.name not in self.services:
                dns_client.set_registration(self.session, _named(change.name), change.after["registers"], REQUEST)
                return Applied(ok=True)
            name, after = _named(change.name), change.after
            deadline = Deadline(self.clock, self.timeout)
            now = windows.read_services(self.session, [name], REQUEST)[name]
            # Disabled before it is stopped: nothing that watches it can start it again between the two.
            windows.bring(self.session, name, now, after, deadline, self.clock, as_it_was=self.params["state"] == "reverted")
        except FailoverError as error:
            return refused(error)
        return Applied(ok=True)

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return {change.name: self._verify(change) for change in group}

    def _verify(self, change: Change) -> Seen:
        name = _named(change.name)
        if change.name not in self.services:
            found = {entry.interface: entry.registers for entry in dns_client.read_registrations(self.session, REQUEST)}
            image = {"registers": found[name]} if name in found else None
            return Seen(confirmed=image == change.after, image=image, msg="" if image == change.after else f"the registration of {name} is not as wanted")
        deadline = Deadline(self.clock, self.timeout)
        now, why = windows.await_state(self.session, name, change.after["state"], deadline, self.clock)
        if not why and now is not None and now.start_mode != change.after["start_mode"]:
            why = f"the start mode of service {name} is {now.start_mode}, not {change.after['start_mode']}: a policy may have set it back"
        return Seen(confirmed=not why, image=now.image() if now else None, msg=why)

    def on_the_way(self, aim: JSON, there: JSON) -> list[JSON]:
        """Only a service has something between two images."""
        return list(windows.on_the_way(aim, there)) if aim and there and "state" in aim else []

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """Reverting puts everything back; releasing leaves services stopped, so that they start in their own order later."""
        if self.silence is not None:
            raise Unreachable(f"{self.host} does not answer, so {name} cannot be put back: {self.silence.message}", host=self.host)
        if now is None:
            raise WrongState(f"{self.host} has no {name} any more, so nothing can be put back")
        wanted = dict(now)
        parts = ("start_mode",) if self.params["state"] == "released" and name in self.services else tuple(before)
        for part in parts:
            was, led_to, there = (windows.heading(image[part]) if image and part == "state" else image and image[part] for image in (before, after, now))
            if ours_to_revert(name, part.replace("_", " "), was, led_to, there, self.host):
                wanted[part] = was
            elif part == "state":
                wanted[part] = there
        if wanted == now:
            return None
        return Change(name, "put it back as it was", now, wanted, deadline=self.timeout + SLACK)

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """What the baseline says of a service; without it, what is neither disabled nor switched off needs no release."""
        if name not in self.services:
            registers = (baseline.get("registrations") or {}).get(self.host, {}).get(_named(name))
            return (True, {"registers": registers}) if registers is not None else (bool(now and now["registers"]), now)
        known = (baseline.get("services") or {}).get(self.host, {}).get(_named(name))
        if known:
            return True, {key: known[key] for key in STOPPED}
        return now is not None and now["start_mode"] != STOPPED["start_mode"], now

    def conclude(self, result: Result) -> dict[str, str] | None:
        """What the driver asks last: the grade, and whether it is enough. Returns what ``accept_unfenced`` accepts, for the journal."""
        if self.params["state"] != "fenced":
            result.extra.update(grade=0, evidence=[], accepted="")
            return None
        if self.silence is not None:
            self._look_from_elsewhere(result)
        else:
            self._read_back(result)
        reached = fencing.grade(self.evidence, self.places)
        result.extra.update(grade=reached, grade_name=fencing.GRADES[reached], evidence=[fact.as_dict() for fact in self.evidence], accepted="")
        if reached >= self.params["minimum"]:
            return None
        why = fencing.missing(reached, self.params["minimum"], self.places)
        if result.failed:
            result.msg = f"{result.msg}. Beside that, {why}"
            return None
        accept = self.params["accept_unfenced"]
        if not accept:
            result.failed, result.reason, result.msg = True, "not_fenced", why
            return None
        result.extra["accepted"] = accept
        result.msg = f"{why.partition('. ')[0]}; accepted: {accept}"
        result.warnings.append(result.msg)
        return {"what": why, "reason": accept}

    def _look_from_elsewhere(self, result: Result) -> None:
        """The source gave no answer: every vantage point says whether it hears it."""
        for outcome in result.outcomes:
            if outcome.status == "already":
                outcome.status, outcome.grade, outcome.msg = "skipped", "unknown", f"{self.host} does not answer"
        names = [place["host"] for place in self.params["vantage_points"] if place["host"] != "controller"]
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(names) or 1, thread_name_prefix="vantage") as pool:
            others = list(pool.map(self._heard_from, names))
        # A vantage point that answered the controller proves the controller's own network too.
        own = fencing.Silence("controller", answered=False, network_works=any(place.network_works for place in others))
        self.places = [own, *others]
        if fencing.silent(self.places):
            cause = self.silence.reason if self.silence else ""
            seen = f"{cause} from controller; no echo at {', '.join(place.place for place in others)}"
            self.evidence.append(fencing.Evidence(1, "silence", seen, stamp(self.clock.now())))

    def _heard_from(self, name: str) -> fencing.Silence:
        try:
            session = self.hosts.named(name)
            heard = repeated(lambda: any(ping.answers(session, address, ECHO, FIRST_ANSWER) for address in self._addresses()), self.clock)
        except TransportError:
            return fencing.Silence(name, answered=None, network_works=False)
        except FailoverError:
            return fencing.Silence(name, answered=None, network_works=True)
        return fencing.Silence(name, answered=heard, network_works=True)

    def _addresses(self) -> list[str]:
        return list(self.params["addresses"]) or [str(self.params.get("host") or self.host)]

    def _read_back(self, result: Result) -> None:
        """The source answers: only what was read back on it counts (in check mode, what would be)."""
        self.places = [fencing.Silence("controller", answered=True, network_works=True)]
        after = {outcome.name: outcome.after for outcome in result.outcomes if outcome.status in ("done", "already", "predicted")}
        workload = bool(self.services) and all(after.get(name) == STOPPED for name in self.services)
        registers = [outcome.name for outcome in result.outcomes if outcome.name not in self.services and after.get(outcome.name) != {"registers": False}]
        if workload and not registers:
            seen = f"{', '.join(_named(name) for name in self.services)} stopped and disabled, DNS registration off"
            self.evidence.append(fencing.Evidence(2, "read_back", seen, stamp(self.clock.now())))


def _named(item: str) -> str:
    """The service or adapter in an item's name."""
    return item.partition(" ")[2]
