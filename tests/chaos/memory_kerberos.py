# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection and the lab use of the package gssapi, without a KDC: a token says who somebody is and is believed, a seal is a mark.

This module takes the place of the package. The messages are those of a real logon, one token each way, so each of them can be lost.
"""

from __future__ import annotations

import hashlib
import pathlib
import types
import typing as t
from collections.abc import Iterable, Mapping

CLEAR, SEALED = b"clear:", b"sealed:"


class GSSError(Exception):
    """What ``gssapi.exceptions.GSSError`` is."""


class Credentials:
    """``name``: the account, None for a server's own."""

    def __init__(self, name: str | None = None, base: Credentials | None = None, **_more: t.Any) -> None:
        self.name = base.name if base is not None else name


class Message(t.NamedTuple):
    message: bytes
    encrypted: bool


class SecurityContext:
    """Of the client, or with ``usage`` accept of the server."""

    def __init__(self, *, creds: Credentials, usage: str, name: str = "", mech: str = "", flags: int = 0) -> None:
        self._accepts = usage == "accept"
        self._target = name
        self.initiator_name = creds.name or ""
        self.complete = False

    def step(self, token: bytes | None = None) -> bytes | None:
        if self._accepts:
            self.initiator_name, _for, self._target = (token or b"").decode().partition(" for ")
            if not self._target:
                raise GSSError("no token of a client")
            self.complete = True
            return b"welcome"
        if token is None:
            return f"{self.initiator_name} for {self._target}".encode()
        if token != b"welcome":
            raise GSSError("no token of a server")
        self.complete = True
        return None

    def wrap(self, data: bytes, encrypt: bool) -> Message:
        return Message((SEALED if encrypt else CLEAR) + data, encrypt)

    def unwrap(self, data: bytes) -> Message:
        for mark in (CLEAR, SEALED):
            if data.startswith(mark):
                return Message(data[len(mark) :], mark == SEALED)
        raise GSSError("not wrapped")

    def get_signature(self, data: bytes) -> bytes:
        return hashlib.sha256(f"{self.initiator_name} for {self._target}: ".encode() + data).digest()

    def verify_signature(self, data: bytes, signature: bytes) -> None:
        if signature != self.get_signature(data):
            raise GSSError("another signature")


def Name(text: str, *, name_type: str) -> str:
    return text


exceptions = types.SimpleNamespace(GSSError=GSSError)
NameType = types.SimpleNamespace(kerberos_principal="principal")
MechType = types.SimpleNamespace(kerberos="kerberos")
OID = types.SimpleNamespace(from_int_seq=str)
RequirementFlag = types.SimpleNamespace(mutual_authentication=1, replay_detection=2, out_of_sequence_detection=4, confidentiality=8, integrity=16)
raw = types.SimpleNamespace(acquire_cred_with_password=lambda name, password, **_more: types.SimpleNamespace(creds=Credentials(name)))


class Realm:
    """Takes the place of ``tests/lab/ldap/realm.py``'s, which starts a KDC."""

    def __init__(self, name: str, address: str, folder: pathlib.Path) -> None:
        self.name = name
        self.config, self.keytab = folder / "krb5.conf", folder / "services.keytab"

    async def start(self, accounts: Mapping[str, str], services: Iterable[str]) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        """There is nothing to stop."""
