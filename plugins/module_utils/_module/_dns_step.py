# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The DNS step behind the driver: reads, compares and swaps records, reads them back (architecture, sections 5 and 7)."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_ttl
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_aims import TTL_STATES, Aims
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_anew import all_made_anew, put_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import (
    Item,
    RecordSet,
    Repoint,
    Wanted,
    as_expected,
    from_image,
    items_of,
    to_image,
    undone,
    unexpected,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit, Message, batches
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import ALL, PRIMARY, Require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, TransportError, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_agreement import Agreement
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_beside import refuse_beside_alias
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_change import change_of, edit_of, left_alone, longest
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_debts import accounts, wanted_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker import Written, ZoneMarkers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import ReadBack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_resolvers import Resolvers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_ttl_result import tell_ttls, ttls_owed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_updater import Updater
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_telling import Telling
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_writing import Writer, kept
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import BAD_STATUSES, Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading


class DnsStep:
    """``wanted`` with state present or absent, or ``repoint``. With state reverted they only say which sets may be touched."""

    key = "dns"
    host = ""

    def __init__(
        self,
        state: str,
        wanted: t.Sequence[Wanted],
        repoint: Repoint | None,
        survey: Survey,
        updater: Updater,
        telling: Telling,
        clock: Clock,
        *,
        ttl: int | None,
        require: Require,
        discover: bool,
        resolvers: t.Sequence[Endpoint] = (),
        verify_timeout: float,
        protected: t.Container[str],
        on_conflict: str,
        on_failure: str,
        accept_disagreement: str = "",
        outside_runs_of: str = "",
    ) -> None:
        self.state = state
        self._asked, self._repoint = wanted, repoint
        self.wanted = {one.item: one for one in wanted}
        self.repoint = repoint
        self.servers = servers = survey.servers
        self.ttl = ttl
        self.verify_timeout = verify_timeout
        self.protected = protected
        self.on_conflict = on_conflict
        self.on_failure = on_failure
        self.discover = discover
        self.clock = clock
        self.survey = survey
        self.updater = updater
        self.telling = telling
        self.readback = ReadBack(servers, require, clock, on_conflict, telling, self.updater.passes_on, self._anew)
        self.resolvers = Resolvers(servers, resolvers if require.with_resolvers else (), clock, everyone=require.rule == ALL)
        self.warnings: list[str] = []
        self.agreement = Agreement(self.survey, self.readback, clock, accept_disagreement) if require.rule != PRIMARY else None
        self._markers = ZoneMarkers(self._one, self._carry_through, self._who_is_written, self.warnings, clock)
        self._writer = Writer(self.updater, self._markers, self._read, on_conflict, self._anew, outside_runs_of)
        self._now: dict[Item, RecordSet | None] = {}
        self._aliases: dict[Item, str] = {}
        self._since = clock.now()
        self._begun = False  #: whether records were sent
        self._sent: dict[Item, NameServer] = {}  #: who took, or may have taken, what was sent of a set
        self._going_back = False
        self.undo_begun = False  #: what leads to the source may be of an earlier try of the undo
        self._became: dict[str, JSON] = {}  #: what was confirmed, where another writer's value came beside ours

    def check_machine(self, expected: Machine | None) -> None:
        """There is no host: name servers are known by their key."""

    def fenced(self, fence: Fence) -> None:
        """Before the look: an earlier holder's markers are taken over first."""
        self._writer.fence = fence

    # Looking

    def observe(self) -> dict[str, JSON]:
        try:
            readings = self._readings()
        except TransportError as error:
            if not self._begun:
                mend = "see that it runs and that address and port are right, or list a name server that answers"
                error.message += f"; nothing was changed of {self._asked_for()}: {mend}"
            raise
        items = list(readings)
        self._now = {item: reading.records for item, reading in readings.items()}
        self._aliases = {item: reading.alias for item, reading in readings.items() if reading.alias and item.type != "CNAME"}
        if self.state == "present" and not self._begun:
            refuse_beside_alias(readings, self._read)
        shown = items if self.state not in ("repointed", *TTL_STATES) else [item for item in items if self._now[item] is not None or item in self.wanted]
        for holder, held in self.survey.by_holder(shown).items():
            self.readback.known(holder, {item: self._now[item] for item in held})
        self.readback.look({item: self._now[item] for item in shown}, self.servers.all)
        after = self._foreseen()
        if self.agreement is not None and not self._begun:
            self._now |= self.agreement.wait({item: self._now[item] for item in shown}, after, self._read)
            after = self._foreseen()
            if after is not None:
                self._now |= self.agreement.write_where_it_is_wrong({item: self._now[item] for item in shown}, after)
        if not self._begun:
            self._since = self.clock.now()
        if after is not None and not self._begun:
            # Only of what is as wanted already: see ``_dns_resolvers``.
            self.resolvers.look({item: self._now[item] for item in shown if after.get(item) == self._now[item]})
        return {str(item): to_image(self._now[item]) for item in shown}

    def _readings(self) -> dict[Item, Reading]:
        """Once messages were sent, of the servers that took them: what another one has says nothing of what was done. Where such a server is gone,
        another one may go on, but can't tell what is back."""
        if self._begun:
            try:
                return self._read(self._items())
            except TransportError:
                if self._going_back:
                    raise
        self._locate()
        if self._writer.fence is not None:
            for zone in self.survey.holders:
                self._markers.take_stale(zone, self._writer.fence)
        return self._read(self._items())

    def _asked_for(self) -> str:
        names = list(dict.fromkeys(item.name for item in [*self.wanted, *(items_of(self.repoint) if self.repoint else [])]))
        return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")

    def _items(self) -> list[Item]:
        """Every set that the task asks for; where TTLs are lowered and restored, and what was done so may be put back, with the notes of them."""
        items = list(dict.fromkeys([*self.wanted, *(items_of(self.repoint) if self.repoint else [])]))
        if self.state not in ("reverted", *TTL_STATES):
            return items
        names = dict.fromkeys(item.name for item in items if dns_ttl.has_note(item))
        return [*items, *(self.survey.beside(dns_ttl.note_item(name), name) for name in names)]

    def _foreseen(self) -> dict[Item, RecordSet | None] | None:
        """What the sets are to become; None where only the journal knows, or where ``changes`` will say what is amiss."""
        try:
            return self._after(self._now) if self.state != "reverted" else None
        except FailoverError:
            return None

    def _agreed(self, item: Item, after: RecordSet | None) -> None:
        """Raises ServersDisagree; once messages were sent, a lag is our own doing."""
        if self.agreement is not None and not self._begun:
            self.agreement.judge(item, self._now[item], after)

    def _locate(self) -> None:
        """The zone and the server of each record; PTR records of a classless delegation are taken where they really stand."""
        asked = [one.item for one in self._asked]
        pointers = [item for item in items_of(self._repoint) if item not in asked] if self._repoint else []
        self.survey.locate([*asked, *pointers], {one.item.name: one.zone for one in self._asked if one.zone})
        moved = [dataclasses.replace(one, item=self.survey.where(one.item)) for one in self._asked]
        self.wanted = {one.item: one for one in moved}
        self.repoint = dataclasses.replace(self._repoint, pointers=dict(self.survey.moved)) if self._repoint else None
        told = [f"{item.name} is an alias (RFC 2317): {there} is changed, where it leads" for item, there in self.survey.moved.items()]
        self.warnings.extend(one for one in told if one not in self.warnings)
        if self.discover:
            self.survey.discover()
        self.readback.refuse_too_many(self.survey.holders)

    def _read(self, items: t.Sequence[Item]) -> dict[Item, Reading]:
        """What the servers that are written have, in the order of the items."""
        found = {item: one for holder, held in self.survey.by_holder(items).items() for item, one in self.servers.present(holder, held).items()}
        return {item: found[item] for item in items}

    # Deciding

    def _after(self, now: t.Mapping[Item, RecordSet | None]) -> dict[Item, RecordSet | None]:
        """What the sets are to become, from what they are."""
        return Aims(self.state, self.wanted, self.repoint, self.ttl, self.protected, self.survey.zones, self.verify_timeout, self._later).after(now)

    def _later(self, seconds: float) -> str:
        return stamp(self._since + datetime.timedelta(seconds=seconds))

    def _anew(self, edits: t.Sequence[Edit], now: t.Mapping[Item, RecordSet | None]) -> t.Mapping[Item, RecordSet | None]:
        """What the sets are to become, from what somebody else made of them meanwhile; without those that would cost the other's value."""
        if self.state in ("repointed", "reverted"):
            return all_made_anew(self.repoint if self.state == "repointed" else None, edits, now)
        after = self._after({**self._now, **now})
        return {edit.item: after[edit.item] for edit in edits}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        after = self._after(self._now)
        changes = []
        for item in [item for item, one in self.wanted.items() if self.repoint is None and not as_expected(one, self._now[item], after[item])]:
            if self.on_conflict == "fail":
                raise unexpected(self.wanted[item], self._now[item])
            if self.on_conflict == "keep":
                del after[item]
                changes.append(left_alone(item, self._now[item], self.survey.zones[item.name]))
        for item, records in after.items():
            if self._now[item] != records:
                self._agreed(item, records)
                changes.append(self._change(item, self._now[item], records))
            elif str(item) in before and not (self.readback.everywhere(item) and self.resolvers.have(item)):
                changes.append(self._change(item, records, records))
        batches(edit_of(change) for change in changes)  # what no message can hold is refused before anything is sent
        return changes

    def _change(self, item: Item, before: RecordSet | None, after: RecordSet | None) -> Change:
        return change_of(Edit(item, before, after, self.survey.zones[item.name]), longest(len(self._now), self.verify_timeout))

    def touches(self, change: Change) -> list[str]:
        """The server that holds the zone; the others learn of it by transfer or replication."""
        return [self.survey.holder(change.detail["zone"]).endpoint.label]

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """The baseline's record, where the one that is there leads to the stand-in; any other is somebody's own doing."""
        item, there, known = Item.parse(name), from_image(now), baseline.get("records") or {}
        ours = set(self.wanted[item].values) if item in self.wanted else {to for _from, to in self.repoint.pairs} if self.repoint is not None else set()
        if there is None or not ours & set(there.values):
            return True, now
        return name in known, known.get(name)

    def taking_back(self) -> None:
        """What was done is put back where it was done, and over nobody else's."""
        self._going_back = self.updater.stays = True
        self._writer.on_conflict = self.readback.on_conflict = "fail"

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        item, there, left = Item.parse(name), from_image(now), from_image(self._became.get(name, after))
        notes, _others = dns_ttl.read_notes(self._now.get(dns_ttl.note_item(item.name)) if dns_ttl.has_note(item) else None)
        moved = self.repoint if item not in self.wanted else None  # of a listed record everything is ours, also where its name is repointed
        wanted = put_back(moved, item, from_image(before), left, there, noted=item.type in notes, ours=self.undo_begun)
        holder = self._holder(item)
        if self._going_back and self._sent.get(item, holder) is not holder:
            raise WrongState(
                f"{item} was changed on {self._sent[item].endpoint}, and {holder.endpoint}, which took what came later, can't tell whether it is back"
            )
        if wanted is not None and item in self._aliases:
            raise WrongState(f"{item}: {item.name} is a CNAME to {self._aliases[item]} now, and no other data can stand beside it; somebody changed it")
        if not undone(item, wanted, left, there):
            if item in self._sent and self.updater.passes_on(holder, self.survey.zones[item.name]):
                raise WrongState(
                    f"{holder.endpoint} passed the change of {item} on to its primary and still shows {there or 'no such record'}: it is not known to be back"
                )
            return None
        self._agreed(item, wanted)
        return self._change(item, there, wanted)

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        """One message each."""
        named = {change.name: change for change in changes}
        return [[named[str(edit.item)] for edit in batch] for batch in batches(edit_of(change) for change in changes)]

    # Doing

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        self._begun = True
        self.readback.forget(Item.parse(change.name) for change in group)
        applied = {change.name: kept(self._now[Item.parse(change.name)]) if change.detail.get("kept") else Applied(ok=True) for change in group}
        edits = [edit_of(change) for change in group if change.before != change.after]
        try:
            return {**applied, **self._writer.write(edits)}
        finally:
            self._sent.update({edit.item: self.survey.holder(edit.zone) for edit in edits})

    def _one(self, item: Item, zone: str) -> RecordSet | None:
        self.servers.lies_in(item.name, zone)
        return self.servers.present(self.survey.holder(zone), [item])[item].records

    def _carry_through(self, message: Message) -> str:
        return self.updater.carry_through(message, self.verify_timeout)

    def _who_is_written(self, zone: str) -> Written:
        holder = self.survey.holder(zone)
        return Written(str(holder.endpoint), self.updater.passes_on(holder, zone))

    def takes_back(self, outcomes: t.Mapping[str, Outcome]) -> bool:
        """With on_failure=rollback, unless all that is amiss is that another name server or a resolver does not follow yet."""
        return self.on_failure == "rollback" and any(
            outcome.status == "failed" or (outcome.status == "unconfirmed" and not self._written(Item.parse(outcome.name), from_image(outcome.before)))
            for outcome in outcomes.values()
        )

    def _written(self, item: Item, before: RecordSet | None) -> bool:
        """The server that was written has it, or passed it on to its primary and waits for the transfer."""
        holder = self._holder(item)
        verdict = self.readback.said(holder, item)
        return (verdict is not None and verdict.status == "ok") or self.readback.on_the_way(item, before, holder)

    # Reading back

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        edits = [edit_of(change) for change in group]
        seen = self.readback.wait(edits, self.survey.holder(edits[0].zone), self.verify_timeout, self._writer.again)
        self._became.update({str(item): one.image for item, one in seen.items() if one.confirmed})
        return {str(item): one for item, one in seen.items()}

    def look_again(self, confirmed: list[Change]) -> dict[str, Seen]:
        """Once all messages are sent: the other name servers, and behind them the clients' resolvers."""
        wanted = {Item.parse(change.name): from_image(self._became.get(change.name, change.after)) for change in confirmed if not change.detail.get("kept")}
        wanted = {item: records for item, records in wanted.items() if not self.readback.is_wrong(item, self._holder(item))}  # left to somebody else
        unsettled = self.readback.wait_for_all(wanted, self._holder, self.verify_timeout)
        asked = {item: records for item, records in wanted.items() if item not in unsettled and not dns_ttl.is_note(item)}
        unsettled |= self.resolvers.wait(asked, self.verify_timeout)
        return {str(item): seen for item, seen in unsettled.items()}

    def _holder(self, item: Item) -> NameServer:
        """The server that is written for a record."""
        return self.survey.holder(self.survey.zones[item.name])

    def conclude(self, result: Result) -> dict[str, str] | None:
        """What name servers and resolvers owe is kept for the journal, wherever the written server has what is wanted."""
        tell_ttls(result)
        wanted = wanted_of(result.outcomes, lambda item: self.readback.said(self._holder(item), item), self.readback.arrived(), self.survey.zones)
        self.readback.look_once(wanted, everyone=self.state in TTL_STATES)  # whoever lacks a TTL gives out the old one, whoever is waited for
        result.accounts = accounts({"name_server": self.readback.verdicts, "resolver": self.resolvers.verdicts}, wanted)
        result.extra["debts"] = [{**debt, "records": list(debt["records"])} for debt in result.accounts.owed]
        self.warnings.extend(ttls_owed(result) if self.state in TTL_STATES else ())
        for one in result.outcomes:
            if Item.parse(one.name) in self.readback.rewritten and not self._going_back:
                result.changed = one.changed = True  # it was there already, and somebody changed it while it was waited for
        if self._going_back:  # what was looked at to be put back is right where it was put back, and of that alone
            self.readback.otherwise(Item.parse(one.name) for one in result.outcomes if one.status in BAD_STATUSES and one.reason != "rolled_back")
        if self.agreement is None or not self.agreement.passed_over:
            return None
        what = "; ".join(self.agreement.passed_over)
        result.warnings.append(f"{what}; accepted: {self.agreement.accepted}")
        return {"what": what, "finding": "dns_servers_disagree", "reason": self.agreement.accepted}
