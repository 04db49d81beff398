# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Names and values of DNS records as canonical text, so that equal things are equal strings.

A name is lower case, without final dot, international labels as ``xn--``. A value is:

    A, AAAA            the address in its shortest form
    CNAME, DNAME, PTR  a name
    MX                 ``preference name``
    SRV                ``priority weight port name``
    TXT                quoted strings as a zone file has them: ``"v=spf1 -all"``
    any other          as a zone file has it; ``_transport.dns_records`` knows how
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

try:
    import idna
except ImportError:
    HAS_IDNA = False
else:
    HAS_IDNA = True

#: type -> how many numbers stand before the name in its value.
NUMBERS_BEFORE_NAME: t.Mapping[str, int] = {"CNAME": 0, "DNAME": 0, "PTR": 0, "MX": 1, "SRV": 3}
#: RFC 2181 §8: a TTL is a number of 31 bits; 0 would keep clients from caching at all and is refused as a slip.
TTL_RANGE = (1, 2147483647)
#: Characters of a name as text (RFC 1035 §2.3.4: 255 bytes).
LONGEST_NAME = 253
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


#: Letters that IDNA 2003 turned into others and IDNA 2008 keeps (RFC 5894, section 7.2): sharp s, final sigma, the joiners.
_DEVIATIONS = frozenset("\u00df\u03c2\u200c\u200d")
#: One string of a TXT value: what stands between quotation marks, with ``\\"`` and ``\\123``.
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(\d{3}|.)|(.)", re.DOTALL)


def canonical_name(text: str, where: str, *, wildcards: bool = False) -> str:
    """The name as we compare it. ``where`` names the option in the sentence of InvalidInput."""
    name = text.strip()
    star, plain = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    if star and not wildcards:
        raise InvalidInput(f"{where}: {text!r} is a wildcard, one record for many names; it is only changed with 'allow_wildcards: true'")
    plain = plain[:-1] if plain.endswith(".") else plain
    labels = _international(plain, text, where) if not plain.isascii() else plain.lower().split(".")
    for label in labels:
        # Classless reverse zones (RFC 2317) have a slash in their labels.
        if not 0 < len(label) <= 63 or not _PLAIN.issuperset(label.replace("/", "")):
            raise InvalidInput(f"{where}: {text!r} is not a DNS name (letters, digits, hyphens and underscores between dots, 63 to a part)")
    joined = star + ".".join(labels)
    if len(joined) > LONGEST_NAME:
        raise InvalidInput(f"{where}: {text!r} is longer than the {LONGEST_NAME} characters of a DNS name")
    return joined


def _international(name: str, text: str, where: str) -> list[str]:
    """By IDNA 2008 with the mapping of UTS 46, as dnspython does it too, where the package idna is there; else by IDNA 2003, where both agree."""
    if HAS_IDNA:
        try:
            mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
            return [label if label.isascii() else idna.alabel(label).decode("ascii") for label in mapped.split(".")]
        except (idna.IDNAError, UnicodeError) as error:
            raise InvalidInput(f"{where}: {text!r} is not a DNS name by IDNA 2008: {error}") from None
    if _DEVIATIONS & set(name):
        raise InvalidInput(f"{where}: {text!r} has a letter that only IDNA 2008 keeps; install the Python package idna, or write the name as xn--")
    try:
        return [label.encode("idna").decode("ascii").lower() if label else "" for label in name.split(".")]
    except UnicodeError:
        return [""]


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
    return _with_dots(address) if isinstance(address, ipaddress.IPv6Address) else str(address)


def _with_dots(address: ipaddress.IPv6Address) -> str:
    """Addresses that hold an IPv4 address show it with dots, as dnspython writes them whatever Python's own way is (it changed with 3.13)."""
    high, low = divmod(int(address), 1 << 32)
    if high == 0xFFFF or (high == 0 and low >= 1 << 16):
        return f"::{'ffff:' if high else ''}{ipaddress.IPv4Address(low)}"
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
    """One value of one of ``dns_types.OWN``. Raises InvalidInput with a sentence that begins with ``where``."""
    if rdtype == "A":
        return canonical_address(text, where, 4)
    if rdtype == "AAAA":
        return canonical_address(text, where, 6)
    if rdtype == "TXT":
        return _canonical_text(text, where)
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
    if text.lstrip().startswith('"'):
        strings = [_unescaped(string) for string in _STRING.findall(text)]
        if _STRING.sub("", text).strip():
            raise InvalidInput(f"{where}: {text!r} begins with a quotation mark, and is not one or more strings in quotation marks")
        if any(len(string) > 255 for string in strings):
            raise InvalidInput(
                f"{where}: a string of {text[:30]!r}… is longer than the 255 octets that one can have; divide it, or leave the quotation marks away"
            )
    else:
        data = text.encode("utf-8")
        strings = [data[start : start + 255] for start in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(_escaped(byte) for byte in string) + '"' for string in strings)


def _unescaped(string: str) -> bytes:
    """A string of a zone file as octets; a number beyond 255 stays the digits that it is."""
    parts = []
    for escaped, plain in _ESCAPE.findall(string):
        number = int(escaped) if len(escaped) == 3 else -1
        parts.append(bytes([number]) if 0 <= number < 256 else (escaped or plain).encode("utf-8"))
    return b"".join(parts)


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
