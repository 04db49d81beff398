# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock in Active Directory, as Samba has it: the source that comes back can't take its name, the failover account can, and nothing is left behind."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_telling import Telling
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._lock_guard import look_at_locks
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account, GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_nodes import Nodes
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ldap
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe
from ansible_collections.continuity.identity_failover.tests.real_servers.samba import ADDRESS, BASE, HOST, REALM, DomainController
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import ZONE
from ansible_collections.continuity.identity_failover.tests.real_servers.test_update_dns import run
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

OWN, STAND_IN = "127.20.0.21", "127.20.0.22"
ZONE_DN = f"DC={ZONE},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"


class Estate:
    """The domain controller, and the two accounts that change one name."""

    def __init__(self, controller: DomainController) -> None:
        self.controller = controller
        self.probe = Probe(controller.server)
        self.name = f"{self.probe.name('lock')}.{ZONE}"

    def lock(self, state: str, *, check_mode: bool = False, name: str = "", **options: t.Any) -> Result:
        params = {
            **runs.ALONE,
            "state": state,
            "lock": {"account": "SOURCE$", "names": [name or self.name], "domain_controllers": [{"address": ADDRESS, "port": 389, "name": None}]},
            "kerberos": {"principal": f"failover@{REALM}", "keytab": str(self.controller.keytab("failover"))},
            "require": "all",
            "verify_timeout": 5.0,
            **options,
        }
        return update_dns(params, FakeHosts(), SystemClock(), check_mode=check_mode)

    def write(self, address: str, **options: t.Any) -> Result:
        return run(self.controller.server, records=[{"name": self.name, "type": "A", "values": [address], "ttl": 60, "zone": None, "expect": None}], **options)

    def source_registers(self) -> Result:
        """As Windows' client does it: what is there goes, its own comes."""
        return self.write(OWN, kerberos={"principal": f"SOURCE$@{REALM}", "keytab": str(self.controller.keytab("SOURCE$"))})

    @property
    def values(self) -> list[str]:
        return self.probe.values(self.name + ".", "A")

    def descriptor(self) -> bytes:
        with_rights = self.directory().read(f"DC={self.name.partition('.')[0]},{ZONE_DN}", ["nTSecurityDescriptor"], ldap.OWNER | ldap.GROUP | ldap.DACL)
        assert with_rights is not None
        return with_rights["ntsecuritydescriptor"][0]

    def directory(self) -> Directory:
        made = Directory(Controller(ADDRESS), SystemClock())
        made.logon(KerberosSeal(Account(f"failover@{REALM}", str(self.controller.keytab("failover"))), HOST))
        return made


@pytest.fixture
def estate(domain_controller: DomainController) -> Estate:
    made = Estate(domain_controller)
    assert not made.source_registers().failed
    return made


def test_a_locked_name_keeps_its_source_out_and_lets_the_failover_account_in(estate: Estate) -> None:
    before = estate.descriptor()
    locked = estate.lock("locked")
    assert (locked.failed, locked.changed) == (False, True), locked.msg
    assert locked.extra["locks"][ADDRESS]["status"] == "locked" and locked.extra["locks"][ADDRESS]["locked"] == [estate.name]
    assert not estate.write(STAND_IN).failed and estate.values == [STAND_IN]
    back = estate.source_registers()
    assert back.failed and back.reason in ("server_failure", "refused") and estate.values == [STAND_IN]
    again = estate.lock("locked")
    assert (again.failed, again.changed) == (False, False)
    assert estate.lock("unlocked").changed and estate.descriptor() == before
    assert not estate.lock("unlocked").changed
    assert not estate.source_registers().failed and estate.values == [OWN]


def test_samba_does_not_replicate_on_request_and_says_so(estate: Estate) -> None:
    """The logon, the place of the entry and the service's name are real; replicateSingleObject itself only Windows has."""
    auth = GssAuth(Account(f"failover@{REALM}", str(estate.controller.keytab("failover"))), lambda label: HOST, SystemClock())
    server = NameServer(Endpoint(ADDRESS, estate.controller.server.endpoint.port), SystemClock())
    telling = Telling(auth, lambda zone: server, SystemClock())
    said = telling(server, ZONE, [estate.name])
    telling.close()
    assert said == "refused (LDAP code 53)"
    nodes = Nodes(estate.directory())
    assert nodes.place(estate.name) == f"DC={estate.name.partition('.')[0]},{ZONE_DN}"
    assert nodes.service().startswith("CN=NTDS Settings,CN=")


def test_the_lock_outlives_the_record(estate: Estate) -> None:
    estate.lock("locked")
    for values in ([], [STAND_IN]):
        record = {"name": estate.name, "type": "A", "values": values, "ttl": 60, "zone": None, "expect": None}
        assert not run(estate.controller.server, state="present" if values else "absent", records=[record]).failed
    assert estate.source_registers().failed and estate.values == [STAND_IN]
    assert not estate.lock("locked").changed
    estate.lock("unlocked")


def test_check_mode_says_what_would_be_denied_and_where_and_denies_nothing(estate: Estate) -> None:
    would = estate.lock("locked", check_mode=True)
    assert would.changed and would.outcomes[0].msg == f"would deny SOURCE$ to change {estate.name} on {ADDRESS}"
    assert would.diff == {"before": {estate.name: {"account": "SOURCE$", "locked": False}}, "after": {estate.name: {"account": "SOURCE$", "locked": True}}}
    assert not estate.source_registers().failed


def test_a_lock_that_was_taken_away_is_seen_without_changing_anything(estate: Estate, tmp_path: pathlib.Path) -> None:
    clock = SystemClock()
    account = {"principal": f"failover@{REALM}", "keytab": str(estate.controller.keytab("failover"))}
    definition = {"dns": {"lock": {"account": "SOURCE$", "domain_controllers": [{"address": ADDRESS, "port": 389, "name": None}]}}}
    assert estate.lock("locked", run=runs.started(tmp_path, clock)).changed
    there = look_at_locks(definition, account, runs.read(tmp_path, clock), clock)
    assert (there.sites[ADDRESS]["status"], there.lost, there.doubts, there.gone) == ("locked", [], [], set())
    assert estate.lock("unlocked").changed
    before = estate.descriptor()
    gone = look_at_locks(definition, account, runs.read(tmp_path, clock), clock)
    assert [(one.name, one.on, "the entry that denies it is not there" in one.msg) for one in gone.lost] == [(estate.name, ADDRESS, True)]
    assert (gone.sites[ADDRESS]["status"], gone.gone, estate.descriptor()) == ("unlocked", {estate.name}, before)


def test_a_run_s_lock_is_taken_off_by_the_run_that_puts_it_back(estate: Estate, tmp_path: pathlib.Path) -> None:
    before, clock = estate.descriptor(), SystemClock()
    failover = runs.started(tmp_path, clock)
    assert estate.lock("locked", run=failover).changed
    runs.ended(tmp_path, clock, failover)
    back = estate.lock("reverted", revert_run="run1", run=runs.started(tmp_path, clock, run_id="run2", kind="failback"))
    assert (back.failed, back.changed) == (False, True), back.msg
    assert estate.descriptor() == before


def test_a_lock_that_was_there_before_the_failover_goes_too_because_in_peace_time_the_source_registers(estate: Estate, tmp_path: pathlib.Path) -> None:
    clock = SystemClock()
    estate.lock("locked")
    failover = runs.started(tmp_path, clock)
    assert not estate.lock("locked", run=failover).changed
    runs.ended(tmp_path, clock, failover)
    back = estate.lock("reverted", revert_run="run1", run=runs.started(tmp_path, clock, run_id="run2", kind="failback"))
    assert (back.failed, back.changed) == (False, True), back.msg
    assert not estate.source_registers().failed


def test_a_zone_that_takes_unsigned_updates_is_never_claimed_locked(estate: Estate) -> None:
    directory = estate.directory()
    zone = directory.read(ZONE_DN, ["dNSProperty"])
    assert zone is not None
    (secure,) = [value for value in zone["dnsproperty"] if value[16:20] == b"\2\0\0\0"]
    open_ = secure[:20] + b"\1" + secure[21:]
    directory.modify(ZONE_DN, [(ldap.DELETE, "dNSProperty", [secure]), (ldap.ADD, "dNSProperty", [open_])])
    try:
        result = estate.lock("locked")
        assert (result.failed, result.changed, result.reason) == (True, False, "zone_not_secure"), result
        assert f"zone {ZONE} takes updates that nobody signs" in result.msg and result.extra["locks"][ADDRESS]["status"] == "unlocked"
    finally:
        directory.modify(ZONE_DN, [(ldap.DELETE, "dNSProperty", [open_]), (ldap.ADD, "dNSProperty", [secure])])
        directory.close()


@pytest.mark.parametrize(("name", "reason"), [("www.elsewhere.test", "not_in_directory"), (f"nobody.{ZONE}", "no_node")])
def test_what_the_directory_does_not_have_is_told(estate: Estate, name: str, reason: str) -> None:
    result = estate.lock("locked", name=name)
    assert (result.failed, result.changed, result.reason) == (True, False, reason) and name in result.msg
    assert not estate.lock("unlocked", name=name).failed


def test_an_account_without_rights_locks_nothing(estate: Estate) -> None:
    account = {"principal": f"OTHER$@{REALM}", "keytab": str(estate.controller.keytab("OTHER$"))}
    result = estate.lock("locked", kerberos=account)
    assert result.failed and result.reason == "access_denied" and not result.changed, result.msg
    assert not estate.source_registers().failed


def test_an_account_that_is_not_there_and_a_controller_that_is_not_there_are_told(estate: Estate) -> None:
    controllers = [{"address": ADDRESS, "port": 389, "name": HOST}, {"address": ADDRESS, "port": 3999, "name": None}]
    lock = {"account": "SOURCE$", "names": [estate.name], "domain_controllers": controllers}
    with pytest.raises(FailoverError, match="knows no account SOURCE:.*a computer's is SOURCE\\$"):
        estate.lock("locked", lock={**lock, "account": "SOURCE"})
    half = estate.lock("locked", lock=lock, require="reachable")
    assert not half.failed and {label: one["status"] for label, one in half.extra["locks"].items()} == {HOST: "locked", f"{ADDRESS}:3999": "unreachable"}
    assert any(f"{ADDRESS}:3999 could not be read, so it is not known what it denies" in warning for warning in half.warnings)
    estate.lock("unlocked")
    assert estate.lock("locked", lock=lock, require="all").failed
    estate.lock("unlocked")


def test_a_record_that_ages_is_told_and_made_static(estate: Estate) -> None:
    directory = estate.directory()
    zone = directory.read(ZONE_DN, ["dNSProperty"])
    assert zone is not None
    (off,) = [value for value in zone["dnsproperty"] if value[16:20] == b"\x40\0\0\0"]
    on = off[:20] + b"\1" + off[21:]
    directory.modify(ZONE_DN, [(ldap.DELETE, "dNSProperty", [off]), (ldap.ADD, "dNSProperty", [on])])
    repoint = {"from": [OWN], "to": [STAND_IN], "names": [estate.name], "ptr": False}
    try:
        assert not estate.write(STAND_IN).failed
        told = estate.lock("locked", repoint=repoint)
        (aged,) = told.extra["locks"][ADDRESS]["ageing"][estate.name]
        assert aged["type"] == "A" and not aged["static"] and aged["scavenged_from"] > aged["refreshed"] > "2026"
        assert any(f"{estate.name} ages: zone {ZONE} may delete its address from {aged['scavenged_from']} on" in one for one in told.warnings)
        static = estate.lock("locked", repoint=repoint, static=True)
        assert (static.failed, static.changed, static.warnings) == (False, True, []), static.msg
        assert static.extra["locks"][ADDRESS]["ageing"][estate.name] == [{"type": "A", "static": True, "refreshed": "", "scavenged_from": ""}]
        assert estate.values == [STAND_IN] and not estate.lock("locked", repoint=repoint, static=True).changed
    finally:
        directory.modify(ZONE_DN, [(ldap.DELETE, "dNSProperty", [on]), (ldap.ADD, "dNSProperty", [off])])
        directory.close()
