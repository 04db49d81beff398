# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a remote shell answers: identifiers, chunks of output, the end."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup


@dataclasses.dataclass(frozen=True)
class Output:
    """One answer to Receive. ``rc`` is None while the program runs."""

    stdout: bytes
    stderr: bytes
    done: bool
    rc: int | None


def shell_id(body: ET.Element) -> str:
    """Windows names it in a selector and in ``rsp:Shell``; older versions only in the selector."""
    for selector in markup.every(body, "Selector"):
        if markup.attribute(selector, "Name") == "ShellId" and markup.text(selector):
            return markup.text(selector)
    named = next((markup.text(found) for found in markup.every(body, "ShellId")), "")
    if not named:
        raise ProtocolError("the answer names no ShellId")
    return named


def command_id(body: ET.Element) -> str:
    named = next((markup.text(found) for found in markup.every(body, "CommandId")), "")
    if not named:
        raise ProtocolError("the answer names no CommandId")
    return named


def output(body: ET.Element, command: str) -> Output:
    """Chunks of one command; a stream of another command is not ours."""
    streams: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    for stream in markup.every(body, "Stream"):
        name = markup.attribute(stream, "Name") or ""
        if name not in streams or not _same(markup.attribute(stream, "CommandId"), command):
            continue
        try:
            streams[name].append(base64.b64decode(markup.text(stream), validate=True))
        except binascii.Error as error:
            raise ProtocolError(f"a chunk of {name} is not base64") from error
    done, rc = False, None
    for state in markup.every(body, "CommandState"):
        if _same(markup.attribute(state, "CommandId"), command) and (markup.attribute(state, "State") or "").endswith("/CommandState/Done"):
            done, rc = True, _exit_code(markup.text(markup.find(state, "ExitCode")))
    return Output(b"".join(streams["stdout"]), b"".join(streams["stderr"]), done, rc)


def _same(given: str | None, command: str) -> bool:
    return given is None or given.lower() == command.lower()


def _exit_code(text: str) -> int:
    """Signed 32 bits, as %ERRORLEVEL% shows it. A program that was ended has none: -1."""
    if not text:
        return -1
    try:
        value = int(text)
    except ValueError as error:
        raise ProtocolError(f"the exit code is {text!r}") from error
    return value - (1 << 32) if value >= 1 << 31 else value
