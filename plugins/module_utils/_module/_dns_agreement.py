# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Name servers that disagree before anything is written: who changes one of them may overwrite what only the other knows.

A secondary that lags gets the records within seconds, which is waited for. SOA serials judge nothing (in Active Directory every
server counts its own); they are only told, as a hint why.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, same_values
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, TransportError, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import FIRST_WAIT, LONGEST_WAIT, ReadBack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading

#: Seconds in which a secondary that only lags has the records of its primary.
LAG = 10.0

Records = t.Mapping[Item, "RecordSet | None"]
#: Asks the servers that are written.
Read = t.Callable[[t.Sequence[Item]], t.Mapping[Item, Reading]]


class ServersDisagree(WrongState):
    """Another name server has another value than the one that is to be written, and keeps it."""

    reason = "servers_disagree"


class Agreement:
    """``accepted``: the reason for which a disagreement is passed over; empty for none."""

    def __init__(self, survey: Survey, readback: ReadBack, clock: Clock, accepted: str) -> None:
        self.accepted = accepted
        self.passed_over: list[str] = []
        self._survey = survey
        self._servers = readback.servers
        self._readback = readback
        self._clock = clock

    def wait(self, now: Records, after: Records | None, read: Read) -> Records:
        """Until all have what the server has that will be written, or a lag is no explanation any more. ``after`` None: not known yet.
        Returns ``now`` as it is then: who is behind may be our own reading, of a server that somebody writes at this moment."""
        deadline, pause = Deadline(self._clock, LAG), FIRST_WAIT
        while True:
            left = {item: now[item] for item in now if (after is None or after.get(item) != now[item]) and self._others(item, now[item], after)}
            if not left or deadline.passed():
                return now
            self._readback.push(left, self._survey.holders.values())
            self._clock.sleep(min(pause, deadline.remaining()))
            pause = min(pause * 1.5, LONGEST_WAIT)
            left = {item: reading.records for item, reading in read(list(left)).items()}
            now = {**now, **left}
            for holder, held in self._survey.by_holder(left).items():
                self._readback.known(holder, {item: now[item] for item in held})
            self._readback.look(left, self._servers.all)

    def write_where_it_is_wrong(self, now: Records, after: Records) -> dict[Item, RecordSet | None]:
        """With a disagreement that is accepted: where the server to write has all of a zone as it shall be, and another one that takes updates has
        not, that one is written, with what it has as the prerequisite. Waiting would not mend it, but for a secondary that passes updates on: it
        only lags behind a primary that has it right. Returns what is there instead of ``now``."""
        instead: dict[Item, RecordSet | None] = {}
        for zone, holder in list(self._survey.holders.items()) if self.accepted else ():
            mine = [item for item in now if self._survey.zones[item.name] == zone]
            if any(after.get(item) != now[item] for item in mine):
                continue
            wrong = [one for one in self._servers.updated if one is not holder and any(self._readback.is_wrong(item, one) for item in mine)]
            others = [one for one in wrong if not self._readback.passes_on(one, zone)]
            if not others:
                continue
            with contextlib.suppress(FailoverError):  # one that can't be read now is only waited for, as ever
                found = {item: reading.records for item, reading in self._servers.present(others[0], mine).items()}
                self._survey.holders[zone] = others[0]
                self._readback.known(others[0], found)
                instead |= found
        return instead

    def judge(self, item: Item, now: RecordSet | None, after: RecordSet | None) -> None:
        """Before ``item`` is changed to ``after``. Raises ServersDisagree where that is not accepted."""
        others = self._others(item, now, {item: after})
        if not others:
            return
        sentence = self._sentence(item, now, others, self._survey.holder(self._servers.zone_of(item)))
        if not self.accepted:
            raise ServersDisagree(
                f"{sentence}. No record was changed: mend the transfer or replication between them, or accept it with a reason (accept_disagreement, in a run "
                "failover_accept with dns_servers_disagree)",
                items={str(item): sentence},
            )
        if sentence not in self.passed_over:
            self.passed_over.append(sentence)

    def _others(self, item: Item, now: RecordSet | None, after: Records | None) -> dict[NameServer, RecordSet | None]:
        """Who has another value than both the one that is there and the one that is to come. A TTL is no value."""
        found = {}
        for server, verdicts in self._readback.verdicts.items():
            verdict = verdicts.get(item)
            if verdict is not None and verdict.status == "wrong" and not same_values(verdict.records, now):
                if after is None or not same_values(verdict.records, after.get(item)):
                    found[server] = verdict.records
        return found

    def _sentence(self, item: Item, now: RecordSet | None, others: t.Mapping[NameServer, RecordSet | None], primary: NameServer) -> str:
        said = ", ".join(f"{server.endpoint} has {records or 'no such record'}" for server, records in others.items())
        return f"{item}: {primary.endpoint} has {now or 'no such record'}, and after {LAG:g} s {said} ({self._hint(item, next(iter(others)), primary)})"

    def _hint(self, item: Item, other: NameServer, primary: NameServer) -> str:
        zone = self._servers.zone_of(item)
        theirs, ours = (self._serial(server, zone) for server in (other, primary))
        if theirs is None or ours is None:
            return "its zone's serial could not be read"
        behind = 0 < (ours - theirs) & 0xFFFFFFFF < 0x80000000
        if behind:
            return f"the serial of {other.endpoint.label}, {theirs}, is behind {ours}: its transfer fails, or it is a primary of its own"
        return f"the serial of {other.endpoint.label}, {theirs}, is not behind {ours}: no secondary that lags"

    def _serial(self, server: NameServer, zone: str) -> int | None:
        try:
            records = self._servers.read(server, [Item(zone, "SOA")], 1)[Item(zone, "SOA")].records
        except TransportError:
            return None
        return int(records.values[0].split()[2]) if records is not None else None
