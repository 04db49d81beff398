# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""GSS-TSIG (RFC 3645): updates signed with Kerberos, as Active Directory's zones want them.

One security context for each name server, made over the connection that the update takes, and used by one thread: two threads
on one context made bad signatures. Facts about servers were measured with BIND 9.18 and Samba 4.17; Windows was not seen.
"""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, InvalidInput, MissingLibrary, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Exchange
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tkey import ALGORITHM, negotiation, read_negotiation
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import Tsig, fresh, sign_with, signed_part, split_tsig

try:
    import gssapi
    import gssapi.raw
except ImportError:
    gssapi = None

#: Seconds that we ask a context to last for; a server shortens it to what the ticket allows.
LIFETIME = 3600
#: Tokens each way; every server known needs one.
ROUNDS = 5
SPNEGO, KERBEROS = "1.3.6.1.5.5.2", "1.2.840.113554.1.2.2"


@dataclasses.dataclass(frozen=True)
class Account:
    """Whose tickets sign: ``principal`` (user@REALM) with a keytab's path, a password, or a ticket cache (none of them: the caller's own)."""

    principal: str
    keytab: str = ""
    password: str = dataclasses.field(default="", repr=False)
    cache: str = ""

    @property
    def realm(self) -> str:
        return self.principal.partition("@")[2]


def require_gssapi() -> None:
    """Raises MissingLibrary in one sentence."""
    if gssapi is None:
        raise MissingLibrary(
            "update_dns with Kerberos needs the Python package gssapi on the controller: pip install gssapi (it is built against libkrb5-dev), "
            "or Debian's python3-gssapi where Ansible runs on Debian's Python",
            library="gssapi",
        )


def credentials(account: Account) -> t.Any:
    """gssapi's credentials of the account; one object for each context, because gssapi takes the handle over. Raises GSSError."""
    name = gssapi.Name(account.principal, name_type=gssapi.NameType.kerberos_principal)
    mechanisms = [_mechanism(KERBEROS), _mechanism(SPNEGO)]
    if account.password:
        found = gssapi.raw.acquire_cred_with_password(name, account.password.encode(), mechs=mechanisms, usage="initiate")
        return gssapi.Credentials(base=found.creds)
    store = {}
    if account.keytab:
        store = {"client_keytab": account.keytab, "ccache": f"MEMORY:{secrets.token_hex(8)}"}
    elif account.cache:
        store = {"ccache": account.cache}
    return gssapi.Credentials(name=name, usage="initiate", mechs=mechanisms, store=store or None)


class GssAuth:
    """``server_names``: name server's label -> its host name, exactly as its principal DNS/<host name> has it."""

    signs = True
    shared = False
    final_failure = True

    def __init__(self, account: Account, server_names: t.Callable[[str], str], clock: Clock) -> None:
        require_gssapi()
        if sum(map(bool, (account.keytab, account.password, account.cache))) > 1:
            raise InvalidInput("kerberos: keytab, password and cache are three ways to one ticket; give one of them")
        if not account.realm:
            raise InvalidInput(f"kerberos.principal: {account.principal!r} has no realm; write user@REALM")
        self.account = account
        self.words = f"Kerberos as {account.principal}"
        self._server_names = server_names
        self._clock = clock
        self._contexts: dict[str, tuple[str, t.Any]] = {}
        self._worked: set[str] = set()

    def now(self) -> int:
        return int(self._clock.now().timestamp())

    def prepare(self, server: str, exchange: Exchange) -> None:
        """Raises BadCredentials where no ticket or no context can be had, in one sentence."""
        if server in self._contexts:
            return
        # No suffix in common with any zone: dnspython and others compress the name, and Samba 4.17 then computes a wrong length.
        name = f"{secrets.token_hex(8)}.gss-key-{secrets.token_hex(4)}"
        host = self._server_names(server)
        try:
            context = self._context(host)
            self._negotiate(server, name, context, exchange)
        except gssapi.exceptions.GSSError as error:
            raise BadCredentials(self._why(error, host, server), host=server) from None
        self._contexts[server] = (name, context)

    def _context(self, host: str) -> t.Any:
        # An exact Kerberos name, so that no resolver is asked for it.
        target = gssapi.Name(f"DNS/{host}@{self.account.realm}", name_type=gssapi.NameType.kerberos_principal)
        flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.replay_detection
        return gssapi.SecurityContext(name=target, creds=credentials(self.account), mech=_mechanism(SPNEGO), flags=flags, usage="initiate")

    def _negotiate(self, server: str, name: str, context: t.Any, exchange: Exchange) -> None:
        token: bytes | None = context.step()
        for _round in range(ROUNDS):
            if token:
                bare, _tsig = split_tsig(exchange(negotiation(name, token, self.now(), LIFETIME)))
                answer = read_negotiation(bare)
                if answer.rcode or answer.error or not answer.found:
                    raise BadCredentials(
                        f"{server} takes no Kerberos from {self.account.principal} (rcode {answer.rcode}, TKEY error {answer.error}): "
                        "check that it has the key of its principal DNS/<host name>, and the clocks",
                        host=server,
                    )
                token = context.step(answer.token)
            if context.complete:
                return
        raise ProtocolError(f"{server} did not come to an end with Kerberos after {ROUNDS} rounds", host=server)

    def _why(self, error: t.Any, host: str, server: str) -> str:
        said = " ".join(str(error).split()).replace(self.account.password or "\0", "…")
        return f"no Kerberos ticket of {self.account.principal} for DNS/{host}, which {server} is asked as: {said}; check account, realm, krb5.conf and clocks"

    def renewed(self, server: str) -> bool:
        """A context ends with its ticket; one that never worked is not made again."""
        self._contexts.pop(server, None)
        worked = server in self._worked
        self._worked.discard(server)
        return worked

    def sign(self, server: str, wire: bytes) -> tuple[bytes, bytes]:
        name, context = self._contexts[server]
        return sign_with(wire, name, ALGORITHM, self.now(), context.get_signature)

    def accepts(self, server: str, bare: bytes, tsig: Tsig | None, request_mac: bytes) -> bool:
        name, context = self._contexts[server]
        if tsig is None or tsig.key_name != name or tsig.algorithm != ALGORITHM or not tsig.mac or not fresh(tsig, self.now()):
            return False
        part = signed_part(bare, tsig, request_mac)
        # Samba 4.17 leaves the two octets of the request MAC's length out of what it signs.
        holds = any(_verifies(context, data, tsig.mac) for data in (part, part[2:]))
        if holds:
            self._worked.add(server)
        return holds


def _verifies(context: t.Any, data: bytes, mac: bytes) -> bool:
    try:
        context.verify_signature(data, mac)
    except gssapi.exceptions.GSSError:
        return False
    return True


def _mechanism(dotted: str) -> t.Any:
    return gssapi.OID.from_int_seq(dotted)
