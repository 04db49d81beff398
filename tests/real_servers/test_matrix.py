# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each server answers: one table, each row sent to each server that Debian has, and to the lab's own.

The product's rules for DNS stand on these answers. A row that comes out otherwise on a new version of a server is a fact to learn, and
the code that leans on it is to be looked at.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import dns.rdatatype
import dns.update
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import TsigKey
from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe, Update
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import HAS_IPV6, POWERLESS, SECRETS, TRUNCATED, ZONE, RealServer, key

WRONG_SECRET = TsigKey.from_text(key().name, SECRETS["hmac-sha1"], "hmac-sha256")
UNKNOWN_KEY = TsigKey.from_text("nobody", SECRETS["hmac-sha256"], "hmac-sha256")
WRONG_ALGORITHM = TsigKey.from_text(key().name, SECRETS["hmac-sha256"], "hmac-sha512")


def add(probe: Probe, **options: t.Any) -> str:
    return probe.send(lambda u: u.add(probe.name(), 300, "A", "127.20.1.1"), **options)


def unsigned(probe: Probe) -> str:
    return add(probe, by=None)


def wrong_secret(probe: Probe) -> str:
    return add(probe, by=WRONG_SECRET)


def unknown_key(probe: Probe) -> str:
    return add(probe, by=UNKNOWN_KEY)


def wrong_algorithm(probe: Probe) -> str:
    return add(probe, by=WRONG_ALGORITHM)


def no_rights(probe: Probe) -> str:
    """To a name that is there: in Active Directory everybody who can log on may make new ones."""
    probe.given((probe.name(), "A", "127.20.1.7"))
    return add(probe, by=POWERLESS)


def clock_off(probe: Probe) -> str:
    return add(probe, shift=-3600)


def zone_not_served(probe: Probe) -> str:
    return add(probe, zone="elsewhere.test")


def zone_name_too_long(probe: Probe) -> str:
    return add(probe, zone="deeper.lab.test")


def name_outside(probe: Probe) -> str:
    return probe.send(lambda u: u.add("host.elsewhere.test.", 300, "A", "127.20.1.1"))


def pointer_in_the_forward_zone(probe: Probe) -> str:
    return probe.send(lambda u: u.add("9.1.20.127.in-addr.arpa.", 300, "PTR", "host.lab.test."))


def every_algorithm(probe: Probe) -> str:
    return ", ".join(probe.send(lambda u, n=number: u.add(probe.name(f"alg{n}-"), 300, "A", "127.20.1.1"), by=key(a)) for number, a in enumerate(SECRETS))


def truncated_signatures(probe: Probe) -> str:
    """Of the servers here only BIND has keys for them; the others are asked with a key that is whole."""
    known = probe.kind in ("bind", "kerberos", "embedded")
    keys = [one if known else TsigKey(f"failover-{one.algorithm.rpartition('-')[0]}", one.algorithm, one.secret) for one in TRUNCATED]
    return ", ".join(probe.send(lambda u, n=number: u.add(probe.name(f"cut{n}-"), 300, "A", "127.20.1.1"), by=one) for number, one in enumerate(keys))


def _swap(probe: Probe, *expected: str) -> str:
    """Replaces a set of two values, when it is exactly ``expected``."""
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"), (name, "A", "127.20.1.2"))

    def change(update: Update) -> None:
        for value in expected:
            update.present(name, "A", value)
        update.delete(name, "A", "127.20.1.1")
        update.add(name, 300, "A", "127.20.1.3")

    said = probe.send(change)
    return f"{said}: {' '.join(probe.values(name, 'A'))}"


def values_right(probe: Probe) -> str:
    return _swap(probe, "127.20.1.1", "127.20.1.2")


def values_stale(probe: Probe) -> str:
    return _swap(probe, "127.20.1.9")


def values_superset(probe: Probe) -> str:
    return _swap(probe, "127.20.1.1", "127.20.1.2", "127.20.1.9")


def values_subset(probe: Probe) -> str:
    return _swap(probe, "127.20.1.1")


def prerequisites_of_presence(probe: Probe) -> str:
    name, nobody = probe.name(), probe.name("nobody")
    probe.given((name, "A", "127.20.1.1"))
    return ", ".join(
        (
            probe.send(lambda u: (u.absent(name, "A"), u.add(name, 300, "TXT", "x"))),
            probe.send(lambda u: (u.absent(name), u.add(name, 300, "TXT", "x"))),
            probe.send(lambda u: (u.present(nobody), u.add(nobody, 300, "TXT", "x"))),
            probe.send(lambda u: (u.present(name, "MX"), u.add(name, 300, "TXT", "x"))),
        )
    )


def alias_compared_without_case(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "CNAME", "source.lab.test."))
    return probe.send(lambda u: (u.present(name, "CNAME", "SOURCE.Lab.Test."), u.add(probe.name("other"), 300, "A", "127.20.1.1")))


def _six_types(probe: Probe, update: Update) -> None:
    name = probe.name()
    for rdtype, value in (
        ("A", "127.20.1.1"),
        ("AAAA", "::1"),
        ("MX", "10 source.lab.test."),
        ("TXT", '"words of a record"'),
        ("SRV", "0 5 5060 source.lab.test."),
    ):
        update.add(name, 300, rdtype, value)
    update.add(probe.name("alias"), 300, "CNAME", "source.lab.test.")


def six_sets_in_one_message(probe: Probe) -> str:
    before = probe.serial()
    said = probe.send(lambda u: _six_types(probe, u))
    return f"{said}: {len(probe.values(probe.name(), 'SRV'))} SRV, serial {probe.serial() - before:+d}"


def one_stale_of_seven(probe: Probe) -> str:
    said = probe.send(lambda u: (u.present("source", "A", "127.20.0.99"), _six_types(probe, u)))
    return f"{said}: {len(probe.values(probe.name(), 'A'))} A"


def no_change(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"))
    before = probe.serial()
    said = probe.send(lambda u: (u.delete(name, "A", "127.20.1.1"), u.add(name, 300, "A", "127.20.1.1")))
    return f"{said}: serial {'moves' if probe.serial() != before else 'stays'}"


def new_ttl_without_deletion(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"))
    said = probe.send(lambda u: u.add(name, 60, "A", "127.20.1.1"))
    return f"{said}: TTL {'changes' if probe.ttl(name, 'A') == 60 else 'stays'}"


def new_ttl_with_deletion(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"))
    said = probe.send(lambda u: (u.delete(name, "A", "127.20.1.1"), u.add(name, 60, "A", "127.20.1.1")))
    return f"{said}: TTL {'changes' if probe.ttl(name, 'A') == 60 else 'stays'}"


def alias_beside_address(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"))
    said = probe.send(lambda u: u.add(name, 300, "CNAME", "source.lab.test."))
    return f"{said}: {len(probe.values(name, 'CNAME'))} CNAME"


def address_becomes_alias(probe: Probe) -> str:
    name = probe.name()
    probe.given((name, "A", "127.20.1.1"))
    said = probe.send(lambda u: (u.delete(name, "A", "127.20.1.1"), u.add(name, 300, "CNAME", "source.lab.test.")))
    return f"{said}: {len(probe.values(name, 'CNAME'))} CNAME"


def mail_exchanger_without_address(probe: Probe) -> str:
    return probe.send(lambda u: u.add(probe.name(), 300, "MX", "10 missing.lab.test."))


def two_zones(probe: Probe) -> str:
    """Two questions in the zone section, which RFC 2136 section 2.3 forbids."""
    update = dns.update.UpdateMessage("lab.test")
    update.add(probe.name(), 300, "A", "127.20.1.1")
    wire = update.to_wire()
    question = b"\x02in\x04test\0" + int(dns.rdatatype.SOA).to_bytes(2, "big") + b"\0\1"
    end = 12 + wire[12:].index(b"\0") + 5
    return probe.exchange(wire[:4] + b"\0\2" + wire[6:end] + question + wire[end:], by=key(), timeout=5)


def _many(probe: Probe, count: int, size: range, **options: t.Any) -> str:
    """That many records in one message, whose octets are within ``size``."""
    update = Update(ZONE)
    for number in range(count):
        update.add(f"n{number:05}.{probe.name('many')}", 300, "A", f"127.20.{number // 250 + 2}.{number % 250 + 1}")
    wire = update.to_wire()
    assert len(wire) in size
    said = probe.exchange(wire, by=key(), **options)
    return f"{said}: {len(probe.values(f'n{count - 1:05}.' + probe.name('many'), 'A'))} of the last"


def four_kilobytes_by_udp(probe: Probe) -> str:
    return _many(probe, 180, range(4_000, 4_300), udp=True, timeout=3)


def sixty_four_kilobytes(probe: Probe) -> str:
    """All that one message can hold (RFC 1035 section 4.2.2): 2,800 records, and the signature behind them."""
    return _many(probe, 2800, range(64_000, 65_300))


def extended_dns(probe: Probe) -> str:
    update = Update("lab.test")
    update.add(probe.name(), 300, "A", "127.20.1.1")
    update.use_edns(0, payload=4096)
    return probe.exchange(update.to_wire(), by=key())


def ipv6_socket(probe: Probe) -> str:
    probe = Probe(probe.server.by_ipv6())
    return f"{add(probe)}: {' '.join(probe.values(probe.name(), 'A'))}"


def same_bytes_twice(probe: Probe) -> str:
    """Signed once. The second time the prerequisite fails, so that the answer tells whether it was looked at."""
    update = Update(ZONE)
    update.absent(probe.name())
    update.add(probe.name(), 300, "A", "127.20.1.1")
    return probe.exchange(update.to_wire(), by=key(), times=2)


class Row(t.NamedTuple):
    """``embedded`` is what the lab's server answers, ``kerberos`` what BIND does to signatures of Kerberos, ``samba`` what Samba does (4.17): each as
    ``bind``, with a key, where nothing else is said.

    ``unverified`` is what Samba's refusals are: they carry the request's own MAC.
    """

    send: Callable[[Probe], str]
    bind: str
    knot: str
    powerdns: str
    embedded: str = ""
    kerberos: str = ""
    samba: str = ""


ROWS = [
    Row(unsigned, "REFUSED unsigned", "NOTAUTH unsigned", "REFUSED unsigned"),
    Row(wrong_secret, "NOTAUTH BADSIG", "NOTAUTH BADSIG", "REFUSED unsigned", samba="NOTAUTH BADKEY"),
    Row(unknown_key, "NOTAUTH BADKEY", "NOTAUTH BADKEY", "REFUSED unsigned"),
    Row(wrong_algorithm, "NOTAUTH BADKEY", "NOTAUTH BADKEY", "REFUSED unsigned"),
    Row(no_rights, "REFUSED", "NOTAUTH BADKEY", "REFUSED", samba="SERVFAIL unverified"),
    Row(clock_off, "NOTAUTH BADTIME", "NOTAUTH BADTIME", "REFUSED unsigned", samba="NOERROR"),
    Row(
        every_algorithm,
        *(", ".join(["NOERROR"] * len(SECRETS)),) * 3,
        # Where the others take the key of hmac-sha256, both take Kerberos. To BIND shared keys are known and have no rights, Samba knows none.
        kerberos=", ".join("NOERROR" if algorithm == "hmac-sha256" else "REFUSED" for algorithm in SECRETS),
        samba=", ".join("NOERROR" if algorithm == "hmac-sha256" else "NOTAUTH BADKEY" for algorithm in SECRETS),
    ),
    Row(
        truncated_signatures,
        *(", ".join([said] * len(TRUNCATED)) for said in ("NOERROR", "NOTAUTH BADSIG", "REFUSED unsigned")),
        kerberos=", ".join(["REFUSED"] * len(TRUNCATED)),
        samba=", ".join(["NOTAUTH BADKEY"] * len(TRUNCATED)),
    ),
    Row(zone_not_served, "NOTAUTH", "NOTAUTH unsigned", "NOTAUTH"),
    Row(zone_name_too_long, "NOTAUTH", "NOTAUTH unsigned", "NOTAUTH", samba="NOTIMP unverified"),
    Row(name_outside, "NOTZONE", "NOTZONE", "NOTZONE", samba="NOTZONE unverified"),
    Row(pointer_in_the_forward_zone, "NOTZONE", "NOTZONE", "NOTZONE", samba="NOTZONE unverified"),
    Row(values_right, *("NOERROR: 127.20.1.2 127.20.1.3",) * 3),
    Row(values_stale, *("NXRRSET: 127.20.1.1 127.20.1.2",) * 3, samba="NXRRSET unverified: 127.20.1.1 127.20.1.2"),
    Row(values_superset, *("NXRRSET: 127.20.1.1 127.20.1.2",) * 3, samba="NXRRSET unverified: 127.20.1.1 127.20.1.2"),
    Row(values_subset, *("NXRRSET: 127.20.1.1 127.20.1.2",) * 3, samba="NOERROR: 127.20.1.2 127.20.1.3"),
    Row(
        prerequisites_of_presence, *("YXRRSET, YXDOMAIN, NXDOMAIN, NXRRSET",) * 3, samba="YXRRSET unverified, YXDOMAIN unverified, NXDOMAIN, NXRRSET unverified"
    ),
    Row(alias_compared_without_case, "NOERROR", "NOERROR", "NOERROR"),
    Row(six_sets_in_one_message, *("NOERROR: 1 SRV, serial +1",) * 3, samba="NOERROR: 1 SRV, serial +0"),
    Row(one_stale_of_seven, *("NXRRSET: 0 A",) * 3, samba="NXRRSET unverified: 0 A"),
    Row(no_change, "NOERROR: serial stays", "NOERROR: serial stays", "NOERROR: serial moves"),
    Row(new_ttl_without_deletion, "NOERROR: TTL changes", "NOERROR: TTL stays", "NOERROR: TTL changes"),
    Row(new_ttl_with_deletion, *("NOERROR: TTL changes",) * 3),
    Row(alias_beside_address, "NOERROR: 0 CNAME", "NOERROR: 0 CNAME", "REFUSED: 0 CNAME"),
    Row(address_becomes_alias, *("NOERROR: 1 CNAME",) * 3),
    Row(mail_exchanger_without_address, "REFUSED", "NOERROR", "NOERROR", embedded="NOERROR", samba="NOERROR"),
    Row(two_zones, "FORMERR unsigned", "closed", "closed", samba="FORMERR unverified"),
    Row(four_kilobytes_by_udp, "NOERROR: 1 of the last", "NOERROR: 1 of the last", "no answer: 0 of the last"),
    Row(sixty_four_kilobytes, *("NOERROR: 1 of the last",) * 3),
    Row(extended_dns, "NOERROR", "NOERROR", "NOERROR"),
    Row(ipv6_socket, *("NOERROR: 127.20.1.1",) * 3),
    Row(same_bytes_twice, *("NOERROR, YXDOMAIN",) * 3, kerberos="NOERROR, NOTAUTH BADSIG", samba="NOERROR, YXDOMAIN unverified"),
]


#: What a row needs of the machine.
NEEDS = {ipv6_socket: needed("" if HAS_IPV6 else "this kernel has no IPv6, over which the name servers are asked too")}


@pytest.mark.parametrize("row", [pytest.param(row, id=row.send.__name__, marks=NEEDS.get(row.send, ())) for row in ROWS])
def test_a_server_answers_as_the_table_says(server: RealServer, row: Row) -> None:
    expected = getattr(row, server.kind) or row.bind
    assert row.send(Probe(server)) == expected
