# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Runs a fixed PowerShell script with data on a host, and brings its one answer back."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, ProtocolError, ScriptFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session, ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import bootstrap

JSON = t.Any


#: How often a script that only reads is run again when its answer was lost.
REPEATS = 2


def run_script(session: Session, script: str, data: JSON, timeout: float, *, only_reads: bool = False) -> JSON:
    """What the script returned. ``script`` is a constant of ours with ``param($data)`` that returns one object.

    One script takes half a dozen messages, so that a lossy network loses one of them often: a script that ``only_reads``
    is run again, each time with the whole time-out.

    Raises ScriptFailed with ``id`` (FullyQualifiedErrorId), ``hresult``, ``category`` and ``line`` in its details, ProtocolError for two answers,
    and whatever the session raises. A message of the script is quoted, so a script must not put secrets into its errors.
    """
    result = _run(session, bootstrap.standard_input(script, data), timeout, REPEATS if only_reads else 0)
    try:
        answer = bootstrap.answer_of(result.stdout)
    except ProtocolError as error:
        raise ProtocolError(f"{session.name}: {error.message}", host=session.name) from error
    if answer is None:
        raise _silent(session, result)
    if not answer["ok"]:
        raise _failed(session, answer)
    return answer.get("value")


def _run(session: Session, stdin: bytes, timeout: float, repeats: int) -> ShellResult:
    for _attempt in range(repeats):
        try:
            return session.run(bootstrap.PROGRAM, bootstrap.arguments(BOOTSTRAP), stdin, timeout)
        except ConnectionLost:
            continue
    return session.run(bootstrap.PROGRAM, bootstrap.arguments(BOOTSTRAP), stdin, timeout)


def _failed(session: Session, answer: dict[str, t.Any]) -> ScriptFailed:
    error = answer.get("error") or {}
    text = str(error.get("message") or "no reason given").strip()
    return ScriptFailed(
        f"a script on {session.name} failed: {text}",
        host=session.name,
        id=str(error.get("id") or ""),
        hresult=int(error.get("hresult") or 0) & 0xFFFFFFFF,
        native=error.get("native"),
        category=str(error.get("category") or ""),
        line=error.get("line"),
        language_mode=answer.get("language_mode"),
    )


def _silent(session: Session, result: ShellResult) -> ScriptFailed:
    said = " ".join(result.stderr.split())[:500]
    return ScriptFailed(
        f"PowerShell on {session.name} ended with exit code {result.rc} before the script could answer{f': {said}' if said else ''}; "
        "check that powershell.exe may run there (application control, profile, antivirus)",
        host=session.name,
        id="NoAnswer",
        rc=result.rc,
    )
