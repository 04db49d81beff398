# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import verify_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import Check, Reached, check_client
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, needs_engine

NAME = "mail.example.com"


@pytest.fixture(scope="module", params=["twin", pytest.param("engine", marks=needs_engine)])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """The script runs as its Python twin, and in a real PowerShell engine."""
    with Lab.start(tmp_path_factory.mktemp(request.param), engine=engine() if request.param == "engine" else None) as started:
        yield started


@pytest.fixture(autouse=True)
def at_home(lab: Lab) -> t.Iterator[None]:
    """Every test begins with the name at the source and empty caches."""
    point(lab, old_address(lab))
    for client in lab.info["clients"]:
        lab.control("flush", {"host": client})
    yield
    for client in lab.info["clients"]:
        lab.heal(client)


def old_address(lab: Lab) -> str:
    return lab.info["network"].rsplit(".", 2)[0] + ".20.21"


def point(lab: Lab, address: str) -> None:
    for server in lab.info["dns"]["servers"]:
        lab.control("dns_record", {"server": server["name"], "name": NAME, "type": "A", "values": [address]})


def verify(lab: Lab, clients: list[str], **options: t.Any) -> Result:
    spec = module.verify_clients_spec().argument_spec
    params = {name: option.get("default") for name, option in spec.items()}
    expect = [{"name": NAME, "port": lab.info["application_port"], "identity": "exch1", "addresses": [old_address(lab)]}]
    hosts = WinrmHosts(None, [lab.settings(name, connect_timeout=3.0) for name in clients])
    try:
        return module.verify_clients({**params, "clients": clients, "expect": expect, **options}, hosts, SystemClock(), check_mode=False)
    finally:
        hosts.close()


def test_clients_that_arrive(lab: Lab) -> None:
    result = verify(lab, ["ws001", "ws002", "ws003"])
    assert not result.failed, result.msg
    assert [outcome.status for outcome in result.outcomes] == ["already"] * 3
    assert {stage: curve["reached"] for stage, curve in result.extra["curves"].items()} == {"resolve": 3, "tcp": 3, "identity": 3, "kerberos": 0}


def test_a_client_with_the_old_address_in_its_cache_is_named(lab: Lab) -> None:
    lab.ask("ws001", NAME)
    elsewhere = old_address(lab)[:-2] + "12"
    point(lab, elsewhere)
    expect = [{"name": NAME, "port": None, "identity": None, "addresses": [elsewhere]}]
    result = verify(lab, ["ws001", "ws003"], expect=expect, verify_timeout=0.0)
    assert [outcome.status for outcome in result.outcomes] == ["failed", "already"]
    assert result.outcomes[0].reason == "not_there_resolve"
    assert f"{NAME} is {old_address(lab)}, not {elsewhere}" in result.outcomes[0].msg


def test_waiting_ends_when_the_last_client_forgets(lab: Lab) -> None:
    lab.ask("ws001", NAME)
    elsewhere = old_address(lab)[:-2] + "12"
    point(lab, elsewhere)
    expect = [{"name": NAME, "port": None, "identity": None, "addresses": [elsewhere]}]
    hosts = WinrmHosts(None, [lab.settings("ws001")])
    try:
        seen: list[Reached] = check_client(hosts.named("ws001"), [Check(NAME)], 60)
        assert seen[0].addresses == (old_address(lab),), "the cache answers, not the server"
    finally:
        hosts.close()
    lab.control("flush", {"host": "ws001"})
    result = verify(lab, ["ws001"], expect=expect, verify_timeout=60.0)
    assert not result.failed, result.msg


def test_the_wrong_server_and_the_closed_port(lab: Lab) -> None:
    right = {"name": NAME, "port": lab.info["application_port"], "identity": "exch2", "addresses": []}
    result = verify(lab, ["ws001"], expect=[right], verify_timeout=0.0)
    assert result.outcomes[0].reason == "not_there_identity" and "another server holds the address" in result.outcomes[0].msg
    result = verify(lab, ["ws001"], expect=[{**right, "port": 1}], verify_timeout=0.0)
    assert result.outcomes[0].reason == "not_there_tcp" and "(refused)" in result.outcomes[0].msg
    result = verify(lab, ["ws001"], expect=[{**right, "name": "nowhere.example.com"}], verify_timeout=0.0)
    assert result.outcomes[0].reason == "not_there_resolve" and "(no such name)" in result.outcomes[0].msg


def test_a_dead_client_does_not_stop_the_others(lab: Lab) -> None:
    lab.kill("ws005")
    try:
        result = verify(lab, ["ws005", "ws006"], verify_timeout=0.0, share=0.5)
    finally:
        lab.return_("ws005")
    assert not result.failed, result.msg
    assert [outcome.status for outcome in result.outcomes] == ["skipped", "already"]


def test_sessions_with_old_tickets_are_unproven(lab: Lab) -> None:
    expect = [{"name": NAME, "port": lab.info["application_port"], "identity": "exch1", "addresses": [old_address(lab)], "spn": f"http/{NAME}"}]
    lab.control("ticket", {"host": "ws002", "account": r"EXAMPLE\anna", "spn": f"http/{NAME}", "age": 7200})
    lab.control("ticket", {"host": "ws003", "account": r"EXAMPLE\bert", "spn": f"http/{NAME}", "age": 60})
    result = verify(lab, ["ws001", "ws002", "ws003"], expect=expect)
    assert not result.failed, result.msg
    kerberos = result.extra["curves"]["kerberos"]
    assert (kerberos["reached"], kerberos["unproven"], kerberos["old_sessions"]) == (1, 2, 2), "nobody said when the name moved"
    assert r"EXAMPLE\anna may hold a ticket" in result.outcomes[1].msg and result.outcomes[0].msg == ""
    moved = stamp(SystemClock().now() - datetime.timedelta(seconds=600))
    kerberos = verify(lab, ["ws002", "ws003"], expect=expect, moved_at=moved).extra["curves"]["kerberos"]
    assert (kerberos["reached"], kerberos["old_sessions"]) == (1, 1), "bert's ticket is from after the move"


def test_what_keeps_clients_is_seen_on_them(lab: Lab) -> None:
    elsewhere = old_address(lab)[:-2] + "12"
    lab.ask("ws001", NAME)
    lab.control("hosts_file", {"host": "ws002", "name": NAME, "address": old_address(lab)})
    lab.control("connection", {"host": "ws003", "program": "OUTLOOK.EXE", "address": old_address(lab), "port": 443})
    point(lab, elsewhere)
    expect = [{"name": NAME, "port": None, "identity": None, "addresses": [elsewhere], "old_addresses": [old_address(lab)]}]
    try:
        result = verify(lab, ["ws001", "ws002", "ws003", "ws004"], expect=expect, verify_timeout=0.0)
    finally:
        lab.control("hosts_file", {"host": "ws002", "name": NAME, "address": ""})
    assert [outcome.status for outcome in result.outcomes] == ["failed", "failed", "already", "already"]
    found = {one["name"]: (one["kind"], one["help"]) for one in result.extra["stubborn"]}
    assert found.keys() == {"ws001", "ws002", "ws003"}
    assert (found["ws001"][0], found["ws002"][0], found["ws003"]) == ("stale_cache", "hosts_file", ("open_connection", "restart Outlook"))


def test_what_speaks_no_http_has_no_page(lab: Lab) -> None:
    page = {"name": NAME, "port": lab.info["application_port"], "identity": "exch1", "addresses": [], "protocol": "http", "path": "/"}
    result = verify(lab, ["ws001"], expect=[page], verify_timeout=0.0)
    assert result.outcomes[0].reason == "not_there_identity" and "which is no HTTP" in result.outcomes[0].msg
