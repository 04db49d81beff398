# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three sites, six name servers that have a change later one after the other, and clients that ask those of their site.

Whoever changes the record and then clears all caches at once makes nearly every client ask a server that does not have it yet, and keep the old
value for another whole TTL. flush_dns_clients waits for each client's own name server. All in virtual time.
"""

from __future__ import annotations

import collections
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._module import flush_dns_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.lab.model.estate_file import ESTATES
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import filled

NAME = "mail.example.com"
TTL = 600
#: Seconds until the last server has a change.
CONVERGED = 110.0
#: First asked by the clients of hamburg's first server only: that is where the record is changed.
WRITTEN = {"directory": "dns-h1", "secondaries": "dns-b1"}


def estate(model: str) -> dict[str, t.Any]:
    content: dict[str, t.Any] = yaml.safe_load((ESTATES / "three_sites.yml").read_text(encoding="utf-8"))
    dns = content["dns"]
    dns["zones"] = [{**zone, "ttl": TTL} for zone in dns["zones"]]
    dns["replication"] = {"within": 5, "between": 60}
    dns["servers"] = [{**server, "lag": 30 if server["name"] == "dns-m2" else 0} for server in dns["servers"]]
    if model == "secondaries":
        del dns["replication"]
        lags = {"dns-b2": 5, "dns-h1": 60, "dns-h2": 65, "dns-m1": 80, "dns-m2": 100}
        dns["servers"] = [
            server if server["name"] == "dns-b1" else {**server, "follows": "dns-b1", "lag": lags[server["name"]]} for server in content["dns"]["servers"]
        ]
    return content


class Sites:
    """The lab, and what its clients resolve."""

    def __init__(self, lab: MemoryLab, model: str) -> None:
        self.lab = lab
        self.written = lab.estate.dns[WRITTEN[model]]
        self.clients = lab.estate.clients
        self.old, self.new = lab.network.address(20, 21), lab.network.address(20, 22)

    def change(self, *values: str) -> None:
        async def change() -> None:
            self.written.replace(NAME, "A", values, TTL)

        self.lab.do(change())

    def resolved(self, clients: t.Iterable[str] | None = None) -> dict[str, int]:
        """What a program at each client gets for the name -> how many clients."""
        found: collections.Counter[str] = collections.Counter()
        for name in self.clients if clients is None else clients:
            answer = self.lab.do(self.lab.estate.hosts[name].resolver.ask(NAME))
            found[{self.old: "old", self.new: "new"}.get(next(iter(answer.addresses()), ""), "nothing")] += 1
        return dict(found)

    def of_site(self, *sites: str) -> list[str]:
        return [name for name in self.clients if self.lab.estate.hosts[name].machine.site in sites]

    def flush_naively(self) -> None:
        for name in self.clients:
            self.lab.control("flush", host=name)

    def flush(self, **options: t.Any) -> Result:
        given = {"clients": self.clients, "dns_port": self.written.port, "expect": [{"name": NAME, "type": "A", "values": [self.new]}]}
        hosts = self.lab.hosts(None)
        try:
            params = filled(module.flush_dns_clients_spec().argument_spec, {**given, "resolver_timeout": 300.0, **options})
            return module.flush_dns_clients(params, hosts, self.lab.clock, check_mode=False)
        finally:
            hosts.close()


@pytest.fixture(params=["directory", "secondaries"])
def sites(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Sites]:
    with MemoryLab(tmp_path, estate=estate(request.param)) as lab:
        made = Sites(lab, request.param)
        assert (len(made.clients), made.resolved()) == (12, {"old": 12})
        yield made


def test_clearing_all_caches_at_once_makes_clients_keep_the_old_value_for_another_ttl(sites: Sites) -> None:
    sites.change(sites.new)
    sites.flush_naively()
    assert sites.resolved() == {"new": 2, "old": 10}
    sites.lab.clock.sleep(CONVERGED)
    assert {tuple(server.lookup(NAME, "A")) for server in sites.lab.estate.dns.values()} == {(sites.new,)}
    assert sites.resolved() == {"new": 2, "old": 10}
    sites.lab.clock.sleep(TTL - CONVERGED - 1)
    assert sites.resolved() == {"new": 2, "old": 10}
    sites.lab.clock.sleep(2)
    assert sites.resolved() == {"new": 12}


def test_waiting_for_each_clients_own_name_server_leaves_no_client_behind(sites: Sites) -> None:
    begun = sites.lab.clock.monotonic()
    sites.change(sites.new)
    result = sites.flush()
    assert (result.failed, result.extra["roll_call"]["answered"], sites.resolved()) == (False, 12, {"new": 12})
    assert sites.lab.clock.monotonic() - begun < CONVERGED
    sites.lab.clock.sleep(TTL / 2)
    assert sites.resolved() == {"new": 12}


def test_a_site_that_never_gets_the_change_is_named_and_its_caches_are_left_alone(sites: Sites) -> None:
    for far in ("dns-m1", "dns-m2"):
        for near in ("dns-b1", "dns-b2", "dns-h1", "dns-h2"):
            sites.lab.network.cut(near, far)
    begun = sites.lab.clock.monotonic()
    sites.change(sites.new)
    result = sites.flush(resolver_timeout=120.0, max_failures=0)
    # 120 s for each name server, and here they are waited for one after the other: two of them in vain, one until it has the change.
    assert 120.0 <= sites.lab.clock.monotonic() - begun < 2 * 120.0 + 65.0
    roll_call = result.extra["roll_call"]
    munich = sites.of_site("munich")
    assert (result.failed, roll_call["answered"], sorted(one["name"] for one in roll_call["failed"])) == (True, 8, munich)
    assert {one["reason"] for one in roll_call["failed"]} == {"resolver_not_converged"}
    assert (sites.resolved(sites.of_site("berlin", "hamburg")), sites.resolved(munich)) == ({"new": 8}, {"old": 4})
    cleared = {record["host"] for record in sites.lab.trace.records if record.get("effect") == "cache_cleared"}
    assert cleared == set(sites.of_site("berlin", "hamburg"))


def test_a_name_that_was_gone_is_forgotten_as_well(sites: Sites) -> None:
    """Clients that asked while there was no record keep that answer too."""
    sites.change()
    sites.lab.clock.sleep(CONVERGED)
    sites.flush_naively()
    assert sites.resolved() == {"nothing": 12}
    sites.change(sites.new)
    assert sites.resolved() == {"nothing": 12}
    assert not sites.flush().failed
    assert sites.resolved() == {"new": 12}
