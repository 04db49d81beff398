# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_preflight as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import take_baseline
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), lag=0.5) as started:
        yield started


@pytest.fixture(autouse=True)
def healthy(lab: Lab) -> t.Iterator[None]:
    yield
    for host in lab.info["hosts"]:
        lab.heal(host)


def definition_of(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    network = lab.info["network"].rsplit(".", 2)[0]
    servers = lab.info["dns"]["servers"]
    return {
        "source": {"host": "exch1"},
        "target": {"host": "exch2"},
        "directory": {"domain_controllers": ["dc1"]},
        "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/mail.example.com"]}],
        "addresses": [{"address": f"{network}.20.31", "prefix_length": 24}],
        "services": [{"name": "MSExchangeADTopology"}, {"name": "MSExchangeIS"}],
        "databases": [{"kind": "exchange", "from": "DB01", "to": "DB01-DR", "credential": "exchange"}, {"kind": "sqlserver", "name": "ERP"}],
        "dns": {
            "servers": [{"address": servers[0]["address"], "port": servers[0]["port"], "name": "dns1"}],
            "verify_servers": [{"address": servers[1]["address"], "port": servers[1]["port"], "name": "dns2"}],
            "repoint": {"from": [f"{network}.20.21"], "to": [f"{network}.20.22"], "names": ["mail.example.com"]},
        },
        "clients": {"flush": list(lab.info["clients"])},
        "store": {"kind": "directory", "path": str(folder)},
    }


def preflight(lab: Lab, definition: dict[str, t.Any], *, armed: bool = True, **options: t.Any) -> Result:
    clock = SystemClock()
    named = [lab.settings(name, connect_timeout=3.0) for name in lab.info["hosts"]]
    hosts = WinrmHosts(lab.settings("exch2"), named)
    key = {**lab.info["dns"]["key"]}
    credentials = [{"name": "exchange", **lab.info["credentials"]["exchange"]}]
    defaults = {name: option.get("default") for name, option in module.failover_preflight_spec().argument_spec.items()}
    params = {**defaults, "identity": "mail", "definition": definition, "kind": "failover", "key": key, "credentials": credentials, **options}
    try:
        if armed:
            baseline, warnings = take_baseline(normalise(definition), hosts, clock, {one["name"]: one for one in credentials})
            # What a database's engine says is asked by a script, which a test may have cut off.
            assert [warning for warning in warnings if not warning.startswith("the database")] == []
            journal = open_journal("mail", definition["store"], None, hosts, clock)
            journal.read()
            journal.append([journal.draft("armed", data=baseline)])
        return module.failover_preflight(params, hosts, clock, check_mode=False)
    finally:
        hosts.close()


def found(result: Result) -> dict[str, dict[str, t.Any]]:
    return {finding["id"]: finding for finding in result.extra["findings"]}


def test_the_default_estate_is_ready_and_nothing_changes(lab: Lab, tmp_path: pathlib.Path) -> None:
    since = max((record["number"] for record in lab.trace()), default=0)
    result = preflight(lab, definition_of(lab, tmp_path))
    assert not result.failed and not result.changed, result.msg
    # The stand-in's Exchange waits for the failover, so nobody can ask it.
    assert [(one["id"], one["severity"]) for one in result.extra["findings"]] == [("databases_unknown", "warning")]
    effects = {record["effect"] for record in lab.trace(since, "effect")}
    assert effects <= {"script_started"}, "scripts ran, and did nothing but read"


def test_the_key_is_tried_on_the_name_server(lab: Lab, tmp_path: pathlib.Path) -> None:
    key = {**lab.info["dns"]["key"], "secret": "d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmc="}
    result = preflight(lab, definition_of(lab, tmp_path), key=key)
    assert result.failed and result.reason == "dns_key_refused"
    assert found(result)["dns_key_refused"]["host"] == "dns1"


def test_a_name_in_a_zone_that_nobody_serves(lab: Lab, tmp_path: pathlib.Path) -> None:
    definition = definition_of(lab, tmp_path)
    definition["dns"]["repoint"]["names"].append("mail.elsewhere.test")
    assert found(preflight(lab, definition))["dns_zone_not_served"]["evidence"] == {"name": "mail.elsewhere.test"}


@pytest.fixture
def exchange_runs(lab: Lab) -> t.Iterator[None]:
    """Exchange runs on the stand-in too, so that it can be asked."""
    lab.control("service_start", {"host": "exch2", "service": "MSExchangeIS"})
    clock = SystemClock()
    deadline = Deadline(clock, 20)
    while lab.state("exch2")["services"]["MSExchangeIS"]["state"] != "Running":
        deadline.check("starting MSExchangeIS")
        clock.sleep(0.1)
    yield
    lab.control("service_stop", {"host": "exch2", "service": "MSExchangeIS"})


@pytest.mark.usefixtures("exchange_runs")
def test_what_is_missing_on_the_target(lab: Lab, tmp_path: pathlib.Path) -> None:
    definition = definition_of(lab, tmp_path)
    definition["services"].append({"name": "MSExchangeNowhere"})
    definition["databases"] += [{"kind": "exchange", "name": "DB99", "credential": "exchange"}, {"kind": "sqlserver", "name": "NOTHERE"}]
    definition["spns"][0]["values"].append("HOST/dc1")
    result = preflight(lab, definition)
    by_id = found(result)
    assert by_id["service_missing_on_target"]["evidence"] == {"service": "MSExchangeNowhere"}
    assert [one["evidence"]["database"] for one in result.extra["findings"] if one["id"] == "database_not_found"] == ["DB99", "NOTHERE"]
    assert by_id["spn_held_by_third"]["evidence"] == {"spn": "HOST/dc1", "holders": ["DC1$"]}


def test_a_dead_source_is_what_a_failover_is_for(lab: Lab, tmp_path: pathlib.Path) -> None:
    definition = definition_of(lab, tmp_path)
    preflight(lab, definition)
    lab.kill("exch1")
    try:
        forth, back = preflight(lab, definition, armed=False), preflight(lab, definition, armed=False, kind="failback")
    finally:
        lab.return_("exch1")
    assert found(forth)["source_unreachable"]["severity"] == "info" and not forth.failed, forth.msg
    assert found(back)["source_unreachable"]["severity"] == "error" and back.failed


def test_a_clock_and_clients(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.control("clock", {"host": "exch2", "offset": 900})
    lab.kill("ws002")
    try:
        by_id = found(preflight(lab, definition_of(lab, tmp_path)))
    finally:
        lab.control("clock", {"host": "exch2", "offset": 0})
        lab.return_("ws002")
    assert by_id["clock_skew"]["severity"] == "error" and by_id["clock_skew"]["evidence"]["seconds"] == pytest.approx(900, abs=5)
    assert [entry["name"] for entry in by_id["client_unreachable"]["evidence"]["failed"]] == ["ws002"]


def test_an_identity_that_was_never_armed(lab: Lab, tmp_path: pathlib.Path) -> None:
    result = preflight(lab, definition_of(lab, tmp_path), armed=False)
    assert (result.failed, result.reason) == (True, "baseline_missing")
