# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The copies of a journal as they lie in the store and in the mirror, read without believing either."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.copies import Copy, as_met, looked_at
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import rewound, torn, torn_mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ScriptFailed, StoreError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import TIMEOUT
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_store, valid_identity
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Request
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts


@dataclasses.dataclass
class Copies:
    """``store`` is None where it does not answer, ``mirror`` where there is none. ``contradiction``: between the two."""

    store: Copy | None
    mirror: Copy | None
    warnings: list[str]
    contradiction: StoreError | None = None

    def all(self) -> list[Copy]:
        return [copy for copy in (self.store, self.mirror) if copy is not None]

    def findings(self) -> list[StoreError]:
        found = [copy.finding for copy in self.all()] + [self.contradiction]
        return [finding for finding in found if finding is not None]

    def best(self) -> Copy:
        """The store; its mirror where that knows more."""
        if self.store is None or (self.mirror is not None and self.mirror.head.seq > self.store.head.seq):
            return t.cast("Copy", self.mirror)
        return self.store

    def longest(self) -> Copy:
        """The one that reaches back furthest, of those that reach the end: a pruned store's mirror has the events from the first on."""
        end = self.best().head.seq
        return max((copy for copy in self.all() if copy.head.seq == end), key=lambda copy: len(copy.lines))


def read_copies(identity: str, store: t.Mapping[str, t.Any] | None, mirror: str | None, hosts: Hosts) -> Copies:
    """Raises what the store raised where it does not answer and there is no mirror."""
    valid_identity(identity)
    kept = Mirror(mirror, identity) if mirror else None
    mirrored = looked_at("mirror", kept.place, kept.lines()) if kept is not None else None
    warned = [torn_mirror(kept.half, kept.place)] if kept is not None and kept.half else []
    opened = open_store(store, hosts)
    try:
        reply = opened.transact(Request(identity), TIMEOUT)
    except (TransportError, ScriptFailed) as error:
        if mirrored is None or not mirrored.lines:
            raise
        return Copies(None, mirrored, [*warned, f"the journal in {opened.place} does not answer ({error.message}); this is what the mirror knows"])
    found = looked_at("store", opened.place, reply.lines)
    if found.finding is None and reply.verdict == "rewound":
        what, seq = ("truncated", reply.head.seq + 1) if reply.mark.seq > reply.head.seq else ("replaced", reply.head.seq)
        found = dataclasses.replace(found, finding=rewound(what, seq, seq - 1, opened.place, store=reply.head.seq, mark=reply.mark.seq))
    half = [torn(reply.head.seq, opened.place)] if reply.torn else []
    return Copies(as_met(found, mirrored, identity), mirrored, [*half, *warned])
