# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trace: numbers, kinds, file, no secrets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.trace import FileTrace


def test_numbered_records_in_memory_and_file(tmp_path: Path) -> None:
    trace = FileTrace(tmp_path / "trace.jsonl")
    assert [trace.add("wsman", "exch1", action="Get"), trace.add("dns", "dns1"), trace.add("wsman", "exch2")] == [1, 2, 3]
    assert [record["host"] for record in trace.records(kind="wsman")] == ["exch1", "exch2"]
    assert [record["number"] for record in trace.records(since=1)] == [2, 3]
    trace.close()
    assert [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines()] == trace.records()


def test_what_sounds_like_a_secret_is_covered() -> None:
    trace = FileTrace(None)
    trace.add("wsman", "exch1", Password="p", ntlm_token="t", name="n")
    assert trace.records()[0]["Password"] == trace.records()[0]["ntlm_token"] == "***"
    assert trace.records()[0]["name"] == "n"


def test_a_record_that_is_to_come_is_awaited_and_one_that_does_not_come_is_told() -> None:
    trace = FileTrace(None)

    async def awaited() -> list[str]:
        waiting = asyncio.ensure_future(trace.next(1, "dns", 30.0))
        for kind, host in (("dns", "dns1"), ("wsman", "exch1"), ("dns", "dns2")):
            await asyncio.sleep(0)
            trace.add(kind, host)
        return [str(record["host"]) for record in await waiting]

    assert asyncio.run(awaited()) == ["dns2"]
    assert [record["host"] for record in asyncio.run(trace.next(0, "dns", 30.0))] == ["dns1", "dns2"], "those that are there already"
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(trace.next(3, None, 0.01))
