# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options records and repoint may say, and the sentence for what they may not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_wanted as options
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput


@pytest.mark.parametrize(
    ("entries", "state", "sentence"),
    [
        (
            [{"name": "mail.example.com", "type": "A", "values": []}],
            "present",
            "records entry 1 (mail.example.com A): values is empty; to remove the record set, use state 'absent'",
        ),
        (
            [{"name": "mail.example.com", "type": "A", "values": ["10.0.0.1"]}, {"name": "MAIL.example.com.", "type": "A", "values": ["10.0.0.2"]}],
            "present",
            "records entry 2 (MAIL.example.com. A): mail.example.com A stands in records twice, with contradictory values; "
            "give each name and type one entry with all its values",
        ),
        (
            [{"name": "mail.example.com", "type": "A", "values": ["10.0.0.1"]}] * 2,
            "present",
            "records entry 2 (mail.example.com A): mail.example.com A stands in records twice, the same; give each name and type one entry with all its values",
        ),
        (
            [{"name": "mail.example.com", "type": "CNAME", "values": ["a.example"]}, {"name": "mail.example.com", "type": "A", "values": ["10.0.0.2"]}],
            "present",
            "records: mail.example.com is wanted as CNAME and as A, and a CNAME can't stand beside other data",
        ),
        (
            [{"name": "m.example", "type": "CNAME", "values": ["a.example", "b.example"]}],
            "present",
            "records entry 1 (m.example CNAME): a name has one CNAME value at most, and 2 are listed",
        ),
        (
            [{"name": "m.example", "type": "DNAME", "values": ["a.example", "b.example"]}],
            "present",
            "records entry 1 (m.example DNAME): a name has one DNAME value at most, and 2 are listed",
        ),
        (
            [{"name": "a.m.example", "type": "A", "values": ["10.0.0.1"]}, {"name": "m.example", "type": "DNAME", "values": ["n.example"]}],
            "present",
            "records: a.m.example lies below m.example, which is wanted as DNAME, and nobody is answered what stands below a DNAME",
        ),
        (
            [{"name": "a.example", "type": "CNAME", "values": ["b.example"]}, {"name": "b.example", "type": "CNAME", "values": ["a.example"]}],
            "present",
            "records: the CNAMEs a.example -> b.example -> a.example lead round in a circle",
        ),
        (
            [{"name": "*.example", "type": "A", "values": ["10.0.0.1"]}],
            "present",
            "records entry 1 (*.example A): '*.example' is a wildcard, one record for many names; it is only changed with 'allow_wildcards: true'",
        ),
        (
            [{"name": "example", "type": "soa", "values": ["x"]}],
            "present",
            "records entry 1 (example soa): SOA records are not written: the name server keeps it itself",
        ),
        (
            [{"name": "example", "type": "CAA", "values": ["0 issue"]}],
            "present",
            "records entry 1 (example CAA): '0 issue' can't be read: records of type CAA need dnspython",
        ),
        ([{"name": "m.example", "type": "CNAME", "values": ["M.example."]}], "present", "records entry 1 (m.example CNAME): the CNAME would point at itself"),
        (
            [{"name": "m.example", "type": "A", "values": ["10.0.0.1", "10.0.0.1"]}],
            "present",
            "records entry 1 (m.example A): the value '10.0.0.1' is there twice",
        ),
        (
            [{"name": "m.example", "type": "AAAA", "values": ["::1"], "expect": ["::2", "0:0::2"]}],
            "present",
            "records entry 1 (m.example AAAA): expect: the value '::2' is there twice",
        ),
        (
            [
                {"name": "a.m.example", "type": "A", "values": ["10.0.0.1"], "zone": "m.example"},
                {"name": "A.m.example", "type": "TXT", "values": ["x"], "zone": "M.example."},
                {"name": "a.m.example.", "type": "AAAA", "values": ["::1"], "zone": "example"},
            ],
            "present",
            "records entry 3 (a.m.example. AAAA): a.m.example is said to lie in the zone example, and in m.example by an entry before it; "
            "it lies in one of them",
        ),
        (
            [{"name": "m.example", "type": "A", "values": ["10.0.0.1"], "zone": "other"}],
            "present",
            "records entry 1 (m.example A): m.example does not lie in the zone other",
        ),
        (
            [{"name": "m.example", "type": "A", "values": ["10.0.0.1"], "ttl": 0}],
            "present",
            "records entry 1 (m.example A): ttl 0 is not between 1 and 2147483647 seconds",
        ),
        (
            [{"name": "exch2.example.com", "type": "A"}],
            "absent",
            "records entry 1 (exch2.example.com A): exch2.example.com is one of protected_names, a management name that must stay where it is",
        ),
    ],
)
def test_bad_records_are_one_sentence(entries: list[dict[str, t.Any]], state: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        options.read_records(entries, state, {"exch2.example.com"})
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"from": ["10.0.0.1"], "to": []}, "repoint: from has 1 entries and to has 0; each source needs the target at the same place in the list"),
        ({"from": [], "to": []}, "repoint: from has 0 entries and to has 0; each source needs the target at the same place in the list"),
        (
            {"from": ["10.0.0.1"], "to": ["2001:db8::1"]},
            "repoint: '10.0.0.1' can't become '2001:db8::1': an IPv4 address pairs with an IPv4 address, IPv6 with IPv6, a name with a name",
        ),
        (
            {"from": ["10.0.0.1"], "to": ["exch2.example.com"]},
            "repoint: '10.0.0.1' can't become 'exch2.example.com': an IPv4 address pairs with an IPv4 address, IPv6 with IPv6, a name with a name",
        ),
        ({"from": ["10.0.0.1"], "to": ["10.0.0.1"]}, "repoint: '10.0.0.1' stands in from and in to, so nothing would move"),
        (
            {"from": ["10.0.0.1", "10.0.0.1"], "to": ["10.0.0.2", "10.0.0.3"]},
            "repoint: '10.0.0.1' is to become '10.0.0.2' and '10.0.0.3'; it can only become one of them",
        ),
        ({"from": ["10.0.0.1", "10.0.0.2"], "to": ["10.0.0.2", "10.0.0.3"]}, "repoint: '10.0.0.2' is both a source and a target; do it in two tasks"),
        (
            {"from": ["10.0.0.1", "10.0.0.1 "], "to": ["10.0.0.2", "10.0.0.2"]},
            "repoint: from entry 2 (10.0.0.1 ): 10.0.0.1 is listed twice; list each source once",
        ),
        (
            {"from": ["10.0.0.1"], "to": ["10.0.0.2"], "names": ["a.example", "a.example"]},
            "repoint: names entry 2 (a.example): a.example is listed twice; list each name once",
        ),
        (
            {"from": ["10.0.0.1"], "to": ["10.0.0.2"], "names": ["b\u00fccher.example", "x.example", "Xn--BCHER-kva.example."]},
            "repoint: names entry 3 (Xn--BCHER-kva.example.): xn--bcher-kva.example is listed twice, once as b\u00fccher.example and once as "
            "Xn--BCHER-kva.example.; list each name once",
        ),
        ({"from": ["10.0.0.1"], "to": ["10.0.0.2"], "names": []}, "repoint: names is empty; list the names that users connect to"),
        (
            {"from": ["10.0.0.1"], "to": ["10.0.0.2"], "names": ["EXCH2.example.com"]},
            "repoint: names: exch2.example.com is one of protected_names, a management name that must stay where it is",
        ),
    ],
)
def test_a_bad_repoint_is_one_sentence(option: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        options.read_repoint({"names": ["mail.example.com"], **option}, {"exch2.example.com"})
    assert caught.value.message == sentence


def test_a_wildcard_is_taken_where_it_is_allowed() -> None:
    (one,) = options.read_records([{"name": "*.Example.com", "type": "A", "values": ["10.0.0.1"]}], "present", (), wildcards=True)
    assert one.item == Item("*.example.com", "A")
    repoint = {"from": ["10.0.0.1"], "to": ["10.0.0.2"], "names": ["*.example.com"]}
    assert options.read_repoint(repoint, (), wildcards=True).names == ("*.example.com",)
    for bad in ("*", "**.example.com", "a*.example.com", "a.*.example.com"):
        with pytest.raises(InvalidInput, match="DNS name"):
            options.read_records([{"name": bad, "type": "A", "values": ["10.0.0.1"]}], "present", (), wildcards=True)


def test_a_type_by_its_number_is_the_same_type() -> None:
    entries = [{"name": "a.example", "type": kind, "values": ["10.0.0.1"]} for kind in ("A", "TYPE1")]
    with pytest.raises(InvalidInput, match="stands in records twice, the same"):
        options.read_records(entries, "present", ())


def test_values_of_other_types_are_read_by_who_knows_them() -> None:
    entry = {"name": "a.example", "type": "caa", "values": ["0 ISSUE x"], "expect": ["0 issue y"]}
    (one,) = options.read_records([entry], "present", (), other_values=lambda rdtype, text, where: f"{rdtype}:{text.lower()}")
    assert (one.item.type, one.values, one.expect) == ("CAA", ("CAA:0 issue x",), ("CAA:0 issue y",))
