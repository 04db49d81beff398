# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's control: JSON over HTTP on loopback, POST /<verb> with a token; and the client that the command line and the tests use."""

from __future__ import annotations

import asyncio
import hmac
import http.client
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.wsman.http import HttpError, read_request, response

LIMIT = 4 * 1024 * 1024
Perform = Callable[[str, Mapping[str, JSON]], Awaitable[JSON]]


class ControlServer:
    """perform(verb, arguments) answers JSON or raises LabError, which becomes status 400 with the sentence."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader, writer, LIMIT)
            if request is None:
                return
            given = request.headers.get("authorization", "")
            if request.method != "POST" or not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                status, answer = 401, {"error": "The control token is missing or wrong; it stands in lab.json."}
            else:
                status, answer = await self._answer(request.path.strip("/"), request.body)
            writer.write(response(status, json.dumps(answer, default=str).encode(), "application/json", close=True))
            await writer.drain()
        except (HttpError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, verb: str, body: bytes) -> tuple[int, JSON]:
        try:
            arguments = json.loads(body or b"{}")
        except ValueError:
            return 400, {"error": "The request's body is no JSON."}
        if not isinstance(arguments, dict):
            return 400, {"error": "The request's body must be a JSON object."}
        try:
            return 200, {"result": await self._perform(verb, arguments)}
        except LabError as error:
            return 400, {"error": str(error)}
        except Exception as error:  # the person at the command line must learn of any defect of the lab
            return 500, {"error": f"The lab failed at {verb}: {type(error).__name__}: {error}"}


def call(control: Mapping[str, JSON], verb: str, arguments: Mapping[str, JSON] | None = None, timeout: float = 60.0) -> JSON:
    """One control call. control: the part `control` of lab.json. LabError with one sentence when it is refused; ConnectionError when no lab answers."""
    connection = http.client.HTTPConnection(control["host"], int(control["port"]), timeout=timeout)
    try:
        connection.request("POST", f"/{verb}", json.dumps(dict(arguments or {})), {"Authorization": f"Bearer {control['token']}"})
        answer = json.loads(connection.getresponse().read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"The lab's control at {control['host']}:{control['port']} does not answer: {error}.") from None
    finally:
        connection.close()
    if "error" in answer:
        raise LabError(answer["error"])
    return answer.get("result")
