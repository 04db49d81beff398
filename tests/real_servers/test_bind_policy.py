# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock without a directory, as docs/docsite/rst/guide_dns_lock.rst has it: a rule of BIND's update-policy, in a file of its own."""

from __future__ import annotations

import os
import pathlib
import signal
import time
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import (
    KINDS,
    PORT,
    POWERLESS,
    REVERSE,
    ZONE,
    RealServer,
    bind_config,
    key,
    program,
    running,
    zone_text,
)
from ansible_collections.continuity.identity_failover.tests.real_servers.test_update_dns import run

pytestmark = needed(KINDS["bind"].missing())
NAME = f"mail.{ZONE}"
SOURCE = POWERLESS
GRANTS = f"grant {SOURCE.name} name {NAME}. A AAAA; grant {key().name} zonesub ANY;"
DENY = f"deny {SOURCE.name} name {NAME}. ANY;"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "server"
    made.mkdir()
    return made


@pytest.fixture
def name_server(folder: pathlib.Path) -> Iterator[RealServer]:
    endpoint = Endpoint("127.0.53.1", PORT, "bind")
    zones = []
    for zone in (ZONE, REVERSE):
        (folder / f"{zone}.db").write_text(zone_text(zone, endpoint.address), encoding="utf-8")
        zones.append(f'zone "{zone}" {{ type primary; file "{zone}.db"; include "{folder}/{zone}.policy"; }};')
        (folder / f"{zone}.policy").write_text(f"update-policy {{ {GRANTS} }};", encoding="utf-8")
    with running(
        [program("named"), "-f", "-L", str(folder / "named.log"), "-c", str(bind_config(folder, endpoint.address, chr(10).join(zones)))], folder, endpoint
    ):
        yield RealServer("bind", endpoint)


def ruled(folder: pathlib.Path, rules: str) -> None:
    """Writes the file, and waits until BIND says that it has read it."""
    (folder / f"{ZONE}.policy").write_text(f"update-policy {{ {rules} }};", encoding="utf-8")
    log, said = folder / "named.log", "reloading configuration succeeded"
    before = log.read_text(encoding="utf-8").count(said)
    os.kill(int((folder / "named.pid").read_text(encoding="utf-8")), signal.SIGHUP)
    end = time.monotonic() + 15
    while log.read_text(encoding="utf-8").count(said) == before:
        assert time.monotonic() < end, log.read_text(encoding="utf-8")[-2000:]
        # No event to wait for: BIND tells its log alone when it has read the file.
        time.sleep(0.05)


def test_a_rule_in_front_keeps_the_source_out_and_not_the_failover_key(name_server: RealServer, folder: pathlib.Path) -> None:
    probe = Probe(name_server)

    def source_registers() -> str:
        return probe.send(lambda u: (u.delete(NAME + ".", "A"), u.add(NAME + ".", 300, "A", "127.20.0.21")), by=SOURCE)

    assert source_registers() == "NOERROR"
    ruled(folder, DENY + GRANTS)
    moved = run(name_server, records=[{"name": NAME, "type": "A", "values": ["127.20.0.22"], "ttl": 60, "zone": None, "expect": None}])
    assert not moved.failed, moved.msg
    assert source_registers() == "REFUSED" and probe.values(NAME + ".", "A") == ["127.20.0.22"]
    ruled(folder, GRANTS)
    assert source_registers() == "NOERROR" and probe.values(NAME + ".", "A") == ["127.20.0.21"]


def test_behind_the_grant_it_keeps_nobody_out(name_server: RealServer, folder: pathlib.Path) -> None:
    ruled(folder, GRANTS + DENY)
    assert Probe(name_server).send(lambda u: u.add(NAME + ".", 300, "A", "127.20.0.21"), by=SOURCE) == "NOERROR"
