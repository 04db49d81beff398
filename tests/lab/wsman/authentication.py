# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logon over HTTP as Windows' WinRM does it: NTLM (raw or in SPNEGO, under Negotiate), Basic, client certificates. One Authenticator per TCP connection."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import spnego
from cryptography import x509
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.exceptions import SpnegoError

OFFER = (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "Kerberos"), ("WWW-Authenticate", "CredSSP"), ("WWW-Authenticate", 'Basic realm="WSMAN"'))
"""What Windows lists when no logon was tried; a bare NTLM offer is not among it."""

CERTIFICATE_SCHEME = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
UPN_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class Accounts:
    """The local accounts of one host, and their NT hashes in a file that pyspnego reads (it knows no other source)."""

    def __init__(self, computer_name: str, users: Callable[[], Mapping[str, str]], path: Path) -> None:
        """users(): name → password as it is now; path: where the user file is written."""
        self.computer_name = computer_name
        self._users = users
        self._path = path
        self._written: dict[str, str] | None = None

    def check(self, user: str, password: str) -> str | None:
        """The account's own name, None when the logon is wrong. Names are compared as Windows does: any letter case, with or without the computer's name."""
        bare = user.rpartition("\\")[2] if user.lower().startswith((self.computer_name.lower() + "\\", ".\\")) else user
        for name, secret in self._users().items():
            if name.lower() == bare.lower() and hmac.compare_digest(secret.encode(), password.encode()):
                return name
        return None

    def named(self, user: str) -> str | None:
        """The account's own name, None when there is none."""
        return next((name for name in self._users() if name.lower() == user.lower()), None)

    def file(self) -> str:
        """The path of the current NTLM user file: smbpasswd lines, because pyspnego derives a slow LM hash from a plain password."""
        users = dict(self._users())
        if self._written != users:
            self._written = users
            lines = []
            for name, password in users.items():
                nt_hash = ntowfv1(password).hex().upper()
                # Some clients answer with the domain that the challenge names, and pyspnego's challenge names this machine.
                domains = [""] if "\\" in name or "@" in name else ["", ".\\", self.computer_name + "\\", socket.gethostname().upper() + "\\"]
                lines += [f"{domain}{name}:1000:{'0' * 32}:{nt_hash}:[U]:LCT-0" for domain in domains]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        return str(self._path)


@dataclass
class Verdict:
    """user: who logged on, None = not (yet); headers: what the answer must carry; plain: Basic without TLS, which Windows answers with an empty 500."""

    user: str | None
    headers: tuple[tuple[str, str], ...] = ()
    plain: bool = False


class Authenticator:
    """The logon state of one TCP connection. After a completed NTLM logon every further request on the connection is accepted without a header."""

    def __init__(self, accounts: Accounts, *, tls: bool, peer_certificate: bytes | None) -> None:
        self._accounts = accounts
        self._tls = tls
        self._peer_certificate = peer_certificate
        self._pending: spnego.ContextProxy | None = None
        self.context: spnego.ContextProxy | None = None
        """The completed security context, for message encryption."""
        self.user: str | None = None

    def check(self, header: str | None) -> Verdict:
        """Decide on one request by its Authorization header."""
        if header is None:
            return Verdict(self.user) if self.user is not None else self._refuse()
        scheme, _space, value = header.partition(" ")
        scheme = scheme.lower()
        if scheme == "negotiate":
            return self._negotiate(value.strip())
        if scheme == "basic":
            return self._basic(value.strip())
        if header.strip() == CERTIFICATE_SCHEME:
            return self._certificate()
        # Kerberos and CredSSP are offered, as Windows does, but this endpoint holds no keys for them.
        return self._refuse()

    def _refuse(self) -> Verdict:
        self._pending = self.context = self.user = None
        return Verdict(None, OFFER)

    def _basic(self, value: str) -> Verdict:
        if not self._tls:
            return Verdict(None, plain=True)
        try:
            user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return self._refuse()
        name = self._accounts.check(user, password) if colon else None
        return Verdict(name) if name else self._refuse()

    def _certificate(self) -> Verdict:
        if not self._tls or self._peer_certificate is None:
            return self._refuse()
        certificate = x509.load_der_x509_certificate(self._peer_certificate)
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.OtherName)
        except x509.ExtensionNotFound:
            return self._refuse()
        # The value is a DER UTF8String: tag, length (one byte, the names are short), text.
        upn = next((other.value[2:].decode("utf-8") for other in names if other.type_id == UPN_OID), "")
        name = self._accounts.named(upn.partition("@")[0])
        return Verdict(name) if name else self._refuse()

    def _negotiate(self, value: str) -> Verdict:
        try:
            token = base64.b64decode(value, validate=True)
        except binascii.Error:
            return self._refuse()
        os.environ["NTLM_USER_FILE"] = self._accounts.file()
        os.environ["LM_COMPAT_LEVEL"] = "5"
        first = self._pending is None or token[:12] == b"NTLMSSP\0\x01\0\0\0"
        try:
            if first:
                self.context = self.user = None
                raw = token.startswith(b"NTLMSSP\0")
                self._pending = spnego.server(protocol="ntlm") if raw else spnego.server(options=spnego.NegotiateOptions.use_negotiate)
            pending = self._pending
            assert pending is not None
            answer = pending.step(token)
        except (SpnegoError, ValueError, IndexError, KeyError):
            return self._refuse()
        header = (("WWW-Authenticate", "Negotiate " + base64.b64encode(answer).decode()),) if answer else ()
        if not pending.complete:
            return Verdict(None, header) if answer else self._refuse()
        self._pending = None
        self.context = pending
        principal = (pending.client_principal or "").rpartition("\\")[2]
        self.user = self._accounts.named(principal) or self._accounts.named(pending.client_principal or "") or principal
        return Verdict(self.user, header)
