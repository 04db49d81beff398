# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small set of zones, keys and servers that the tests share: example.com and a reverse zone on dns1, followed by dns2."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone

ADDRESS = "127.0.53.1"
SECOND = "127.0.53.2"
#: A key of the tests only.
SECRET = "bm90IGEgc2VjcmV0LCBvbmx5IGEgdGVzdA=="
SERVERS = {"dns1.example.com": ADDRESS, "dns2.example.com": SECOND}
FORWARD: dict[str, t.Any] = {
    "name": "example.com",
    "servers": SERVERS,
    "records": [
        {"name": "exch1", "type": "A", "values": ["127.1.0.1"]},
        {"name": "exch2", "type": "A", "values": ["127.1.0.2"]},
        {"name": "mail", "type": "A", "ttl": 600, "values": ["127.1.0.21"]},
        {"name": "autodiscover", "type": "CNAME", "values": ["exch1.example.com."]},
        {"name": "two", "type": "A", "values": ["127.1.0.21", "127.1.0.99"]},
        {"name": "six", "type": "AAAA", "values": ["2001:db8::21"]},
        {"name": "note", "type": "TXT", "values": ['"a note"']},
        {"name": "@", "type": "MX", "values": ["10 exch1.example.com.", "20 backup.example.com."]},
        {"name": "_sip._tcp", "type": "SRV", "values": ["0 5 5060 exch1.example.com."]},
    ],
}
REVERSE: dict[str, t.Any] = {
    "name": "1.127.in-addr.arpa",
    "servers": SERVERS,
    "records": [
        {"name": "21.0", "type": "PTR", "values": ["mail.example.com.", "other.example.com."]},
        {"name": "22.0", "type": "PTR", "values": ["exch2.example.com."]},
    ],
}
KEYS: list[dict[str, t.Any]] = [
    {"name": "failover-key", "secret": SECRET},
    {"name": "exch1-key", "secret": SECRET, "may_write": ["mail.example.com"]},
    *(
        {"name": f"key-{name}", "secret": SECRET, "algorithm": name}
        for name in ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256-128", "hmac-sha384", "hmac-sha384-192", "hmac-sha512", "hmac-sha512-256")
    ),
]


def primary(*zones: dict[str, t.Any], **options: t.Any) -> DnsServer:
    return server_of(KEYS, *zones, **options)


def server_of(keys: list[dict[str, t.Any]], *zones: dict[str, t.Any], **options: t.Any) -> DnsServer:
    """A primary with other keys."""
    described = zones or (FORWARD, REVERSE)
    return DnsServer(ADDRESS, 0, [Zone.from_dict(zone) for zone in described], [Key.from_dict(key) for key in keys], name="dns1", **options)


def secondary(follows: DnsServer, lag: float = 0.0, **options: t.Any) -> DnsServer:
    return DnsServer(SECOND, 0, keys=[Key.from_dict(key) for key in KEYS], name="dns2", follows=follows, lag=lag, **options)
