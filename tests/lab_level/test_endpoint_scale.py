# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand workstations: under 300 MB with a TLS connection to each."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab.wsman.endpoint import shrink_tls_buffers


async def _connect_all(addresses: list[str], ca: str, lab: Lab) -> float:
    """The lab's memory in MB while every address has an open TLS connection."""
    context = ssl.create_default_context(cafile=ca)
    writers = []
    for start in range(0, len(addresses), 50):
        opened = await asyncio.gather(*(asyncio.open_connection(address, 5986, ssl=context) for address in addresses[start : start + 50]))
        writers += [writer for _reader, writer in opened]
    status = await asyncio.to_thread(lab.status)
    for writer in writers:
        writer.transport.abort()
    return float(status["memory_mb"])


def test_a_thousand_clients(tmp_path: Path) -> None:
    shrink_tls_buffers()
    with Lab.start(tmp_path, clients=1000) as lab:
        addresses = [lab.info["hosts"][name]["management"]["address"] for name in lab.info["clients"]]
        assert len(addresses) == 1000
        assert asyncio.run(_connect_all(addresses, lab.info["ca"], lab)) < 300
