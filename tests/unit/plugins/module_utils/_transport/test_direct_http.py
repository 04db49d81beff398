# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the direct way that a server of the lab does not show; test_winrm_session.py shows the rest."""

from __future__ import annotations

import dataclasses
import ssl
import typing as t

import pytest
import requests_ntlm.requests_ntlm
import spnego.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import direct_http
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.sealed import Sealed, enclosed
from ansible_collections.continuity.identity_failover.tests.lab.certificates import Authority


def settings(**changes: t.Any) -> ConnectionSettings:
    return dataclasses.replace(ConnectionSettings("ws001", "127.0.0.1", scheme="https", user="u", password="p"), **changes)


@pytest.mark.parametrize(
    ("method", "changes", "yes"),
    [
        ("ntlm", {}, True),
        ("ntlm", {"message_encryption": "never"}, True),
        ("ntlm", {"message_encryption": "always"}, False),
        ("ntlm", {"scheme": "http"}, True),
        ("ntlm", {"scheme": "http", "message_encryption": "always"}, True),
        ("ntlm", {"scheme": "http", "message_encryption": "never"}, False),
        ("kerberos", {}, False),
        ("basic", {}, False),
    ],
)
def test_only_ntlm_goes_this_way_sealed_or_in_tls(method: str, changes: dict[str, str], yes: bool) -> None:
    assert direct_http.usable(settings(**changes), method) is yes


def test_an_international_name_goes_as_idna() -> None:
    transport = direct_http.DirectTransport(settings(host="bücher.example"), "p")
    assert "\r\nHost: xn--bcher-kva.example:5986\r\n" in transport._fixed and transport._fixed.isascii()


def test_the_logon_is_bound_to_the_certificate_as_requests_ntlm_binds_it() -> None:
    pem = Authority().server("mail.example.com", [])
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :]).public_bytes(serialization.Encoding.DER)
    assert direct_http._fingerprint(certificate) == requests_ntlm.requests_ntlm._get_certificate_hash(certificate)


def test_certificates_are_checked_unless_somebody_says_otherwise() -> None:
    strict, lax = direct_http._trust(True, None), direct_http._trust(False, None)
    assert (strict.verify_mode, strict.check_hostname, strict.minimum_version) == (ssl.CERT_REQUIRED, True, ssl.TLSVersion.TLSv1_2)
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_NONE, False)


class Context:
    """A logon's keys: the signature is the length, the seal a reversal."""

    def unwrap_winrm(self, signature: bytes, data: bytes) -> bytes:
        if signature != bytes([len(data)]):
            raise spnego.exceptions.BadMICError(context_msg="no")
        return data[::-1]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Sealed(3, b"\x03", b"cba"), ""),
        (Sealed(3, b"\x04", b"cba"), "does not verify"),
        (Sealed(4, b"\x03", b"cba"), "not the length that it announces"),
    ],
)
def test_a_sealed_answer_is_believed_only_when_it_verifies(message: Sealed, problem: str) -> None:
    if not problem:
        assert direct_http._opened(Context(), enclosed(message)) == b"abc"
        return
    with pytest.raises(ProtocolError, match=problem):
        direct_http._opened(Context(), enclosed(message))
