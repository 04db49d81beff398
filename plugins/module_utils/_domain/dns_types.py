# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The types of records that are written: by name or, as RFC 3597 has it, as TYPE and a number. Numbers: IANA, DNS parameters."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: Types whose values have a text of our own (``dns_names``); those of all others are what dnspython makes of them.
OWN = ("A", "AAAA", "CNAME", "DNAME", "MX", "PTR", "SRV", "TXT")
#: What programs of clients ask for, and their caches hold.
FOR_CLIENTS = ("A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT")
#: A name has one value of these at most.
SINGLE = ("CNAME", "DNAME")

NUMBERS: t.Mapping[str, int] = {
    "A": 1, "CNAME": 5, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "CERT": 37,
    "DNAME": 39, "APL": 42, "SSHFP": 44, "IPSECKEY": 45, "DHCID": 49, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "OPENPGPKEY": 61, "SVCB": 64, "HTTPS": 65,
    "SPF": 99, "EUI48": 108, "EUI64": 109, "URI": 256, "CAA": 257,
}  # fmt: skip
_NAMES = {number: name for name, number in NUMBERS.items()}

_SIGNED: t.Mapping[str, int] = {
    "SIG": 24, "KEY": 25, "NXT": 30, "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "NSEC3PARAM": 51, "CDS": 59, "CDNSKEY": 60, "CSYNC": 62,
    "ZONEMD": 63,
}  # fmt: skip
_ASKED: t.Mapping[str, int] = {"OPT": 41, "TKEY": 249, "TSIG": 250, "IXFR": 251, "AXFR": 252, "MAILB": 253, "MAILA": 254, "ANY": 255, "*": 255}
_NO_RECORD = "it is a question or a part of a message, and no record of a zone"
_REFUSED: t.Mapping[str, tuple[int, str]] = {
    "NS": (2, "name servers answer with a referral below it, so that it could not be read back; delegations are made where the zone is administered"),
    "SOA": (6, "the name server keeps it itself"),
    **{name: (number, "it belongs to DNSSEC, and whoever signs the zone keeps it") for name, number in _SIGNED.items()},
    **{name: (number, _NO_RECORD) for name, number in _ASKED.items()},
}
_REASONS = dict(_REFUSED.values())
_NUMBERED = re.compile(r"TYPE(\d{1,5})")
#: RFC 6895, section 3.1: 0 and 65535 are reserved, 128 to 255 are for questions and messages.
_RESERVED, _META, _LAST = (0, 65535), range(128, 256), 65535


def canonical_type(text: str, where: str) -> str:
    """The type's name, or TYPE and its number where it has none here. Raises InvalidInput with a sentence that begins with ``where``."""
    name = text.strip().upper()
    numbered = _NUMBERED.fullmatch(name)
    number = int(numbered.group(1)) if numbered else NUMBERS.get(name, _REFUSED.get(name, (-1, ""))[0])
    if number in _REASONS or number in _META:
        raise InvalidInput(f"{where}: {name} records are not written: {_REASONS.get(number, _NO_RECORD)}")
    if number in _RESERVED or number > _LAST:
        raise InvalidInput(f"{where}: {name} is no type that a record can have")
    if number < 0:
        raise InvalidInput(f"{where}: {text!r} is no type that is known here; write it as TYPE and its number, as TYPE65280 (RFC 3597)")
    return _NAMES.get(number, f"TYPE{number}")
