# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import dns.ipv6
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_names as names
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

WHERE = "records entry 1"


@pytest.mark.parametrize(
    ("given_name", "canonical"),
    [
        ("Mail.Example.COM.", "mail.example.com"),
        (" mail.example.com ", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("faß.Example", "xn--fa-hia.example"),
        ("b\u00fccher\u3002example", "xn--bcher-kva.example"),
        ("_sip._tcp.example.com", "_sip._tcp.example.com"),
        ("21.16/28.0.10.in-addr.arpa", "21.16/28.0.10.in-addr.arpa"),
    ],
)
def test_names_become_canonical(given_name: str, canonical: str) -> None:
    assert names.canonical_name(given_name, WHERE) == canonical
    assert names.canonical_name(canonical, WHERE) == canonical


@pytest.mark.parametrize(
    "bad", ["", ".", "a..b", "a b.example", "x" * 64 + ".example", ".".join(["x" * 60] * 5), "a\\b", "mail@example.com", "ü" * 70 + ".example"]
)
def test_what_is_no_name_is_refused_by_name(bad: str) -> None:
    with pytest.raises(InvalidInput, match="records entry 1: .*DNS name") as caught:
        names.canonical_name(bad, WHERE)
    assert repr(bad) in caught.value.message


def test_a_wildcard_is_refused_unless_it_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="is a wildcard, one record for many names; it is only changed with 'allow_wildcards: true'"):
        names.canonical_name("*.example.com", WHERE)
    assert names.canonical_name("*.Example.com.", WHERE, wildcards=True) == "*.example.com"


def test_what_idna_2008_does_not_allow_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a DNS name by IDNA 2008"):
        names.canonical_name("\u2603.example", WHERE)


def test_without_the_package_idna_names_are_read_as_of_2003_where_both_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "HAS_IDNA", False)
    assert names.canonical_name("B\u00fccher.example", WHERE) == "xn--bcher-kva.example"
    with pytest.raises(InvalidInput, match="has a letter that only IDNA 2008 keeps; install the Python package idna"):
        names.canonical_name("fa\u00df.example", WHERE)


@pytest.mark.parametrize(
    ("rdtype", "value", "canonical"),
    [
        ("A", " 10.0.0.1 ", "10.0.0.1"),
        ("AAAA", "2001:DB8:0:0::1", "2001:db8::1"),
        ("CNAME", "Exch2.Example.com.", "exch2.example.com"),
        ("PTR", "exch2.example.com", "exch2.example.com"),
        ("MX", "010  MX1.example.com.", "10 mx1.example.com"),
        ("SRV", "0 5 5060 sip.example.com", "0 5 5060 sip.example.com"),
        ("TXT", 'say "hi"', '"say \\"hi\\""'),
        ("TXT", '"one" "two"', '"one" "two"'),
        ("TXT", ' "one"  "two" ', '"one" "two"'),
        ("TXT", '"\\065\\195\\188 ü \\"\\;"', '"A\\195\\188 \\195\\188 \\";"'),
        ("DNAME", "Elsewhere.Example.", "elsewhere.example"),
        ("TXT", "ü", '"\\195\\188"'),
        ("TXT", "", '""'),
        ("TXT", "x" * 300, '"' + "x" * 255 + '" "' + "x" * 45 + '"'),
    ],
)
def test_values_become_canonical(rdtype: str, value: str, canonical: str) -> None:
    assert names.canonical_value(rdtype, value, WHERE) == canonical
    assert names.canonical_value(rdtype, canonical, WHERE) == canonical


@pytest.mark.parametrize(
    ("rdtype", "value", "sentence"),
    [
        ("A", "10.0.0.256", "records entry 1: '10.0.0.256' is not an IP address"),
        ("A", "2001:db8::1", "records entry 1: '2001:db8::1' is an IPv6 address, and A takes an IPv4 address"),
        ("AAAA", "10.0.0.1", "records entry 1: '10.0.0.1' is an IPv4 address, and AAAA takes an IPv6 address"),
        ("AAAA", "fe80::1%eth0", "records entry 1: 'fe80::1%eth0' has a zone index, which means nothing outside its own host"),
        ("CNAME", "10.0.0.1", "records entry 1: '10.0.0.1' is an address, and CNAME takes a name"),
        ("CNAME", "a b", "records entry 1: 'a b' is not a name, as CNAME takes it"),
        ("MX", "mx1.example.com", "records entry 1: 'mx1.example.com' is not a preference and a name, as MX takes it"),
        ("MX", "high mx1.example.com", "records entry 1: 'high' in 'high mx1.example.com' is not a number between 0 and 65535"),
        ("SRV", "0 5 99999 a.example", "records entry 1: '99999' in '0 5 99999 a.example' is not a number between 0 and 65535"),
        ("TXT", '"open', "records entry 1: '\"open' begins with a quotation mark, and is not one or more strings in quotation marks"),
        ("TXT", '"a" b', "records entry 1: '\"a\" b' begins with a quotation mark, and is not one or more strings in quotation marks"),
        (
            "TXT",
            '"' + "x" * 256 + '"',
            "records entry 1: a string of '\"" + "x" * 29 + "'… is longer than the 255 octets that one can have; divide it, or leave the quotation marks away",
        ),
    ],
)
def test_a_bad_value_is_one_sentence(rdtype: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.canonical_value(rdtype, value, WHERE)
    assert caught.value.message == sentence


@pytest.mark.parametrize("ttl", [0, -1, 2**31])
def test_a_ttl_out_of_range_is_refused(ttl: int) -> None:
    with pytest.raises(InvalidInput, match=f"ttl {ttl} is not between 1 and 2147483647 seconds"):
        names.canonical_ttl(ttl, WHERE)


def test_a_ttl_in_range_is_taken() -> None:
    assert [names.canonical_ttl(ttl, WHERE) for ttl in (None, 1, 2**31 - 1)] == [None, 1, 2**31 - 1]


@given(st.ip_addresses())
def test_reverse_names(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    name = names.reverse_name(str(address))
    assert names.is_reverse(name) and names.canonical_name(name, WHERE) == name


def test_only_the_name_in_a_value_is_replaced() -> None:
    assert names.with_name("MX", "10 exch1.example.com", "exch2.example.com") == "10 exch2.example.com"
    assert names.with_name("SRV", "0 5 443 exch1.example.com", "exch2.example.com") == "0 5 443 exch2.example.com"
    assert names.with_name("A", "10.0.0.1", "10.0.0.2") == "10.0.0.2"
    assert names.name_in_value("TXT", '"exch1.example.com"') == ""


@given(st.integers(0, 2**128 - 1) | st.integers(0, 2**50) | st.integers(0xFFFF00000000, 0xFFFFFFFFFFFF))
def test_an_ipv6_address_is_spelt_as_what_is_read_from_a_name_server(number: int) -> None:
    """Or it never converges: ::ffff:10.0.0.1."""
    address = ipaddress.IPv6Address(number)
    assert names.canonical_address(str(address), "here") == dns.ipv6.inet_ntoa(address.packed)
