# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Reads every record back from every name server until all agree or the time is up; success claims only what was read.

Where the server that was written shows another value than we wrote, somebody else wrote since (a source that came back
registers its name) or the message was never carried out: with on_conflict=replace it is written again, a few times at most,
and told; else another writer's value stays.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import PRIMARY, Require, refuse_too_many
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import STATUSES, Servers, Verdict

#: How often a record is written again that somebody else changed in between.
MAX_AGAIN = 3
#: A server counts as unreachable after this many tries in a row, and is then left alone for some seconds.
TRIES, PAUSE = 3, 10.0
FIRST_WAIT, LONGEST_WAIT = 0.05, 0.5

#: Writes once more; what became of each that was sent (``written``, ``refused``, ``lost``).
Again = t.Callable[[t.Sequence[Edit]], t.Iterable[tuple[Item, str]]]


#: Tells a server that names of a zone have changed; what it said.
Notify = t.Callable[[NameServer, str, t.Sequence[str]], str]
#: Whether a server that took an update of a zone passed it on to its primary, and has it back only after a transfer.
PassesOn = t.Callable[[NameServer, str], bool]
#: What edits become in the face of what is there now; without those that would cost another writer's value.
Anew = t.Callable[[t.Sequence[Edit], t.Mapping[Item, "RecordSet | None"]], t.Mapping[Item, "RecordSet | None"]]


class ReadBack:
    """``verdicts`` keeps what each server said last of each set, for the result."""

    def __init__(
        self,
        servers: Servers,
        require: Require,
        clock: Clock,
        on_conflict: str,
        notify: Notify | None,
        passes_on: PassesOn,
        anew: Anew,
    ) -> None:
        self.servers = servers
        self.on_conflict = on_conflict
        self.require = require
        self.verdicts: dict[NameServer, dict[Item, Verdict]] = {}
        self._tried: dict[Item, int] = {}  #: how often a set was written again, or that was refused because something had changed
        self._again: dict[Item, int] = {}  #: how often it was written again
        self.rewritten: set[Item] = set()  #: what was, or may have been
        self._sought: dict[Item, RecordSet | None] = {}  #: what each set was to become, when it was last read back
        self.only_looks = False  #: check mode and plans tell no server to do anything
        self.notified: dict[NameServer, dict[str, str]] = {}  #: zone -> what a server said that was told to fetch it
        self._notify = notify
        self._anew = anew
        self.passes_on = passes_on
        self._clock = clock
        self._failures: dict[NameServer, int] = {}
        self._retry_at: dict[NameServer, float] = {}
        self._why: dict[NameServer, str] = {}  #: what a server that is not asked for a while failed with

    def refuse_too_many(self, zones: t.Iterable[str]) -> None:
        """Once the name servers of all zones are known. Raises InvalidInput where fewer serve a zone than are to have its records."""
        served = {zone: [server.endpoint.label for server in self.servers.all if self.servers.serves(server, zone)] for zone in zones}
        refuse_too_many(self.require, served)

    def known(self, server: NameServer, records: t.Mapping[Item, RecordSet | None]) -> None:
        """What was read from a server already."""
        self._kept(server).update({item: Verdict("ok", found) for item, found in records.items()})

    def _kept(self, server: NameServer) -> dict[Item, Verdict]:
        return self.verdicts.setdefault(server, {})

    def _serving(self, item: Item) -> list[NameServer]:
        """The servers that are to have this set."""
        zone = self.servers.zone_of(item)
        return [server for server in self.servers.all if self.servers.serves(server, zone)]

    def forget(self, items: t.Iterable[Item]) -> None:
        """These are about to change: what was read of them counts no more, and their servers may be told anew."""
        self.notified = {}
        for item in list(items):
            for verdicts in self.verdicts.values():
                verdicts.pop(item, None)

    def otherwise(self, items: t.Iterable[Item]) -> None:
        """What was read of these is not what was wanted of them."""
        for item in items:
            for kept in self.verdicts.values():
                if item in kept and kept[item].status == "ok":
                    kept[item] = Verdict("wrong", kept[item].records)

    def look(self, wanted: t.Mapping[Item, RecordSet | None], servers: t.Iterable[NameServer]) -> None:
        """One look at each server; only at what it has not confirmed yet."""
        for server in servers:
            kept = self._kept(server)
            open_items = {
                item: records
                for item, records in wanted.items()
                if self.servers.serves(server, self.servers.zone_of(item)) and (item not in kept or kept[item].status != "ok" or kept[item].records != records)
            }
            if not open_items:
                continue
            if self._clock.monotonic() < self._retry_at.get(server, 0.0):
                kept.update({item: Verdict("unreachable", msg=self._why.get(server, "it did not answer shortly before")) for item in open_items})
                continue
            found = self.servers.verify(server, open_items)
            kept.update(found)
            silent = next((verdict for verdict in found.values() if verdict.status == "unreachable"), None)
            if silent is not None:
                self._why[server] = silent.msg
            self._count(server, silent is not None)

    def _count(self, server: NameServer, failed: bool) -> None:
        self._failures[server] = self._failures.get(server, 0) + 1 if failed else 0
        if self._failures[server] >= TRIES:
            self._retry_at[server] = self._clock.monotonic() + PAUSE

    def settled(self, item: Item, primary: NameServer) -> bool:
        """Is what ``require`` asks for true of this set?"""
        statuses = {server: self._status(server, item) for server in self._serving(item)}
        return self.require.enough(statuses, self._status(primary, item), lambda server: self._failures.get(server, 0) >= TRIES)

    def everywhere(self, item: Item) -> bool:
        """Before anything is written: what the primary has already another server may still lack; that is then waited for, and told."""
        statuses = [self._status(server, item) for server in self._serving(item)]
        if self.require.number:
            return statuses.count("ok") >= self.require.number
        if self.require.rule == PRIMARY:
            return True
        return "wrong" not in statuses and (self.require.rule == "reachable" or statuses.count("ok") == len(statuses))

    def said(self, server: NameServer, item: Item) -> Verdict | None:
        """What a server said last of a set; None where it was not asked since."""
        return self._kept(server).get(item)

    def is_wrong(self, item: Item, server: NameServer) -> bool:
        return self._status(server, item) == "wrong"

    def _status(self, server: NameServer, item: Item) -> str:
        verdict = self._kept(server).get(item)
        return verdict.status if verdict is not None else "unreachable"

    def wait(self, edits: t.Sequence[Edit], primary: NameServer, timeout: float, again: Again) -> dict[Item, Seen]:
        """Until the server that was written shows all, or nothing more can come of it, or ``timeout`` seconds have passed. The others are asked only
        for what it does not show: with one that lags, later messages would wait for it. ``wait_for_all`` is theirs. ``forget`` comes first."""
        deadline = Deadline(self._clock, timeout)
        edits = list(edits)
        given_up: set[Item] = set()
        pause = FIRST_WAIT
        while True:
            left = {edit.item: edit.after for edit in edits if edit.item not in given_up}
            self.look(left, [primary])
            self.look({item: records for item, records in left.items() if self._status(primary, item) != "ok"}, self._others([primary]))
            wrong = [
                edit
                for edit in edits
                if edit.item not in given_up and self._status(primary, edit.item) == "wrong" and not self.on_the_way(edit.item, edit.before, primary)
            ]
            anew = self._made_anew(wrong, primary)
            given_up |= {edit.item for edit in wrong if edit.item not in anew}
            edits = [dataclasses.replace(edit, after=anew.get(edit.item, edit.after)) for edit in edits]
            self._sought.update({edit.item: edit.after for edit in edits})
            self._write_again([edit for edit in edits if edit.item in anew], primary, again)
            if deadline.passed() or all(edit.item in given_up or self._shown(edit.item, primary) for edit in edits):
                break
            self._clock.sleep(min(pause, deadline.remaining()))
            pause = min(pause * 1.5, LONGEST_WAIT)
        return {edit.item: self._seen(edit, primary, timeout) for edit in edits}

    def wait_for_all(self, wanted: t.Mapping[Item, RecordSet | None], primary: t.Callable[[Item], NameServer], timeout: float) -> dict[Item, Seen]:
        """Once, behind the last message: until ``require`` is met for all sets, or ``timeout`` seconds have passed. Returns only what is not settled."""
        deadline, pause, looked = Deadline(self._clock, timeout), FIRST_WAIT, False
        written = {primary(item) for item in wanted}
        while True:
            if looked:
                self.push(wanted, written)
            self.look(wanted, [*written, *self._others(written)])
            left = [item for item in wanted if not self.settled(item, primary(item))]
            if not left or deadline.passed():
                return {item: Seen(False, self._image(primary(item), item), *self._why_not(item, timeout)) for item in left}
            self._clock.sleep(min(pause, deadline.remaining()))
            pause, looked = min(pause * 1.5, LONGEST_WAIT), True

    def look_once(self, wanted: t.Mapping[Item, RecordSet | None], *, everyone: bool = False) -> None:
        """What nobody waited for: each server that was never asked for a set since it was written is asked now. ``everyone``: also those whose word
        does not count."""
        for server in self.servers.all if everyone else self._others([]):
            self.look({item: records for item, records in wanted.items() if self.said(server, item) is None}, [server])

    def arrived(self) -> dict[Item, RecordSet | None]:
        """What was to become of each set that at least one server shows so."""
        told = [(item, verdict) for verdicts in self.verdicts.values() for item, verdict in verdicts.items() if verdict.status == "ok"]
        return {item: verdict.records for item, verdict in told if item in self._sought and verdict.records == self._sought[item]}

    def _shown(self, item: Item, primary: NameServer) -> bool:
        """By the server that was written, or by enough others where that fell silent."""
        return self._status(primary, item) == "ok" or self.settled(item, primary)

    def _image(self, server: NameServer, item: Item) -> t.Any:
        there = self.said(server, item)
        return to_image(there.records) if there is not None else None

    def push(self, items: t.Iterable[Item], written: t.Collection[NameServer]) -> None:
        """Each other server that answers with something else is told once a zone to fetch it, where that may be."""
        if self._notify is None or self.only_looks:
            return
        lacking: dict[tuple[NameServer, str], list[str]] = {}
        for item in items:
            zone = self.servers.zone_of(item)
            for server in self._serving(item):
                if server not in written and zone not in self.notified.get(server, {}) and self._status(server, item) == "wrong":
                    lacking.setdefault((server, zone), []).append(item.name)
        for (server, zone), names in lacking.items():
            self.notified.setdefault(server, {})[zone] = self._notify(server, zone, names)

    def _others(self, written: t.Collection[NameServer]) -> list[NameServer]:
        """Those whose word counts beside the written ones."""
        return [] if self.require.rule == PRIMARY else [server for server in self.servers.all if server not in written]

    def _made_anew(self, wrong: t.Sequence[Edit], primary: NameServer) -> t.Mapping[Item, RecordSet | None]:
        """What is to be there after all, from what the written server has now; nothing of what is left to others, or was written again too often."""
        tried = [edit for edit in wrong if self.on_conflict == "replace" and self._tried.get(edit.item, 0) < MAX_AGAIN]
        return self._anew(tried, {edit.item: self._kept(primary)[edit.item].records for edit in tried}) if tried else {}

    def _write_again(self, edits: t.Sequence[Edit], primary: NameServer, again: Again) -> None:
        """Where ours is there and only another writer's value beside it, there is nothing to write."""
        there = self._kept(primary)
        wrong = [dataclasses.replace(edit, before=there[edit.item].records) for edit in edits if there[edit.item].records != edit.after]
        for item, how in again(wrong) if wrong else ():
            self._tried[item] = self._tried.get(item, 0) + (how != "lost")
            self._again[item] = self._again.get(item, 0) + (how == "written")
            self.rewritten |= {item} if how != "refused" else set()

    def on_the_way(self, item: Item, before: RecordSet | None, primary: NameServer) -> bool:
        """Whether the server that was written shows the old value because it passed the update on and lacks the transfer, so that it proves nothing."""
        verdict = self.said(primary, item)
        return verdict is not None and verdict.status == "wrong" and verdict.records == before and self.passes_on(primary, self.servers.zone_of(item))

    def _seen(self, edit: Edit, primary: NameServer, timeout: float) -> Seen:
        note = self._how_often(edit.item)
        if self._shown(edit.item, primary):
            return Seen(confirmed=True, image=to_image(edit.after), msg=note)
        there, image = self.said(primary, edit.item), self._image(primary, edit.item)
        if there is not None and there.status == "wrong" and not self.on_the_way(edit.item, edit.before, primary):
            arrived = any(self._status(server, edit.item) == "ok" for server in self._serving(edit.item))
            ignored = there.records == edit.before and not arrived
            if self.on_conflict == "keep" and not ignored:
                return Seen(True, image, f"it was written, and somebody else set it to {there.records or 'absent'} since, which was left so")
            shown = f"{primary.endpoint} has {there.records or 'no such record'}"
            if ignored:
                why = f"{shown} again or still: it took the update and did not carry it out, or somebody set the old value anew (a source registers itself)"
                return Seen(False, image, f"{edit.item}: {why} ({note or 'not written again'})", "ignored")
            what = f"was given another value by somebody else each time: {shown} ({note or 'not written again'})"
            return Seen(False, image, f"{edit.item} {what}", "changed_by_other")
        return Seen(False, image, *self._why_not(edit.item, timeout))

    def _how_often(self, item: Item) -> str:
        times = self._again.get(item, 0)
        refused = self._tried.get(item, 0) - times
        told = f"written again {times} time{'s' if times > 1 else ''}, as the name server had another value" if times else ""
        lost = "perhaps written again: the answer was lost" if item in self.rewritten and not times else ""
        late = f"not written again {refused} time{'s' if refused > 1 else ''}, as something had changed before the message came" if refused else ""
        return "; ".join(filter(None, (told, lost, late)))

    def _why_not(self, item: Item, timeout: float) -> tuple[str, str]:
        parts, reason = [], ""
        for server in self._serving(item):
            verdict = self._kept(server).get(item, Verdict("unreachable", msg="it was not asked"))
            if verdict.status == "wrong":
                parts.append(f"{server.endpoint} still has {verdict.records or 'no such record'}")
                reason = "not_converged"
            elif verdict.status != "ok":
                who = str(server.endpoint)
                parts.append(verdict.msg if verdict.msg.startswith(who) else f"{who}: {verdict.msg}")
                reason = reason or verdict.status
        return f"not read back from {self.require.words} within {timeout:g} s: {'; '.join(parts)}", reason or "not_converged"

    def report(self, written: t.Container[NameServer], messages: t.Mapping[NameServer, int]) -> dict[str, dict[str, t.Any]]:
        """The result's ``servers``: per server how many sets it has right, and the names of the others."""
        answer: dict[str, dict[str, t.Any]] = {}
        for server in self.servers.all:
            verdicts = self._kept(server)
            answer[server.endpoint.label] = {
                "address": server.endpoint.address,
                "port": server.endpoint.port,
                "written": server in written,
                "messages": messages.get(server, 0),
                **counted(verdicts),
                "notified": self.notified.get(server, {}),
            }
        return answer


def counted(verdicts: t.Mapping[Item, Verdict]) -> dict[str, t.Any]:
    """What one server said, for a result: the worst status, how many sets have each, and the names of those that are not right."""
    names: dict[str, list[str]] = {status: [str(item) for item, verdict in verdicts.items() if verdict.status == status] for status in STATUSES}
    worst = next((status for status in ("wrong", "unreachable", "not_authoritative", "ok") if names[status]), "not_asked")
    return {
        "status": worst,
        **{status: len(names[status]) for status in STATUSES},
        "names": {status: found for status, found in names.items() if status != "ok" and found},
    }
