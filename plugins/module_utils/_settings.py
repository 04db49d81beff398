# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How one Windows host is reached. Built from a module's parameters; nothing below this file knows Ansible's names."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

HTTP_PORT = 5985
HTTPS_PORT = 5986

#: What ``transport`` may hold, and what it means here: ``plaintext`` and ``ssl`` are pywinrm's words for Basic.
TRANSPORTS = {
    "basic": "basic",
    "plaintext": "basic",
    "ssl": "basic",
    "certificate": "certificate",
    "ntlm": "ntlm",
    "kerberos": "kerberos",
    "credssp": "credssp",
}


@dataclasses.dataclass(frozen=True)
class ConnectionSettings:
    """One host's WinRM service and the account for it. Times are seconds; ``ca_file`` and the two PEM are paths.

    ``transport`` lists authentication methods (basic, certificate, ntlm, kerberos, credssp) in the order to try.
    ``resolver`` is the name server that this host itself uses, as far as the inventory says so. ``bulk``: one of a task's many clients,
    which are asked with less CPU (``_transport/direct_http.py``).
    """

    name: str
    host: str
    port: int | None = None
    scheme: str | None = None
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)
    transport: tuple[str, ...] = ("ntlm",)
    validate_certs: bool = True
    ca_file: str | None = None
    certificate_pem: str | None = dataclasses.field(default=None, repr=False)
    certificate_key_pem: str | None = dataclasses.field(default=None, repr=False)
    message_encryption: str = "auto"
    connect_timeout: float = 5.0
    operation_timeout: float = 20.0
    resolver: str | None = None
    bulk: bool = False

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> ConnectionSettings:
        """From the options of ``connection_spec()`` or one entry of ``hosts``. Raises InvalidInput."""
        host = str(params.get("host") or "")
        name = str(params.get("name") or host)
        if not host:
            raise InvalidInput(f"the address of {name or 'the host'} is missing: give 'host', or use a host of the inventory with winrm or psrp settings")
        port = params.get("port")
        scheme = _scheme(port, params.get("scheme"))
        user = str(params.get("user") or "")
        given = {key: params[key] for key in _PASSED_ON if params.get(key) is not None}
        return cls(
            name=name,
            host=host,
            port=None if port is None else int(port),
            scheme=scheme,
            user=user,
            transport=_transport(params, scheme, user, name),
            **given,
        )

    @property
    def endpoint(self) -> str:
        """The URL of the WS-Management service, such as ``https://[2001:db8::5]:5986/wsman``."""
        scheme = _scheme(self.port, self.scheme)
        port = self.port or (HTTP_PORT if scheme == "http" else HTTPS_PORT)
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        return f"{scheme}://{host}:{port}/wsman"


_PASSED_ON = (
    "password",
    "validate_certs",
    "ca_file",
    "certificate_pem",
    "certificate_key_pem",
    "message_encryption",
    "connect_timeout",
    "operation_timeout",
    "resolver",
)


def _scheme(port: t.Any, scheme: str | None) -> str:
    return scheme or ("http" if port is not None and int(port) == HTTP_PORT else "https")


def _transport(params: t.Mapping[str, t.Any], scheme: str, user: str, name: str) -> tuple[str, ...]:
    """The methods to try. Without any given: what fits the account, and Basic only where TLS hides the password."""
    given: t.Sequence[str] = params.get("transport") or ()
    if not given:
        if params.get("certificate_pem"):
            return ("certificate",)
        kerberos = ("kerberos",) if "@" in user else ()
        return (*kerberos, "ntlm", *(("basic",) if scheme == "https" else ()))
    unknown = [method for method in given if method not in TRANSPORTS]
    if unknown:
        raise InvalidInput(f"'{unknown[0]}' is no transport for {name}: use one or more of {', '.join(TRANSPORTS)}", host=name)
    return tuple(dict.fromkeys(TRANSPORTS[method] for method in given))
