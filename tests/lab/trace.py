# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's trace: numbered records of every SOAP exchange, DNS message, process and side effect, kept in memory and appended to a file as JSON lines."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from pathlib import Path
from typing import TextIO

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON

KEPT = 50_000
"""Records kept in memory; the file has them all."""

_SECRET = ("password", "secret", "authorization", "token", "credential")


def _clean(data: dict[str, JSON]) -> dict[str, JSON]:
    """Values of keys that sound like a secret never reach the trace."""
    return {key: "***" if any(word in key.lower() for word in _SECRET) else value for key, value in data.items()}


def _came(awaited: asyncio.Future[None]) -> None:
    if not awaited.done():
        awaited.set_result(None)


class FileTrace:
    """Implements interfaces.Trace."""

    def __init__(self, path: Path | None) -> None:
        self._records: deque[dict[str, JSON]] = deque(maxlen=KEPT)
        self._number = 0
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path is not None else None
        self._flush_planned = False
        self._awaiting: list[asyncio.Future[None]] = []

    def add(self, kind: str, host: str, **data: JSON) -> int:
        """Append one record; returns its number, counted from 1."""
        self._number += 1
        record = {"number": self._number, "time": round(time.time(), 4), "kind": kind, "host": host, **_clean(data)}
        self._records.append(record)
        if self._file is not None:
            self._file.write(json.dumps(record, separators=(",", ":"), default=str) + "\n")
            self._plan_flush()
        awaiting, self._awaiting = self._awaiting, []
        for one in awaiting:
            one.get_loop().call_soon_threadsafe(_came, one)
        return self._number

    def _plan_flush(self) -> None:
        """One flush for all records of a moment: a write per record would double a request's cost."""
        if not self._flush_planned:
            try:
                asyncio.get_running_loop().call_later(0.05, self.flush)
            except RuntimeError:
                self.flush()
            else:
                self._flush_planned = True

    def flush(self) -> None:
        """Write everything to the file."""
        self._flush_planned = False
        if self._file is not None and not self._file.closed:
            self._file.flush()

    def records(self, since: int = 0, kind: str | None = None) -> list[dict[str, JSON]]:
        """Records after number `since`, of one kind or all."""
        return [record for record in self._records if record["number"] > since and kind in (None, record["kind"])]

    async def next(self, since: int, kind: str | None, seconds: float) -> list[dict[str, JSON]]:
        """The same, once there is one. TimeoutError where none comes."""
        end = asyncio.get_running_loop().time() + seconds
        while not (found := self.records(since, kind)):
            one = asyncio.get_running_loop().create_future()
            self._awaiting.append(one)
            await asyncio.wait_for(one, end - asyncio.get_running_loop().time())
        return found

    @property
    def number(self) -> int:
        """The last record's number."""
        return self._number

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
