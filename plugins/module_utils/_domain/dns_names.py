# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Names and values of DNS records as canonical text, so that equal things are equal strings.

A name is lower case, without final dot, international labels as ``xn--``. A value is:

    A, AAAA     the address in its shortest form
    CNAME, PTR  a name
    MX          ``preference name``
    SRV         ``priority weight port name``
    TXT         quoted strings as a zone file has them: ``"v=spf1 -all"``
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

TYPES = ("A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT")
#: type -> how many numbers stand before the name in its value.
NUMBERS_BEFORE_NAME: t.Mapping[str, int] = {"CNAME": 0, "PTR": 0, "MX": 1, "SRV": 3}
#: RFC 2181 §8: a TTL is a number of 31 bits; 0 would keep clients from caching at all and is refused as a slip.
TTL_RANGE = (1, 2147483647)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def canonical_name(text: str, where: str) -> str:
    """The name as we compare it. ``where`` names the option in the sentence of InvalidInput."""
    name = text.strip()
    if name.startswith("*"):
        raise InvalidInput(f"{where}: {text!r} is a wildcard, and one record for many names is never changed in a failover; name them one by one")
    name = name[:-1] if name.endswith(".") else name
    labels = [_canonical_label(label, text, where) for label in name.split(".")]
    joined = ".".join(labels)
    if len(joined) > 253:
        raise InvalidInput(f"{where}: {text!r} is longer than the 253 characters of a DNS name")
    return joined


def _canonical_label(label: str, text: str, where: str) -> str:
    if label and not label.isascii():
        try:
            label = label.encode("idna").decode("ascii")
        except UnicodeError:
            label = ""
    label = label.lower()
    # Classless reverse zones (RFC 2317) have a slash in their labels.
    if not 0 < len(label) <= 63 or not _PLAIN.issuperset(label.replace("/", "")):
        raise InvalidInput(f"{where}: {text!r} is not a DNS name (letters, digits, hyphens and underscores between dots, 63 to a part)")
    return label


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return True


def canonical_address(text: str, where: str, version: int | None = None) -> str:
    """An IPv4 or IPv6 address in its shortest form; ``version`` 4 or 6 asks for that one."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise InvalidInput(f"{where}: {text!r} is not an IP address") from None
    if version and address.version != version:
        needed = {4: "A takes an IPv4 address", 6: "AAAA takes an IPv6 address"}[version]
        raise InvalidInput(f"{where}: {text!r} is an IPv{address.version} address, and {needed}")
    if getattr(address, "scope_id", None):
        raise InvalidInput(f"{where}: {text!r} has a zone index, which means nothing outside its own host")
    return str(address)


def reverse_name(address: str) -> str:
    """Where the PTR record of an address stands."""
    return ipaddress.ip_address(address).reverse_pointer


def is_reverse(name: str) -> bool:
    return name.endswith((".in-addr.arpa", ".ip6.arpa")) or name in ("in-addr.arpa", "ip6.arpa")


def canonical_ttl(value: int | None, where: str) -> int | None:
    if value is not None and not TTL_RANGE[0] <= value <= TTL_RANGE[1]:
        raise InvalidInput(f"{where}: ttl {value} is not between {TTL_RANGE[0]} and {TTL_RANGE[1]} seconds")
    return value


def canonical_value(rdtype: str, text: str, where: str) -> str:
    """One value of one type. Raises InvalidInput with a sentence that begins with ``where``."""
    if rdtype == "A":
        return canonical_address(text, where, 4)
    if rdtype == "AAAA":
        return canonical_address(text, where, 6)
    if rdtype == "TXT":
        return _canonical_text(text, where)
    if rdtype not in NUMBERS_BEFORE_NAME:
        raise InvalidInput(f"{where}: {rdtype!r} is no type that update_dns writes, only {', '.join(TYPES)}")
    count = NUMBERS_BEFORE_NAME[rdtype]
    parts = text.split()
    if len(parts) != count + 1:
        shapes = {0: "a name", 1: "a preference and a name", 3: "priority, weight, port and a name"}
        raise InvalidInput(f"{where}: {text!r} is not {shapes[count]}, as {rdtype} takes it")
    for number in parts[:count]:
        if not number.isascii() or not number.isdigit() or int(number) > 65535:
            raise InvalidInput(f"{where}: {number!r} in {text!r} is not a number between 0 and 65535")
    if is_address(parts[-1]):
        raise InvalidInput(f"{where}: {parts[-1]!r} is an address, and {rdtype} takes a name")
    return " ".join([*(str(int(number)) for number in parts[:count]), canonical_name(parts[-1], where)])


def _canonical_text(text: str, where: str) -> str:
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise InvalidInput(f"{where}: {text!r} begins with a quotation mark and does not end with one")
        return text
    data = text.encode("utf-8")
    chunks = [data[start : start + 255] for start in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(_escaped(byte) for byte in chunk) + '"' for chunk in chunks)


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03d}"


def name_in_value(rdtype: str, value: str) -> str:
    """The part of a value that names a host: the address of A and AAAA, the name of the others, nothing of TXT."""
    return "" if rdtype == "TXT" else value.split()[-1]


def with_name(rdtype: str, value: str, name: str) -> str:
    """The value with another host in it; its numbers stay."""
    return " ".join([*value.split()[:-1], name]) if rdtype in NUMBERS_BEFORE_NAME else name
