# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""LDAP sealed with Kerberos: SASL's mechanism GSSAPI (RFC 4752) with its confidentiality layer, which domain controllers that insist on signing take."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account, credentials, require_gssapi

try:
    import gssapi
except ImportError:
    gssapi = None

#: RFC 4752 section 3.3: the layer that encrypts.
CONFIDENTIALITY = 4
#: Octets of one sealed buffer that we take; the largest that the field can say.
LARGEST = 0xFFFFFF


class Security(t.Protocol):
    """Proves who we are, and seals what is sent afterwards."""

    mechanism: str

    def step(self, token: bytes | None) -> bytes | None:
        """The next token for the server; None where there is none to send. Raises BadCredentials."""

    @property
    def complete(self) -> bool:
        """Whether both sides know each other."""

    def seal(self, data: bytes) -> bytes:
        """Encrypted, and protected from changes."""

    def agreed(self, offer: bytes) -> bytes:
        """The answer to the server's offer of layers. Raises ProtocolError where it offers no encryption."""

    def open(self, data: bytes) -> bytes:
        """The reverse of ``seal``. Raises ProtocolError for what the server did not seal so."""


class KerberosSeal:
    """One security context with the domain controller ``host``, whose principal is ldap/<host>."""

    mechanism = "GSSAPI"

    def __init__(self, account: Account, host: str) -> None:
        require_gssapi()
        self.account = account
        self.host = host
        self._context: t.Any = None

    def _made(self) -> t.Any:
        # An exact Kerberos name, so that no resolver is asked for it.
        target = gssapi.Name(f"ldap/{self.host}@{self.account.realm}", name_type=gssapi.NameType.kerberos_principal)
        wanted = gssapi.RequirementFlag
        flags = wanted.mutual_authentication | wanted.integrity | wanted.confidentiality | wanted.replay_detection | wanted.out_of_sequence_detection
        return gssapi.SecurityContext(name=target, creds=credentials(self.account), mech=gssapi.MechType.kerberos, flags=flags, usage="initiate")

    def step(self, token: bytes | None) -> bytes | None:
        try:
            if self._context is None:
                self._context = self._made()
            answer: bytes | None = self._context.step(token)
        except gssapi.exceptions.GSSError as error:
            said = " ".join(str(error).split()).replace(self.account.password or "\0", "…")
            raise BadCredentials(
                f"no Kerberos ticket of {self.account.principal} for ldap/{self.host}: {said}; check account, realm, krb5.conf and clocks", host=self.host
            ) from None
        return answer

    @property
    def complete(self) -> bool:
        return self._context is not None and bool(self._context.complete)

    def agreed(self, offer: bytes) -> bytes:
        layers = self._unwrapped(offer, encrypted=False)
        if len(layers) != 4 or not layers[0] & CONFIDENTIALITY:
            raise ProtocolError(f"the domain controller {self.host} offers no encryption of LDAP by Kerberos", host=self.host)
        return bytes(self._context.wrap(bytes((CONFIDENTIALITY,)) + LARGEST.to_bytes(3, "big"), False).message)

    def seal(self, data: bytes) -> bytes:
        wrapped = self._context.wrap(data, True)
        if not wrapped.encrypted:
            raise ProtocolError(f"LDAP to {self.host} could not be encrypted", host=self.host)
        return bytes(wrapped.message)

    def open(self, data: bytes) -> bytes:
        return self._unwrapped(data, encrypted=True)

    def _unwrapped(self, data: bytes, *, encrypted: bool) -> bytes:
        try:
            found = self._context.unwrap(data)
        except gssapi.exceptions.GSSError as error:
            raise ProtocolError(f"what {self.host} sent is not sealed as it must be: {' '.join(str(error).split())}", host=self.host) from None
        if encrypted and not found.encrypted:
            raise ProtocolError(f"{self.host} answered without encryption", host=self.host)
        return bytes(found.message)
