# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Between records as text (``_domain.dns_names`` has the shapes) and the bytes of queries, answers and updates, by dnspython."""

from __future__ import annotations

import dataclasses
import functools
import socket
import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import NUMBERS_BEFORE_NAME
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import OWN
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, MissingLibrary, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.dns_update import Record, TooLarge, update_message
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import name_to_wire

try:
    import dns.exception
    import dns.flags
    import dns.ipv6
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.rrset
    import dns.version
except ImportError:
    HAS_DNSPYTHON = False
else:
    HAS_DNSPYTHON = True

#: Type -> its number and the octets of an address.
ADDRESSES = {"A": (1, 4), "AAAA": (28, 16)}
#: Debian 12's own package; older ones were not tried.
MINIMUM_DNSPYTHON = (2, 3)


def require_dnspython() -> None:
    """Raises MissingLibrary in one sentence."""
    if not HAS_DNSPYTHON:
        raise MissingLibrary(
            "update_dns needs the Python package dnspython, 2.3 or later, on the controller: pip install 'dnspython>=2.3'", library="dnspython"
        )
    have = (int(dns.version.MAJOR), int(dns.version.MINOR))
    if have < MINIMUM_DNSPYTHON:
        shown = ".".join(str(part) for part in have)
        raise MissingLibrary(f"dnspython {shown} is too old, update_dns needs 2.3 or later: pip install --upgrade 'dnspython>=2.3'", library="dnspython")


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one server says of one name and type. ``status``: ok (``records`` None = no such set), not_authoritative, refused, or
    failed (SERVFAIL: it serves the zone and has no data of it, or is overrun).

    ``alias``: the name is a CNAME to this name. ``zone``: the owner of the SOA that a negative or SOA answer brings, and
    ``negative_ttl`` the seconds for which a cache may keep that there is nothing.
    """

    status: str
    records: RecordSet | None = None
    alias: str = ""
    zone: str = ""
    negative_ttl: int = 0


def query(item: Item, *, recursion: bool = False) -> bytes:
    """A query with id 0; put an id of your own in front."""
    return (b"\0\0\1\0" if recursion else b"\0\0\0\0") + b"\0\1\0\0\0\0\0\0" + _question(item)


@functools.lru_cache(maxsize=0x8000)
def _question(item: Item) -> bytes:
    """Asked several times of each server, and looked for in every answer."""
    return name_to_wire(item.name) + _type(item.type).to_bytes(2, "big") + b"\0\1"


def read_answer(wire: bytes, item: Item, *, authority: bool = True) -> Reading:
    """Raises ProtocolError for an answer that is no answer to that question, or was cut short. ``authority``: whether only the word
    of an authority counts."""
    plain = _plain_addresses(wire, item, authority)
    if plain is not None:
        return Reading("ok", plain)
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as error:
        raise ProtocolError(f"the name server's answer for {item} can't be read: {error}") from None
    if message.flags & dns.flags.TC:
        raise ProtocolError(f"the name server's answer for {item} was cut short, though it came by TCP")
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Reading("failed" if rcode == dns.rcode.SERVFAIL else "refused")
    if authority and not message.flags & dns.flags.AA:
        return Reading("not_authoritative")
    owner = dns.name.from_text(item.name)
    rdtype = _type(item.type)
    zone = next((_text(rrset.name) for rrset in [*message.answer, *message.authority] if rrset.rdtype == dns.rdatatype.SOA), "")
    for rrset in message.answer:
        if rrset.name == owner and rrset.rdtype == rdtype:
            return Reading("ok", RecordSet.of((value_of(rdata) for rdata in rrset), rrset.ttl), zone=zone)
    for rrset in message.answer:
        if rrset.name == owner and rrset.rdtype == dns.rdatatype.CNAME:
            return Reading("ok", alias=_text(t.cast(t.Any, rrset[0]).target))
    return Reading("ok", zone=zone, negative_ttl=next((rrset.ttl for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA), 0))


def _plain_addresses(wire: bytes, item: Item, authority: bool) -> RecordSet | None:
    """The addresses of an answer that holds just these: nearly all that is read back, without a parse of a tenth of a millisecond. None for
    any other answer. Each record is named by a pointer to the question, as all servers do."""
    if item.type not in ADDRESSES or len(wire) < 12:
        return None
    question = _question(item)
    flags, questions, count = struct.unpack_from("!HHH", wire, 2)
    place = 12 + len(question)
    good = flags & 0xFA0F == 0x8000 and (flags & 0x0400 or not authority) and questions == 1 and count > 0
    if not good or wire[12:place] != question:
        return None
    rdtype, size = ADDRESSES[item.type]
    head, values = b"", []
    for _record in range(count):
        if not head:
            head = wire[place : place + 12]
            if len(head) < 12 or head[:6] != b"\xc0\x0c" + struct.pack("!HH", rdtype, 1) or head[6] & 0x80 or head[10:] != struct.pack("!H", size):
                return None
        elif wire[place : place + 12] != head:  # the same TTL too
            return None
        data = wire[place + 12 : place + 12 + size]
        if len(data) < size:
            return None
        values.append(dns.ipv6.inet_ntoa(data) if size == 16 else ".".join(map(str, data)))
        place += 12 + size
    return RecordSet.of(values, int.from_bytes(head[6:10], "big"))


def negative_shape(wire: bytes) -> bytes:
    """What two answers without records have in common when they say the same of two names that only differ in their first label; b""
    where that can't be told from the bytes.

    A zone is asked for thousands of names that it holds no cut at. All that follows the first label is compared, with its length, and
    nothing may point into that label (RFC 1035, section 4.1.4): then both say the same.
    """
    if len(wire) < 13 or wire[6:8] != b"\0\0":
        return b""
    end = 13 + wire[12]
    rest = wire[end:]
    if wire[12] > 63 or any(bytes((0xC0, offset)) in rest for offset in range(12, min(end, 256))):
        return b""
    return wire[2:13] + rest


def targets(wire: bytes, rdtype: str) -> list[str]:
    """The values of one type (NS, SOA, A, AAAA) in an answer and what it brings along, as text; for SOA only the MNAME. Names without final dot."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return []
    kind = _type(rdtype)
    found = [rdata for rrset in message.answer if rrset.rdtype == kind for rdata in rrset]
    return [_text(t.cast(t.Any, rdata).mname) if kind == dns.rdatatype.SOA else rdata.to_text().lower().rstrip(".") for rdata in found]


def update_wire(message: Message) -> bytes:
    """The unsigned message, with id 0. Raises InvalidInput for a value that DNS can't hold."""
    sections = [[Record(line.name, _type(line.type), _value(line), line.ttl) for line in lines] for lines in (message.exists, message.deleted, message.added)]
    exists, deleted, added = sections
    missing = [Record(line.name, _type(line.type)) for line in message.missing]
    try:
        return update_message(message.zone, exists, missing, deleted, added)
    except TooLarge:
        raise InvalidInput(f"the changes of one name in zone {message.zone} are more than one DNS message holds") from None


def value_of(rdata: dns.rdata.Rdata) -> str:
    """One value as our text; of types that have none of our own as dnspython writes it, names in lower case (RFC 4034, section 6.2)."""
    kind = dns.rdatatype.to_text(rdata.rdtype)
    if kind not in OWN:
        wire = rdata.to_digestable(dns.name.root)
        rdata = dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire))
    text = rdata.to_text(origin=None, relativize=False)
    if kind in NUMBERS_BEFORE_NAME:
        *numbers, name = text.split(" ")
        return " ".join([*numbers, name.lower() if name == "." else name.lower().rstrip(".")])
    return text


def other_value(rdtype: str, text: str, where: str) -> str:
    """A value of a type that has no text of our own, as it compares. Raises InvalidInput with a sentence that begins with ``where``."""
    require_dnspython()
    try:
        return value_of(dns.rdata.from_text(dns.rdataclass.IN, _type(rdtype), text, origin=dns.name.root, relativize=False))
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidInput(f"{where}: {text!r} is no value of type {rdtype} as a zone file has it: {error}") from None


def _value(line: Line) -> bytes:
    """A value as bytes, no name in it compressed."""
    try:
        if line.type in ADDRESSES:
            return socket.inet_pton(socket.AF_INET if line.type == "A" else socket.AF_INET6, line.value or "")
        rdata = dns.rdata.from_text(dns.rdataclass.IN, _type(line.type), line.value or "", origin=dns.name.root, relativize=False)
        return bytes(rdata.to_wire() or b"")
    except (dns.exception.DNSException, ValueError, OSError) as error:
        raise InvalidInput(f"{line.name} {line.type}: {line.value!r} is no value of that type: {error}") from None


@functools.lru_cache(maxsize=256)
def _type(text: str) -> dns.rdatatype.RdataType:
    return dns.rdatatype.RdataType.make(text)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
