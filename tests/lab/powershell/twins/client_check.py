# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of client_check: resolves and connects as a user of this host. No host of the lab speaks TLS to users, so https always fails there."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import names_server
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls

NO_RECORDS, TIMED_OUT, REFUSED, CLOSED = 9501, 10060, 10061, 10054
LONGEST_LINE = 512


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    return {"checks": [await _check(host, each, float(data["timeout_ms"]) / 1000.0, calls) for each in data["checks"]]}


async def _check(host: Host, check: Any, timeout: float, calls: LabCalls) -> JSON:
    seen: dict[str, JSON] = {
        "name": str(check["name"]),
        "addresses": [],
        "resolve_error": 0,
        "address": "",
        "connected": False,
        "connect_error": 0,
        "banner": "",
        "tls_failed": False,
        "http_status": 0,
        "named": False,
    }
    answer = await calls.call(host, "resolve", {"name": check["name"], "type": check["type"]})
    seen["addresses"] = [record["data"] for record in answer["records"] if record["type"] in (1, 28)]
    if answer["status"] != 0:
        seen["resolve_error"] = NO_RECORDS if answer["status"] == 9701 else answer["status"]
    elif not seen["addresses"]:
        seen["resolve_error"] = NO_RECORDS
    if seen["addresses"] and int(check["port"]) > 0:
        seen["address"] = seen["addresses"][0]
        await _connect(host, seen, check, timeout)
    return seen


async def _connect(host: Host, seen: dict[str, JSON], check: Any, timeout: float) -> None:
    try:
        reader, writer = await host.world.network.connect(host.name, seen["address"], int(check["port"]), timeout=timeout)
    except ConnectionRefusedError:
        seen["connect_error"] = REFUSED
        return
    except (TimeoutError, asyncio.TimeoutError):
        seen["connect_error"] = TIMED_OUT
        return
    except OSError:
        seen["connect_error"] = CLOSED
        return
    seen["connected"] = True
    try:
        if check["protocol"] != "banner":
            await _page(reader, writer, seen, check, timeout)
            return
        line = await asyncio.wait_for(reader.readline(), timeout)
        seen["banner"] = line[:LONGEST_LINE].decode("ascii", "replace").replace("\r", "").rstrip("\n")
    except (OSError, ValueError, asyncio.TimeoutError):
        seen["connect_error"] = CLOSED
    finally:
        writer.close()


async def _page(reader: Any, writer: Any, seen: dict[str, JSON], check: Any, timeout: float) -> None:
    if check["protocol"] == "https":
        seen["tls_failed"] = True
        return
    writer.write(f"GET {check['path']} HTTP/1.0\r\nHost: {check['name']}\r\nConnection: close\r\n\r\n".encode("ascii"))
    text = ""
    with contextlib.suppress(asyncio.TimeoutError):
        while more := await asyncio.wait_for(reader.read(8192), timeout):
            text += more.decode("ascii", "replace")
    seen["banner"] = re.split("\r?\n", text, maxsplit=1)[0][:LONGEST_LINE]
    status = re.match(r"HTTP/\d\.\d (\d{3})", text)
    seen["http_status"] = int(status[1]) if status else 0
    seen["named"] = bool(check["identity"]) and names_server(text, str(check["identity"]))
