# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Who signs the updates: a shared key, or nobody. ``dns_gss`` is the third, with Kerberos."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import Tsig, TsigKey, sign, verifies

#: Sends one query over the connection that the update will take, and returns the answer.
Exchange = t.Callable[[bytes], bytes]


class Auth(t.Protocol):
    """Signs updates and judges the answers' signatures. ``server`` is the label of the name server that is talked to."""

    words: str
    """What signs, for messages: ``key 'x', hmac-sha256``."""

    signs: bool
    """Whether an answer must be signed to be believed."""

    shared: bool
    """Whether the same key is good for every name server, and nothing has to be agreed with one first."""

    final_failure: bool
    """Whether SERVFAIL may mean that the account has no right, as Active Directory and Samba 4.17 say it, and so is not asked again."""

    def now(self) -> int:
        """The controller's time, in seconds since 1970."""

    def prepare(self, server: str, exchange: Exchange) -> None:
        """What has to be agreed with the server before anything can be signed."""

    def renewed(self, server: str) -> bool:
        """The server does not know the key: can it be agreed anew? Once after each that worked."""

    def sign(self, server: str, wire: bytes) -> tuple[bytes, bytes]:
        """The signed message, and the MAC that the answer is checked against."""

    def accepts(self, server: str, bare: bytes, tsig: Tsig | None, request_mac: bytes) -> bool:
        """Is the answer signed as it must be?"""


class TsigAuth:
    """Signs updates with a shared key. ``key`` None: unsigned, which the user must have asked for."""

    shared = True
    final_failure = False

    def __init__(self, key: TsigKey | None, clock: Clock) -> None:
        self.key = key
        self.signs = key is not None
        self.words = f"key {key.name!r}, {key.algorithm}" if key is not None else "unsigned"
        self._clock = clock

    def now(self) -> int:
        return int(self._clock.now().timestamp())

    def prepare(self, server: str, exchange: Exchange) -> None:
        """A shared key is there already."""

    def renewed(self, server: str) -> bool:
        return False

    def sign(self, server: str, wire: bytes) -> tuple[bytes, bytes]:
        return sign(wire, self.key, self.now()) if self.key is not None else (wire, b"")

    def accepts(self, server: str, bare: bytes, tsig: Tsig | None, request_mac: bytes) -> bool:
        if self.key is None:
            return True
        return tsig is not None and verifies(bare, tsig, self.key, request_mac, self.now())
