# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The store and the journal that a task's options name."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror, SpareMirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.target import DEFAULT_PATH, TargetStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request, Store
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

#: An identity's name becomes part of file names and of a DNS label.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class LazyTargetStore:
    """The target's store, reached with a session of the thread that asks: the lease's thread has its own connection."""

    def __init__(self, hosts: Hosts, host: str, path: str) -> None:
        self._hosts = hosts
        self._host = host
        self._path = path
        self.place = f"{path or DEFAULT_PATH} on {host or 'the target'}"

    def transact(self, request: Request, timeout: float) -> Reply:
        session = self._hosts.named(self._host) if self._host else self._hosts.target()
        return TargetStore(session, self._path).transact(request, timeout)


def open_store(store: t.Mapping[str, t.Any] | None, hosts: Hosts) -> Store:
    """``store`` as the option of that name; the play's host where it names none."""
    options = store or {}
    if options.get("kind") == "directory":
        if not options.get("path"):
            raise InvalidInput("store.path: a store of the kind 'directory' needs a path on the controller")
        return DirectoryStore(options["path"])
    return LazyTargetStore(hosts, options.get("host") or "", options.get("path") or "")


def valid_identity(identity: str) -> None:
    """Raises InvalidInput for what can't be part of a file's name and of a DNS label."""
    if not NAME.fullmatch(identity):
        raise InvalidInput(f"identity: {identity!r} is no name for an identity: 1 to 64 letters, digits, hyphens and underscores, a letter or digit first")


def open_journal(
    identity: str, store: t.Mapping[str, t.Any] | None, mirror: str | None, hosts: Hosts, clock: Clock, *, whole: bool = False, spare: bool = False
) -> Journal:
    """The journal that options name; ``whole`` for who needs every event, not only what they amount to. ``spare``: a mirror
    that can't be written is a warning (``Journal.mirror_lost``), not an error."""
    valid_identity(identity)
    if not mirror:
        return Journal(identity, open_store(store, hosts), None, clock, whole=whole)
    made = SpareMirror(mirror, identity) if spare else Mirror(mirror, identity)
    return Journal(identity, open_store(store, hosts), made, clock, whole=whole)
