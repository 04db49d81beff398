# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BIND as a primary and a secondary that the zone names both, each of which can be stopped and started again.

with Pair(folder, notify=False, takes_notify=True) as pair:
    pair.stop("secondary"); pair.start("secondary")
"""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import (
    EVERY_KEY,
    PORT,
    POWERLESS,
    ZONE,
    bind_config,
    program,
    running,
    zone_text,
)

ADDRESSES = {"primary": "127.0.53.1", "secondary": "127.0.53.2"}


class Pair:
    def __init__(self, folder: pathlib.Path, *, notify: bool = True, takes_notify: bool = False, forwards: bool = False) -> None:
        """``notify``: the primary tells the secondary of changes. ``takes_notify``: the secondary lets itself be told by whoever has a key, and
        ``forwards`` updates to the primary."""
        self.endpoints = {name: Endpoint(address, PORT, name) for name, address in ADDRESSES.items()}
        self._running: dict[str, contextlib.ExitStack] = {}
        keys = " ".join(f'key "{one.name}";' for one in EVERY_KEY if one is not POWERLESS)
        told = f"also-notify {{ {ADDRESSES['secondary']} port {PORT}; }};" if notify else ""
        may_tell = keys if takes_notify else f"{ADDRESSES['primary']};"
        # Without a file the secondary fetches the zone whenever it starts.
        kinds = {
            "primary": f'type primary; file "{ZONE}.db"; allow-update {{ {keys} }}; notify {"explicit" if notify else "no"}; {told} allow-transfer {{ any; }};',
            "secondary": f"type secondary; primaries {{ {ADDRESSES['primary']} port {PORT}; }}; allow-notify {{ {may_tell} }}; "
            f"allow-update-forwarding {{ {'any' if forwards else 'none'}; }};",
        }
        self._folders = {name: folder / name for name in kinds}
        self._configs: dict[str, pathlib.Path] = {}
        for name, kind in kinds.items():
            self._folders[name].mkdir(parents=True)
            self._configs[name] = bind_config(self._folders[name], ADDRESSES[name], f'zone "{ZONE}" {{ {kind} }};')
        both = f"@ NS ns2.{ZONE}.\nns2 A {ADDRESSES['secondary']}\n"
        (self._folders["primary"] / f"{ZONE}.db").write_text(zone_text(ZONE, ADDRESSES["primary"]) + both, encoding="utf-8")

    def __enter__(self) -> Pair:
        for name in ADDRESSES:
            self.start(name)
        return self

    def __exit__(self, *error: t.Any) -> None:
        for name in list(self._running):
            self.stop(name)

    def start(self, name: str) -> None:
        stack = contextlib.ExitStack()
        command = [program("named"), "-f", "-c", str(self._configs[name])]
        stack.enter_context(running(command, self._folders[name], self.endpoints[name], zones=[ZONE]))
        self._running[name] = stack

    def stop(self, name: str) -> None:
        self._running.pop(name).close()
