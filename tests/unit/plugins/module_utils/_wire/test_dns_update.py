# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of updates, held against what dnspython reads in them."""

from __future__ import annotations

import typing as t

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.dns_update import TYPE_ANY, Record, TooLarge, update_message

ZONE = "example.com"
NAMES = st.sampled_from(
    [ZONE, f"a.{ZONE}", f"*.b.{ZONE}", f"_x._tcp.c.{ZONE}", f"0/25.{ZONE}", "notexample.com", "com", f"a.{ZONE}.net", "x" * 63 + f".{ZONE}"]
)
ADDRESSES = st.binary(min_size=4, max_size=4)
A = 1


def records(value: st.SearchStrategy[bytes], kind: t.Sequence[int] = (A,), ttl: int = 0) -> st.SearchStrategy[list[Record]]:
    return st.lists(st.builds(Record, NAMES, st.sampled_from(kind), value, st.integers(0, ttl)), max_size=6)


def shown(section: t.Iterable[t.Any]) -> list[tuple[str, int, int, bytes, int]]:
    """name, type, class as sent (dnspython keeps it apart where it is no class of data), value, TTL."""
    return [
        (
            rrset.name.to_text(omit_final_dot=True), int(rrset.rdtype), int(rrset.deleting if rrset.deleting is not None else rrset.rdclass),
            rdata.to_wire() if rdata is not None else b"", rrset.ttl,
        )
        for rrset in section
        for rdata in (list(rrset) or [None])
    ]  # fmt: skip


def expected(entries: t.Iterable[Record], rdclass: int) -> list[tuple[str, int, int, bytes, int]]:
    return [(entry.name, entry.type, rdclass, entry.value, entry.ttl) for entry in entries]


@given(records(ADDRESSES), records(st.just(b""), (A, TYPE_ANY, 5)), records(ADDRESSES), records(ADDRESSES, ttl=2**31 - 1))
def test_the_message_is_what_dnspython_reads(exists: list[Record], missing: list[Record], deleted: list[Record], added: list[Record]) -> None:
    wire = update_message(ZONE, exists, missing, deleted, added)
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert isinstance(message, dns.update.UpdateMessage)
    assert (message.id, message.rcode(), shown(message.additional)) == (0, 0, [])
    (zone,) = message.zone
    assert (zone.name.to_text(omit_final_dot=True), zone.rdtype, zone.rdclass) == (ZONE, dns.rdatatype.SOA, dns.rdataclass.IN)
    nobody = dns.rdataclass.NONE
    assert shown(message.prerequisite) == expected(exists, dns.rdataclass.IN) + expected(missing, nobody)
    assert shown(message.update) == expected(deleted, nobody) + expected(added, dns.rdataclass.IN)


def test_names_of_the_zone_take_few_bytes_and_the_root_is_a_zone_too() -> None:
    few = update_message(ZONE, [], [], [], [Record(f"mail.{ZONE}", A, b"\1\2\3\4", 60)])
    assert len(few) == 12 + 17 + (5 + 2 + 10 + 4)
    message = dns.message.from_wire(update_message("", [], [], [], [Record("mail.example", A, b"\1\2\3\4", 60)]))
    assert message.sections[2][0].to_text() == "mail.example. 60 IN A 1.2.3.4"


def test_what_no_message_holds_is_said() -> None:
    entries = [Record(f"host{number}.{ZONE}", 16, b"\x7f" + b"x" * 127, 60) for number in range(500)]
    with pytest.raises(TooLarge):
        update_message(ZONE, [], [], [], entries)
    with pytest.raises(ValueError, match="not a DNS name"):
        update_message(ZONE, [], [], [], [Record("x" * 64 + f".{ZONE}", A, b"\1\2\3\4", 60)])
