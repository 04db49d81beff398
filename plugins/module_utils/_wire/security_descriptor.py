# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Security descriptors (MS-DTYP 2.4.6, self-relative) with the one entry that is ours: what keeps an account from changing a node of a zone.

Everything else stays byte for byte: entries are carried along unread.
"""

from __future__ import annotations

import dataclasses
import struct

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

#: Control bits (MS-DTYP 2.4.6).
DACL_PRESENT, SACL_PRESENT, SELF_RELATIVE = 0x0004, 0x0010, 0x8000
DENIED, OBJECT_DENIED = 0x01, 0x06
#: Write property, validated write (self), delete (MS-ADTS 5.1.3.2): what the account needs to change or delete a node of its own.
LOCK_MASK = 0x00010028


@dataclasses.dataclass(frozen=True)
class Acl:
    """MS-DTYP 2.4.5. ``entries`` are whole ACEs; ``rest`` is what its size covers behind them."""

    revision: int
    entries: tuple[bytes, ...]
    rest: bytes = b""
    reserved: tuple[int, int] = (0, 0)

    def to_bytes(self) -> bytes:
        body = b"".join(self.entries) + self.rest
        if len(body) + 8 > 0xFFFF:
            raise ProtocolError("an access control list has no room for one entry more")
        return struct.pack("<BBHHH", self.revision, self.reserved[0], len(body) + 8, len(self.entries), self.reserved[1]) + body


@dataclasses.dataclass(frozen=True)
class Descriptor:
    control: int
    owner: bytes = b""
    group: bytes = b""
    sacl: bytes = b""
    dacl: Acl | None = None
    reserved: int = 0

    def to_bytes(self) -> bytes:
        parts = [self.owner, self.group, self.sacl, self.dacl.to_bytes() if self.dacl is not None else b""]
        offsets, place = [], 20
        for part in parts:
            offsets.append(place if part else 0)
            place += len(part)
        return struct.pack("<BBHIIII", 1, self.reserved, self.control, *offsets) + b"".join(parts)


def parse(data: bytes) -> Descriptor:
    """Raises ProtocolError for bytes that are no self-relative descriptor."""
    try:
        revision, reserved, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
        if revision != 1 or not control & SELF_RELATIVE:
            raise ProtocolError("no self-relative security descriptor")
        return Descriptor(
            control,
            _sid_at(data, owner),
            _sid_at(data, group),
            _acl_at(data, sacl) if control & SACL_PRESENT else b"",
            _acl(_acl_at(data, dacl)) if control & DACL_PRESENT and dacl else None,
            reserved,
        )
    except struct.error:
        raise ProtocolError("a security descriptor that is cut short") from None


def _sid_at(data: bytes, place: int) -> bytes:
    if not place:
        return b""
    if place < 20 or place + 8 > len(data):
        raise ProtocolError("a security descriptor points outside of itself")
    sid = data[place : place + 8 + 4 * data[place + 1]]
    sid_text(sid)
    return sid


def _acl_at(data: bytes, place: int) -> bytes:
    if not place:
        return b""
    (size,) = struct.unpack_from("<H", data, place + 2)
    if place < 20 or size < 8 or place + size > len(data):
        raise ProtocolError("a security descriptor points outside of itself")
    return data[place : place + size]


def _acl(data: bytes) -> Acl:
    revision, first, _size, count, second = struct.unpack_from("<BBHHH", data)
    entries, place = [], 8
    for _number in range(count):
        (length,) = struct.unpack_from("<H", data, place + 2)
        if length < 4 or place + length > len(data):
            raise ProtocolError("an access control list has an entry that is longer than the list")
        entries.append(data[place : place + length])
        place += length
    return Acl(revision, tuple(entries), data[place:], (first, second))


def sid_text(sid: bytes) -> str:
    """S-1-5-… (MS-DTYP 2.4.2.1). Raises ProtocolError for bytes that are no SID."""
    if len(sid) < 8 or sid[0] != 1 or sid[1] > 15 or len(sid) != 8 + 4 * sid[1]:
        raise ProtocolError("bytes that are no security identifier")
    return "-".join(map(str, ("S-1", int.from_bytes(sid[2:8], "big"), *struct.unpack(f"<{sid[1]}I", sid[8:]))))


def sid_from_text(text: str) -> bytes:
    """The reverse of ``sid_text``. Raises ProtocolError."""
    try:
        letter, revision, authority, *parts = text.split("-")
        sid = struct.pack("<BB", int(revision), len(parts)) + int(authority).to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *map(int, parts))
    except (ValueError, OverflowError, struct.error):
        raise ProtocolError(f"{text} is no security identifier") from None
    if letter != "S":
        raise ProtocolError(f"{text} is no security identifier")
    sid_text(sid)
    return sid


def has_lock(descriptor: Descriptor, sid: bytes) -> bool:
    """Our entry is there, wherever it stands."""
    return descriptor.dacl is not None and lock_entry(sid) in descriptor.dacl.entries


def lock_entry(sid: bytes) -> bytes:
    """ACCESS_DENIED_ACE (MS-DTYP 2.4.4.4), of this object alone."""
    sid_text(sid)
    return struct.pack("<BBHI", DENIED, 0, 8 + len(sid), LOCK_MASK) + sid


def is_locked(descriptor: Descriptor, sid: bytes) -> bool:
    """Our entry is there, and nothing that allows stands before it: entries count in their order (MS-DTYP 2.5.3.2)."""
    entry = lock_entry(sid)
    for one in descriptor.dacl.entries if descriptor.dacl is not None else ():
        if one == entry:
            return True
        if one[0] not in (DENIED, OBJECT_DENIED):
            return False
    return False


def with_lock(descriptor: Descriptor, sid: bytes) -> Descriptor:
    """Our entry first, once. Raises ProtocolError where there is no list: everybody may do everything then, and the first entry would change that."""
    if descriptor.dacl is None:
        raise ProtocolError("the object has no access control list, so everybody may change it")
    kept = without_lock(descriptor, sid).dacl
    if kept is None:
        raise AssertionError("a list stays a list")
    return dataclasses.replace(descriptor, dacl=dataclasses.replace(kept, entries=(lock_entry(sid), *kept.entries)))


def without_lock(descriptor: Descriptor, sid: bytes) -> Descriptor:
    """Exactly our entry is taken out, wherever it stands."""
    if descriptor.dacl is None:
        return descriptor
    entry = lock_entry(sid)
    return dataclasses.replace(descriptor, dacl=dataclasses.replace(descriptor.dacl, entries=tuple(one for one in descriptor.dacl.entries if one != entry)))
