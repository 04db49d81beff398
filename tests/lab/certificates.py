# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority, the hosts' server certificates (made when a host is first reached) and a client certificate for certificate logon."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import UPN_OID

_DAY = datetime.timedelta(days=1)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Authority:
    """One self-signed authority; its key lives in memory only."""

    def __init__(self, common_name: str = "Lab certificate authority") -> None:
        self._key = _key()
        self._now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(_name(common_name))
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _DAY)
            .not_valid_after(self._now + 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def _issue(
        self, key: ec.EllipticCurvePrivateKey, subject: str, names: list[x509.GeneralName], usage: x509.ObjectIdentifier, *, expired: bool = False
    ) -> bytes:
        first, last = (self._now - 20 * _DAY, self._now - 10 * _DAY) if expired else (self._now - _DAY, self._now + 30 * _DAY)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(first)
            .not_valid_after(last)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, subject: str, addresses: list[str], *, expired: bool = False) -> bytes:
        """Key and certificate of a server as one PEM text."""
        key = _key()
        names: list[x509.GeneralName] = [x509.DNSName(subject)]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        return _pem(key) + self._issue(key, subject, names, ExtendedKeyUsageOID.SERVER_AUTH, expired=expired)

    def client(self, user: str) -> tuple[bytes, bytes]:
        """Certificate and key (PEM) that log on as a local account, mapped by the UPN user@localhost as Windows does."""
        key = _key()
        upn = f"{user}@localhost".encode()
        other = x509.OtherName(UPN_OID, bytes([0x0C, len(upn)]) + upn)
        return self._issue(key, user, [other], ExtendedKeyUsageOID.CLIENT_AUTH), _pem(key)


class ServerCertificates:
    """TLS contexts of the hosts, each made at its first connection: a thousand at the start would cost seconds."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self._authority = authority
        self._stranger: Authority | None = None
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}

    def context(self, host: str, address: str, problem: str = "") -> ssl.SSLContext:
        """The host's context; problem: "" for a good certificate, else "untrusted", "expired" or "name"."""
        found = self._contexts.get((host, problem))
        if found is None:
            found = self._contexts[(host, problem)] = self._make(host, address, problem)
        return found

    def _make(self, host: str, address: str, problem: str) -> ssl.SSLContext:
        authority = self._authority
        if problem == "untrusted":
            authority = self._stranger = self._stranger or Authority("Somebody else's authority")
        subject, addresses = ("another-host.invalid", []) if problem == "name" else (host, [address])
        path = self._folder / f"{host}{'-' + problem if problem else ''}.pem"
        write_private(path, authority.server(subject, addresses, expired=problem == "expired"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self._authority.pem.decode())
        return context
