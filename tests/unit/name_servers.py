# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers on one port, as NS records carry none, and a task of update_dns against them."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterator, Sequence

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

Params = dict[str, t.Any]
MAIL: Params = {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"], "ttl": 60}


#: Seconds for which a message that nobody will answer is waited for.
LOST_SECONDS = 0.1


class CountingClock(SystemClock):
    """Waits really, and remembers the seconds of every wait. Its time passes by them alone, so that a busy machine takes nothing from a deadline.

    ``behind[n]`` is called when the n-th wait, counted from 1, is over.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.behind: dict[int, Callable[[], t.Any]] = {}

    def monotonic(self) -> float:
        return sum(self.waits)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.waits.append(seconds)
        self.behind.get(len(self.waits), lambda: None)()


def is_update(wire: bytes) -> bool:
    return wire[2] >> 3 & 15 == 5


def not_waited_for(patch: pytest.MonkeyPatch, address: str, lost: Callable[[bytes], bool] = lambda wire: True) -> None:
    """What the server of this address will not answer is given up after LOST_SECONDS a try: all that it is sent, or each message for which ``lost``
    is true as it goes out. Everything else, and every other server, has the time that it has with a user, however busy the machine is."""
    real = NameServer.exchange_many

    def exchange(self: NameServer, wires: Sequence[bytes], deadline: Deadline, answers: dict[bytes, bytes]) -> None:
        gone = [wire for wire in wires if self.endpoint.address == address and lost(wire)]
        if len(gone) < len(wires):
            real(self, [wire for wire in wires if wire not in gone], deadline, answers)
        if gone:
            real(self, gone, Deadline(self._clock, LOST_SECONDS), answers)

    patch.setattr(NameServer, "exchange_many", exchange)


def catch_up(call: Call, secondary: DnsServer) -> None:
    """A secondary has all that its primary has, whatever its lag."""
    primary = secondary.follows
    assert primary is not None
    for zone in primary.zones.values():
        call(secondary._take, zone.current)


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


def controllers() -> tuple[DnsServer, DnsServer]:
    """Two primaries of one zone, each its own MNAME, as domain controllers are; nothing replicates between them here."""
    made = []
    for name, address in example.SERVERS.items():
        zone = Zone.from_dict({**example.FORWARD, "servers": {name: address, **example.SERVERS}})
        server = example.primary()
        server.address, server.name, server.zones = address, name.partition(".")[0], {zone.origin: zone}
        made.append(server)
    return made[0], made[1]


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
