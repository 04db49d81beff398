# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers in a thread of their own, for tests and tools that are not asyncio.

with background(primary, secondary) as call:
    …                                   # the servers listen; primary.port is known
    call(secondary.wait_for, lambda s: s.lookup("mail.example.com", "A") == ["127.1.0.22"])
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import typing as t
from collections.abc import Callable, Iterator

from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer

Call = Callable[..., t.Any]


@contextlib.contextmanager
def background(*servers: DnsServer) -> Iterator[Call]:
    """Starts the servers in order, stops them all at the end. The value calls a function (or coroutine function) in their thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True, name="name servers")
    thread.start()

    def call(function: Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
        async def run() -> t.Any:
            value = function(*arguments, **options)
            return await value if inspect.isawaitable(value) else value

        return asyncio.run_coroutine_threadsafe(run(), loop).result(30)

    try:
        for server in servers:
            call(server.start)
        yield call
    finally:
        for server in reversed(servers):
            call(server.stop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
