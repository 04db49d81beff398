# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the lab refuses what a script asks."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON


class CallError(Exception):
    """code: a Win32, JET or SQL error; id: the error's FullyQualifiedErrorId; kind: the name of the exception's class."""

    def __init__(self, message: str, *, code: int = 0, id: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.id = id
        self.kind = kind

    def describe(self) -> dict[str, JSON]:
        return {"message": self.message, "code": self.code, "id": self.id, "kind": self.kind}
