# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What this collection keeps of one identity on a Windows host: its folder's files, and the event log's source."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.leftovers import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import registry
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.event_log import SOURCE
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script

#: Where eventcreate.exe registers a source (reference: Microsoft's documentation of event sources).
SOURCE_KEY = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{SOURCE}"


@dataclasses.dataclass(frozen=True)
class Leftovers:
    """``files`` were found, ``removed`` are gone, ``failed`` are ``{name, message}``. ``others``: the folder holds more than this identity's.
    ``folder``: absent, kept or removed. ``refused``: "" or journal_moved."""

    files: list[str]
    removed: list[str]
    failed: list[dict[str, str]]
    others: bool
    folder: str
    refused: str


def look(session: Session, path: str, identity: str, timeout: float) -> Leftovers:
    """Changes nothing."""
    return _run(session, {"action": "look", "path": path, "identity": identity, "last": ""}, timeout)


def remove(session: Session, path: str, identity: str, last: str, timeout: float) -> Leftovers:
    """Removes them, unless a journal is there whose last line has another hash than ``last``."""
    return _run(session, {"action": "remove", "path": path, "identity": identity, "last": last}, timeout)


def _run(session: Session, data: dict[str, t.Any], timeout: float) -> Leftovers:
    answer = run_script(session, SCRIPT, data, timeout, only_reads=data["action"] == "look")
    return Leftovers(**{field.name: answer[field.name] for field in dataclasses.fields(Leftovers)})


def event_source(session: Session, timeout: float) -> bool:
    """Whether our source is registered in the Application log, by eventcreate.exe, which marks its own with CustomSource."""
    return registry.read_dword(session, SOURCE_KEY, "CustomSource", timeout) == 1


def remove_event_source(session: Session, timeout: float) -> None:
    registry.remove_key(session, SOURCE_KEY, timeout)
