# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The options that say who signs updates of DNS, and what they come to; for every module that sends one."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth, TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account, GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import ALGORITHMS, TsigKey

Options = t.Mapping[str, t.Any]

AUTH_OPTIONS: dict[str, dict[str, t.Any]] = {
    "key": {
        "type": "dict",
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "secret": {"type": "str", "required": True, "no_log": True},
            "algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": "hmac-sha256"},
        },
    },
    "kerberos": {
        "type": "dict",
        "options": {
            "principal": {"type": "str", "required": True},
            "keytab": {"type": "path", "no_log": False},
            "password": {"type": "str", "no_log": True},
            "cache": {"type": "path"},
            "server": {"type": "str"},
        },
    },
}


def build_auth(params: Options, servers: Servers, clock: Clock) -> Auth | None:
    """What signs updates to ``servers``; None where the options name nobody. Raises InvalidInput, and MissingLibrary for Kerberos."""
    key, kerberos = params.get("key"), params.get("kerberos")
    if key and kerberos:
        raise InvalidInput("key and kerberos are both given; the updates are signed by one of them")
    if key:
        return TsigAuth(TsigKey.from_text(str(key["name"]), str(key["secret"]), str(key.get("algorithm") or "hmac-sha256")), clock)
    if not kerberos:
        return None
    account = Account(str(kerberos["principal"]), kerberos.get("keytab") or "", kerberos.get("password") or "", kerberos.get("cache") or "")
    stated = str(kerberos.get("server") or "").rstrip(".").lower()
    return GssAuth(account, lambda label: stated or servers.host_name(label), clock)
