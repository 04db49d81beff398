# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's side of TSIG (RFC 8945), on dnspython's own digest, so that our client is tested against foreign code."""

from __future__ import annotations

import dataclasses
import struct
import typing as t
from collections.abc import Iterable, Mapping

import dns.exception
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig
import dns.wire

from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Name

#: dnspython leaves these without types.
Tsig: t.Any = dns.rdtypes.ANY.TSIG.TSIG
digests: t.Any = dns.tsig


@dataclasses.dataclass(frozen=True)
class Key:
    """A TSIG key. ``may_write``: None = everything, else the names (BIND's ``update-policy`` with ``name``)."""

    name: str
    secret: str = dataclasses.field(repr=False)
    algorithm: str = "hmac-sha256"
    may_write: frozenset[Name] | None = None

    @classmethod
    def from_dict(cls, described: Mapping[str, t.Any]) -> Key:
        """{"name": …, "secret": base64, "algorithm": …, "may_write": [names] or absent}."""
        names = described.get("may_write")
        allowed = None if names is None else frozenset(dns.name.from_text(str(name)) for name in names)
        return cls(str(described["name"]), str(described["secret"]), str(described.get("algorithm", "hmac-sha256")), allowed)

    def may(self, name: Name) -> bool:
        return self.may_write is None or name in self.may_write


#: Our words for keys with a shorter signature, as BIND has them: name of the whole one on the wire, octets. RFC 8945 §6.
TRUNCATED = {"hmac-sha256-128": ("hmac-sha256", 16), "hmac-sha384-192": ("hmac-sha384", 24), "hmac-sha512-256": ("hmac-sha512", 32)}


def _digest_key(key: Key) -> t.Any:
    whole = TRUNCATED.get(key.algorithm, (key.algorithm, 0))[0]
    return dns.tsig.Key(key.name, key.secret, dns.tsig.HMAC_MD5 if whole == "hmac-md5" else whole)


class Signature(t.NamedTuple):
    """The TSIG record of a received message, the key it names, and what is wrong with it (0 = nothing)."""

    owner: Name
    rdata: t.Any
    key: Key | None
    error: int


class Keyring:
    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {dns.name.from_text(key.name): (key, _digest_key(key)) for key in keys}

    def add_session(self, name: Name, account: str, context: t.Any) -> None:
        """GSS-TSIG (RFC 3645): from now on ``account`` signs under this name, by a security context of gssapi."""
        self._keys[name] = (Key(account, "", "gss-tsig"), dns.tsig.Key(name, context, dns.tsig.GSS_TSIG))

    def split(self, wire: bytes, now: int) -> tuple[bytes, Signature | None]:
        """The message without its TSIG record, and that record judged. Raises FormError for a broken message."""
        start, owner, rdata = _find(wire)
        if rdata is None or owner is None:
            return wire, None
        bare = wire[:10] + struct.pack("!H", struct.unpack("!H", wire[10:12])[0] - 1) + wire[12:start]
        key, tsig_key = self._keys.get(owner, (None, None))
        if key is None or tsig_key is None or tsig_key.algorithm != rdata.algorithm:
            return bare, Signature(owner, rdata, None, dns.rcode.BADKEY)
        try:
            digests.validate(wire, tsig_key, owner, self._whole(bare, key, rdata, tsig_key), now, b"", start)
        except dns.tsig.BadTime:
            return bare, Signature(owner, rdata, key, dns.rcode.BADTIME)
        except (dns.tsig.BadSignature, dns.tsig.PeerError):
            return bare, Signature(owner, rdata, key, dns.rcode.BADSIG)
        return bare, Signature(owner, rdata, key, 0)

    def _whole(self, bare: bytes, key: Key, rdata: t.Any, tsig_key: t.Any) -> t.Any:
        """A truncated signature as if it were whole, where what there is of it is right; dnspython knows whole ones only."""
        if key.algorithm not in TRUNCATED or len(rdata.mac) < TRUNCATED[key.algorithm][1]:
            return rdata
        whole, _digest = digests.sign(bare, tsig_key, rdata.replace(mac=b""), rdata.time_signed, b"")
        return rdata.replace(mac=whole.mac) if whole.mac.startswith(rdata.mac) else rdata

    def sign(self, reply: bytes, signature: Signature, now: int) -> bytes:
        """The reply with its TSIG: signed, or with an empty MAC for BADKEY and BADSIG (RFC 8945 §5.3.2)."""
        other = struct.pack("!HI", now >> 32 & 0xFFFF, now & 0xFFFFFFFF) if signature.error == dns.rcode.BADTIME else b""
        when = signature.rdata.time_signed if signature.error == dns.rcode.BADTIME else now
        rdata = signature.rdata.replace(time_signed=when, mac=b"", error=dns.rcode.Rcode(signature.error), other=other)
        if signature.error in (0, dns.rcode.BADTIME):
            key, tsig_key = self._keys[signature.owner]
            rdata, _digest = digests.sign(reply, tsig_key, rdata, when, signature.rdata.mac)
            if key.algorithm in TRUNCATED:
                rdata = rdata.replace(mac=rdata.mac[: TRUNCATED[key.algorithm][1]])
        return attach(reply, signature.owner, rdata)

    def echo(self, reply: bytes, signature: Signature) -> bytes:
        """The fault that Windows and Samba show: the request's own TSIG comes back."""
        return attach(reply, signature.owner, signature.rdata)


def attach(reply: bytes, owner: Name, rdata: t.Any) -> bytes:
    body: bytes = rdata.to_wire()
    record = (owner.to_wire() or b"") + struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(body)) + body
    return reply[:10] + struct.pack("!H", struct.unpack("!H", reply[10:12])[0] + 1) + reply[12:] + record


def _find(wire: bytes) -> tuple[int, Name | None, t.Any]:
    """Where the last additional record starts, when it is a TSIG."""
    parser = dns.wire.Parser(wire)
    counts = parser.get_struct("!HHHHHH")[2:]
    for _question in range(counts[0]):
        dns.name.from_wire_parser(parser)
        parser.get_struct("!HH")
    for number in range(sum(counts[1:])):
        start = parser.current
        owner = dns.name.from_wire_parser(parser)
        rdtype, _rdclass, _ttl, length = parser.get_struct("!HHIH")
        if rdtype == dns.rdatatype.TSIG:
            if number != sum(counts[1:]) - 1 or not counts[3]:
                raise dns.exception.FormError
            with parser.restrict_to(length):
                return start, owner, Tsig.from_wire_parser(dns.rdataclass.ANY, dns.rdatatype.TSIG, parser)
        parser.seek(parser.current + length)
    return 0, None, None
