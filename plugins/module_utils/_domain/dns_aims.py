# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the record sets of a DNS task are to become, from what they are, by the task's state. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_ttl
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import (
    Item,
    RecordSet,
    Repoint,
    Wanted,
    absent,
    present,
    repointed,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit, spread_seconds

TTL_STATES = ("ttl_lowered", "ttl_restored")
#: States that put back what another task did; undoing half of that would do it again.
WAYS_BACK = ("reverted", "ttl_restored")
Sets = t.Mapping[Item, "RecordSet | None"]


def when_it_fails(given: str | None, state: str, *, in_run: bool, accepted: bool) -> str:
    """``on_failure`` as it is given. Else what was written stays only where somebody goes on from there (a run is resumed, a failure is accepted, a
    way back is gone again); of a task that stands alone nothing half done is left."""
    return given or ("keep" if in_run or accepted or state in WAYS_BACK else "rollback")


@dataclasses.dataclass(frozen=True)
class Aims:
    """``zones``: name -> its zone. ``read_back``: seconds for reading back. ``later``: seconds from now -> a stamp."""

    state: str
    wanted: t.Mapping[Item, Wanted]
    repoint: Repoint | None
    ttl: int | None
    protected: t.Container[str]
    zones: t.Mapping[str, str]
    read_back: float
    later: t.Callable[[float], str]

    def after(self, now: Sets) -> dict[Item, RecordSet | None]:
        """For every state but ``reverted``, of which only the journal knows. Raises WrongState."""
        if self.state == "ttl_lowered":
            return self._lowered(now)
        if self.state == "ttl_restored":
            return dns_ttl.restored(now, lambda item: max(self._stated_ttls(item), default=0))
        if self.repoint is not None:
            return repointed(self.repoint, now, self.ttl, self.protected)
        decide: t.Callable[[Wanted, RecordSet | None], RecordSet | None] = present if self.state == "present" else absent
        return {item: decide(one, now[item]) for item, one in self.wanted.items()}

    def _lowered(self, now: Sets) -> dict[Item, RecordSet | None]:
        """A client may get the old TTL until the last name server has the new one, which depends on how many messages that takes."""
        planned = dns_ttl.lowered(now, self._lowered_to, self.later)
        edits = [Edit(item, now[item], planned[item], self.zones[item.name]) for item in planned if planned[item] != now[item]]
        spread = spread_seconds(edits, self.read_back)
        return dns_ttl.lowered(now, self._lowered_to, lambda ttl: self.later(ttl + spread))

    def _lowered_to(self, item: Item) -> int:
        return min(self._stated_ttls(item), default=dns_ttl.LOWERED_TTL)

    def _stated_ttls(self, item: Item) -> list[int]:
        """The record's own and the task's."""
        one = self.wanted.get(item)
        return [ttl for ttl in (one.ttl if one is not None else None, self.ttl) if ttl]
