# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Asks a resolver as its clients do: with recursion, by UDP, and through aliases. For authorities there is ``dns_zone``."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, InvalidInput, MissingLibrary, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode
except ImportError:
    HAS_DNSPYTHON = False
else:
    HAS_DNSPYTHON = True


def lookup(address: str, port: int, name: str, record_type: str, timeout: float, clock: Clock) -> list[str]:
    """The values that the resolver gives, empty where it says that there are none. Names end without a dot.

    Raises TransportError where it is silent, DnsRefused where it answers with an error, MissingLibrary without dnspython.
    """
    if not HAS_DNSPYTHON:
        raise MissingLibrary("asking name servers needs the Python package dnspython, 2.3 or later, on the controller: pip install 'dnspython>=2.3'")
    endpoint = Endpoint(address, port, timeout=timeout)
    wire = _question(name, record_type)
    deadline = Deadline(clock, timeout)
    server = NameServer(endpoint, clock)
    try:
        answer = _parsed(endpoint, server.exchange_udp(wire, timeout))
        if answer.flags & dns.flags.TC:
            answer = _parsed(endpoint, server.exchange(wire, deadline.remaining()))
    finally:
        server.close()
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        code = dns.rcode.to_text(answer.rcode())
        raise DnsRefused(f"the name server {endpoint} answered {code} for {name}", host=endpoint.label, rcode=int(answer.rcode()))
    return _values(endpoint, answer)


def _question(name: str, record_type: str) -> bytes:
    try:
        query = dns.message.make_query(name, record_type, id=secrets.randbelow(0x10000))
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidInput(f"{name} {record_type} can not be asked of a name server: {error}") from None
    return query.to_wire()


def _parsed(endpoint: Endpoint, wire: bytes) -> dns.message.QueryMessage:
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as error:
        raise ProtocolError(f"the answer of the name server {endpoint} can't be read: {error}", host=endpoint.label) from None
    if not isinstance(message, dns.message.QueryMessage) or not message.question:
        raise ProtocolError(f"the name server {endpoint} answered no query", host=endpoint.label)
    return message


def _values(endpoint: Endpoint, answer: dns.message.QueryMessage) -> list[str]:
    try:
        rrset = answer.resolve_chaining().answer
    except dns.message.NotQueryResponse as error:
        raise ProtocolError(f"the answer of the name server {endpoint} can't be read: {error}", host=endpoint.label) from None
    except dns.exception.DNSException:  # an alias that leads nowhere, or round in circles
        return []
    return [] if rrset is None else [_text(rdata) for rdata in rrset]


def _text(rdata: t.Any) -> str:
    return str(rdata.to_text()).rstrip(".").lower()
