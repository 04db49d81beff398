# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TKEY on bytes, held against dnspython's own reading and writing of it."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TKEY
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tkey import Answer, negotiation, read_negotiation

NAME = "0123456789abcdef.gss-key-89abcdef"


def answered(token: bytes, *, error: int = 0, rcode: int = 0, records: int = 1) -> bytes:
    message = dns.message.Message(id=7)
    message.flags = 0x8000
    message.set_rcode(rcode)
    for _number in range(records):
        algorithm = dns.name.from_text("gss-tsig")
        rdata = dns.rdtypes.ANY.TKEY.TKEY(dns.rdataclass.ANY, dns.rdatatype.TKEY, algorithm, 1, 2, 3, error, token, b"")
        message.answer.append(dns.rrset.from_rdata(dns.name.from_text(NAME), 0, rdata))
    return message.to_wire()


@given(st.binary(min_size=1, max_size=2000))
def test_the_query_is_what_dnspython_reads(token: bytes) -> None:
    message = dns.message.from_wire(negotiation(NAME, token, 1000, 3600))
    (question,), (record,) = message.question, message.additional
    assert (question.name, question.rdtype, question.rdclass) == (dns.name.from_text(NAME), dns.rdatatype.TKEY, dns.rdataclass.ANY)
    assert (record.name, record.ttl) == (question.name, 0)
    rdata = record[0]
    assert (rdata.algorithm, rdata.inception, rdata.expiration, rdata.mode) == (dns.name.from_text("gss-tsig"), 1000, 4600, 3)
    assert (rdata.error, rdata.key, rdata.other) == (0, token, b"")


@given(st.binary(max_size=2000), st.integers(0, 23), st.integers(0, 10))
def test_an_answer_is_read(token: bytes, error: int, rcode: int) -> None:
    assert read_negotiation(answered(token, error=error, rcode=rcode)) == Answer(rcode, error, token, True)


def test_an_answer_without_the_record_is_told() -> None:
    assert read_negotiation(answered(b"", rcode=5, records=0)) == Answer(5, 0, b"", False)


@given(st.integers(12, 60))
def test_an_answer_that_was_cut_is_no_message(length: int) -> None:
    with pytest.raises(ProtocolError):
        read_negotiation(answered(b"x" * 40)[:length])
