# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are read without dnspython are read as dnspython reads them, and those that are alike mean the same."""

from __future__ import annotations

import ipaddress
import typing as t

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading, negative_shape, query, read_answer

V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
SETS = st.one_of(
    st.tuples(st.just("A"), st.lists(V4, min_size=1, max_size=4)),
    st.tuples(st.just("AAAA"), st.lists(V6, min_size=1, max_size=4)),
)


def answer(item: Item, values: list[str], ttl: int = 60, flags: int = 0) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(query(item)))
    reply.flags |= dns.flags.AA | flags
    reply.answer.append(dns.rrset.from_text(f"{item.name}.", ttl, "IN", item.type, *values))
    reply.authority.append(dns.rrset.from_text("example.com.", ttl, "IN", "NS", "dns1.example.com."))
    return reply.to_wire()


def parsed(wire: bytes, item: Item, authority: bool = True) -> t.Any:
    """As dnspython has it; the error where it can't read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dns_records, "ADDRESSES", {})
        try:
            return read_answer(wire, item, authority=authority)
        except ProtocolError as error:
            return error


@given(kind=SETS, ttl=st.integers(0, 2**31 - 1), authority=st.booleans(), flags=st.sampled_from([0, int(dns.flags.RA), int(dns.flags.AD)]))
def test_addresses_are_the_same_by_either_way(kind: tuple[str, list[str]], ttl: int, authority: bool, flags: int) -> None:
    item = Item("mail.example.com", kind[0])
    wire = answer(item, kind[1], ttl, flags)
    quick = read_answer(wire, item, authority=authority)
    assert quick == parsed(wire, item, authority) and quick.records is not None
    assert (set(map(ipaddress.ip_address, quick.records.values)), quick.records.ttl) == (set(map(ipaddress.ip_address, kind[1])), ttl)


@given(kind=SETS, place=st.integers(2, 60), octet=st.integers(0, 255), cut=st.integers(0, 40))
def test_what_was_damaged_is_never_read_as_something_else(kind: tuple[str, list[str]], place: int, octet: int, cut: int) -> None:
    """Where both can read it they say the same; what dnspython refuses may be readable up to its addresses, and then has these."""
    item = Item("mail.example.com", kind[0])
    wire = bytearray(answer(item, kind[1]))
    wire[min(place, len(wire) - 1)] = octet
    damaged = bytes(wire[: len(wire) - cut])
    slow = parsed(damaged, item)
    quick = dns_records._plain_addresses(damaged, item, True)
    if quick is not None and isinstance(slow, Reading):
        assert slow.records == quick and slow.status == "ok"


def test_the_usual_answer_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand records read back cost a fraction of a second only so."""
    wires = {item: answer(item, ["10.0.1.21", "10.0.0.21"]) for item in (Item("mail.example.com", "A"), Item("a.b.example.com", "A"))}
    monkeypatch.setattr(dns.message, "from_wire", lambda wire: pytest.fail("it was parsed"))
    for item, wire in wires.items():
        assert read_answer(wire, item).records == RecordSet.of(["10.0.0.21", "10.0.1.21"], 60)


@pytest.mark.parametrize("flags", [int(dns.flags.TC), 3, 2, 5])
def test_anything_unusual_is(flags: int) -> None:
    item = Item("mail.example.com", "A")
    wire = answer(item, ["10.0.1.21"], flags=flags)
    assert dns_records._plain_addresses(wire, item, True) is None
    assert dns_records._plain_addresses(answer(item, ["10.0.1.21"]), Item("other.example.com", "A"), True) is None


LABELS = st.text("abcxyz", min_size=1, max_size=4)


def nothing(name: str, zone: str = "") -> bytes:
    """An authority's answer that there is nothing, with the SOA of the zone."""
    message = dns.message.make_response(dns.message.make_query(name, "SOA", id=7))
    message.flags |= dns.flags.AA
    if zone:
        message.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", f"ns1.{zone} hostmaster.{zone} 1 2 3 4 5"))
    return message.to_wire()


def test_names_of_one_zone_are_alike_and_others_are_not() -> None:
    one = nothing("host1.example.com.", "example.com.")
    assert negative_shape(one) and negative_shape(one) == negative_shape(nothing("host2.example.com.", "example.com."))
    others = [nothing("host22.example.com.", "example.com."), nothing("host1.example.org.", "example.org."), nothing("host1.sub.example.com.", "example.com.")]
    assert negative_shape(one) not in {negative_shape(other) for other in others}


def test_an_answer_that_has_or_names_the_first_label_is_like_no_other() -> None:
    assert not negative_shape(answer(Item("host1.example.com", "A"), ["10.0.0.1"]))
    assert not negative_shape(nothing("host1.example.com.", "host1.example.com."))
    assert not negative_shape(b"") and not negative_shape(b"\0" * 12) and not negative_shape(b"\0" * 12 + b"\xc0")


@given(st.lists(LABELS, min_size=2, max_size=4), st.lists(LABELS, min_size=2, max_size=4), st.integers(0, 3), st.integers(0, 3))
def test_what_is_alike_means_the_same(first: list[str], second: list[str], above: int, over: int) -> None:
    names = [".".join(labels) + "." for labels in (first, second)]
    zones = [".".join(labels[min(up, len(labels) - 1) :]) + "." for labels, up in ((first, above), (second, over))]
    wires = [nothing(name, zone) for name, zone in zip(names, zones, strict=True)]
    if negative_shape(wires[0]) and negative_shape(wires[0]) == negative_shape(wires[1]):
        readings = [read_answer(wire, Item(name.rstrip("."), "SOA")) for wire, name in zip(wires, names, strict=True)]
        assert readings[0] == readings[1]
