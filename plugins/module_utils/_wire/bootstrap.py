# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How a fixed script and its data reach PowerShell, and how its one line comes back. Text and bytes only.

The program starts with a small fixed bootstrap in ``-EncodedCommand``; script and data follow as base64 JSON on standard input, so that
neither a command line nor a log ever holds data.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError

#: The bootstrap puts this before its JSON, so that the line is found among whatever a profile or a module prints.
MARK = "continuity:"

PROGRAM = "powershell.exe"


def arguments(bootstrap: str) -> list[str]:
    """powershell.exe's arguments; none needs quoting."""
    encoded = base64.b64encode(bootstrap.encode("utf-16-le")).decode("ascii")
    return ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand", encoded]


def standard_input(script: str, data: t.Any) -> bytes:
    """One line of base64: ``{"script": …, "data": …}``. ``data`` is anything that JSON can hold."""
    sent = json.dumps({"script": script, "data": data}, ensure_ascii=True, allow_nan=False)
    return base64.b64encode(sent.encode("ascii")) + b"\r\n"


def answer_of(stdout: bytes) -> dict[str, t.Any] | None:
    """The marked line's JSON; None when there is no such line. Raises ProtocolError for two of them, or for broken JSON.

    A BOM and other lines around it are ignored.
    """
    marked = [line for line in (raw.lstrip("\ufeff \t") for raw in stdout.decode("utf-8", "replace").splitlines()) if line.startswith(MARK)]
    if not marked:
        return None
    if len(marked) > 1:
        raise ProtocolError(f"the script answered {len(marked)} times")
    try:
        answer = json.loads(marked[0][len(MARK) :])
    except ValueError as error:
        raise ProtocolError(f"the script's answer is not JSON ({error})") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise ProtocolError("the script's answer has no 'ok'")
    return answer
