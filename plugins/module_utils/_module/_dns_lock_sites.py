# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One domain controller for the step that locks names: logged on when it is asked, read, and written; several are read side by side."""

from __future__ import annotations

import concurrent.futures
import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ageing import ADDRESSES, Aged, Zone, report
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_lock import Guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    FailoverError,
    RemoteError,
    TransportError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import WORKERS
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory, LdapRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_nodes import Node, Nodes
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import dns_node, ldap
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import has_lock, is_locked, with_lock, without_lock

#: Told as ``unreachable``; anything else was an answer.
SILENT = (Unreachable, ConnectionRefused, ConnectionLost, DeadlineExceeded)

Said = t.TypeVar("Said")


class Site:
    """``seen``: name -> how it is guarded, from the last look; ``failure`` is why that look failed, else None; ``sid`` the account's, if it is known;
    ``former``: those that it had when a run locked names, which an account that was deleted leaves behind in their lists."""

    def __init__(self, controller: Controller, account: Account, clock: Clock) -> None:
        self.controller = controller
        self.label = controller.label
        self.timeout = controller.timeout
        self.seen: dict[str, Guarded] = {}
        self.failure: FailoverError | None = None
        self.sid: bytes | None = None
        self.former: tuple[bytes, ...] = ()
        self.aged: dict[str, tuple[list[Aged], Zone]] = {}
        self._account = account
        self._directory = Directory(controller, clock)
        self._nodes: Nodes | None = None
        self._found: dict[str, Node] = {}

    def close(self) -> None:
        self._directory.close()
        self._nodes = None

    def _logged_on(self) -> Nodes:
        if self._nodes is None:
            host = self.controller.name or self._directory.own_name()
            self._directory.logon(KerberosSeal(self._account, host))
            self._nodes = Nodes(self._directory)
        return self._nodes

    def _asked(self, ask: t.Callable[[Nodes], Said]) -> Said:
        """Raises what the connection raises; it is made anew, and logged on, next time."""
        try:
            return ask(self._logged_on())
        except TransportError:
            self.close()
            raise

    def _node(self, name: str) -> Node:
        return self._asked(lambda nodes: nodes.node(name))

    def look(self, names: t.Sequence[str], account: str, limit: Deadline | None = None) -> bool:
        """Whether all of them could be read; ``judge`` says what that means. No question begins behind ``limit``, except the first."""
        try:
            for name in names:
                if limit is not None and name != names[0]:
                    limit.check(f"reading names on {self.label}", self.label)
                node = self._node(name)
                self.aged[name] = _aged(node)
                self._found[name] = node
            if self.sid is None:
                self.sid = self._asked(lambda nodes: nodes.sid(account))
            self.failure = None
        except (TransportError, RemoteError) as error:
            self.failure = error
            return False
        return True

    def judge(self, sid: bytes | None, former: tuple[bytes, ...]) -> None:
        """``sid``: what any domain controller knows as the account's. One that does not know it may have been reached by its deletion first."""
        if self.sid is None:
            self.sid = sid
        self.former = former
        self.seen = {name: self._guarded(node) for name, node in self._found.items()}

    @property
    def _sids(self) -> tuple[bytes, ...]:
        return (*((self.sid,) if self.sid is not None else ()), *self.former)

    def _guarded(self, node: Node) -> Guarded:
        if node.zone is None:
            return Guarded()
        sids, found = self._sids, node.descriptor
        if found is None or not sids:
            return Guarded(
                node.zone.name,
                node.dn,
                node.zone.updates,
                readable=found is not None or not node.dn,
                identified=bool(sids),
                listed=found is None or found.dacl is not None,
            )
        return Guarded(
            node.zone.name,
            node.dn,
            node.zone.updates,
            writable=bool(node.rights & ldap.DACL),
            listed=found.dacl is not None,
            there=any(has_lock(found, sid) for sid in sids),
            first=is_locked(found, sids[0]),
        )

    def guard(self, name: str, wanted: bool) -> None:
        """From what is there now, not from what the last look saw; nothing where it is so already."""
        node, sids = self._node(name), self._sids
        if node.descriptor is None or not sids:
            return
        guarded = with_lock(node.descriptor, sids[0]) if wanted else functools.reduce(without_lock, sids, node.descriptor)
        if guarded != node.descriptor:
            self._asked(lambda nodes: nodes.guard(node, guarded))

    def freeze(self, name: str) -> bool:
        """Takes the addresses out of ageing, as they were at the last look; False where somebody changed them since."""
        try:
            self._asked(lambda nodes: nodes.freeze(self._found[name], ADDRESSES))
        except LdapRefused as error:
            if error.code == ldap.NO_SUCH_ATTRIBUTE:
                return False
            raise
        return True

    def report(self) -> dict[str, t.Any]:
        """For the result: what was read, by name."""
        facts: dict[str, t.Any] = {"address": self.controller.address, "port": self.controller.port, "msg": ""}
        facts.update({word: [] for word in ("locked", "unlocked", "absent", "unknown")})
        facts["ageing"] = {name: report(*one) for name, one in self.aged.items()} if self.failure is None else {}
        if self.failure is not None:
            return {**facts, "status": "unreachable" if isinstance(self.failure, SILENT) else "refused", "msg": self.failure.message}
        for name, one in self.seen.items():
            facts["locked" if one.locks() else "unknown" if one.unknown() else "unlocked" if one.dn else "absent"].append(name)
        return {**facts, "status": dns_lock.status(self.seen)}


def look_at_all(sites: t.Sequence[Site], names: t.Sequence[str], account: str, limit: Deadline | None = None) -> list[Site]:
    """Those that could be read. However many are dark, the look lasts as long as the slowest of them; each has its own connection and context."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(len(sites), WORKERS) or 1, thread_name_prefix="controller") as pool:
        could = list(pool.map(lambda site: site.look(names, account, limit), sites))
    return [site for site, read in zip(sites, could, strict=True) if read]


def _aged(node: Node) -> tuple[list[Aged], Zone]:
    if node.zone is None:
        return [], Zone()
    records = [Aged(dns_node.TYPES.get(one.type, f"TYPE{one.type}"), one.data, one.refreshed) for one in node.records]
    return records, Zone(node.zone.name, node.zone.ageing, node.zone.no_refresh, node.zone.refresh)
