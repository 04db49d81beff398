# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The socket by which scripts in the engine reach the estate: one JSON line there, one back, with a token that belongs to one run.

``{"token": …, "verb": …, "arguments": {…}}`` is answered ``{"ok": true, "value": …}`` or ``{"ok": false, "error": {…}}``.
"""

from __future__ import annotations

import asyncio
import json
import secrets

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls

LINE_LIMIT = 8 * 1024 * 1024


class Callback:
    """Listens on 127.0.0.1 while the engine is in use."""

    def __init__(self, calls: LabCalls) -> None:
        self._calls = calls
        self._server: asyncio.Server | None = None
        self._tokens: dict[str, Host] = {}
        self.port = 0

    async def start(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_LIMIT)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def open(self, host: Host) -> str:
        """A token for one run on a host."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = host
        return token

    def close(self, token: str) -> None:
        self._tokens.pop(token, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> JSON:
        try:
            asked = json.loads(line)
            host = self._tokens[asked["token"]]
            verb, arguments = str(asked["verb"]), dict(asked.get("arguments") or {})
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "error": CallError("no such run", id="LabToken").describe()}
        try:
            return {"ok": True, "value": await self._calls.call(host, verb, arguments)}
        except CallError as error:
            return {"ok": False, "error": error.describe()}
        except (KeyError, TypeError, ValueError) as error:
            return {"ok": False, "error": CallError(f"the lab could not answer {verb}: {type(error).__name__} {error}", id="LabCall").describe()}
