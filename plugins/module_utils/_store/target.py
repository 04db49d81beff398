# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The store on the target host: below ProgramData, for SYSTEM and Administrators, behind one script."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.store import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script

DEFAULT_PATH = r"C:\ProgramData\continuity\identity_failover"


class TargetStore:
    """A store that lives on the session's host, in ``path`` (a folder; made with its access list when absent)."""

    def __init__(self, session: Session, path: str = "") -> None:
        self._session = session
        self._path = path or DEFAULT_PATH
        self.place = f"{self._path} on {session.name}"

    def transact(self, request: Request, timeout: float) -> Reply:
        return Reply.from_json(run_script(self._session, SCRIPT, {"path": self._path, "request": request.as_json()}, timeout))
