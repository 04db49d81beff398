# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update_dns against Active Directory as Samba has it: who signs, and what its prerequisites do not see."""

from __future__ import annotations

import dataclasses
import typing as t

import dns.message
import dns.query
import dns.rcode
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Accepted, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory, LdapRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import dns_node, ldap, security_descriptor
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe
from ansible_collections.continuity.identity_failover.tests.real_servers.samba import ADDRESS, BASE, HOST, PASSWORDS, REALM, DomainController
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import PORT, ZONE
from ansible_collections.continuity.identity_failover.tests.real_servers.test_update_dns import run


def record(name: str, *values: str, expect: t.Sequence[str] | None = None) -> dict[str, t.Any]:
    return {"name": name, "type": "A", "values": list(values), "ttl": 60, "zone": None, "expect": expect}


@pytest.mark.parametrize("way", ["keytab", "password"])
def test_a_keytab_and_a_password_sign(domain_controller: DomainController, way: str) -> None:
    probe = Probe(domain_controller.server)
    name = f"{probe.name()}.{ZONE}"
    given = {"keytab": str(domain_controller.keytab("failover")), "password": PASSWORDS["failover"]}[way]
    result = run(domain_controller.server, kerberos={"principal": f"failover@{REALM}", way: given}, records=[record(name, "127.20.0.22")])
    assert not result.failed, result.msg
    assert (probe.values(name + ".", "A"), result.warnings) == (["127.20.0.22"], [])


def test_a_record_of_another_account_is_refused_and_stays(domain_controller: DomainController) -> None:
    probe = Probe(domain_controller.server)
    name = f"{probe.name()}.{ZONE}"
    probe.given((name + ".", "A", "127.20.0.21"))
    account = {"principal": f"powerless@{REALM}", "password": PASSWORDS["powerless"]}
    result = run(domain_controller.server, kerberos=account, records=[record(name, "127.20.0.22")])
    assert result.failed and result.reason in ("server_failure", "refused"), result.msg
    assert "right" in result.msg and probe.values(name + ".", "A") == ["127.20.0.21"]


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
def test_a_value_that_slips_in_survives_the_message_and_is_seen(domain_controller: DomainController, monkeypatch: pytest.MonkeyPatch, on_conflict: str) -> None:
    """Samba takes a set as unchanged where the old values are among others; deleting value by value, and reading back, must make up for it."""
    probe = Probe(domain_controller.server)
    name = f"{probe.name()}.{ZONE}"
    probe.given((name + ".", "A", "127.20.0.21"))
    slips_in, update = ["127.20.0.66"], NameServer.update

    def overtaken(self: NameServer, *message: t.Any) -> Accepted:
        if slips_in:
            probe.given((name + ".", "A", slips_in.pop()))
        return update(self, *message)

    monkeypatch.setattr(NameServer, "update", overtaken)
    result = run(domain_controller.server, records=[record(name, "127.20.0.22")], on_conflict=on_conflict, verify_timeout=1.0)
    if on_conflict == "fail":
        assert result.failed and result.reason == "changed_by_other" and "127.20.0.66" in result.msg, result
        assert probe.values(name + ".", "A") == ["127.20.0.22", "127.20.0.66"]
    else:
        assert not result.failed and "another value" in result.outcomes[0].msg, result
        assert probe.values(name + ".", "A") == ["127.20.0.22"]


def test_sealed_ldap_reads_a_node_and_swaps_its_record_by_comparison(domain_controller: DomainController) -> None:
    probe = Probe(domain_controller.server)
    probe.given((probe.name(), "A", "127.20.0.21"))
    node = f"DC={probe.name()},DC={ZONE},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"
    directory = Directory(Controller(ADDRESS, name=HOST), SystemClock())
    directory.logon(KerberosSeal(Account(f"failover@{REALM}", str(domain_controller.keytab("failover"))), HOST))
    found = directory.read(node, ["dnsRecord", "nTSecurityDescriptor"], ldap.OWNER | ldap.GROUP | ldap.DACL)
    assert found is not None
    (descriptor,), (old,) = found["ntsecuritydescriptor"], found["dnsrecord"]
    assert security_descriptor.parse(descriptor).to_bytes() == descriptor
    new = dataclasses.replace(dns_node.record(old), data=bytes((127, 20, 0, 22))).to_bytes()
    directory.modify(node, [(ldap.DELETE, "dnsRecord", [old]), (ldap.ADD, "dnsRecord", [new])])
    with pytest.raises(LdapRefused) as stale:
        directory.modify(node, [(ldap.DELETE, "dnsRecord", [old]), (ldap.ADD, "dnsRecord", [new])])
    assert stale.value.code == ldap.NO_SUCH_ATTRIBUTE
    assert probe.values(probe.name(), "A") == ["127.20.0.22"]
    assert directory.read("DC=nobody," + node, ["dnsRecord"]) is None
    directory.close()


def test_a_name_of_no_zone_is_asked_of_nobody_else(domain_controller: DomainController) -> None:
    """Provisioning takes the host's resolver as forwarder, which nothing here reaches: with one the answer is SERVFAIL."""
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(dns.message.make_query("host.elsewhere.test", "A"), ADDRESS, 10, PORT)
        assert dns.rcode.to_text(answer.rcode()) == "NXDOMAIN"


def test_an_account_that_the_controller_does_not_know_gets_one_sentence(domain_controller: DomainController) -> None:
    directory = Directory(Controller(ADDRESS, name=HOST), SystemClock())
    with pytest.raises(BadCredentials, match=f"no Kerberos ticket of nobody@{REALM} for ldap/{HOST}"):
        directory.logon(KerberosSeal(Account(f"nobody@{REALM}", password="x"), HOST))


def test_a_controller_that_names_itself_is_found_once_and_told_nothing(domain_controller: DomainController) -> None:
    """Its NS record and its MNAME are its own name; no NOTIFY goes to it, and its serial, which no update moves, decides nothing."""
    probe = Probe(domain_controller.server)
    name = f"{probe.name()}.{ZONE}"
    for value in ("127.20.0.22", "127.20.0.23"):
        result = run(domain_controller.server, records=[record(name, value)], discover=True, require="1", on_conflict="replace")
        assert not result.failed, result.msg
        assert {label: (facts["status"], facts["notified"]) for label, facts in result.extra["servers"].items()} == {
            domain_controller.server.endpoint.label: ("ok", {})
        }
    assert probe.values(name + ".", "A") == ["127.20.0.23"]
