# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What Active Directory keeps of DNS: the records of a node (dnsRecord, MS-DNSP 2.3.2.2) and the settings of a zone (dNSProperty, MS-DNSP 2.3.2.1)."""

from __future__ import annotations

import dataclasses
import datetime
import struct

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

#: DNS_TYPE_ZERO: what is left of a node whose records were deleted (MS-DNSP 2.2.2.2.4.23).
TOMBSTONE = 0
#: Numbers of the types that a node of ours has.
TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV"}
#: Identifiers of dNSProperty (MS-DNSP 2.3.2.1.1).
ALLOW_UPDATE, NO_REFRESH, REFRESH, AGING = 0x02, 0x10, 0x20, 0x40
EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.timezone.utc)
HEADER = "<HHBBHI"


@dataclasses.dataclass(frozen=True)
class NodeRecord:
    """One value of dnsRecord. ``timestamp``: whole hours since 1601 when it was refreshed last, 0 for a static record. ``ttl`` in seconds."""

    type: int
    ttl: int
    timestamp: int
    data: bytes
    version: int = 5
    rank: int = 0xF0
    flags: int = 0
    serial: int = 0
    reserved: int = 0

    def to_bytes(self) -> bytes:
        head = struct.pack(HEADER, len(self.data), self.type, self.version, self.rank, self.flags, self.serial)
        return head + struct.pack(">I", self.ttl) + struct.pack("<II", self.reserved, self.timestamp) + self.data

    @property
    def refreshed(self) -> datetime.datetime | None:
        """When it was refreshed last; None for a static record. Raises ProtocolError for a time beyond the calendar."""
        try:
            return EPOCH + datetime.timedelta(hours=self.timestamp) if self.timestamp else None
        except OverflowError:
            raise ProtocolError(f"a DNS record with a time stamp of {self.timestamp} hours") from None


def record(data: bytes) -> NodeRecord:
    """Raises ProtocolError for bytes that are no record."""
    try:
        length, kind, version, rank, flags, serial = struct.unpack_from(HEADER, data)
        (ttl,) = struct.unpack_from(">I", data, 12)
        reserved, timestamp = struct.unpack_from("<II", data, 16)
    except struct.error:
        raise ProtocolError("a DNS record of the directory that is cut short") from None
    if len(data) != 24 + length:
        raise ProtocolError(f"a DNS record of the directory that says {length} octets and has {len(data) - 24}")
    return NodeRecord(kind, ttl, timestamp, data[24:], version, rank, flags, serial, reserved)


def zone_property(data: bytes) -> tuple[int, int]:
    """Identifier and value, as a number. Raises ProtocolError."""
    try:
        length, _name_length, _flag, _version, identifier = struct.unpack_from("<IIIII", data)
    except struct.error:
        raise ProtocolError("a setting of a zone that is cut short") from None
    if 20 + length > len(data):
        raise ProtocolError(f"a setting of a zone that says {length} octets and has {len(data) - 20}")
    return identifier, int.from_bytes(data[20 : 20 + length], "little")


def zone_settings(values: list[bytes]) -> dict[int, int]:
    """The settings of a zone that are numbers, by identifier; 0 where a value has no octets."""
    return dict(zone_property(value) for value in values)
