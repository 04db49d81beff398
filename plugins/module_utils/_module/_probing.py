# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One round of probes of the source from every vantage point, side by side."""

from __future__ import annotations

import concurrent.futures
import functools
import typing as t
import urllib.parse

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.countdown import Observation
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, RemoteError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.probes import tcp_answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.ping import answers
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import read_services

CONTROLLER = "controller"
#: What is asked where nobody said: the management endpoint.
DEFAULT_PROBES = ({"kind": "wsman"},)
Probe = t.Mapping[str, t.Any]


class Prober:
    """Keeps one thread for each question: its connection is kept between rounds, and a dead host is waited for once, not once a question."""

    def __init__(self, source: str, vantage_points: t.Sequence[t.Mapping[str, t.Any]], probes: t.Sequence[Probe], hosts: Hosts, timeout: float) -> None:
        self._source, self._probes, self._hosts, self._timeout = source, list(probes or DEFAULT_PROBES), hosts, timeout
        places = [str(point["host"]) for point in vantage_points] or [CONTROLLER]
        asks = [ask for place in places for ask in self._asks_from(place)]
        self._threads = [(concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="probe"), ask) for ask in asks]

    def close(self) -> None:
        for thread, _ask in self._threads:
            thread.shutdown(wait=True, cancel_futures=True)

    def round(self) -> list[Observation]:
        """Every vantage point's answers; each probe is bounded by the time-out."""
        futures = [thread.submit(ask) for thread, ask in self._threads]
        return [future.result() for future in futures]

    def _asks_from(self, place: str) -> list[t.Callable[[], Observation]]:
        if place != CONTROLLER:
            return [functools.partial(self._ping, place)]
        kinds: dict[str, t.Callable[[Probe], Observation]] = {"tcp": self._tcp, "wsman": self._wsman, "service": self._service}
        return [functools.partial(kinds[probe["kind"]], probe) for probe in self._probes]

    def _address(self) -> tuple[str, int]:
        endpoint = urllib.parse.urlsplit(self._hosts.settings(self._source).endpoint)
        return str(endpoint.hostname), int(endpoint.port or 5986)

    def _tcp(self, probe: Probe) -> Observation:
        address, port = self._address()
        ok, msg = tcp_answers(probe.get("address") or address, probe.get("port") or port, self._timeout)
        return Observation(CONTROLLER, "tcp", ok, msg)

    def _wsman(self, probe: Probe) -> Observation:
        try:
            self._hosts.named(self._source).identify(self._timeout)
        except TransportError as error:
            # A listener that refuses a logon is a listener that runs.
            return Observation(CONTROLLER, "wsman", error.reason == "bad_credentials", error.message)
        except RemoteError as error:
            return Observation(CONTROLLER, "wsman", True, error.message)
        return Observation(CONTROLLER, "wsman", True)

    def _service(self, probe: Probe) -> Observation:
        try:
            found = read_services(self._hosts.named(self._source), list(probe["names"]), self._timeout)
        except FailoverError as error:
            return Observation(CONTROLLER, "service", False, error.message)
        down = [
            f"{name} is {service.state if service else 'unknown there'}" for name, service in found.items() if service is None or service.state != "Running"
        ]
        return Observation(CONTROLLER, "service", not down, ", ".join(down))

    def _ping(self, place: str) -> Observation:
        address = next((str(probe["address"]) for probe in self._probes if probe.get("address")), self._address()[0])
        try:
            ok = answers(self._hosts.named(place), address, min(2.0, self._timeout), self._timeout + 5.0)
        except FailoverError as error:
            return Observation(place, "ping", None, f"{place} could not ask: {error.message}")
        return Observation(place, "ping", ok, "" if ok else f"{address} does not answer {place}")


def source_answers(definition: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock) -> str:
    """One round by the definition's monitor: which probe of the machine was answered, empty where none was."""
    monitor = definition["monitor"]
    prober = Prober(definition["source"]["host"], monitor["vantage_points"], monitor["probes"], hosts, 5.0)
    try:
        observations = prober.round()
    finally:
        prober.close()
    answered = [f"{one.kind} from {one.vantage_point}" for one in observations if one.ok and one.about == "host"]
    services = [one for one in observations if one.about == "service"]
    if services and not any(one.ok for one in services):
        return ""  # the machine runs, its workload does not: a service incident is still one
    return ", ".join(answered)
