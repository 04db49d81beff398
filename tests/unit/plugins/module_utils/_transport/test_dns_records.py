# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of types that have no text of our own: as they compare, and never larger than a message is thought to be."""

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit, message
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_value
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import OWN
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import other_value, update_wire

VALUES = [
    ("A", "127.1.0.22"),
    ("AAAA", "2001:db8::1"),
    ("MX", "10 mail.example.com"),
    ("SRV", "0 5 443 mail.example.com"),
    ("DNAME", "elsewhere.example.net"),
    ("TXT", '"" ""'),
    ("APL", "1:10.0.0.0/8 !2:2001:db8::/32"),
    ("CAA", '0 issue ";"'),
    ("DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="),
    ("EUI48", "00-00-5e-00-53-2a"),
    ("EUI64", "00-00-5e-ef-10-00-00-2a"),
    ("HINFO", '"a" "b"'),
    ("HTTPS", "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=127.1.0.1,127.1.0.2 ipv6hint=2001:db8::1"),
    ("LOC", "0 0 0 N 0 0 0 E 0m"),
    ("NAPTR", '100 10 "" "" "" .'),
    ("SSHFP", "4 2 " + "ab" * 32),
    ("SVCB", "0 ."),
    ("TLSA", "3 1 1 " + "cd" * 32),
    ("URI", '10 1 "x"'),
    ("TYPE65280", "\\# 0"),
    ("TYPE65280", "\\# 4 0a000001"),
]


def canonical(rdtype: str, text: str) -> str:
    return canonical_value(rdtype, text, "here") if rdtype in OWN else other_value(rdtype, text, "here")


@pytest.mark.parametrize(("rdtype", "text"), VALUES)
def test_a_message_is_never_larger_than_it_is_thought_to_be(rdtype: str, text: str) -> None:
    value = canonical(rdtype, text)
    assert canonical(rdtype, value) == value
    item = Item("host.example.com", rdtype)
    for before, after in ((None, 60), (60, None), (60, 300)):
        edit = Edit(item, RecordSet.of([value], before) if before else None, RecordSet.of([value], after) if after else None, "example.com")
        # Beside the edits there are the header, the zone, and a prerequisite on the name.
        assert len(update_wire(message([edit]))) <= 12 + 17 + 28 + edit.size()


@pytest.mark.parametrize(("rdtype", "text"), [("SSHFP", "4 2 xyz"), ("TLSA", "3"), ("EUI48", "00-00"), ("TYPE65280", "0a000001"), ("URI", "")])
def test_what_is_no_value_is_one_sentence(rdtype: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=f"^here: .* is no value of type {rdtype} as a zone file has it: "):
        other_value(rdtype, text, "here")
