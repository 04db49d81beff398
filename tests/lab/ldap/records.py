# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of dnsRecord (MS-DNSP 2.3.2.2) and dNSProperty (MS-DNSP 2.3.2.1), written from the lab's zones; apart from the code that reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import dns.name
import dns.rdatatype

from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import RdataType, RecordSet

#: From 1601, where time stamps begin, to 1970, in hours.
HOURS_TO_1970 = 3234576
#: DNS_ZONE_UPDATE_OFF, _UNSECURE and _SECURE (MS-DNSP 2.2.6.1.1), by the lab's word for a zone's updates.
UPDATES = {"none": 0, "any": 1, "signed": 2}
TOMBSTONE = 0


def record(rdtype: int, ttl: int, data: bytes, hours: int, serial: int) -> bytes:
    """``hours``: since 1970 when it was refreshed last, 0 for a static record."""
    head = struct.pack("<HHBBHI", len(data), rdtype, 5, 0xF0, 0, serial) + struct.pack(">I", ttl)
    return head + struct.pack("<II", 0, hours + HOURS_TO_1970 if hours else 0) + data


def records(rdtype: RdataType, found: RecordSet, hours: int, serial: int) -> Iterable[bytes]:
    return [record(int(rdtype), found.ttl, _data(rdtype, value), hours, serial) for value in found.values]


def zone_properties(updates: str, ageing: bool, no_refresh: int, refresh: int) -> list[bytes]:
    numbers = {0x02: (UPDATES[updates], 1), 0x10: (no_refresh, 4), 0x20: (refresh, 4), 0x40: (int(ageing), 4)}
    return [struct.pack("<IIIII", size, 1, 0, 1, number) + value.to_bytes(size, "little") + b"\0" for number, (value, size) in numbers.items()]


def identity(value: bytes) -> tuple[int, bytes, bytes]:
    """What a record says apart from its time stamp and its serial: type, time to live, data."""
    return struct.unpack_from("<H", value, 2)[0], value[12:16], value[24:]


def stamp(value: bytes) -> int:
    """Hours since 1601, 0 for a static record."""
    return int(struct.unpack_from("<I", value, 20)[0])


def _data(rdtype: RdataType, value: Any) -> bytes:
    if rdtype in (dns.rdatatype.CNAME, dns.rdatatype.NS, dns.rdatatype.PTR):
        return _count_name(value.target)
    if rdtype == dns.rdatatype.MX:
        return struct.pack(">H", value.preference) + _count_name(value.exchange)
    if rdtype == dns.rdatatype.SRV:
        return struct.pack(">HHH", value.priority, value.weight, value.port) + _count_name(value.target)
    if rdtype == dns.rdatatype.SOA:
        return struct.pack(">5I", value.serial, value.refresh, value.retry, value.expire, value.minimum) + _count_name(value.mname) + _count_name(value.rname)
    return bytes(value.to_wire())


def _count_name(name: dns.name.Name) -> bytes:
    """DNS_COUNT_NAME (MS-DNSP 2.2.2.2.2): how long it is, how many labels, the labels, an octet of zero."""
    raw = b"".join(bytes((len(label),)) + label for label in name.labels)
    return bytes((len(raw), len(name.labels) - 1)) + raw
