# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The DNS step behind the driver: reads, compares and swaps records, reads them back (architecture, sections 5 and 7)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import (
    Item,
    RecordSet,
    Repoint,
    Wanted,
    absent,
    as_expected,
    from_image,
    items_of,
    present,
    repointed,
    to_image,
    undone,
    unexpected,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import (
    BASE_SECONDS,
    MAX_RECORDS,
    SECONDS_PER_RECORD,
    Edit,
    Message,
    batches,
    message,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import ALL, Require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    FailoverError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_debts import accounts
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker import ZoneMarkers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import ReadBack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_resolvers import Resolvers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_surviving import await_arrival, nobody_takes
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import ELSEWHERE, Endpoint, NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import discover
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading, update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

#: How often a message is made anew without the records that somebody changed in between.
MAX_SETTLE = 3
#: What can stand beside nothing else, and what may be there.
DATA_TYPES = ("A", "AAAA", "MX", "PTR", "SRV", "TXT", "DNAME", "NAPTR", "CAA", "SSHFP", "TLSA", "SVCB", "HTTPS")


class DnsStep:
    """``wanted`` with state present or absent, or ``repoint``. With state reverted they only say which sets may be touched."""

    key = "dns"
    host = ""

    def __init__(
        self,
        state: str,
        wanted: t.Sequence[Wanted],
        repoint: Repoint | None,
        servers: Servers,
        auth: Auth,
        clock: Clock,
        *,
        ttl: int | None,
        require: Require,
        discover: bool,
        resolvers: t.Sequence[Endpoint] = (),
        verify_timeout: float,
        protected: t.Container[str],
        on_conflict: str,
    ) -> None:
        self.state = state
        self.wanted = {one.item: one for one in wanted}
        self.repoint = repoint
        self.servers = servers
        self.auth = auth
        self.ttl = ttl
        self.verify_timeout = verify_timeout
        self.protected = protected
        self.on_conflict = on_conflict
        self.discover = discover
        self.clock = clock
        self.readback = ReadBack(servers, require, clock, on_conflict)
        self.resolvers = Resolvers(servers, resolvers if require.with_resolvers else (), clock)
        self.warnings: list[str] = []
        self.messages: dict[NameServer, int] = {}
        self.primary: NameServer | None = None
        self._zones: dict[str, str] = {}
        self._now: dict[Item, RecordSet | None] = {}
        self._fence: Fence | None = None
        self._markers = ZoneMarkers(self._one, self._send, self.warnings)

    def check_machine(self, expected: Machine | None) -> None:
        """There is no host: name servers are known by their key."""

    def fenced(self, fence: Fence) -> None:
        """Before the look: an earlier holder's markers are taken over first."""
        self._fence = fence

    # Looking

    def observe(self) -> dict[str, JSON]:
        items = list(self.wanted) + (items_of(self.repoint) if self.repoint else [])
        self.primary = self.servers.first()
        stated = {one.item.name: one.zone for one in self.wanted.values() if one.zone}
        self._zones = self.servers.zones(self.primary, dict.fromkeys(item.name for item in items), stated)
        if self.discover:
            discover(self.servers, self.primary, self._zones.values(), self.clock)
        self.readback.refuse_too_many(dict.fromkeys(self._zones.values()))
        if self._fence is not None:
            for zone in dict.fromkeys(self._zones.values()):
                self._markers.take_stale(zone, self._fence)
        readings = self.servers.present(self.primary, items)
        self._now = {item: reading.records for item, reading in readings.items()}
        if self.state == "present":
            self._refuse_beside_alias(readings)
        shown = items if self.state != "repointed" else [item for item in items if self._now[item] is not None]
        self.readback.known(self.primary, {item: self._now[item] for item in shown})
        self.readback.look({item: self._now[item] for item in shown}, self.servers.all)
        self._look_at_resolvers(shown)
        return {str(item): to_image(self._now[item]) for item in shown}

    def _look_at_resolvers(self, shown: t.Sequence[Item]) -> None:
        """Only for what is as wanted already: see ``_dns_resolvers``."""
        if not self.resolvers.all or self.state == "reverted":
            return
        try:
            after = self._after(self._now)
        except FailoverError:
            return  # ``changes`` says what is amiss
        self.resolvers.look({item: self._now[item] for item in shown if after.get(item) == self._now[item]})

    def _known_primary(self) -> NameServer:
        if self.primary is None:
            raise AssertionError("the driver calls observe() first, which finds the primary or fails")
        return self.primary

    def _refuse_beside_alias(self, readings: t.Mapping[Item, Reading]) -> None:
        """Servers ignore data beside a CNAME without a word (BIND, Knot, Samba), so it is refused before it is sent."""
        for item, reading in readings.items():
            if reading.alias and item.type != "CNAME":
                raise InvalidInput(f"{item}: {item.name} is a CNAME to {reading.alias}, and no other data can stand beside it; remove the CNAME first")
        new = [item.name for item, reading in readings.items() if item.type == "CNAME" and reading.records is None]
        beside = self.servers.present(self._known_primary(), [Item(name, rdtype) for name in new for rdtype in DATA_TYPES])
        for item, reading in beside.items():
            if reading.records is not None:
                raise InvalidInput(f"{item.name} CNAME: {item.name} has {item.type} {reading.records}, and a CNAME can't stand beside it; remove it first")

    # Deciding

    def _after(self, now: t.Mapping[Item, RecordSet | None]) -> dict[Item, RecordSet | None]:
        """What the sets are to become, from what they are."""
        if self.repoint is not None:
            return repointed(self.repoint, now, self.ttl, self.protected)
        decide: t.Callable[[Wanted, RecordSet | None], RecordSet | None] = present if self.state == "present" else absent
        return {item: decide(one, now[item]) for item, one in self.wanted.items()}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        after = self._after(self._now)
        changes = []
        for item in [item for item, one in self.wanted.items() if self.repoint is None and not as_expected(one, self._now[item], after[item])]:
            if self.on_conflict == "fail":
                raise unexpected(self.wanted[item], self._now[item])
            if self.on_conflict == "keep":
                del after[item]
                changes.append(self._left_alone(item))
        for item, records in after.items():
            if self._now[item] != records:
                changes.append(self._change(item, self._now[item], records))
            elif str(item) in before and not (self.readback.everywhere(item) and self._resolved(item)):
                changes.append(self._change(item, records, records))
        return changes

    def _change(self, item: Item, before: RecordSet | None, after: RecordSet | None) -> Change:
        edit = Edit(item, before, after, self._zones[item.name])
        if before == after:
            do = f"wait until every name server has {item} as the primary has it"
        elif after is None:
            do = f"remove {item}, now {before}"
        else:
            do = f"set {item} to {after} with a TTL of {after.ttl} s" + (f", now {before}" if before else "")
        return Change(str(item), do, to_image(before), to_image(after), deadline=self._longest(), detail={"zone": edit.zone})

    def _left_alone(self, item: Item) -> Change:
        there = to_image(self._now[item])
        return Change(str(item), f"leave {item} as somebody set it", there, there, detail={"zone": self._zones[item.name], "kept": True})

    def _longest(self) -> float:
        """Seconds for the largest message of this task and its reading back."""
        return self.verify_timeout + BASE_SECONDS + SECONDS_PER_RECORD * 2 * min(len(self._now), MAX_RECORDS)

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """The baseline's record, where the one that is there leads to the stand-in; any other is somebody's own doing."""
        item, there, known = Item.parse(name), from_image(now), baseline.get("records") or {}
        ours = set(self.wanted[item].values) if item in self.wanted else {to for _from, to in self.repoint.pairs} if self.repoint is not None else set()
        if there is None or not ours & set(there.values):
            return True, now
        return name in known, known.get(name)

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        item, there, wanted = Item.parse(name), from_image(now), from_image(before)
        if not undone(item, wanted, from_image(after), there):
            return None
        return self._change(item, there, wanted)

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        """One message each."""
        named = {change.name: change for change in changes}
        return [[named[str(edit.item)] for edit in batch] for batch in batches(_edit(change) for change in changes)]

    # Doing

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        self._fence = fence
        edits = [_edit(change) for change in group if change.before != change.after]
        applied = {change.name: _kept(self._now[Item.parse(change.name)]) if change.detail.get("kept") else Applied(ok=True) for change in group}
        self.readback.forget(Item.parse(change.name) for change in group)
        for _attempt in range(MAX_SETTLE):
            if not edits:
                return applied
            try:
                said = self._swap(edits)
            except Refusal as refusal:
                if refusal.code != "prerequisite":
                    raise
                edits, settled = self._settle(edits, refusal)
                applied.update(settled)
            else:
                applied.update({str(edit.item): Applied(ok=True, msg=said) for edit in edits})
                return applied
        applied.update(
            {str(edit.item): Applied(False, f"{edit.item} changed again and again while it was to be written", "changed_by_other") for edit in edits}
        )
        return applied

    def _settle(self, edits: list[Edit], refusal: Refusal) -> tuple[list[Edit], dict[str, Applied]]:
        """After a prerequisite failed nothing of the message was done: what is left to send, and what is decided."""
        lost = not self._markers.stands(edits[0].zone)
        now = self.servers.present(self._known_primary(), [edit.item for edit in edits])
        left, decided = [], {}
        for edit in edits:
            records = now[edit.item].records
            if records == edit.after:
                decided[str(edit.item)] = Applied(ok=True, msg="it was there already when it was to be written")
            elif records == edit.before:
                left.append(edit)
            elif self.on_conflict == "replace":
                left.append(dataclasses.replace(edit, before=records))
            elif self.on_conflict == "keep":
                decided[str(edit.item)] = _kept(records)
            else:
                change = f"{records or 'absent'} now and was {edit.before or 'absent'} when the task began"
                decided[str(edit.item)] = Applied(False, f"{edit.item} is {change}: somebody changed it, so it was not overwritten", "changed_by_other")
        if left == edits and not lost:
            decided.update({str(edit.item): Applied(False, refusal.message, refusal.code) for edit in left})
            left = []
        return left, decided

    def _swap(self, edits: t.Sequence[Edit]) -> str:
        """One message. Returns what is to be said of an answer that is not signed as it must be."""
        guard = self._markers.guard(edits[0].zone, self._fence)
        if self._fence is not None:
            self._fence.lease.still_ours()
        return self._send(message(edits, guard))

    def _send(self, update: Message) -> str:
        """To the primary; to the next of ``servers`` where it can't be reached or takes no updates: nothing was done then."""
        wire = update_wire(update)
        failures: list[tuple[NameServer, FailoverError]] = []
        for server in [self._known_primary(), *(server for server in self.servers.updated if server is not self.primary)]:
            self.messages[server] = self.messages.get(server, 0) + 1
            try:
                accepted = server.update(wire, self.auth, update.seconds())
            except (Unreachable, ConnectionRefused, Refusal) as error:
                if isinstance(error, Refusal) and error.code not in (*ELSEWHERE, *(() if self.auth.final_failure else ("server_failure",))):
                    self.primary = server
                    raise
                failures.append((server, error))
                continue
            self.primary = server
            await_arrival(self.servers, server, update, self.clock)
            return accepted.msg
        raise nobody_takes(update.zone, failures)

    def _one(self, item: Item) -> RecordSet | None:
        return self.servers.present(self._known_primary(), [item])[item].records

    # Reading back

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        seen = self.readback.wait([_edit(change) for change in group], self._known_primary(), self.verify_timeout, self._again)
        return {str(item): one for item, one in seen.items()}

    def look_again(self, confirmed: list[Change]) -> dict[str, Seen]:
        """Once all is written and read back, the clients' resolvers."""
        wanted = {Item.parse(change.name): from_image(change.after) for change in confirmed if not change.detail.get("kept")}
        unsettled = self.resolvers.wait(wanted, self.verify_timeout, everyone=self._everyone())
        return {str(item): seen for item, seen in unsettled.items()}

    def _everyone(self) -> bool:
        return self.readback.require.rule == ALL

    def _resolved(self, item: Item) -> bool:
        """Before anything is written; a resolver that does not answer is waited for only where all have to have it."""
        verdicts = [verdicts.get(item) for verdicts in self.resolvers.verdicts.values()]
        return all(verdict is not None and verdict.status != "wrong" and (not self._everyone() or verdict.status == "ok") for verdict in verdicts)

    def conclude(self, result: Result) -> None:
        """What name servers and resolvers owe is kept for the journal, wherever the written server has what is wanted."""
        told = [Item.parse(outcome.name) for outcome in result.outcomes if outcome.status in ("done", "already", "unconfirmed") and outcome.name]
        there = self.readback.verdicts.get(self.primary, {}) if self.primary is not None else {}
        wanted = {item: there[item].records for item in told if item in there and there[item].status == "ok"}
        result.accounts = accounts({"name_server": self.readback.verdicts, "resolver": self.resolvers.verdicts}, wanted)
        result.extra["debts"] = [{**debt, "records": list(debt["records"])} for debt in result.accounts.owed]

    def _again(self, edits: t.Sequence[Edit]) -> bool:
        for batch in batches(edits):
            try:
                self._swap(batch)
            except Refusal as refusal:
                if refusal.code != "prerequisite":
                    raise
                self._markers.stands(batch[0].zone)  # the next look shows what is there; the marker is read anew
            except (ConnectionLost, DeadlineExceeded):
                return False  # the next look shows whether it was done
        return True


def _kept(there: RecordSet | None) -> Applied:
    return Applied(ok=True, skipped=True, msg=f"it is {there or 'absent'}, as somebody else set it, and was left so", reason="changed_by_other")


def _edit(change: Change) -> Edit:
    return Edit(Item.parse(change.name), from_image(change.before), from_image(change.after), str(change.detail["zone"]))
