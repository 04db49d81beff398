# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import TRANSPORTS, ConnectionSettings


def settings(**params: object) -> ConnectionSettings:
    return ConnectionSettings.from_params({"host": "192.0.2.5", **params})


@pytest.mark.parametrize(
    ("params", "url"),
    [
        ({}, "https://192.0.2.5:5986/wsman"),
        ({"port": 5985}, "http://192.0.2.5:5985/wsman"),
        ({"port": 443}, "https://192.0.2.5:443/wsman"),
        ({"scheme": "http"}, "http://192.0.2.5:5985/wsman"),
        ({"scheme": "https", "port": 5985}, "https://192.0.2.5:5985/wsman"),
        ({"host": "2001:db8::5"}, "https://[2001:db8::5]:5986/wsman"),
        ({"host": "[2001:db8::5]", "port": 5985}, "http://[2001:db8::5]:5985/wsman"),
    ],
)
def test_the_endpoint_follows_port_and_scheme(params: dict[str, object], url: str) -> None:
    assert settings(**params).endpoint == url


def test_settings_made_directly_have_the_same_endpoint() -> None:
    assert ConnectionSettings(name="a", host="192.0.2.5", port=5985).endpoint == "http://192.0.2.5:5985/wsman"
    assert ConnectionSettings(name="a", host="192.0.2.5").endpoint == settings().endpoint


@pytest.mark.parametrize(
    ("params", "methods"),
    [
        ({"user": "admin"}, ("ntlm", "basic")),
        ({"user": "admin@EXAMPLE.COM"}, ("kerberos", "ntlm", "basic")),
        ({"user": "admin@EXAMPLE.COM", "port": 5985}, ("kerberos", "ntlm")),
        ({"certificate_pem": "/a.pem"}, ("certificate",)),
        ({"transport": ["ssl", "plaintext", "ntlm"]}, ("basic", "ntlm")),
        ({"transport": ["credssp"], "certificate_pem": "/a.pem"}, ("credssp",)),
        ({"transport": []}, ("ntlm", "basic")),
    ],
)
def test_the_transport_is_what_was_given_or_fits_the_account(params: dict[str, object], methods: tuple[str, ...]) -> None:
    assert settings(**params).transport == methods


@given(st.lists(st.sampled_from(sorted(TRANSPORTS)), min_size=1))
def test_basic_is_never_added_to_a_given_transport(given_methods: list[str]) -> None:
    made = settings(transport=given_methods).transport
    assert set(made) == {TRANSPORTS[method] for method in given_methods}
    assert len(set(made)) == len(made)


def test_an_unknown_transport_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="'telnet' is no transport for exch1"):
        settings(name="exch1", transport=["ntlm", "telnet"])


@pytest.mark.parametrize("params", [{"host": None}, {"host": ""}, {"host": None, "name": "exch1"}])
def test_a_missing_address_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=f"the address of {params.get('name', 'the host')} is missing"):
        settings(**params)


def test_options_that_are_none_take_their_defaults() -> None:
    made = settings(**dict.fromkeys(["port", "scheme", "user", "password", "transport", "ca_file", "connect_timeout", "resolver", "message_encryption"]))
    assert (made.user, made.password, made.port, made.connect_timeout, made.message_encryption) == ("", "", None, 5.0, "auto")
    assert made.name == "192.0.2.5"


def test_every_option_arrives() -> None:
    params = {
        "name": "exch1",
        "host": "192.0.2.5",
        "port": 1,
        "scheme": "http",
        "user": "u",
        "password": "p",
        "transport": ("kerberos",),
        "validate_certs": False,
        "ca_file": "/ca",
        "certificate_pem": "/cert",
        "certificate_key_pem": "/key",
        "message_encryption": "never",
        "connect_timeout": 1.5,
        "operation_timeout": 2.5,
        "resolver": "192.0.2.53",
    }
    assert dataclasses.asdict(ConnectionSettings.from_params(params)) == {**params, "bulk": False}


def test_neither_password_nor_key_show_in_the_text() -> None:
    text = repr(settings(password="Secret-1", certificate_key_pem="/key.pem", certificate_pem="/cert.pem"))
    assert "Secret-1" not in text and "/key.pem" not in text and "/cert.pem" not in text


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().host = "other"  # type: ignore[misc]
