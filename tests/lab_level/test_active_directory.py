# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's domain controllers, asked by our own client: what they deny over LDAP holds for dynamic updates, on each as it has it."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ldap
from ansible_collections.continuity.identity_failover.tests.lab.ldap import realm
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.active_directory import (
    changes,
    controllers,
    descriptors,
    kerberos,
    lock,
    locked,
    registrations,
    started,
)
from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

pytestmark = needed(realm.missing())

MAIL = "mail.example.com"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with started(pathlib.Path(tmp_path_factory.mktemp("domain")) / "lab") as made:
        yield made


def write(lab: Lab, address: str) -> Result:
    server = lab.info["dns"]["servers"][0]
    params = {
        **runs.ALONE,
        "state": "present",
        "records": [{"name": MAIL, "type": "A", "values": [address], "ttl": 60, "zone": None, "expect": None}],
        "repoint": None,
        "servers": [{name: server[name] for name in ("address", "port", "name")}],
        "verify_servers": [],
        "key": None,
        "kerberos": kerberos(lab),
        "unsigned": False,
        "ttl": 60,
        "require": "all",
        "verify_timeout": 5.0,
        "protected_names": [],
        "on_conflict": "replace",
    }
    return update_dns(params, FakeHosts(), SystemClock(), check_mode=False)


def address(lab: Lab, server: str = "dns1") -> list[str]:
    return t.cast("list[str]", lab.state()["dns"][server]["records"][MAIL])


@contextlib.contextmanager
def apart(lab: Lab) -> Iterator[None]:
    """Nothing travels between the domain controllers meanwhile."""
    lab.control("cut", {"a": "dns1", "b": "dns2"})
    try:
        yield
    finally:
        lab.control("join", {"a": "dns1", "b": "dns2"})


def travelled(lab: Lab, since: int) -> None:
    """Returns when both domain controllers have the entry, which was written behind that record of the trace."""
    while locked(lab) != {"dns1": [MAIL], "dns2": [MAIL]}:
        since = lab.awaited(since, "replicated")[-1]["number"]


def test_the_source_is_kept_out_the_failover_account_is_not_and_nothing_is_left(lab: Lab) -> None:
    before, own = descriptors(lab), address(lab)
    assert registrations(lab)[MAIL] == "NOERROR"
    with apart(lab):
        made = lock(lab, "locked")
    assert (made.failed, made.changed) == (False, True), made.msg
    assert locked(lab) == {"dns1": [MAIL], "dns2": [MAIL]} and changes(lab) == [("dns1", "mail"), ("dns2", "mail")]
    assert not write(lab, "127.0.9.9").failed and address(lab) == ["127.0.9.9"]
    assert registrations(lab) == {"exch1.example.com": "NOERROR", MAIL: "REFUSED", "autodiscover.example.com": "NOERROR"}
    assert address(lab) == ["127.0.9.9"]
    assert not lock(lab, "locked").changed and len(changes(lab)) == 2
    assert lock(lab, "unlocked").changed and descriptors(lab) == before
    assert registrations(lab)[MAIL] == "NOERROR" and address(lab) == own


def test_what_one_domain_controller_was_told_the_other_has_later(lab: Lab) -> None:
    since = lab.status()["records"]
    first = {"account": "EXCH1$", "names": [MAIL], "domain_controllers": controllers(lab)[:1]}
    assert not lock(lab, "locked", lock=first).failed
    travelled(lab, since)
    lock(lab, "unlocked")
    assert locked(lab) == {"dns1": [], "dns2": []}


def test_without_a_logon_the_root_is_all_there_is(lab: Lab) -> None:
    place = controllers(lab)[0]
    directory = Directory(Controller(place["address"], place["port"]), SystemClock())
    try:
        assert directory.root()["dnshostname"] == [b"dns1.example.com"]
    finally:
        directory.close()
    # Our client would not even ask.
    with socket.create_connection((place["address"], place["port"]), 10) as clear:
        clear.sendall(ldap.search(1, "DC=example,DC=com", ldap.SUBTREE, ["objectSid"], ("sAMAccountName", "EXCH1$")))
        answer = ldap.read(clear.recv(65536))
    assert (answer.code, answer.attributes) == (1, {})


def test_a_wrong_password_locks_nothing(lab: Lab) -> None:
    with pytest.raises(BadCredentials, match="nothing was touched"):
        lock(lab, "locked", kerberos=kerberos(lab, password="wrong"))
    assert locked(lab) == {"dns1": [], "dns2": []}


@pytest.mark.parametrize("fault", ["refused", "access_denied"])
def test_what_a_fault_of_one_domain_controller_keeps_from_being_locked_is_not_claimed(lab: Lab, fault: str) -> None:
    before, since = descriptors(lab), lab.status()["records"]
    lab.control("ldap_fault", {"server": "dns1", "kind": fault})
    try:
        with apart(lab):
            result = lock(lab, "locked", verify_timeout=0.0)
        assert (result.failed, result.reason) == (True, "not_converged"), result.msg
        assert result.extra["locks"]["dns1.example.com"]["status"] != "locked"
        travelled(lab, since)  # from the other one, which was locked
    finally:
        lab.control("ldap_heal", {"server": "dns1"})
    assert not lock(lab, "unlocked").failed and descriptors(lab) == before


def test_a_zone_that_takes_unsigned_updates_is_never_claimed_locked(lab: Lab) -> None:
    lab.control("dns_zone", {"name": "example.com", "updates": "any"})
    try:
        result = lock(lab, "locked")
        assert (result.failed, result.reason) == (True, "zone_not_secure") and "takes updates that nobody signs" in result.msg
        assert registrations(lab)[MAIL] == "NOERROR"
    finally:
        lab.control("dns_zone", {"name": "example.com", "updates": "signed"})


def test_addresses_are_taken_out_of_ageing(lab: Lab) -> None:
    assert registrations(lab)[MAIL] == "NOERROR"  # by dynamic update, so it bears a time stamp
    aged = lock(lab, "locked")
    assert aged.extra["locks"]["dns1.example.com"]["ageing"][MAIL][0]["static"] is False and any("ages" in warning for warning in aged.warnings)
    frozen = lock(lab, "locked", static=True)
    assert not frozen.failed and frozen.extra["locks"]["dns1.example.com"]["ageing"][MAIL][0]["static"] is True
    assert changes(lab, "dnsRecord") == [("dns1", "mail")]
    lock(lab, "unlocked")
