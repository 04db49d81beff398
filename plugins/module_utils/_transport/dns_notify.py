# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""DNS NOTIFY (RFC 1996): tells a secondary that its zone has changed, so that it asks its primary now and not at its next refresh.

A secondary takes it from its primary alone unless it is told otherwise (BIND: allow-notify, by address or key), so a refusal is
only worth a note. Active Directory replicates in its own way and has no use for it.
"""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import RCODE_WORDS, NameServer, new_id
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import name_to_wire, split_tsig

#: Opcode 4 with AA, as RFC 1996 §3.7 has it; one question, for the zone's SOA.
_HEADER = b"\x24\0" + b"\0\1\0\0\0\0\0\0"
_SOA_IN = b"\0\6\0\1"
#: Seconds for the answer.
TIMEOUT = 1.0


def notify(server: NameServer, zone: str, auth: Auth) -> str:
    """Sends one by UDP, signed where ``auth`` has a key that all servers share. Returns what the server said: ``accepted``, ``refused
    (REFUSED)`` with its code, or ``no answer``. It never raises: nothing depends on it."""
    wire = new_id() + _HEADER + name_to_wire(zone) + _SOA_IN
    if auth.signs and auth.shared:
        wire, _mac = auth.sign(server.endpoint.label, wire)
    try:
        answer = server.exchange_udp(wire, TIMEOUT)
        bare, tsig = split_tsig(answer)
    except (TransportError, ValueError):
        return "no answer"
    if len(bare) < 12:
        return "no answer"
    code = bare[3] & 0x0F
    if code or (tsig is not None and tsig.error):
        return f"refused ({RCODE_WORDS[code]})"
    return "accepted"
