# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded name server, asked by dnspython alone: it answers updates as BIND 9.18 does."""

from __future__ import annotations

import asyncio
import socket
import typing as t
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.tsig
import dns.update
import pytest

from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone

Update = dns.update.UpdateMessage
MAIL = "mail.example.com."
KEY = dns.tsig.Key("failover-key", example.SECRET, "hmac-sha256")


class Estate(t.NamedTuple):
    dns1: DnsServer
    dns2: DnsServer
    call: Call


@pytest.fixture
def estate() -> Iterator[Estate]:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with background(dns1, dns2) as call:
        yield Estate(dns1, dns2, call)


def ask(server: DnsServer, message: dns.message.Message, *, tcp: bool = True) -> dns.message.Message:
    return (dns.query.tcp if tcp else dns.query.udp)(message, server.address, timeout=5, port=server.port)


def send(
    server: DnsServer, change: Callable[[Update], t.Any], *, key: dns.tsig.Key | None = KEY, zone: str = "example.com", tcp: bool = True
) -> dns.rcode.Rcode:
    update = Update(zone)
    change(update)
    if key is not None:
        update.use_tsig(key)
    return ask(server, update, tcp=tcp).rcode()


def swap(update: Update) -> None:
    update.present(MAIL, "A", "127.1.0.21")
    update.delete(MAIL, "A", "127.1.0.21")
    update.add(MAIL, 60, "A", "127.1.0.22")


def test_a_change_moves_the_serial_by_one_and_reaches_the_secondary(estate: Estate) -> None:
    assert send(estate.dns1, swap) == dns.rcode.NOERROR
    assert estate.dns1.lookup("MAIL.example.com", "A") == ["127.1.0.22"]
    assert estate.dns1.ttl("mail.example.com", "A") == 60
    assert estate.dns1.serial("example.com") == 2
    estate.call(estate.dns2.wait_for, lambda server: server.lookup("mail.example.com", "A") == ["127.1.0.22"])
    assert estate.dns2.serial("example.com") == 2


class Row(t.NamedTuple):
    what: str
    change: Callable[[Update], t.Any]
    rcode: str
    changes: bool = False


def six(update: Update) -> None:
    for name, rdtype, value in (
        ("one", "A", "127.1.0.1"),
        ("one", "AAAA", "::1"),
        ("one", "MX", "10 exch1"),
        ("one", "TXT", "text"),
        ("one", "SRV", "0 0 1 exch1"),
        ("alias", "CNAME", "exch1"),
    ):
        update.add(name, 60, rdtype, value)


def alias_instead(update: Update) -> None:
    update.delete("mail", "A", "127.1.0.21")
    update.add("mail", 60, "CNAME", "exch2")


ROWS = [
    Row("value prerequisite, right", swap, "NOERROR", True),
    Row("value prerequisite, stale", lambda u: (u.present("mail", "A", "127.1.0.20"), u.add("mail", 60, "A", "127.1.0.22")), "NXRRSET"),
    Row("value prerequisite, superset", lambda u: (u.present("mail", "A", "127.1.0.21"), u.present("mail", "A", "127.1.0.22"), u.delete("mail")), "NXRRSET"),
    Row("value prerequisite, subset", lambda u: (u.present("two", "A", "127.1.0.21"), u.delete("two")), "NXRRSET"),
    Row("rrset must be absent", lambda u: (u.absent("mail", "A"), u.delete("mail")), "YXRRSET"),
    Row("rrset is absent", lambda u: (u.absent("mail", "AAAA"), u.add("mail", 60, "AAAA", "::1")), "NOERROR", True),
    Row("name must be absent", lambda u: (u.absent("mail"), u.delete("mail")), "YXDOMAIN"),
    Row("name must be present", lambda u: (u.present("nobody"), u.delete("mail")), "NXDOMAIN"),
    Row("rrset must be present", lambda u: (u.present("mail", "AAAA"), u.delete("mail")), "NXRRSET"),
    Row("CNAME compared without case", lambda u: (u.present("autodiscover", "CNAME", "EXCH1.Example.Com."), u.delete("autodiscover")), "NOERROR", True),
    Row("six sets in one message", six, "NOERROR", True),
    Row("one stale of seven", lambda u: (six(u), u.present("mail", "A", "127.1.0.20")), "NXRRSET"),
    Row("no-op", lambda u: (u.delete("mail", "A", "127.1.0.21"), u.add("mail", 600, "A", "127.1.0.21")), "NOERROR"),
    Row("the same value with another TTL", lambda u: u.add("mail", 60, "A", "127.1.0.21"), "NOERROR", True),
    Row("CNAME beside A", lambda u: u.add("mail", 60, "CNAME", "exch2"), "NOERROR"),
    Row("A beside CNAME", lambda u: u.add("autodiscover", 60, "A", "127.1.0.22"), "NOERROR"),
    Row("A to CNAME in one message", alias_instead, "NOERROR", True),
    Row("PTR of the reverse zone in the forward message", lambda u: u.add("21.0.1.127.in-addr.arpa.", 60, "PTR", "x.example.com."), "NOTZONE"),
    Row("prerequisite outside the zone", lambda u: (u.present("a.example.org."), u.delete("mail")), "NOTZONE"),
    Row("the SOA can't be deleted", lambda u: u.delete("@", "SOA"), "NOERROR"),
    Row("the apex keeps SOA and NS", lambda u: u.delete("@"), "NOERROR", True),
    Row("2,800 records in one message", lambda u: [u.add(f"h{n}", 60, "A", f"127.1.{n // 250}.{n % 250}") for n in range(2800)], "NOERROR", True),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_an_update_is_answered_as_bind_does(estate: Estate, row: Row) -> None:
    assert send(estate.dns1, row.change) == dns.rcode.from_text(row.rcode)
    assert estate.dns1.serial("example.com") == (2 if row.changes else 1)
    assert estate.dns1.lookup("example.com", "SOA") and len(estate.dns1.lookup("example.com", "NS")) == 2


def test_a_zone_not_served_is_notauth(estate: Estate) -> None:
    assert send(estate.dns1, lambda u: u.add("mail", 60, "A", "127.1.0.1"), zone="example.org") == dns.rcode.NOTAUTH


def test_a_secondary_takes_no_updates(estate: Estate) -> None:
    assert send(estate.dns2, swap, key=None) == dns.rcode.REFUSED


def test_unsigned_is_refused_unless_the_zone_takes_it() -> None:
    open_zone = {**example.FORWARD, "updates": "any"}
    server = example.primary(open_zone, example.REVERSE)
    with background(server):
        assert send(server, swap, key=None) == dns.rcode.NOERROR
        assert send(server, lambda u: u.delete("22.0", "PTR"), key=None, zone="1.127.in-addr.arpa") == dns.rcode.REFUSED
        assert server.lookup("22.0.1.127.in-addr.arpa", "PTR") == ["exch2.example.com."]


@pytest.mark.parametrize(
    ("key", "fault", "error"),
    [
        (dns.tsig.Key("failover-key", "b3RoZXI=", "hmac-sha256"), None, dns.tsig.PeerBadSignature),
        (dns.tsig.Key("nobody", example.SECRET, "hmac-sha256"), None, dns.tsig.PeerBadKey),
        (dns.tsig.Key("failover-key", example.SECRET, "hmac-sha512"), None, dns.tsig.PeerBadKey),
        (KEY, ("clock", {"seconds": 3600}), dns.tsig.PeerBadTime),
        (KEY, ("bad_mac", {}), dns.tsig.BadSignature),
        (KEY, ("echoed_mac", {}), dns.tsig.BadSignature),
    ],
)
def test_signatures(estate: Estate, key: dns.tsig.Key, fault: tuple[str, dict[str, t.Any]] | None, error: type[Exception]) -> None:
    if fault:
        estate.dns1.set_fault(fault[0], **fault[1])
    with pytest.raises(error):
        send(estate.dns1, swap, key=key)
    done = fault is not None and fault[0] != "clock"
    assert estate.dns1.lookup("mail.example.com", "A") == (["127.1.0.22"] if done else ["127.1.0.21"])


def test_a_host_s_key_writes_only_its_own_names(estate: Estate) -> None:
    key = dns.tsig.Key("exch1-key", example.SECRET, "hmac-sha256")
    assert send(estate.dns1, swap, key=key) == dns.rcode.NOERROR
    assert send(estate.dns1, lambda u: u.delete("two"), key=key) == dns.rcode.REFUSED
    assert estate.dns1.lookup("two.example.com", "A") == ["127.1.0.21", "127.1.0.99"]


def test_two_zones_in_one_message_are_formerr(estate: Estate) -> None:
    wire = Update("example.com").to_wire()
    doubled = wire[:4] + b"\0\2" + wire[6:] + wire[12:]
    with socket.create_connection((estate.dns1.address, estate.dns1.port), 5) as connection:
        connection.sendall(len(doubled).to_bytes(2, "big") + doubled)
        reply = connection.recv(100)
    assert reply[5] & 0x0F == dns.rcode.FORMERR


def test_rubbish_leaves_the_server_alive(estate: Estate) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for rubbish in (b"", b"x", bytes(11), bytes(range(12)), b"\xff" * 300):
            udp.sendto(rubbish, (estate.dns1.address, estate.dns1.port))
    assert ask(estate.dns1, dns.message.make_query(MAIL, "A"), tcp=False).answer


@pytest.mark.parametrize("size", [10, 150])
def test_updates_by_udp_and_with_edns(estate: Estate, size: int) -> None:
    def change(update: Update) -> None:
        update.use_edns(0, request_payload=4096)
        for number in range(size):
            update.add(f"h{number}", 60, "A", f"127.1.9.{number}")

    assert send(estate.dns1, change, tcp=False) == dns.rcode.NOERROR
    assert estate.dns1.lookup("h9.example.com", "A") == ["127.1.9.9"]


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answers", "authority"),
    [
        ("example.com", "SOA", "NOERROR", 1, 0),
        ("example.com", "NS", "NOERROR", 1, 0),
        ("dns1.example.com", "A", "NOERROR", 1, 0),
        ("MAIL.example.com", "A", "NOERROR", 1, 0),
        ("mail.example.com", "AAAA", "NOERROR", 0, 1),
        ("mail.example.com", "SOA", "NOERROR", 0, 1),
        ("nobody.example.com", "A", "NXDOMAIN", 0, 1),
        ("_tcp.example.com", "A", "NOERROR", 0, 1),
        ("autodiscover.example.com", "A", "NOERROR", 2, 0),
        ("autodiscover.example.com", "CNAME", "NOERROR", 1, 0),
        ("21.0.1.127.in-addr.arpa", "PTR", "NOERROR", 1, 0),
        ("example.org", "A", "REFUSED", 0, 0),
    ],
)
def test_queries(estate: Estate, name: str, rdtype: str, rcode: str, answers: int, authority: int) -> None:
    for server in (estate.dns1, estate.dns2):
        for tcp in (True, False, True):
            reply = ask(server, dns.message.make_query(name, rdtype), tcp=tcp)
            assert (dns.rcode.to_text(reply.rcode()), len(reply.answer), len(reply.authority)) == (rcode, answers, authority)
            assert bool(reply.flags & dns.flags.AA) == (rcode != "REFUSED")
            assert not reply.flags & dns.flags.RA


def test_a_delegated_part_is_referred_without_authority() -> None:
    zone = {**example.FORWARD, "records": [{"name": "sub", "type": "NS", "values": ["dns1.example.com."]}]}
    server = example.primary(zone)
    with background(server):
        reply = ask(server, dns.message.make_query("a.sub.example.com", "A"))
    assert not reply.flags & dns.flags.AA and not reply.answer
    assert [str(rrset.name) for rrset in reply.authority] == ["sub.example.com."]


def test_too_much_for_udp_is_truncated(estate: Estate) -> None:
    estate.call(estate.dns1.replace, "many.example.com", "A", [f"127.1.7.{number}" for number in range(99)])
    reply = ask(estate.dns1, dns.message.make_query("many.example.com", "A"), tcp=False)
    assert reply.flags & dns.flags.TC and not reply.answer
    assert len(ask(estate.dns1, dns.message.make_query("many.example.com", "A")).answer[0]) == 99


def test_the_lag_can_be_changed_while_running_and_never_turns_a_secondary_back(estate: Estate) -> None:
    estate.dns2.lag = 60
    estate.call(estate.dns1.replace, "mail.example.com", "A", ["127.1.0.30"])
    estate.dns2.lag = 0
    estate.call(estate.dns1.replace, "mail.example.com", "A", ["127.1.0.31"])
    estate.call(estate.dns2.wait_for, lambda server: server.lookup("mail.example.com", "A") == ["127.1.0.31"])
    assert estate.dns2.serial("example.com") == estate.dns1.serial("example.com") == 3


def test_a_lagging_secondary_answers_the_old_value(estate: Estate) -> None:
    estate.dns2.set_fault("lagging", seconds=60)
    assert send(estate.dns1, swap) == dns.rcode.NOERROR
    assert estate.dns2.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_a_cut_between_servers_holds_the_change_back() -> None:
    cut = {("dns1", "dns2")}
    dns1 = example.primary()
    dns2 = example.secondary(dns1, reachable=lambda a, b: (a, b) not in cut)
    with background(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.30"])
        call(lambda: None)
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.21"]
        cut.clear()
        call(dns2.wait_for, lambda server: server.lookup("mail.example.com", "A") == ["127.1.0.30"])


@pytest.mark.parametrize(
    ("fault", "rcode", "authority"), [("lame", dns.rcode.NOERROR, False), ("refused", dns.rcode.REFUSED, False), ("unsigned_replies", dns.rcode.NOERROR, True)]
)
def test_faults_of_answers(estate: Estate, fault: str, rcode: dns.rcode.Rcode, authority: bool) -> None:
    ask(estate.dns1, dns.message.make_query(MAIL, "A"))  # nothing of before the fault is answered from a cache
    estate.dns1.set_fault(fault)
    reply = ask(estate.dns1, dns.message.make_query(MAIL, "A"))
    assert reply.rcode() == rcode and bool(reply.flags & dns.flags.AA) == authority
    estate.dns1.clear_fault()
    assert ask(estate.dns1, dns.message.make_query(MAIL, "A")).flags & dns.flags.AA


def test_a_silent_server_and_one_out_of_reach_say_nothing() -> None:
    open_to: set[str] = {"127.0.0.1"}
    server = example.primary(reachable=lambda a, b: a in open_to)
    with background(server):
        assert ask(server, dns.message.make_query(MAIL, "A"))
        server.set_fault("silent")
        with pytest.raises(dns.exception.Timeout):
            dns.query.udp(dns.message.make_query(MAIL, "A"), server.address, timeout=0.2, port=server.port)
        server.clear_fault("silent")
        open_to.clear()
        with pytest.raises(dns.exception.Timeout):
            dns.query.tcp(dns.message.make_query(MAIL, "A"), server.address, timeout=0.2, port=server.port)


def test_unknown_faults_are_named(estate: Estate) -> None:
    with pytest.raises(ValueError, match="slow is no fault of a name server"):
        estate.dns1.set_fault("slow")
    with pytest.raises(ValueError, match="dns1 is a primary and cannot lag"):
        estate.dns1.set_fault("lagging", seconds=3)


def test_every_message_is_traced_with_its_number() -> None:
    seen: list[tuple[str, str, dict[str, t.Any]]] = []
    server = example.primary(trace=lambda kind, name, **data: seen.append((kind, name, data)))
    with background(server):
        send(server, swap)
        ask(server, dns.message.make_query(MAIL, "A"))
        ask(server, dns.message.make_query(MAIL, "A"))
    assert [(kind, name, data["number"], data["opcode"], data["rcode"]) for kind, name, data in seen] == [
        ("dns", "dns1", 1, "UPDATE", "NOERROR"),
        ("dns", "dns1", 2, "QUERY", "NOERROR"),
        ("dns", "dns1", 3, "QUERY", "NOERROR"),
    ]
    assert seen[0][2]["updates"] == ["mail.example.com. 0 NONE A 127.1.0.21", "mail.example.com. 60 IN A 127.1.0.22"]
    assert example.SECRET not in repr(seen)


def test_a_zone_needs_a_known_word_for_updates() -> None:
    with pytest.raises(ValueError, match="not signed, any or none"):
        Zone.from_dict({**example.FORWARD, "updates": "sometimes"})


def test_a_server_that_has_stopped_leaves_its_address_to_the_next_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next lab of the same process may get the same network, and no loop runs while it waits for the port."""

    async def one_after_the_other() -> None:
        first = example.primary()
        await first.start()
        second = example.primary()
        second.address, second.port = first.address, first.port
        monkeypatch.setattr(f"{DnsServer.__module__}.BIND_ATTEMPTS", 1)
        await first.stop()
        await second.start()
        await second.stop()

    asyncio.run(one_after_the_other())
