# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The bytes of an update message (RFC 2136), unsigned.

By hand, because a message of 250 changed records costs dnspython 0.1 s of CPU, a third of all that their change costs us.
"""

from __future__ import annotations

import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import name_to_wire

CLASS_IN, CLASS_NONE = 1, 254
TYPE_SOA, TYPE_ANY = 6, 255
#: Opcode UPDATE (RFC 2136, section 2.2).
FLAGS = 0x2800
#: Where the zone's name stands, right behind the header, as a pointer (RFC 1035, section 4.1.4).
_TO_ZONE = b"\xc0\x0c"
LARGEST = 0xFFFF


class Record(t.NamedTuple):
    """One record of a section: its owner, the number of its type, its value as bytes, and the seconds of its TTL where it is added."""

    name: str
    type: int
    value: bytes = b""
    ttl: int = 0


class TooLarge(ValueError):
    """More than a DNS message over TCP can hold."""


def update_message(zone: str, exists: t.Sequence[Record], missing: t.Sequence[Record], deleted: t.Sequence[Record], added: t.Sequence[Record]) -> bytes:
    """With id 0. Prerequisites (RFC 2136, section 2.4): the sets of ``exists`` are just these values, those of ``missing`` are not there (TYPE_ANY:
    nothing of that name). Then single values are deleted, and others added. Raises TooLarge, and ValueError for what is no name."""
    sections = (
        *(_record(record, zone, CLASS_IN) for record in exists),
        *(_record(record, zone, CLASS_NONE) for record in missing),
        *(_record(record, zone, CLASS_NONE) for record in deleted),
        *(_record(record, zone, CLASS_IN) for record in added),
    )
    head = struct.pack("!HHHHHH", 0, FLAGS, 1, len(exists) + len(missing), len(deleted) + len(added), 0)
    wire = b"".join((head, name_to_wire(zone), struct.pack("!HH", TYPE_SOA, CLASS_IN), *sections))
    if len(wire) > LARGEST:
        raise TooLarge(f"{len(wire)} bytes")
    return wire


def _record(record: Record, zone: str, rdclass: int) -> bytes:
    return b"".join((_owner(record.name, zone), struct.pack("!HHIH", record.type, rdclass, record.ttl, len(record.value)), record.value))


def _owner(name: str, zone: str) -> bytes:
    if zone and name == zone:
        return _TO_ZONE
    if zone and name.endswith(f".{zone}"):
        return name_to_wire(name[: -len(zone) - 1])[:-1] + _TO_ZONE
    return name_to_wire(name)
