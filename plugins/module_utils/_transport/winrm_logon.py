# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How to log on to a host: which methods, with which packages, and the password in the form that each library wants."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils import _settings
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, MissingLibrary
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import kerberos

INSTALL = "install it for the Python that runs this: python -m pip install"


def methods(settings: _settings.ConnectionSettings) -> tuple[str, ...]:
    """The authentication methods to try. Raises InvalidInput for those that would send a password or a message in the clear."""
    plain = settings.endpoint.startswith("http:")
    where = f"{settings.name} ({settings.endpoint})"
    found: list[str] = []
    for method in settings.transport:
        if method == "negotiate":
            found += ["kerberos", "ntlm"] if kerberos.has_ticket() or (kerberos.can_get_ticket() and "@" in settings.user) else ["ntlm"]
        else:
            found.append({"plaintext": "basic", "ssl": "basic"}.get(method, method))
    if plain and settings.message_encryption == "never":
        raise InvalidInput(f"messages to {where} would not be encrypted: use https, or message_encryption 'auto'", host=settings.name)
    if plain:
        clear = [method for method in found if method in ("basic", "certificate")]
        found = [method for method in found if method not in clear]
        if clear and not found:
            raise InvalidInput(f"the transport {clear[0]} to {where} needs https: set scheme or port", host=settings.name)
    if not found:
        raise InvalidInput(f"no transport is given for {where}", host=settings.name)
    _check_files(settings, found)
    return tuple(dict.fromkeys(found))


def _check_files(settings: _settings.ConnectionSettings, found: t.Sequence[str]) -> None:
    if settings.ca_file and not os.path.exists(settings.ca_file):
        raise InvalidInput(f"the ca_file of {settings.name}, {settings.ca_file}, does not exist", host=settings.name)
    if "certificate" in found:
        for option in ("certificate_pem", "certificate_key_pem"):
            path = getattr(settings, option)
            if not path or not os.path.exists(path):
                raise InvalidInput(f"the transport certificate of {settings.name} needs a file as {option}", host=settings.name)
    if any(method in ("ntlm", "basic", "credssp") for method in found) and not settings.user:
        raise InvalidInput(f"the user for {settings.name} is missing", host=settings.name)


def require(method: str, module: t.Any) -> None:
    """Names the package that an authentication method needs, before pywinrm does it in its own words."""
    needed = {"ntlm": ("HAVE_NTLM", "requests-ntlm"), "kerberos": ("HAVE_KERBEROS", "pywinrm[kerberos]"), "credssp": ("HAVE_CREDSSP", "pywinrm[credssp]")}
    if method in needed and not getattr(module, needed[method][0]):
        raise MissingLibrary(f"the authentication method {method} needs a Python package that is missing; {INSTALL} '{needed[method][1]}'")


def latin(text: str) -> str | bytes:
    """requests writes Basic in Latin-1, as Ansible's own connection does; a text beyond it goes as UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
    return text


@functools.lru_cache(maxsize=4)
def without_lm_hash(password: str) -> str:
    """The password's NT hash in the form that requests-ntlm takes: with a plain one pyspnego computes an LM hash nobody uses, 1.8 ms a logon.

    Kept for a few passwords: it takes 0.3 ms, and thousands of clients share one.
    """
    try:
        from spnego._ntlm_raw.crypto import ntowfv1
    except ImportError:
        return password
    return f"{'0' * 32}:{ntowfv1(password).hex()}"
