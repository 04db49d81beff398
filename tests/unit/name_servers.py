# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers on one port, as NS records carry none, and a task of update_dns against them."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

Params = dict[str, t.Any]
MAIL: Params = {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"], "ttl": 60}


class CountingClock(SystemClock):
    """The real one, which remembers the seconds of every wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().sleep(seconds)


def waits_before_the_first_update(server: DnsServer, clock: CountingClock) -> list[int]:
    """How many waits there had been, at each update that ``server`` gets."""
    found: list[int] = []
    server._trace = lambda kind, name, **data: found.append(len(clock.waits)) if data.get("opcode") == "UPDATE" else None
    return found


@contextlib.contextmanager
def one_port(first: DnsServer, *others: DnsServer) -> Iterator[Call]:
    """All on the port that the kernel gave the first. The value calls a function in their thread."""
    with background(first) as call:
        started = []
        try:
            for server in others:
                server.port = first.port
                call(server.start)
                started.append(server)
            yield call
        finally:
            for server in started:
                call(server.stop)


def entry(server: DnsServer, name: str = "") -> Params:
    """A server as the options of the module have it."""
    return {"address": server.address, "port": server.port, "name": name or server.name}


def task(servers: list[Params], clock: Clock | None = None, *, check_mode: bool = False, **options: t.Any) -> Result:
    """One task that sets mail.example.com, unless ``options`` say otherwise."""
    params = {
        **runs.ALONE,
        "state": "present",
        "records": [MAIL],
        "repoint": None,
        "servers": servers,
        "verify_servers": [],
        "key": {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"},
        "unsigned": False,
        "ttl": None,
        "require": "reachable",
        "verify_timeout": 10.0,
        "protected_names": [],
        **options,
    }
    return update_dns(params, FakeHosts(), clock or SystemClock(), check_mode=check_mode)
