# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dns.rdatatype
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_types as types
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

WHERE = "records entry 1"


@pytest.mark.parametrize(
    ("text", "canonical"), [("a", "A"), (" Aaaa ", "AAAA"), ("TYPE28", "AAAA"), ("type257", "CAA"), ("TYPE65280", "TYPE65280"), ("TYPE00016", "TXT")]
)
def test_a_type_has_one_name(text: str, canonical: str) -> None:
    assert types.canonical_type(text, WHERE) == canonical
    assert types.canonical_type(canonical, WHERE) == canonical


def test_the_numbers_are_those_of_the_registry() -> None:
    """As dnspython has them."""
    for name, number in types.NUMBERS.items():
        assert dns.rdatatype.from_text(name) == number, name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NS", "NS records are not written: name servers answer with a referral below it"),
        ("SOA", "SOA records are not written: the name server keeps it itself"),
        ("TYPE6", "TYPE6 records are not written: the name server keeps it itself"),
        ("RRSIG", "RRSIG records are not written: it belongs to DNSSEC"),
        ("DS", "DS records are not written: it belongs to DNSSEC"),
        ("ANY", "ANY records are not written: it is a question or a part of a message"),
        ("*", "* records are not written: it is a question or a part of a message"),
        ("TYPE128", "TYPE128 records are not written: it is a question or a part of a message"),
        ("TYPE0", "TYPE0 is no type that a record can have"),
        ("TYPE65536", "TYPE65536 is no type that a record can have"),
        ("ADDRESS", "'ADDRESS' is no type that is known here; write it as TYPE and its number, as TYPE65280 (RFC 3597)"),
        ("", "'' is no type that is known here"),
    ],
)
def test_what_is_not_written_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        types.canonical_type(text, WHERE)
    assert caught.value.message.startswith(f"{WHERE}: {why}")
