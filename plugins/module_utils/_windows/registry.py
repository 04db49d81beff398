# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Values below HKEY_LOCAL_MACHINE by ``StdRegProv``. A value that is not there is None, never 0 or an empty list."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Instance, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values

NAMESPACE = "root/cimv2"
CLASS = "StdRegProv"
LOCAL_MACHINE = 0x80000002

#: ReturnValue: ERROR_INVALID_FUNCTION is what the provider gives for a value that is absent or of another type, ERROR_FILE_NOT_FOUND for a key.
ABSENT = (1, 2)
ACCESS_DENIED = 5


def read_dword(session: Session, key: str, name: str, timeout: float) -> int | None:
    answer = _read(session, "GetDWORDValue", key, name, timeout)
    return None if answer is None else values.number(answer, "uValue")


def read_strings(session: Session, key: str, name: str, timeout: float) -> list[str] | None:
    """A REG_MULTI_SZ value."""
    answer = _read(session, "GetMultiStringValue", key, name, timeout)
    return None if answer is None else values.strings(answer, "sValue")


def write_dword(session: Session, key: str, name: str, value: int, timeout: float) -> None:
    _change(session, "SetDWORDValue", key, name, timeout, uValue=value)


def write_strings(session: Session, key: str, name: str, value: t.Sequence[str], timeout: float) -> None:
    """A REG_MULTI_SZ value; without strings the value is removed, because an empty one cannot be sent."""
    if value:
        _change(session, "SetMultiStringValue", key, name, timeout, sValue=list(value))
    else:
        remove_value(session, key, name, timeout)


def remove_value(session: Session, key: str, name: str, timeout: float) -> None:
    _change(session, "DeleteValue", key, name, timeout, good=(0, *ABSENT))


def remove_key(session: Session, key: str, timeout: float) -> None:
    """A key without subkeys, with its values; one that is absent is fine."""
    code = values.number(session.invoke(NAMESPACE, CLASS, "DeleteKey", {"hDefKey": LOCAL_MACHINE, "sSubKeyName": key}, timeout, idempotent=True), "ReturnValue")
    if code not in (0, *ABSENT):
        _require(session, "remove", key, "", code)


def _read(session: Session, method: str, key: str, name: str, timeout: float) -> Instance | None:
    answer = session.invoke(NAMESPACE, CLASS, method, {"hDefKey": LOCAL_MACHINE, "sSubKeyName": key, "sValueName": name}, timeout, idempotent=True)
    code = values.number(answer, "ReturnValue")
    if code in ABSENT:
        return None
    _require(session, "read", key, name, code)
    return answer


def _change(session: Session, method: str, key: str, name: str, timeout: float, good: tuple[int, ...] = (0,), **value: t.Any) -> None:
    arguments = {"hDefKey": LOCAL_MACHINE, "sSubKeyName": key, "sValueName": name, **value}
    code = values.number(session.invoke(NAMESPACE, CLASS, method, arguments, timeout, idempotent=True), "ReturnValue")
    if code not in good:
        _require(session, "change", key, name, code)


def _require(session: Session, verb: str, key: str, name: str, code: int) -> None:
    if code == ACCESS_DENIED:
        raise AccessDenied(f"could not {verb} HKLM\\{key}\\{name} on {session.name}: access is denied", host=session.name, code=code)
    if code != 0:
        raise RemoteError(f"could not {verb} HKLM\\{key}\\{name} on {session.name}: Windows error {code}", host=session.name, code=code)
