# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A sample of clients that is looked at again and again: what each met at last, since when it passes each stage, what keeps it at the old server."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import KERBEROS, STAGES, Met, Wanted, advice, curve, passed
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.stubborn import Stubborn
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.tickets import Tickets, old_holders, proven, why_unproven
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    BadCertificate,
    BadCredentials,
    InvalidInput,
    MissingLibrary,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import Answer, FanOut
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._stubborn_clients import look_for_reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import (
    CONNECT_ERRORS,
    RESOLVE_ERRORS,
    Check,
    Reached,
    check_client,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_tickets import read_tickets

#: Seconds between two looks at the clients that are not there yet: a look costs each of them a PowerShell process.
LOOK = 2.0
#: Seconds for one connection and its first line.
ONE_CHECK = 5.0
#: Refusals that another look would only meet again; a logon that is refused every two seconds locks the account.
FINAL = frozenset(kind.reason for kind in (BadCredentials, AccessDenied, BadCertificate, InvalidInput, MissingLibrary))
OLD_TICKET = "log off and on, or klist purge in that logon"


class Sample:
    """What is known of every client: what it met at last, and when it first passed each stage under every name."""

    def __init__(
        self, clients: t.Sequence[str], wanted: t.Sequence[Wanted], fan_out: FanOut, clock: Clock, moved_before: float = 0.0, *, tickets: bool = True
    ) -> None:
        self.clients = clients
        self.wanted = wanted
        self.fan_out = fan_out
        self.clock = clock
        self.begun = clock.monotonic()
        #: Seconds that the names had moved before the sample was begun.
        self.moved_before = moved_before
        self.last: dict[str, Answer[list[Reached]]] = {}
        self.since: dict[str, dict[str, float]] = {stage: {} for stage in (*STAGES, KERBEROS)}
        self.checks = [Check(one.name, one.port, _type_of(one), one.protocol, one.path, one.identity) for one in wanted]
        self.spns = list(dict.fromkeys(one.spn for one in wanted if one.spn)) if tickets else []
        #: What each client holds of Kerberos tickets, looked at once, when it has arrived; and what keeps whom at the old server.
        self.tickets: dict[str, Answer[list[Tickets]]] = {}
        self.stubborn: list[Stubborn] = []
        self.not_looked_at: list[str] = []
        #: The last stage that the expectations can prove at all.
        self.goal = max((one.stages()[-1] for one in wanted), key=STAGES.index)

    def watch(self, seconds: float, share: float) -> None:
        """Looks again at those that are not there, until ``share`` of all is, the time is over, or all others have refused for good."""
        deadline = Deadline(self.clock, seconds)
        while True:
            self._look(self._to_look_at())
            if self._enough(share) or deadline.passed() or not self._to_look_at():
                return
            self.clock.sleep(min(LOOK, deadline.remaining()))

    def _to_look_at(self) -> list[str]:
        if self.fan_out.locked_out():
            return []
        return [name for name in self.clients if not self._arrived(name) and not self._refused(name)]

    def _refused(self, name: str) -> bool:
        """Whether the client has said that it lets us do nothing more on it."""
        answers = (self.last.get(name), self.tickets.get(name))
        return any(answer is not None and answer.reason in FINAL for answer in answers)

    def _look(self, names: t.Sequence[str]) -> None:
        for name, answer in self.fan_out.run(names, self._check).items():
            self.last[name] = answer
            if not answer.ok or answer.value is None:
                continue
            for stage in STAGES:
                able = [number for number, one in enumerate(self.wanted) if stage in one.stages()]
                if able and all(stage in passed(self.wanted[number], answer.value[number]) for number in able):
                    self.since[stage].setdefault(name, answer.seconds)
                else:
                    # Two servers that answer in turn: a stage counts only while it lasts.
                    self.since[stage].pop(name, None)
        self._look_at_tickets([name for name in names if self._arrived(name)])

    def _check(self, session: Session, deadline: Deadline) -> list[Reached]:
        return check_client(session, self.checks, deadline.remaining(), one_check=ONE_CHECK)

    def _look_at_tickets(self, names: t.Sequence[str]) -> None:
        if not self.spns or not names:
            return
        self.tickets.update(self.fan_out.run(names, lambda session, deadline: read_tickets(session, self.spns, deadline.remaining())))
        for name in names:
            answer = self.tickets[name]
            if answer.value is not None and all(proven(one, self._since_move(answer)) for one in answer.value):
                self.since[KERBEROS][name] = answer.seconds

    def _since_move(self, answer: Answer[t.Any]) -> float:
        """How old a ticket may be, in seconds, that was issued for the name where it is now."""
        return self.moved_before + answer.seconds

    def diagnose(self) -> None:
        """Looks once for what keeps clients at the old server: those that do not resolve, and those with a connection to an old address."""
        old = any(one.old_addresses for one in self.wanted)
        asked = [name for name in self.clients if self.last[name].ok and not self._refused(name) and (old or not self._resolves(name))]
        answers = self.fan_out.run(asked, lambda session, deadline: look_for_reasons(session, deadline, self.wanted, resolves=self._resolves(session.name)))
        self.not_looked_at = [name for name, answer in answers.items() if not answer.ok]
        for name in self.clients:
            self.stubborn += (answers[name].value or []) if name in answers else []
            self.stubborn += [
                Stubborn(name, "old_ticket", f"{holder.account} has a ticket for {one.spn} from before the move, or of unknown age", OLD_TICKET)
                for one in (self.tickets[name].value or [] if name in self.tickets else [])
                for holder in old_holders(one, self._since_move(self.tickets[name]))
            ]

    def _resolves(self, name: str) -> bool:
        return all("resolve" in passed(one, met) for one, met in zip(self.wanted, self.last[name].value or [], strict=False))

    def _arrived(self, name: str) -> bool:
        answer = self.last.get(name)
        if answer is None or answer.value is None:
            return False
        return all(passed(one, met) == one.stages() for one, met in zip(self.wanted, answer.value, strict=True))

    def _enough(self, share: float) -> bool:
        return sum(self._arrived(name) for name in self.clients) >= share * len(self.clients)

    def result(self, share: float) -> Result:
        outcomes = [self._outcome(name) for name in self.clients]
        there = sum(self._arrived(name) for name in self.clients)
        result = Result(outcomes=outcomes, extra={"curves": self.curves(), "stubborn": [one.as_dict() for one in self.stubborn]})
        if self.not_looked_at:
            result.warnings.append(f"what keeps {', '.join(self.not_looked_at)} at the old server could not be looked at")
        late = [outcome for outcome in outcomes if outcome.status == "failed"]
        if not self._enough(share):
            first = late[0]
            result.failed, result.reason = True, "clients_not_there"
            more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
            result.msg = f"{there} of {len(self.clients)} clients arrive, {share:.0%} must; {first.name}{more}: {first.msg}"
        elif late:
            result.msg = f"{there} of {len(self.clients)} clients arrive, which is enough"
            for outcome in late:
                outcome.status = "skipped"
        return result

    def curves(self) -> dict[str, t.Any]:
        """Each stage by itself. A client whose logons hold old tickets, or that could not be asked for them, is unproven and never reached."""
        count = len(self.clients)
        provable = {stage for one in self.wanted for stage in one.stages()}
        curves = {stage: {**curve(self.since[stage], count), "unproven": 0 if stage in provable else count} for stage in STAGES}
        reached = self.since[KERBEROS]
        old = sum(len(old_holders(one, self._since_move(answer))) for answer in self.tickets.values() for one in (answer.value or []))
        return {**curves, KERBEROS: {**curve(reached, count), "unproven": count - len(reached), "old_sessions": old}}

    def _outcome(self, name: str) -> Outcome:
        answer = self.last[name]
        if not answer.ok or answer.value is None:
            return Outcome(name, "failed", host=name, msg=answer.msg, reason=answer.reason)
        seen = {"checks": [met.as_dict() for met in answer.value]}
        for one, met in zip(self.wanted, answer.value, strict=True):
            if passed(one, met) != one.stages():
                stage = one.stages()[len(passed(one, met))]
                why = "; ".join([advice(one, met, _words), *(f"{each.evidence}: {each.help}" for each in self.stubborn if each.client == name)])
                return Outcome(name, "failed", host=name, msg=why, reason=f"not_there_{stage}", after=seen)
        grade = "probed" if self.goal == "identity" else "unknown"
        return Outcome(name, "already", grade=grade, host=name, after=seen, msg="; ".join(self._doubts(name)))

    def _doubts(self, name: str) -> list[str]:
        """What a client that is there has not proven, or still holds on to."""
        held = [f"{one.evidence}: {one.help}" for one in self.stubborn if one.client == name and one.kind != "old_ticket"]
        answer = self.tickets.get(name)
        if answer is None:
            return held
        if answer.value is None:
            return [*held, f"its Kerberos tickets could not be looked at: {answer.msg}"]
        return [*held, *filter(None, (why_unproven(one, self._since_move(answer)) for one in answer.value))]


def _words(met: Met) -> str:
    if not met.addresses:
        return RESOLVE_ERRORS.get(met.resolve_error, f"error {met.resolve_error}")
    return CONNECT_ERRORS.get(met.connect_error, f"error {met.connect_error}")


def _type_of(wanted: Wanted) -> str:
    """AAAA only where nothing but IPv6 is expected."""
    return "AAAA" if wanted.addresses and all(":" in address for address in wanted.addresses) else "A"
