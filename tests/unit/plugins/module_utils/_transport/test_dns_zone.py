# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionRefused, DnsRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_zone
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import controllers, not_waited_for

OWN_ZONE = {"name": "shop.example.com", "servers": example.SERVERS, "records": [{"name": "@", "type": "A", "values": ["127.1.0.21"]}]}
DELEGATING = {**example.FORWARD, "records": [*example.FORWARD["records"], {"name": "away", "type": "NS", "values": ["ns.example.org."]}]}


class Asked(t.NamedTuple):
    dns1: DnsServer
    dns2: DnsServer
    servers: Servers


@pytest.fixture
def asked() -> Iterator[Asked]:
    dns1 = example.primary(DELEGATING, example.REVERSE, OWN_ZONE)
    dns2 = example.secondary(dns1)
    with background(dns1, dns2):
        servers = Servers([Endpoint(dns1.address, dns1.port, "dns1")], [Endpoint(dns2.address, dns2.port, "dns2")], SystemClock())
        yield Asked(dns1, dns2, servers)
        servers.close()


def test_the_zone_of_each_name_is_found_by_asking(asked: Asked) -> None:
    expected = {
        "mail.example.com": "example.com",
        "not.yet.there.example.com": "example.com",
        "autodiscover.example.com": "example.com",
        "example.com": "example.com",
        "shop.example.com": "shop.example.com",
        "www.shop.example.com": "shop.example.com",
        "21.0.1.127.in-addr.arpa": "1.127.in-addr.arpa",
        "99.9.1.127.in-addr.arpa": "1.127.in-addr.arpa",
    }
    assert asked.servers.zones(asked.servers.first(), expected, {}) == expected


def test_each_server_tells_its_own_name() -> None:
    """Domain controllers: each is the MNAME of its own SOA, and a ticket for one is none for another."""
    dns1, dns2 = controllers()
    with background(dns1, dns2):
        servers = Servers([Endpoint(server.address, server.port, server.name) for server in (dns1, dns2)], [], SystemClock())
        servers.zones(servers.first(), ["mail.example.com"], {})
        assert [servers.host_name(label) for label in ("dns2", "dns1")] == ["dns2.example.com", "dns1.example.com"]
        servers.close()


def test_a_stated_zone_is_checked(asked: Asked) -> None:
    server = asked.servers.first()
    assert asked.servers.zones(server, [], {"mail.example.com": "example.com"}) == {"mail.example.com": "example.com"}
    with pytest.raises(DnsRefused, match=r"a.mail.example.com: dns1 .* does not serve the zone mail.example.com as an authority"):
        asked.servers.zones(server, [], {"a.mail.example.com": "mail.example.com"})


@pytest.mark.parametrize(
    ("name", "why"), [("mail.example.org", "it refuses to answer"), ("a.away.example.com", "it is no authority for it"), ("com", "it refuses to answer")]
)
def test_a_name_outside_every_zone_is_named(asked: Asked, name: str, why: str) -> None:
    with pytest.raises(DnsRefused) as caught:
        asked.servers.zones(asked.servers.first(), ["mail.example.com", name], {})
    assert caught.value.message.startswith(f"{name} lies in no zone that dns1 ") and why in caught.value.message


def test_all_types_are_read_as_our_text(asked: Asked) -> None:
    items = {
        Item("two.example.com", "A"): RecordSet.of(["127.1.0.21", "127.1.0.99"], 300),
        Item("six.example.com", "AAAA"): RecordSet.of(["2001:db8::21"], 300),
        Item("autodiscover.example.com", "CNAME"): RecordSet.of(["exch1.example.com"], 300),
        Item("example.com", "MX"): RecordSet.of(["10 exch1.example.com", "20 backup.example.com"], 300),
        Item("_sip._tcp.example.com", "SRV"): RecordSet.of(["0 5 5060 exch1.example.com"], 300),
        Item("note.example.com", "TXT"): RecordSet.of(['"a note"'], 300),
        Item("22.0.1.127.in-addr.arpa", "PTR"): RecordSet.of(["exch2.example.com"], 300),
        Item("nobody.example.com", "A"): None,
        Item("mail.example.com", "TXT"): None,
    }
    readings = asked.servers.present(asked.servers.first(), list(items))
    assert {item: reading.records for item, reading in readings.items()} == items


def test_an_alias_is_told_when_data_is_asked_for(asked: Asked) -> None:
    item = Item("autodiscover.example.com", "A")
    reading = asked.servers.read(asked.servers.first(), [item])[item]
    assert reading.alias == "exch1.example.com" and reading.records is None


def test_each_server_has_its_verdict(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    not_waited_for(monkeypatch, asked.dns2.address, lambda wire: "silent" in asked.dns2.faults)
    mail, two = Item("mail.example.com", "A"), Item("two.example.com", "A")
    wanted = {mail: RecordSet.of(["127.1.0.21"], 600), two: RecordSet.of(["127.1.0.21"], 300)}
    first, second = asked.servers.all
    assert {item: verdict.status for item, verdict in asked.servers.verify(first, wanted).items()} == {mail: "ok", two: "wrong"}
    assert asked.servers.verify(first, {mail: RecordSet.of(["127.1.0.21"], 60)})[mail].status == "wrong", "the TTL counts"
    for fault, status in (("lame", "not_authoritative"), ("refused", "not_authoritative"), ("silent", "unreachable")):
        asked.dns2.set_fault(fault)
        assert asked.servers.verify(second, wanted)[mail].status == status
        asked.dns2.clear_fault()
    assert asked.servers.verify(second, wanted)[mail].status == "ok"


def test_an_answer_seen_before_is_not_parsed_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(f"{'h' * (number + 1)}.example.com", "A") for number in range(50)]
    parsed: list[Item] = []
    real = dns_zone.read_answer
    monkeypatch.setattr(dns_zone, "read_answer", lambda wire, item: parsed.append(item) or real(wire, item))
    for server in [*asked.servers.all, *asked.servers.all]:
        asked.servers.read(server, items)
    assert len(parsed) == 50


def test_names_that_only_differ_in_their_first_label_are_looked_up_with_one_parse(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[Item] = []
    read = dns_zone.read_answer
    monkeypatch.setattr(dns_zone, "read_answer", lambda wire, item, **more: parsed.append(item) or read(wire, item, **more))
    servers, primary = asked.servers, asked.servers.updated[0]
    names = [f"none{number:03d}.example.com" for number in range(500)]
    assert set(servers.zones(primary, names, {}).values()) == {"example.com"} and len(parsed) == 1


def test_a_server_that_is_overrun_is_asked_once_more_and_is_no_foreign_one(asked: Asked) -> None:
    """SERVFAIL says that it can't tell now, not that the zone is none of its own."""
    server, mail = asked.servers.updated[0], Item("mail.example.com", "A")
    asked.dns1.set_fault("servfail", count=1)
    assert asked.servers.read(server, [mail])[mail].records == RecordSet.of(["127.1.0.21"], 600)
    asked.dns1.set_fault("servfail", count=2)
    said = asked.servers.verify(server, {mail: RecordSet.of(["127.1.0.21"], 600)})[mail]
    assert (said.status, said.msg) == ("unreachable", "it answers SERVFAIL: it is overrun, or could not fetch the zone from its primary")


def test_the_first_server_that_answers_is_taken(asked: Asked) -> None:
    servers = Servers([Endpoint("127.0.53.8", 9), Endpoint(asked.dns2.address, asked.dns2.port)], [], SystemClock())
    assert servers.first().endpoint.address == asked.dns2.address
    servers.close()
    with pytest.raises(ConnectionRefused):
        Servers([Endpoint("127.0.53.8", 9)], [], SystemClock()).first()


def test_a_server_in_both_lists_is_asked_once() -> None:
    endpoint = Endpoint("127.0.53.1")
    assert len(Servers([endpoint], [endpoint, Endpoint("127.0.53.2")], SystemClock()).all) == 2


def test_ids_are_not_to_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By UDP a success rests on an answer with the right id, so ids neither count up nor start at nothing."""
    asked: list[bytes] = []

    def answered(self: NameServer, wire: bytes, timeout: float) -> bytes:
        asked.append(wire[:2])
        return wire[:2] + bytes([wire[2] | 0x80]) + wire[3:]

    def refuses(self: NameServer, *_arguments: t.Any) -> list[bytes]:
        raise ConnectionRefused("no TCP")

    monkeypatch.setattr(NameServer, "read", refuses)
    monkeypatch.setattr(NameServer, "exchange_udp", answered)
    servers = Servers([Endpoint("127.0.53.1")], (), SystemClock())
    items = [Item(f"h{number}.example.com", "A") for number in range(50)]
    servers.answers(servers.updated[0], items)
    ids = [int.from_bytes(one, "big") for one in asked]
    assert len(set(ids)) == 50 and ids != sorted(ids) and max(ids) > 1000


@pytest.mark.parametrize("count", [0, 1, 250, 0x1000, 0x1001, 0x10000])
def test_no_two_questions_side_by_side_have_the_same_id(count: int) -> None:
    ids = dns_zone._ids(count)
    assert len(set(ids)) == len(ids) == count and all(len(one) == 2 for one in ids)
