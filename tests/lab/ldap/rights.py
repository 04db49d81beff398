# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security descriptors as the lab's directory keeps and applies them (MS-DTYP 2.4.6 and 2.5.3.2), apart from the code that is tested against it."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Collection, Iterable

WRITE_PROPERTY, READ_CONTROL, WRITE_DACL, WRITE_OWNER, FULL = 0x00000020, 0x00020000, 0x00040000, 0x00080000, 0x000F01FF
#: Bits of the SD flags control (MS-ADTS 3.1.1.3.4.1.11), and of sDRightsEffective.
OWNER, GROUP, DACL, SACL = 1, 2, 4, 8
ALLOW, DENY, ALLOW_OBJECT = 0, 1, 5
INHERITED, INHERIT_ONLY = 0x10, 0x08
SELF_RELATIVE, DACL_PRESENT, AUTO_INHERITED = 0x8000, 0x0004, 0x0400
SYSTEM, AUTHENTICATED_USERS, EVERYONE = "S-1-5-18", "S-1-5-11", "S-1-1-0"
ENTERPRISE_DOMAIN_CONTROLLERS = "S-1-5-9"


class Malformed(Exception):
    """Bytes that are no security descriptor."""


@dataclasses.dataclass(frozen=True)
class Entry:
    kind: int
    flags: int
    mask: int
    sid: bytes
    whole: bytes


@dataclasses.dataclass(frozen=True)
class Guard:
    """``dacl``: the whole list, as it was written."""

    owner: bytes
    group: bytes
    dacl: bytes
    control: int = SELF_RELATIVE | DACL_PRESENT | AUTO_INHERITED

    def to_bytes(self, parts: int = OWNER | GROUP | DACL) -> bytes:
        """Self-relative, with the parts that were asked for."""
        body, offsets = b"", []
        for part, data in ((OWNER, self.owner), (GROUP, self.group), (SACL, b""), (DACL, self.dacl)):
            given = data if part & parts else b""
            offsets.append(20 + len(body) if given else 0)
            body += given
        control = self.control if parts & DACL else self.control & ~(DACL_PRESENT | AUTO_INHERITED)
        return struct.pack("<BBHIIII", 1, 0, control, *offsets) + body

    def entries(self) -> list[Entry]:
        """Raises Malformed."""
        try:
            _revision, _zero, size, count, _two = struct.unpack_from("<BBHHH", self.dacl)
            found, place = [], 8
            for _number in range(count):
                kind, flags, length, mask = struct.unpack_from("<BBHI", self.dacl, place)
                found.append(Entry(kind, flags, mask, self.dacl[place + 8 : place + length], self.dacl[place : place + length]))
                place += length
        except struct.error:
            raise Malformed("an access control list that is cut short") from None
        if place != size or size != len(self.dacl):
            raise Malformed("an access control list whose entries do not fill it")
        return found

    def grants(self, token: Collection[bytes], wanted: int) -> bool:
        """Whether whoever has these SIDs may do all of ``wanted``: entries count in their order, until everything is allowed or something denied."""
        left = wanted & ~(READ_CONTROL | WRITE_DACL) if self.owner in token else wanted
        for one in self.entries():
            if left == 0:
                return True
            if one.flags & INHERIT_ONLY or one.sid not in token:
                continue
            if one.kind == DENY and one.mask & left:
                return False
            if one.kind == ALLOW:
                left &= ~one.mask
        return left == 0


def parse(data: bytes) -> Guard:
    """Raises Malformed."""
    try:
        revision, _zero, control, owner, group, _sacl, dacl = struct.unpack_from("<BBHIIII", data)
        if revision != 1 or not control & SELF_RELATIVE:
            raise Malformed("no self-relative security descriptor")
        (size,) = struct.unpack_from("<H", data, dacl + 2) if dacl else (0,)
    except struct.error:
        raise Malformed("a security descriptor that is cut short") from None
    found = Guard(_sid_at(data, owner), _sid_at(data, group), data[dacl : dacl + size] if dacl else b"", control)
    if dacl:
        found.entries()
    return found


def _sid_at(data: bytes, place: int) -> bytes:
    return data[place : place + 8 + 4 * data[place + 1]] if place and place + 1 < len(data) else b""


def sid(text: str) -> bytes:
    """S-1-5-… as octets (MS-DTYP 2.4.2.2)."""
    _letter, revision, authority, *parts = text.split("-")
    return struct.pack("<BB", int(revision), len(parts)) + int(authority).to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *map(int, parts))


def entry(kind: int, mask: int, who: bytes, flags: int = 0) -> bytes:
    return struct.pack("<BBHI", kind, flags, 8 + len(who), mask) + who


def node_guard(owner: bytes, administrators: bytes) -> Guard:
    """As a node that ``owner`` registered begins: its own entry, then inherited ones of the zone, an object entry among them."""
    # Of an object entry (MS-DTYP 2.4.4.3): no flags, so neither type nor inherited type stands behind the mask.
    object_entry = struct.pack("<BBHII", ALLOW_OBJECT, INHERITED, 12 + len(sid(ENTERPRISE_DOMAIN_CONTROLLERS)), FULL, 0) + sid(ENTERPRISE_DOMAIN_CONTROLLERS)
    return Guard(
        owner,
        administrators,
        acl(
            [
                entry(ALLOW, FULL, owner),
                entry(ALLOW, FULL, administrators, INHERITED),
                entry(ALLOW, FULL, sid(SYSTEM), INHERITED),
                object_entry,
                entry(ALLOW, 0x00020094, sid(EVERYONE), INHERITED),
            ]
        ),
    )


def acl(entries: Iterable[bytes]) -> bytes:
    """Revision 4, because of the object entry."""
    listed = list(entries)
    body = b"".join(listed)
    return struct.pack("<BBHHH", 4, 0, 8 + len(body), len(listed), 0) + body
