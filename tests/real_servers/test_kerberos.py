# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update_dns signed with Kerberos, against BIND and an MIT KDC: keytab, password, ticket cache, and who may not."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.real_servers.kerberos import PASSWORD, REALM, Realm, bind_with_kerberos, missing, realm
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import ZONE, RealServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

pytestmark = needed(missing())


@pytest.fixture(scope="module")
def kerberos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    with realm(tmp_path_factory.mktemp("realm") / "kdc") as made:
        yield made


@pytest.fixture(scope="module")
def name_server(kerberos: Realm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with bind_with_kerberos(tmp_path_factory.mktemp("bind") / "server", kerberos) as made:
        yield made


@pytest.fixture(autouse=True)
def client(kerberos: Realm, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(kerberos.config))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/nobody-s-tickets")


def run(at: RealServer, name: str, **account: t.Any) -> Result:
    params = {
        **runs.ALONE,
        "state": "present",
        "records": [{"name": name, "type": "A", "values": ["127.20.0.22"], "ttl": 60, "zone": None, "expect": None}],
        "repoint": None,
        "servers": [{"address": at.endpoint.address, "port": at.endpoint.port, "name": at.endpoint.name}],
        "verify_servers": [],
        "key": None,
        "kerberos": {"principal": f"failover@{REALM}", **account},
        "unsigned": False,
        "ttl": 60,
        "require": "all",
        "verify_timeout": 10.0,
        "protected_names": [],
    }
    return update_dns(params, FakeHosts(), SystemClock(), check_mode=False)


def fresh(server: RealServer) -> str:
    return f"{Probe(server).name()}.{ZONE}"


def written(server: RealServer, name: str) -> bool:
    return Probe(server).values(name + ".", "A") == ["127.20.0.22"]


def test_a_keytab_a_password_and_a_ticket_cache_sign(name_server: RealServer, kerberos: Realm, tmp_path: pathlib.Path) -> None:
    cache = f"FILE:{tmp_path}/tickets"
    done = subprocess.run(
        ["kinit", "-c", cache, "failover"], input=PASSWORD, env=kerberos.environment(), text=True, capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    for account in ({"keytab": str(kerberos.keytab("failover"))}, {"password": PASSWORD}, {"cache": cache}):
        name = fresh(name_server)
        result = run(name_server, name, **account)
        assert not result.failed, result.msg
        assert written(name_server, name) and result.warnings == []


def test_the_server_is_known_by_its_own_soa_and_may_be_stated(name_server: RealServer) -> None:
    for stated in ({}, {"server": f"ns1.{ZONE}"}):
        name = fresh(name_server)
        assert not run(name_server, name, password=PASSWORD, **stated).failed and written(name_server, name)
    wrong = run(name_server, fresh(name_server), password=PASSWORD, server="other.lab.test")
    assert wrong.failed and "DNS/other.lab.test" in wrong.msg


@pytest.mark.parametrize("account", [{"password": "wrong"}, {"keytab": "/nonexistent/keytab"}, {}], ids=["password", "keytab", "no tickets"])
def test_no_ticket_is_one_sentence_and_nothing_is_written(name_server: RealServer, account: dict[str, str]) -> None:
    name = fresh(name_server)
    result = run(name_server, name, **account)
    assert result.failed and result.reason == "bad_credentials"
    assert "no Kerberos ticket of failover@LAB.TEST" in result.msg and "wrong" not in result.msg
    assert not written(name_server, name)


def test_an_account_without_rights_is_refused(name_server: RealServer, kerberos: Realm) -> None:
    name = fresh(name_server)
    result = run(name_server, name, principal=f"host1@{REALM}", keytab=str(kerberos.keytab("host1")))
    assert result.failed and result.reason == "refused", result.msg
    assert "Kerberos as host1@LAB.TEST" in result.msg and not written(name_server, name)
