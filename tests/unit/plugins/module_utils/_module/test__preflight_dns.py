# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight's questions to embedded name servers and resolvers; with servers made of dictionaries: test_failover_preflight.py."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _preflight_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_dns import dns
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit.caching_resolver import CachingResolver
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, not_waited_for, one_port

KEY = {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
REPOINT = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": False}


def found(dns1: DnsServer, **options: t.Any) -> dict[str, dict[str, t.Any]]:
    """Finding and host -> the finding."""
    section = {"servers": [entry(dns1)], "verify_servers": [], "repoint": REPOINT, "records": [], **options}
    findings = dns({"dns": section, "drill": None}, {"key": KEY}, SystemClock())
    return {f"{one.id} {one.host}".strip(): one.as_dict() for one in findings}


def test_name_servers_that_the_zone_names_are_asked_too() -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2) as call:
        assert found(dns1, discover=True) == {}
        call(dns2.stop)
        assert found(dns1) == {}
        finding = found(dns1, discover=True)["dns_server_unreachable dns2.example.com"]
        assert finding["severity"] == "warning" and "which the zone names, does not answer" in finding["msg"]


def test_a_name_server_of_the_zone_without_an_address_is_found() -> None:
    dns1 = example.primary()
    zone = Zone.from_dict({**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS, "ns.elsewhere.test.": ""}})
    dns1.zones[zone.origin] = zone
    with one_port(dns1):
        assert "no address of ns.elsewhere.test was found" in found(dns1, discover=True)["dns_server_unreachable ns.elsewhere.test"]["msg"]


def test_more_name_servers_than_there_are_stop_the_run_beforehand() -> None:
    dns1 = example.primary()
    with one_port(dns1, example.secondary(dns1)):
        assert found(dns1, discover=True, require="2") == {}
        finding = found(dns1, discover=True, require="3")["dns_servers_too_few"]
        assert finding["severity"] == "blocker"
        assert finding["msg"].startswith("dns.require: 3 name servers shall have the records, and only 2 are known for zone example.com (dns1, dns2.")


def test_a_resolver_is_asked_whether_it_answers_and_for_no_record_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    dns1 = example.primary()
    with one_port(dns1), CachingResolver("127.0.53.8", dns1) as resolver:
        assert found(dns1, resolvers=[resolver.entry("resolver1")]) == {}
        assert dict(resolver.asked) == {"example.com SOA": 1}
        resolver.silent = True
        with monkeypatch.context() as patch:
            not_waited_for(patch, resolver.address)
            finding = found(dns1, resolvers=[resolver.entry("resolver1")])["dns_server_unreachable resolver1"]
        assert finding["severity"] == "warning" and "the clients' resolver resolver1" in finding["msg"]
        resolver.silent, resolver.rcode = False, "REFUSED"
        finding = found(dns1, resolvers=[resolver.entry("resolver1")])["dns_server_unreachable resolver1"]
        assert (finding["severity"], finding["evidence"]) == ("warning", {"reason": "refused"}) and "refuses to answer the controller" in finding["msg"]


@pytest.mark.parametrize("lag", [0.8, 60.0])
def test_a_secondary_that_lags_is_waited_for_before_servers_are_said_to_disagree(monkeypatch: pytest.MonkeyPatch, lag: float) -> None:
    monkeypatch.setattr(_preflight_dns, "LAG", 2.0)
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=lag)
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 600)
        disagreeing = found(dns1, verify_servers=[entry(dns2)])
    if lag < 2:
        assert disagreeing == {}
    else:
        finding = disagreeing["dns_servers_disagree"]
        assert finding["severity"] == "error", "the run would meet it only once the source is fenced"
        assert finding["evidence"]["answers"] == {"dns1": "127.1.0.22", "dns2": "127.1.0.21"}


def test_a_secondary_in_line_for_updates_is_a_warning_while_a_primary_takes_them() -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2) as call:
        servers = [entry(dns1), entry(dns2)]
        finding = found(dns1, servers=servers)["dns_key_refused dns2"]
        assert finding["severity"] == "warning" and "Another of dns.servers takes them" in finding["msg"]
        call(dns1.stop)
        alone = found(dns1, servers=servers)
        assert alone["dns_key_refused dns2"]["severity"] == "blocker", "only a secondary survives: nothing could be written"
        assert alone["dns_server_unreachable dns1"]["severity"] == "error"


def test_zones_may_be_divided_among_the_servers_but_each_name_has_one() -> None:
    """dns2 serves another zone than dns1: neither lacks anything, and a third name lies in no zone of either."""
    other = {"name": "example.org", "servers": {"dns2.example.org": example.SECOND}, "records": [{"name": "www", "type": "A", "values": ["127.1.0.21"]}]}
    dns1 = example.primary()
    dns2 = example.primary(other)
    dns2.address, dns2.name = example.SECOND, "dns2"
    record = {"name": "www.example.org", "type": "A", "values": ["127.1.0.22"], "zone": None}
    with one_port(dns1, dns2):
        servers = [entry(dns1), entry(dns2)]
        for discover in (False, True):
            lacking = {key for key in found(dns1, servers=servers, records=[record], discover=discover) if "dns2.example.com" not in key}
            assert lacking == set(), "dns2.example.com of the first zone is the server of the second here, and serves nothing of the first"
        missing = found(dns1, servers=servers, records=[{**record, "name": "www.example.net"}])
        assert missing["dns_zone_not_served dns1"]["evidence"] == {"name": "www.example.net"}


def test_the_key_is_tried_in_the_reverse_zone_where_pointers_move_too() -> None:
    """It would be found once the forward zone is written."""
    zone = Zone.from_dict({**example.REVERSE, "updates": "none"})
    dns1 = example.primary()
    dns1.zones[zone.origin] = zone
    with one_port(dns1):
        assert found(dns1) == {}
        finding = found(dns1, repoint={**REPOINT, "ptr": True})["dns_key_refused dns1"]
        assert finding["evidence"]["zone"] == "1.127.in-addr.arpa"
    nowhere = example.primary(example.FORWARD)
    with one_port(nowhere):
        missing = found(nowhere, repoint={**REPOINT, "ptr": True})["dns_zone_not_served dns1"]
        assert missing["evidence"]["name"].endswith(".in-addr.arpa")


@pytest.mark.parametrize(
    ("name", "kind", "value"), [("autodiscover.example.com", "CNAME", "exch9.example.com."), ("21.0.1.127.in-addr.arpa", "PTR", "x.example.com.")]
)
def test_servers_that_disagree_on_an_alias_or_a_pointer_are_named(monkeypatch: pytest.MonkeyPatch, name: str, kind: str, value: str) -> None:
    monkeypatch.setattr(_preflight_dns, "LAG", 0.1)
    dns1 = example.primary()
    dns2 = example.primary()
    dns2.address, dns2.name = example.SECOND, "dns2"
    names = ["mail.example.com", "autodiscover.example.com"]
    with one_port(dns1, dns2) as call:
        call(dns2.replace, name, kind, [value], 600)
        finding = found(dns1, servers=[entry(dns1), entry(dns2)], repoint={**REPOINT, "names": names, "ptr": True})["dns_servers_disagree"]
        assert finding["evidence"]["record"] == f"{name} {kind}" and finding["evidence"]["answers"]["dns2"] == value.rstrip(".")


def test_a_name_that_leads_to_neither_source_nor_target_is_found_before_the_run_stops_at_it() -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    names = ["mail.example.com", "files.example.com", "www.example.net"]
    repoint = {**REPOINT, "names": names}
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "files.example.com", "A", ["127.1.0.22"], 600)
        assert set(found(dns1, repoint=repoint)) == {"dns_zone_not_served dns1"}, "nobody knows where a name leads whose zone is not served"
        call(dns1.replace, "files.example.com", "A", ["127.1.0.99"], 600)
        finding = found(dns1, repoint=repoint, verify_servers=[entry(dns2)])["dns_record_elsewhere"]
        assert (finding["severity"], finding["evidence"]) == ("error", {"name": "files.example.com", "answers": {"dns1": "A 127.1.0.99"}})
        assert finding["msg"].endswith("so the run would stop at it: dns1 says A 127.1.0.99") and "dns.repoint.names" in finding["remedy"]
        call(dns1.replace, "files.example.com", "A", [], 600)
        assert found(dns1, repoint=repoint)["dns_record_elsewhere"]["evidence"]["answers"] == {"dns1": "it has no record"}
