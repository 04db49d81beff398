# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logon and message encryption, played by pyspnego's own client."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import spnego
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.certificates import Authority
from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import CERTIFICATE_SCHEME, OFFER, Accounts, Authenticator
from ansible_collections.continuity.identity_failover.tests.lab.wsman.encryption import NotDecryptable, protocol_of, seal, unseal

USERS = {"Administrator": "Pa55 wörd:1", "EXAMPLE\\svc": "s3cret"}


def _login(folder: Path, *, tls: bool = True, certificate: bytes | None = None) -> Authenticator:
    return Authenticator(Accounts("EXCH1", lambda: USERS, folder / "users"), tls=tls, peer_certificate=certificate)


def _negotiate(token: bytes | None) -> str:
    return "Negotiate " + base64.b64encode(token or b"").decode()


def _handshake(login: Authenticator, user: str, password: str, protocol: str) -> spnego.ContextProxy | None:
    """The client's context after the logon, None when it was refused."""
    options = spnego.NegotiateOptions.use_negotiate if protocol == "negotiate" else spnego.NegotiateOptions.use_ntlm
    client = spnego.client(user, password, hostname="exch1", protocol=protocol, options=options)
    token = client.step()
    while True:
        verdict = login.check(_negotiate(token))
        if verdict.user is not None:
            for _name, value in verdict.headers:
                client.step(base64.b64decode(value.partition(" ")[2]))
            return client
        if verdict.headers == OFFER:
            return None
        [(name, value)] = verdict.headers
        assert name == "WWW-Authenticate" and value.startswith("Negotiate ")
        token = client.step(base64.b64decode(value.partition(" ")[2]))


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize("user", ["Administrator", "administrator", ".\\Administrator", "EXCH1\\Administrator", "EXAMPLE\\svc"])
def test_ntlm(tmp_path: Path, protocol: str, user: str) -> None:
    login = _login(tmp_path)
    password = USERS["EXAMPLE\\svc" if "svc" in user else "Administrator"]
    assert _handshake(login, user, password, protocol) is not None
    assert login.user in USERS
    assert login.check(None).user == login.user, "the connection stays logged on"
    assert _handshake(_login(tmp_path), user, "wrong", protocol) is None
    assert (tmp_path / "users").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "header", [None, "Kerberos abc", "CredSSP abc", "Negotiate !!!", "Negotiate YWJj", "NTLM TlRMTVNTUAAB", "Basic YWJj", "Basic !", CERTIFICATE_SCHEME]
)
def test_everything_else_gets_the_offer(tmp_path: Path, header: str | None) -> None:
    verdict = _login(tmp_path).check(header)
    assert verdict.user is None and verdict.headers == OFFER


def test_a_refused_logon_ends_the_earlier_one(tmp_path: Path) -> None:
    for wrong in ("Negotiate", "Basic"):
        login = _login(tmp_path)
        assert _handshake(login, "Administrator", USERS["Administrator"], "ntlm") is not None
        if wrong == "Basic":
            login.check(_basic("Administrator", "wrong"))
        else:
            assert _handshake(login, "Administrator", "wrong", "ntlm") is None
        assert login.check(None).user is None and login.context is None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_basic_only_over_tls(tmp_path: Path) -> None:
    good = _basic("Administrator", USERS["Administrator"])
    assert _login(tmp_path).check(good).user == "Administrator"
    assert _login(tmp_path).check(_basic("Administrator", "x")).headers == OFFER
    assert _login(tmp_path, tls=False).check(good).plain


def test_client_certificate(tmp_path: Path) -> None:
    authority = Authority()

    def der(user: str) -> bytes:
        return x509.load_pem_x509_certificate(authority.client(user)[0]).public_bytes(Encoding.DER)

    assert _login(tmp_path, certificate=der("administrator")).check(CERTIFICATE_SCHEME).user == "Administrator"
    assert _login(tmp_path, certificate=der("nobody")).check(CERTIFICATE_SCHEME).headers == OFFER
    assert _login(tmp_path, tls=False, certificate=der("Administrator")).check(CERTIFICATE_SCHEME).headers == OFFER


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_sealed_both_ways(tmp_path: Path, messages: list[bytes]) -> None:
    login = _login(tmp_path, tls=False)
    client = _handshake(login, "Administrator", USERS["Administrator"], "ntlm")
    assert client is not None and login.context is not None
    for message in messages:
        content_type, body = seal(client, "application/HTTP-SPNEGO-session-encrypted", message)
        assert protocol_of(content_type) == "application/HTTP-SPNEGO-session-encrypted"
        assert unseal(login.context, body) == message
        assert unseal(client, seal(login.context, "application/HTTP-Kerberos-session-encrypted", message)[1]) == message


def test_what_was_sealed_for_another_connection_is_refused(tmp_path: Path) -> None:
    old, new = _login(tmp_path), _login(tmp_path)
    client = _handshake(old, "Administrator", USERS["Administrator"], "ntlm")
    _handshake(new, "Administrator", USERS["Administrator"], "ntlm")
    assert client is not None
    body = seal(client, "application/HTTP-SPNEGO-session-encrypted", b"<x/>")[1]
    for context, data in ((new.context, body), (None, body), (old.context, b"nonsense"), (old.context, body.replace(b"Length=4", b"Length=5"))):
        with pytest.raises(NotDecryptable):
            unseal(context, data)


def test_plain_bodies_name_no_protocol() -> None:
    assert protocol_of("application/soap+xml;charset=UTF-8") is None
