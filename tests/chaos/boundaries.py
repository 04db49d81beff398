# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a controller can die: every message, transaction of the store, write of the mirror, task and renewal of the lease, before and after."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from unittest import mock

from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import LazyTargetStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab


class crashing:
    """While it lasts, every message, store transaction, mirror write and step is a boundary."""

    def __init__(self, lab: MemoryLab, at: Callable[[str, str], None]) -> None:
        self._lab = lab
        self._at = lambda kind, label: at(f"renewal {kind}" if lab.threads.current else kind, label)
        self._patches = [
            mock.patch.object(LazyTargetStore, "transact", self._around_store(LazyTargetStore.transact)),
            mock.patch.object(Mirror, "write", self._around_mirror(Mirror.write)),
        ]

    def __enter__(self) -> None:
        self._lab.boundary = self._at
        for patch in self._patches:
            patch.start()

    def __exit__(self, *_error: object) -> None:
        for patch in self._patches:
            patch.stop()
        self._lab.boundary = lambda kind, label: None

    def _around_store(self, transact: t.Any) -> t.Any:
        at = self._at

        def around(store: LazyTargetStore, request: Request, timeout: float) -> Reply:
            what = ", ".join(json.loads(line)["kind"] for line in request.lines) or "no event"
            at("store before", what)
            reply: Reply = transact(store, request, timeout)
            at("store after", what)
            return reply

        return around

    def _around_mirror(self, write: t.Any) -> t.Any:
        at = self._at

        def around(mirror: Mirror, lines: t.Sequence[str]) -> None:
            at("mirror before", f"{len(lines)} lines")
            write(mirror, lines)
            at("mirror after", f"{len(lines)} lines")

        return around
