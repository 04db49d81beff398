# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real name servers, and the lab's own beside them: one of each kind for a module of tests."""

from __future__ import annotations

import base64
import contextlib
import os
import pathlib
from collections.abc import Iterator

import dns.version
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.real_servers import kerberos, samba
from ansible_collections.continuity.identity_failover.tests.real_servers.samba import DomainController
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import (
    EVERY_KEY,
    KINDS,
    PORT,
    POWERLESS,
    REVERSE,
    TRUNCATED,
    ZONE,
    RealServer,
    listening,
)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CONTINUITY_PRIVATE_NETWORK") != "1":
        raise pytest.UsageError("these tests take fixed addresses: run tests/utils/real_servers.sh, which gives them a network of their own")
    wanted = os.environ.get("CONTINUITY_DNSPYTHON", dns.version.version)
    if wanted != dns.version.version:
        raise pytest.UsageError(f"these tests are to run with dnspython {wanted}, and Python finds {dns.version.version}")


def pytest_report_header() -> str:
    return f"dnspython {dns.version.version}"


@contextlib.contextmanager
def embedded() -> Iterator[RealServer]:
    """The lab's own server, held against the real ones by the same table."""
    endpoint = Endpoint("127.0.53.5", PORT, "embedded")
    records = [{"name": "source", "type": "A", "values": ["127.20.0.21"]}]

    def zones() -> list[Zone]:
        described = ({"name": zone, "servers": {f"ns1.{ZONE}": endpoint.address}, "records": records if zone == ZONE else []} for zone in (ZONE, REVERSE))
        return [Zone.from_dict(zone) for zone in described]

    keys = [
        Key(one.name, base64.b64encode(one.secret).decode("ascii"), one.algorithm, frozenset() if one is POWERLESS else None)
        for one in (*EVERY_KEY, *TRUNCATED)
    ]
    # The one at the IPv6 address has zones of its own.
    with background(*(DnsServer(address, PORT, zones(), keys, name="embedded") for address in listening(endpoint.address))):
        yield RealServer("embedded", endpoint)


@pytest.fixture(scope="module")
def domain_controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    """Samba, and this process as a client of its Kerberos, with no tickets of anybody's."""
    reason = samba.missing()
    if reason:
        pytest.skip(f"samba: {reason}")
    folder = tmp_path_factory.mktemp("samba") / "server"
    with samba.samba(folder) as started, kerberos.no_tickets(started.config):
        yield started


# Kerberos' own server before Samba, which stays until the module ends: this process is a client of one realm at a time.
@pytest.fixture(scope="module", params=[*KINDS, "kerberos", "samba", "embedded"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    kind = str(request.param)
    if kind == "embedded":
        with embedded() as started:
            yield started
        return
    if kind == "samba":
        yield request.getfixturevalue("domain_controller").server
        return
    start, missing = (kerberos.realm_and_bind, kerberos.missing) if kind == "kerberos" else (KINDS[kind].start, KINDS[kind].missing)
    reason = missing()
    if reason:
        pytest.skip(f"{kind}: {reason}")
    folder: pathlib.Path = tmp_path_factory.mktemp(kind) / "server"
    with start(folder) as started:
        yield started
