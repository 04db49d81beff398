# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import dns.name

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import discover
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import one_port

CLOCK = SystemClock()
THIRD = "127.0.53.3"


def found(servers: Servers, *zones: str, teller: int = 0) -> dict[str, str]:
    """label -> address of every server, once ``zones`` were asked for theirs."""
    try:
        discover(servers, servers.all[teller], zones, CLOCK)
        return {server.endpoint.label: server.endpoint.address for server in servers.all}
    finally:
        servers.close()


def at(server: DnsServer, name: str = "") -> Endpoint:
    return Endpoint(server.address, server.port, name)


def test_the_zone_s_name_servers_are_added_to_those_that_are_listed() -> None:
    dns1 = example.primary()
    with one_port(dns1, example.secondary(dns1)):
        servers = Servers([at(dns1, "first")], [], CLOCK)
        assert found(servers, "example.com") == {"first": example.ADDRESS, "dns2.example.com": example.SECOND}
        second = servers.all[1]
        assert servers.serves(second, "example.com") and not servers.serves(second, "1.127.in-addr.arpa"), "it was found for one zone"
        assert servers.serves(servers.all[0], "1.127.in-addr.arpa"), "a listed server is asked for everything"


def test_a_server_that_is_listed_under_its_name_or_address_is_not_asked_twice() -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2):
        assert found(Servers([at(dns1)], [at(dns2, "other")], CLOCK), "example.com", "1.127.in-addr.arpa") == {
            f"{dns1.address}:{dns1.port}": dns1.address,
            "other": dns2.address,
        }
        elsewhere = dataclasses.replace(at(dns2), name="DNS2.example.com.", address="127.0.53.9")
        assert found(Servers([at(dns1)], [elsewhere], CLOCK), "example.com") == {
            f"{dns1.address}:{dns1.port}": dns1.address,
            elsewhere.label: "127.0.53.9",
        }, "managed under another address than its users know"


def test_a_hidden_primary_is_found_by_the_mname() -> None:
    described: dict[str, t.Any] = {
        **example.FORWARD,
        "servers": {"dns1.example.com": example.ADDRESS},
        "records": [*example.FORWARD["records"], {"name": "hidden", "type": "A", "values": [THIRD]}],
    }
    zone = Zone.from_dict(described)
    ttl, (soa,) = zone.current.soa()
    zone.current.nodes[zone.origin] = {
        **zone.current.nodes[zone.origin],
        soa.rdtype: type(zone.current.soa())(ttl, (soa.replace(mname=dns.name.from_text("hidden.example.com.")),)),
    }
    dns1 = DnsServer(example.ADDRESS, 0, [zone], name="dns1")
    with one_port(dns1):
        assert found(Servers([at(dns1, "first")], [], CLOCK), "example.com") == {"first": example.ADDRESS, "hidden.example.com": THIRD}


def test_every_domain_controller_names_itself_and_all_are_found() -> None:
    """Active Directory: the first DC's zone names only itself, and a second DC that it names says that it is MNAME too."""
    records = [{"name": name, "type": "A", "values": [address]} for name, address in (("dc2", example.SECOND), ("dc3", THIRD))]

    def controller(address: str, servers: dict[str, str]) -> DnsServer:
        return DnsServer(address, 0, [Zone.from_dict({"name": "ad.example.com", "servers": servers, "records": records})])

    first = controller(example.ADDRESS, {"dc1.ad.example.com": example.ADDRESS, "dc2.ad.example.com": example.SECOND})
    second = controller(example.SECOND, {"dc3.ad.example.com": THIRD})
    with one_port(first, second):
        assert found(Servers([at(first, "dc1.ad.example.com")], [], CLOCK), "ad.example.com") == {
            "dc1.ad.example.com": example.ADDRESS,
            "dc2.ad.example.com": example.SECOND,
            "dc3.ad.example.com": THIRD,
        }


def test_a_name_server_without_an_address_is_kept_and_can_t_be_read() -> None:
    described = {**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS, "ns.elsewhere.test.": "127.0.53.9"}}
    dns1 = DnsServer(example.ADDRESS, 0, [Zone.from_dict(described)])
    with one_port(dns1):
        servers = Servers([at(dns1, "dns1")], [], CLOCK)
        discover(servers, servers.all[0], ["example.com"], CLOCK)
        nameless = servers.all[1]
        assert (nameless.endpoint.label, nameless.endpoint.address) == ("ns.elsewhere.test", "")
        mail = Item("mail.example.com", "A")
        said = servers.verify(nameless, {mail: RecordSet.of(["127.1.0.21"], 600)})[mail]
        servers.close()
    assert (said.status, said.msg) == ("unreachable", "no address of ns.elsewhere.test was found: none of the listed servers knows one")


def test_of_several_addresses_the_one_that_answers_is_taken() -> None:
    records = [{"name": "dns2", "type": "A", "values": ["127.0.53.9", example.SECOND]}]
    described = {**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS}, "records": records}
    dns1 = DnsServer(example.ADDRESS, 0, [Zone.from_dict({**described, "records": [*records, {"name": "@", "type": "NS", "values": ["dns2.example.com."]}]})])
    with one_port(dns1, example.secondary(dns1)):
        assert found(Servers([at(dns1, "dns1.example.com")], [], CLOCK), "example.com")["dns2.example.com"] == example.SECOND
