# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The hosts of a task: implements ``_session.Hosts`` with one WinrmSession for each host and thread."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession

Open = t.Callable[[ConnectionSettings, Clock], Session]


class WinrmHosts:
    """Safe for threads: each sees sessions of its own, because an authenticated connection cannot be shared."""

    def __init__(
        self,
        target: ConnectionSettings | None,
        named: t.Sequence[ConnectionSettings] = (),
        clock: Clock | None = None,
        open_session: Open = WinrmSession,
    ) -> None:
        self._target = target
        self._named = {settings.name: settings for settings in named}
        self._clock = clock or SystemClock()
        self._open = open_session
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[Session] = []

    def target(self) -> Session:
        if self._target is None:
            raise InvalidInput("this task has no target host: set hosts or delegate_to to a Windows host of the inventory")
        return self._session(self._target)

    def named(self, name: str) -> Session:
        return self._session(self.settings(name))

    def names(self) -> list[str]:
        return list(self._named)

    def settings(self, name: str) -> ConnectionSettings:
        if name not in self._named:
            known = ", ".join(sorted(self._named)[:10]) or "none"
            raise InvalidInput(
                f"the host {name} is not among the hosts of this task ({known}): add it to the inventory, with winrm or psrp settings", host=name
            )
        return self._named[name]

    def close(self) -> None:
        """Ends the sessions of all threads; call it when the others have stopped."""
        with self._lock:
            opened, self._opened = self._opened, []
        self._local = threading.local()
        for session in opened:
            session.close()

    def _session(self, settings: ConnectionSettings) -> Session:
        sessions: dict[ConnectionSettings, Session] | None = getattr(self._local, "sessions", None)
        if sessions is None:
            sessions = self._local.sessions = {}
        # The journal's host is mostly the target: the same settings are one connection.
        key = dataclasses.replace(settings, resolver=None)
        if key not in sessions:
            sessions[key] = self._open(settings, self._clock)
            with self._lock:
                self._opened.append(sessions[key])
        return sessions[key]
