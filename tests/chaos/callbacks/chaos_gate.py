# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each task of the collection asks, before it begins and when it has ended, whether the playbook may go on. Whoever was asked may kill it instead."""

from __future__ import annotations

import json
import os
import socket
import typing as t

from ansible.plugins.callback import CallbackBase

OURS = "continuity.identity_failover."


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "chaos_gate"
    CALLBACK_NEEDS_ENABLED = True

    _task = ""

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._task = task.action.removeprefix(OURS) if task.action.startswith(OURS) else ""
        self._ask("before")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._ask("after")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._ask("after")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._ask("skipped")

    def _ask(self, kind: str) -> None:
        if self._task:
            with socket.socket(socket.AF_UNIX) as gate:
                gate.connect(f"\0{os.environ['CHAOS_GATE']}")
                gate.sendall(json.dumps([kind, self._task]).encode() + b"\n")
                gate.recv(1)  # nothing comes where the playbook is to end here
