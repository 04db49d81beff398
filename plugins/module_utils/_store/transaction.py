# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One transaction of a store: check the lease, check the head, append, renew, return the tail - all under one lock."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import GENESIS, Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim, LeaseState


@dataclasses.dataclass(frozen=True)
class Request:
    """``after``: return the events behind this number. ``checkpoint``: and of those, from the last checkpoint on, if one
    is among them. ``expect``: the head that ``lines`` follow from. ``aside``: ``lines`` stand instead of the journal, whose
    file is kept with this word behind its name (a pruning, a new beginning)."""

    identity: str
    after: int = 0
    checkpoint: bool = False
    lines: tuple[str, ...] = ()
    expect: Head | None = None
    lease: LeaseClaim | None = None
    aside: str = ""
    actor: str = ""  #: the SID of the Windows account that ``lines`` say they are of; the store compares it with who is logged on

    def as_json(self) -> dict[str, t.Any]:
        return {
            "identity": self.identity,
            "after": self.after,
            "checkpoint": self.checkpoint,
            "lines": list(self.lines),
            "expect": None if self.expect is None else {"seq": self.expect.seq, "hash": self.expect.hash},
            "lease": None if self.lease is None else dataclasses.asdict(self.lease),
            "aside": self.aside,
            "actor": self.actor,
        }


@dataclasses.dataclass(frozen=True)
class Reply:
    """``lines``: the events behind ``Request.after``, as they were before this request appended its own."""

    verdict: str  #: one of ``lease_rules.VERDICTS``
    head: Head
    lines: tuple[str, ...]
    lease: LeaseState
    mark: Head = Head()  #: the head that the store remembers beside the journal's file; a journal behind it was shortened
    account: t.Mapping[str, str] = dataclasses.field(default_factory=dict)  #: ``{name, sid}`` of who is logged on; empty for a directory
    torn: str = ""  #: an incomplete last line that was set aside (nobody was ever told that it was written)
    damaged: bool = False  #: the lease's file could not be read and was set aside: it is nobody's, and its epoch is 0

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Reply:
        lease, head, mark = data.get("lease") or {}, data["head"], data["mark"]
        return cls(
            verdict=data["verdict"],
            head=Head(int(head["seq"]), head["hash"] or GENESIS),
            lines=tuple(data.get("lines") or ()),
            lease=LeaseState(
                holder=lease.get("holder") or "",
                epoch=int(lease.get("epoch") or 0),
                by=lease.get("by") or "",
                run=lease.get("run") or "",
                remaining=float(lease.get("remaining") or 0.0),
                longest=float(lease.get("longest") or 0.0),
                settling=float(lease.get("settling") or 0.0),
                since=lease.get("since") or "",
            ),
            mark=Head(int(mark["seq"]), mark["hash"] or GENESIS),
            account={key: str(value) for key, value in (data.get("account") or {}).items()},
            torn=data.get("torn") or "",
            damaged=bool(data.get("damaged")),
        )


class Store(t.Protocol):
    """Where a journal and its lease live."""

    place: str
    """For messages: where that is."""

    def transact(self, request: Request, timeout: float) -> Reply:
        """One transaction. Raises TransportError, RemoteError, ScriptFailed or StoreError, never half of it done."""
