# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The weak lock: a CNAME to the stand-in takes the place of a name's addresses, in one message.

Whoever then replaces the address, as Windows' client does, is ignored (BIND, Knot, Samba) or refused (PowerDNS), because no data stands beside a
CNAME. Who deletes the whole name first gets through. Held by tests against each of these servers.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Wanted
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Change
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_beside import data_beside
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_step import DnsStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result

ADDRESSES = ("A", "AAAA")
#: Where the name has no TTL yet.
TTL = 300


def alias_items(names: t.Iterable[str], to: str) -> list[Wanted]:
    """What the step reads and writes of each name; addresses first, so that they are deleted before the alias is added."""
    return [one for name in names for one in (*(Wanted(Item(name, kind), ()) for kind in ADDRESSES), Wanted(Item(name, "CNAME"), (to,)))]


class AliasLockStep(DnsStep):
    """``wanted`` are ``alias_items``. One record set is one item, as in ``DnsStep``."""

    key = "dns_lock"

    def observe(self) -> dict[str, JSON]:
        images = super().observe()
        if self.state == "locked" and not self._begun:
            self._refuse_neighbours()
        return images

    def _refuse_neighbours(self) -> None:
        """Raises WrongState for a name that can't become an alias, or is another one already."""
        aliases = {item: one for item, one in self.wanted.items() if item.type == "CNAME"}
        beside = data_beside([item.name for item in aliases], self._read, but=ADDRESSES)
        if beside is not None:
            item, records = beside
            why = f"{item.name} has {item.type} {records}, and a CNAME can't stand beside it: this name can't be locked by an alias"
            raise WrongState(why, items={f"{item.name} CNAME": why})
        for item, one in aliases.items():
            there = self._now[item]
            if there is not None and there.values != one.values:
                why = f"{item.name} is a CNAME to {there} already, so its source does not register it: it needs no lock, or is not what you think"
                raise WrongState(why, items={str(item): why})

    def _after(self, now: t.Mapping[Item, RecordSet | None]) -> dict[Item, RecordSet | None]:
        after: dict[Item, RecordSet | None] = {}
        for item, one in self.wanted.items():
            known = next((found.ttl for found in (now[Item(item.name, kind)] for kind in ("CNAME", *ADDRESSES)) if found is not None), TTL)
            after[item] = None if item.type in ADDRESSES else RecordSet.of(one.values, self.ttl or known)
        return after

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """Our own alias is no obstacle: the same message takes it away."""
        item = Item.parse(name)
        alias = next((one.values[0] for other, one in self.wanted.items() if other == Item(item.name, "CNAME")), "")
        if self._aliases.get(item) == alias:
            del self._aliases[item]
        return super().inverse(name, before, after, now)

    def conclude(self, result: Result) -> dict[str, str] | None:
        if self.state == "locked":
            names = ", ".join(dict.fromkeys(item.name for item in self.wanted))
            self.warnings.append(
                f"{names}: an alias is a weak lock; it keeps out who replaces the address, not who deletes the whole name first, "
                "and Kerberos and SMB need SPNs and alternate names for it"
            )
        return super().conclude(result)
