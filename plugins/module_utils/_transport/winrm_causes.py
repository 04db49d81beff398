# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the exceptions of the libraries below a WS-Management connection mean."""

from __future__ import annotations

import typing as t


class Kinds(t.NamedTuple):
    """Which exceptions of the libraries below mean what."""

    status: tuple[type[Exception], ...]
    refused: tuple[type[Exception], ...]
    silent: tuple[type[Exception], ...]
    tls: tuple[type[Exception], ...]
    lost: tuple[type[Exception], ...]


#: Without pywinrm and requests, which need not be installed then.
DIRECT = Kinds((), (PermissionError,), (TimeoutError,), (), (ConnectionError, EOFError))


def of_pywinrm(winrm: t.Any) -> Kinds:
    """``winrm``: pywinrm, with its exceptions imported."""
    import requests.exceptions as http

    exceptions = winrm.exceptions
    return Kinds(
        (exceptions.WinRMTransportError,),
        (exceptions.InvalidCredentialsError, PermissionError),
        (http.Timeout, TimeoutError),
        (http.SSLError,),
        (http.ConnectionError, http.ChunkedEncodingError, ConnectionError, EOFError),
    )


def root(error: BaseException) -> BaseException:
    """requests raises within an except clause, so the cause is often only the context."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or t.cast("BaseException", error.__context__)
    return error


def of_a_logon(error: BaseException) -> bool:
    """Whether an authentication library gave up: no ticket, a broken token, a refused delegation."""
    libraries = ("kerberos", "winrm.vendor.requests_kerberos", "requests_credssp", "requests_ntlm", "spnego")
    return any(type(part).__module__.startswith(libraries) for part in (error, root(error)))


def innermost(error: BaseException) -> str:
    """What went wrong at last, as the library below says it."""
    error = root(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
