# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""app_services: starts and stops services in order, and sets how they start."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.service_order import dependants, refuse_duplicates, start_order, stop_order
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import REQUEST, HostStep, ours_to_revert, refuse_all, refused
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import services as windows
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import Service, ServiceRefused

START_MODES = ("auto", "delayed", "manual", "disabled")

#: The state to bring about, and what is done for it; anything else is stopped.
DO = {"Running": "start", "Paused": "pause"}

#: Seconds that a change may last beyond the service's own timeout: the requests around the waiting.
SLACK = 15.0


def app_services_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "stopped", "reverted"], "default": "started"},
            "services": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "start_mode": {"type": "str", "choices": list(START_MODES)},
                    "timeout": {"type": "float", "default": 120.0},
                },
            },
            "from_baseline": {"type": "bool", "default": False},
            "settle": {"type": "float", "default": 1.0},
        }
    )


def app_services(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Brings the listed services into the wanted state; see the module's documentation."""
    _check(params)
    session = hosts.target()
    run = open_run(params, hosts, clock)
    recorded = _recorded(params, run, session.name) if params["from_baseline"] else {}
    result = drive(ServicesStep(params, session, clock, recorded), params, hosts, clock, check_mode=check_mode, context=run)
    if params["from_baseline"] and not recorded:
        result.warnings.append(f"there is no baseline of {session.name}: its services are started with the start modes that they have now")
    return result


def _check(params: t.Mapping[str, t.Any]) -> None:
    if not params["services"]:
        raise InvalidInput("services is empty: name at least one service")
    refuse_duplicates([entry["name"] for entry in params["services"]])
    if params["settle"] < 0:
        raise InvalidInput(f"settle is {params['settle']:g}: give 0 or more seconds")
    for entry in params["services"]:
        if entry["timeout"] <= 0:
            raise InvalidInput(f"the timeout of service {entry['name']} is {entry['timeout']:g}: give more than 0 seconds")
        if params["state"] == "started" and entry["start_mode"] == "disabled" and not params["from_baseline"]:
            raise InvalidInput(f"the service {entry['name']} cannot be started and disabled: give another start_mode, or state 'stopped'")


def _recorded(params: t.Mapping[str, t.Any], run: RunContext | None, host: str) -> dict[str, dict[str, str]]:
    """Service, in small letters -> its image in the run's baseline; nothing where no baseline knows the host.
    Raises InvalidInput where a baseline knows the host and lacks one of its services."""
    if run is None:
        raise InvalidInput("from_baseline needs 'run': the baseline belongs to the identity that the run moves")
    known = run.baseline().get("services") or {}
    if host not in known:
        # A run that a person opened without a baseline must not end here: what is listed is started as it is set up now.
        return {}
    images = known[host]
    recorded = {name.lower(): image for name, image in images.items() if image}
    absent = [entry["name"] for entry in params["services"] if entry["name"].lower() not in recorded]
    if absent:
        names = ", ".join(absent)
        raise InvalidInput(f"the baseline of {host} has no service {names}: arm the identity again, or leave from_baseline out and say what is wanted")
    return recorded


class ServicesStep(HostStep):
    """One service is one item; its image is ``{"state": …, "start_mode": …}``."""

    def __init__(self, params: t.Mapping[str, t.Any], session: Session, clock: Clock, recorded: t.Mapping[str, t.Mapping[str, str]]) -> None:
        super().__init__("services", session, clock)
        self.state = params["state"]
        self.settle = float(params["settle"])
        self.listed = {entry["name"]: entry for entry in params["services"]}
        self.recorded = recorded
        self.needs: dict[str, list[str]] = {}
        #: Who was seen running, and when (monotonic).
        self.ran: dict[str, tuple[Service, float]] = {}
        #: Nothing is started after a service that dies: then each has to settle before the next one's turn.
        self.one_at_a_time = params["on_item_failure"] == "stop"

    def observe(self) -> dict[str, JSON]:
        names = list(self.listed)
        found = windows.read_services(self.session, names, REQUEST)
        if len(names) > 1 or self.state != "started":
            self.needs = windows.read_needs(self.session, REQUEST)
        order = stop_order(names, self.needs) if self.state == "stopped" else start_order(names, self.needs)
        images = {name: service.image() if service else None for name, service in found.items()}
        return {name: images[name] for name in order}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        unknown = {name: f"{self.host} has no service {name}" for name, image in before.items() if image is None}
        if unknown:
            message = f"{self.host} has no service {', '.join(unknown)}: nothing was touched. Give key names (MSExchangeIS), not displayed ones"
            raise refuse_all(message, "unknown_service", unknown, before, self.host)
        found = [self._change(name, image, self._wanted(name, image)) for name, image in before.items()]
        return [change for change in found if change is not None]

    def _wanted(self, name: str, image: t.Mapping[str, str]) -> dict[str, str]:
        """The whole wanted image: what the task or the baseline says, else what is there."""
        recorded = self.recorded.get(name.lower())
        if recorded is not None:
            # A pending state is on its way: the baseline means where it was going.
            state = windows.heading(recorded["state"])
            return {"state": state if state in windows.UP else "Stopped", "start_mode": recorded["start_mode"]}
        state = "Running" if self.state == "started" else "Stopped"
        return {"state": state, "start_mode": self.listed[name]["start_mode"] or image["start_mode"]}

    def _change(self, name: str, before: t.Mapping[str, str], after: dict[str, str]) -> Change | None:
        """None where nothing is to do. A pending state is no state yet, so it always is a change."""
        parts = []
        if before["start_mode"] != after["start_mode"]:
            parts.append(f"set start mode {after['start_mode']}")
        if before["state"] != after["state"]:
            parts.append(DO.get(after["state"], "stop"))
        if not parts:
            return None
        entry = self.listed.get(name)
        return Change(name, " and ".join(parts), dict(before), after, deadline=(entry["timeout"] if entry else 120.0) + self.settle + SLACK)

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        return {change.name: self._apply(change) for change in group}

    def _apply(self, change: Change) -> Applied:
        deadline = Deadline(self.clock, self._timeout(change.name))
        try:
            now = windows.read_services(self.session, [change.name], REQUEST)[change.name]
            windows.bring(self.session, change.name, now, change.after, deadline, self.clock, as_it_was=self.state == "reverted" or bool(self.recorded))
        except ServiceRefused as error:
            return Applied(ok=False, msg=self._explained(change.name, error), reason=error.reason)
        except FailoverError as error:
            return refused(error)
        return Applied(ok=True)

    def _explained(self, name: str, error: ServiceRefused) -> str:
        """Code 3 on stopping names no service; we can. Those are not stopped here: nobody listed them."""
        if error.details.get("code") != 3:
            return error.message
        listed = {entry.lower() for entry in self.listed}
        others = [other for other in dependants(name, self.needs) if other.lower() not in listed]
        found = windows.read_services(self.session, others, REQUEST)
        running = [other for other, service in found.items() if service and service.state != "Stopped"]
        if not running:
            return error.message
        return f"{error.message}: {', '.join(running)}. They are not listed, so they are left alone; list them too, or stop them yourself"

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return {change.name: self._verify(change) for change in group}

    def _verify(self, change: Change) -> Seen:
        deadline = Deadline(self.clock, self._timeout(change.name))
        now, why = windows.await_state(self.session, change.name, change.after["state"], deadline, self.clock)
        if now is None:
            return Seen(confirmed=False, image=None, msg=why, reason="failed")
        if why:
            return Seen(confirmed=False, image=now.image(), msg=why, reason="" if now.state.endswith("Pending") else "failed")
        if now.start_mode != change.after["start_mode"]:
            why = f"the start mode of service {change.name} is {now.start_mode}, not {change.after['start_mode']}: a policy or a watchdog may have set it back"
            return Seen(confirmed=False, image=now.image(), msg=why, reason="failed")
        if change.after["state"] == "Running" and self.settle > 0:
            self.ran[change.name] = (now, self.clock.monotonic())
            if self.one_at_a_time:
                return self._settled([change.name])[change.name]
        return Seen(confirmed=True, image=now.image())

    def look_again(self, confirmed: list[Change]) -> dict[str, Seen]:
        """The second look, at all that were started: they settle side by side."""
        names = [change.name for change in confirmed if change.name in self.ran]
        return self._settled(names) if names and not self.one_at_a_time else {}

    def _settled(self, names: t.Sequence[str]) -> dict[str, Seen]:
        """A service that stops itself shows up only by looking twice; one that was started anew has another process."""
        left = max(self.ran[name][1] for name in names) + self.settle - self.clock.monotonic()
        if left > 0:
            self.clock.sleep(left)
        found = windows.read_services(self.session, names, REQUEST)
        return {name: self._second_look(name, *self.ran[name], found[name]) for name in names}

    def _second_look(self, name: str, first: Service, seen_at: float, again: Service | None) -> Seen:
        later = f"{round(self.clock.monotonic() - seen_at, 1):g} s"
        if again is None or again.state != "Running":
            state, cause = (again.state, again.why_stopped()) if again else ("gone", "it was removed")
            why = f"the service {name} ran and was {state} {later} later ({cause}): look into the host's Application and System event logs"
            return Seen(confirmed=False, image=again.image() if again else None, msg=why, reason="failed")
        if again.process_id != first.process_id:
            why = f"the service {name} runs, but as another process than {later} before: it died and was started again"
            return Seen(confirmed=False, image=again.image(), msg=why, reason="failed")
        return Seen(confirmed=True, image=again.image())

    def _timeout(self, name: str) -> float:
        return float(self.listed[name]["timeout"]) if name in self.listed else 120.0

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        known = (baseline.get("services") or {}).get(self.host) or {}
        return known.get(name) is not None, known.get(name)

    def on_the_way(self, aim: JSON, there: JSON) -> list[JSON]:
        return list(windows.on_the_way(aim, there)) if aim and there else []

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """Puts state and start mode back, each on its own account."""
        if now is None:
            raise WrongState(f"{self.host} has no service {name} any more, so nothing can be put back")
        wanted = dict(now)
        for part in ("start_mode", "state"):
            # A pending state is on its way: what counts is where it goes.
            was, led_to, there = (windows.heading(image[part]) if image and part == "state" else image and image[part] for image in (before, after, now))
            wanted[part] = was if ours_to_revert(name, part.replace("_", " "), was, led_to, there, self.host) else there
        return self._change(name, now, wanted)
