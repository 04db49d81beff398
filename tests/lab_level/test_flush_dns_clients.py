# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import flush_dns_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import heal_clients

NAME = "mail.example.com"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), lag=1.0) as started:
        yield started


@pytest.fixture(autouse=True)
def healthy(lab: Lab) -> t.Iterator[None]:
    yield
    heal_clients(lab)


def clients_of(lab: Lab) -> list[str]:
    return list(lab.info["clients"])


def flush(lab: Lab, clients: list[str], *, known_resolvers: bool = True, **options: t.Any) -> Result:
    spec = module.flush_dns_clients_spec().argument_spec
    params = {name: option.get("default") for name, option in spec.items()}
    addresses = {server["name"]: server["address"] for server in lab.info["dns"]["servers"]}
    resolvers = {name: addresses[lab.info["clients_dns"][name][0]] if known_resolvers else None for name in clients}
    hosts = WinrmHosts(None, [lab.settings(name, resolver=resolvers[name], connect_timeout=3.0) for name in clients])
    port = lab.info["dns"]["servers"][0]["port"]
    try:
        return module.flush_dns_clients({**params, "clients": clients, "dns_port": port, **options}, hosts, SystemClock(), check_mode=False)
    finally:
        hosts.close()


def point(lab: Lab, address: str) -> None:
    """Changes the record on the primary, without asking the clients."""
    lab.control("dns_record", {"server": "dns1", "name": NAME, "type": "A", "values": [address]})


def identity_addresses(lab: Lab) -> tuple[str, str]:
    network = lab.info["network"].rsplit(".", 2)[0]
    return f"{network}.20.21", f"{network}.20.22"


def invokes(lab: Lab, since: int) -> dict[str, int]:
    """Client -> requests that it got."""
    counts: dict[str, int] = {}
    for record in lab.trace(since, "wsman"):
        if record["host"].startswith("ws"):
            counts[record["host"]] = counts.get(record["host"], 0) + 1
    return counts


def now(lab: Lab) -> int:
    return max((record["number"] for record in lab.trace()), default=0)


def test_clients_forget_the_old_address_once_their_own_server_has_the_new_one(lab: Lab) -> None:
    old, new = identity_addresses(lab)
    clients = clients_of(lab)
    point(lab, old)
    assert {lab.ask(client, NAME)["address"] for client in clients} <= {old, new}
    since = now(lab)
    point(lab, new)
    result = flush(lab, clients, expect=[{"name": NAME, "type": "A", "values": [new]}])
    assert not result.failed, result.msg
    assert result.extra["roll_call"]["answered"] == len(clients)
    assert {lab.ask(client, NAME)["address"] for client in clients} == {new}
    assert invokes(lab, since) == dict.fromkeys(clients, 2), "cleared and read back"


def test_a_client_is_asked_for_its_server_where_the_inventory_says_nothing(lab: Lab) -> None:
    since = now(lab)
    _old, new = identity_addresses(lab)
    point(lab, new)
    result = flush(lab, ["ws001", "ws002"], known_resolvers=False, expect=[{"name": NAME, "type": "A", "values": [new]}])
    assert not result.failed, result.msg
    assert invokes(lab, since) == {"ws001": 3, "ws002": 3}, "asked, cleared, read back"


def test_dead_and_forbidden_clients_are_named_and_hold_nobody_up(lab: Lab) -> None:
    since = now(lab)
    lab.kill("ws003")
    lab.fault("ws004", "access_denied")
    try:
        result = flush(lab, clients_of(lab))
    finally:
        lab.return_("ws003")
    failed = {entry["name"]: entry["reason"] for entry in result.extra["roll_call"]["failed"]}
    assert failed.keys() == {"ws003", "ws004"} and failed["ws004"] == "access_denied"
    assert result.failed and result.extra["roll_call"]["answered"] == len(clients_of(lab)) - 2
    assert lab.trace(since, "process") == [], "a refusal is never gone round by a program"


def test_an_old_client_gets_ipconfig(lab: Lab) -> None:
    since = now(lab)
    lab.fault("ws005", "class_missing", class_="MSFT_DNSClientCache")
    result = flush(lab, ["ws005"])
    assert not result.failed, result.msg
    assert any(record["host"] == "ws005" for record in lab.trace(since, "process"))


def test_a_hosts_file_that_pins_the_old_address_is_named(lab: Lab) -> None:
    old, new = identity_addresses(lab)
    point(lab, new)
    lab.control("hosts_file", {"host": "ws006", "name": NAME, "address": old})
    try:
        result = flush(lab, ["ws005", "ws006"], expect=[{"name": NAME, "type": "A", "values": [new]}])
    finally:
        lab.control("hosts_file", {"host": "ws006", "name": NAME, "address": ""})
    assert [outcome.status for outcome in result.outcomes] == ["done", "unconfirmed"]
    assert result.outcomes[1].reason == "hosts_file" and f"{old} {NAME}" in result.outcomes[1].msg


@pytest.mark.parametrize("count", [300])
def test_hundreds_of_clients_in_one_task(tmp_path: pathlib.Path, count: int) -> None:
    with Lab.start(tmp_path, clients=count) as lab:
        clients = clients_of(lab)
        since = now(lab)
        result = flush(lab, clients)
        assert not result.failed, result.msg
        assert result.extra["roll_call"]["answered"] == count
        assert set(invokes(lab, since).values()) == {1}
        assert result.as_dict()["outcomes"] == [] and result.as_dict()["counts"]["done"] == count
