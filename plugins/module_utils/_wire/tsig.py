# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""TSIG (RFC 8945) on bytes: sign a message, split the TSIG off a reply, say whether its MAC holds.

By hand, because dnspython decides too early: up to 2.8 it believes an unsigned success, from 2.9 on it hides the rcode
of an unsigned refusal, and before 2.7 it can't read a signed message without verifying it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import struct
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, ProtocolError


class Algorithm(t.NamedTuple):
    """``wire``: its name in messages. ``size``: octets of the MAC that are sent, and the fewest that are taken; None = all."""

    wire: str
    hash: str
    size: int | None = None


#: RFC 8945 §6. The truncated ones go by the name of the whole one and a shorter MAC, as BIND's ``algorithm hmac-sha256-128`` has it. MD5 is
#: obsolete, and still the only one that some old name servers know.
ALGORITHMS: t.Mapping[str, Algorithm] = {
    "hmac-md5": Algorithm("hmac-md5.sig-alg.reg.int", "md5"),
    "hmac-sha1": Algorithm("hmac-sha1", "sha1"),
    "hmac-sha224": Algorithm("hmac-sha224", "sha224"),
    "hmac-sha256": Algorithm("hmac-sha256", "sha256"),
    "hmac-sha256-128": Algorithm("hmac-sha256", "sha256", 16),
    "hmac-sha384": Algorithm("hmac-sha384", "sha384"),
    "hmac-sha384-192": Algorithm("hmac-sha384", "sha384", 24),
    "hmac-sha512": Algorithm("hmac-sha512", "sha512"),
    "hmac-sha512-256": Algorithm("hmac-sha512", "sha512", 32),
}
#: Seconds that the clocks may differ (RFC 8945 §10 recommends 300).
FUDGE = 300
TYPE_TSIG = 250
CLASS_ANY = 255
BADTIME = 18


@dataclasses.dataclass(frozen=True)
class TsigKey:
    """A shared key. ``name`` and ``algorithm`` in lower case without final dot; the secret stays out of every repr."""

    name: str
    algorithm: str
    secret: bytes = dataclasses.field(repr=False)

    @classmethod
    def from_text(cls, name: str, secret: str, algorithm: str) -> TsigKey:
        """``secret`` in base64, as name servers' configurations have it. Raises InvalidInput without telling the secret."""
        if algorithm not in ALGORITHMS:
            raise InvalidInput(f"key {name!r}: {algorithm!r} is no algorithm for it, only {', '.join(ALGORITHMS)}")
        clean = name.rstrip(".").lower()
        try:
            name_to_wire(clean)
        except (UnicodeEncodeError, ValueError):
            raise InvalidInput(f"key: {name!r} is no name of a key") from None
        try:
            decoded = base64.b64decode("".join(secret.split()), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if not decoded:
            raise InvalidInput(f"key {name!r}: its secret is not base64; copy it from the name server's configuration as it stands there")
        try:
            hashlib.new(ALGORITHMS[algorithm].hash)
        except ValueError:
            raise InvalidInput(f"key {name!r}: the controller's cryptography does not offer {algorithm}; give the name server a key of another one") from None
        return cls(clean, algorithm, decoded)


@dataclasses.dataclass(frozen=True)
class Tsig:
    """The TSIG record of a message. ``time`` in seconds since 1970; ``other`` holds the server's time when ``error`` is 18."""

    key_name: str
    algorithm: str
    time: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes

    def server_time(self) -> int | None:
        """The server's clock as it says with BADTIME (RFC 8945 §5.2.3)."""
        return int.from_bytes(self.other, "big") if self.error == BADTIME and len(self.other) == 6 else None


def name_to_wire(name: str) -> bytes:
    """An ASCII name without escapes, uncompressed. Raises ValueError where it is none."""
    wire = bytearray()
    for label in name.encode("ascii").split(b".") if name else []:
        if not 0 < len(label) < 64:
            raise ValueError(f"not a DNS name: {name!r}")
        wire.append(len(label))
        wire += label
    if len(wire) > 254:
        raise ValueError(f"not a DNS name: {name!r}")
    return bytes(wire + b"\0")


def _variables(key_name: str, algorithm: str, time: int, fudge: int, error: int, other: bytes) -> bytes:
    """What the MAC covers beside the message (RFC 8945 §4.3.3)."""
    stamp = struct.pack("!HIH", time >> 32, time & 0xFFFFFFFF, fudge)
    return name_to_wire(key_name) + struct.pack("!HI", CLASS_ANY, 0) + name_to_wire(algorithm) + stamp + struct.pack("!HH", error, len(other)) + other


def _hmac(key: TsigKey, data: bytes) -> bytes:
    return hmac.new(key.secret, data, ALGORITHMS[key.algorithm].hash).digest()


def sign(wire: bytes, key: TsigKey, now: int) -> tuple[bytes, bytes]:
    """The message with its TSIG record, and the MAC that the reply is checked against."""
    algorithm = ALGORITHMS[key.algorithm]
    return sign_with(wire, key.name, algorithm.wire, now, lambda data: _hmac(key, data)[: algorithm.size])


def sign_with(wire: bytes, key_name: str, algorithm: str, now: int, mac_of: t.Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
    """The same for a key that is no shared secret: ``mac_of`` makes the MAC, for GSS-TSIG the message's GSS token."""
    mac = mac_of(wire + _variables(key_name, algorithm, now, FUDGE, 0, b""))
    rdata = name_to_wire(algorithm) + struct.pack("!HIHH", now >> 32, now & 0xFFFFFFFF, FUDGE, len(mac)) + mac + wire[:2] + struct.pack("!HH", 0, 0)
    record = name_to_wire(key_name) + struct.pack("!HHIH", TYPE_TSIG, CLASS_ANY, 0, len(rdata)) + rdata
    (additional,) = struct.unpack("!H", wire[10:12])
    return wire[:10] + struct.pack("!H", additional + 1) + wire[12:] + record, mac


def signed_part(bare: bytes, tsig: Tsig, request_mac: bytes) -> bytes:
    """What the MAC of a reply covers (RFC 8945 §5.3): the request's MAC with its length, the reply, the TSIG's own fields."""
    before = struct.pack("!H", len(request_mac)) + request_mac if request_mac else b""
    variables = _variables(tsig.key_name, tsig.algorithm, tsig.time, tsig.fudge, tsig.error, tsig.other)
    return before + struct.pack("!H", tsig.original_id) + bare[2:] + variables


def split_tsig(wire: bytes) -> tuple[bytes, Tsig | None]:
    """The message without its TSIG record, and that record. Raises ProtocolError for bytes that are no DNS message."""
    try:
        return _split(wire)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise ProtocolError("the name server sent bytes that are no DNS message") from None


def _split(wire: bytes) -> tuple[bytes, Tsig | None]:
    questions, answers, authorities, additionals = struct.unpack("!HHHH", wire[4:12])
    place = 12
    for _question in range(questions):
        place = skip_name(wire, place) + 4
    for _record in range(answers + authorities + additionals - 1 if additionals else 0):
        place = skip_name(wire, place) + 10
        place += struct.unpack("!H", wire[place - 2 : place])[0]
    if not additionals:
        return wire, None
    body = skip_name(wire, place) + 10
    rdtype, _rdclass, _ttl, length = struct.unpack("!HHIH", wire[body - 10 : body])
    if rdtype != TYPE_TSIG:
        return wire, None
    if body + length > len(wire):
        raise IndexError
    bare = wire[:10] + struct.pack("!H", additionals - 1) + wire[12:place]
    return bare, _read(wire, place, body)


def _read(wire: bytes, place: int, body: int) -> Tsig:
    after = skip_name(wire, body)
    high, low, fudge, mac_size = struct.unpack("!HIHH", wire[after : after + 10])
    tail = after + 10 + mac_size
    original_id, error, other_length = struct.unpack("!HHH", wire[tail : tail + 6])
    return Tsig(
        key_name=_read_name(wire, place),
        algorithm=_read_name(wire, body),
        time=high << 32 | low,
        fudge=fudge,
        mac=wire[after + 10 : tail],
        original_id=original_id,
        error=error,
        other=wire[tail + 6 : tail + 6 + other_length],
    )


def skip_name(wire: bytes, place: int) -> int:
    """The place behind the name that starts at ``place``."""
    while wire[place]:
        if wire[place] >= 0xC0:
            return place + 2
        place += wire[place] + 1
    return place + 1


def _read_name(wire: bytes, place: int) -> str:
    labels: list[str] = []
    limit = place + 1  # a pointer must lead backwards, so a loop can't happen
    while wire[place]:
        if wire[place] >= 0xC0:
            target = (wire[place] & 0x3F) << 8 | wire[place + 1]
            if target >= limit:
                raise IndexError
            place = limit = target
            continue
        labels.append(wire[place + 1 : place + 1 + wire[place]].decode("ascii").lower())
        place += wire[place] + 1
    return ".".join(labels)


def verifies(bare: bytes, tsig: Tsig, key: TsigKey, request_mac: bytes, now: int) -> bool:
    """Is this reply (without its TSIG) signed by the key, as the answer to that very request, and fresh?

    A reply with TSIG error BADKEY or BADSIG carries no MAC, so it never verifies. Windows and Samba put the request's own
    MAC on refusals (kubernetes-sigs/external-dns #6573): that does not verify either, as it must not.
    """
    algorithm = ALGORITHMS[key.algorithm]
    if tsig.key_name != key.name or tsig.algorithm != algorithm.wire or not tsig.mac:
        return False
    expected = _hmac(key, signed_part(bare, tsig, request_mac))
    if len(tsig.mac) < (algorithm.size or len(expected)):
        return False  # a server may sign with more than we ask for, never with less (RFC 8945 §5.2.2.1)
    return hmac.compare_digest(expected[: len(tsig.mac)], tsig.mac) and fresh(tsig, now)


def fresh(tsig: Tsig, now: int) -> bool:
    """A reply of the present; with BADTIME the server's clock is the very thing that is off."""
    return tsig.error == BADTIME or abs(tsig.time - now) <= tsig.fudge
