# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""directory_spns: moves service principal names from one account to another, so that Kerberos finds the stand-in."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, TransportError, Unreachable, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import lease_file, refuse_all
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import directory

#: Seconds for one script on a domain controller.
SCRIPT = 90.0

#: class/host[:port][/name] (reference: Microsoft, Name formats for unique SPNs).
SPN = re.compile(r"[^/\s:]+/[^/\s]+(/[^/\s]+)?")

#: They belong to the machine itself; moving them breaks managing it.
MACHINE_CLASSES = ("restrictedkrbhost", "termsrv", "wsman")


def directory_spns_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["moved", "reverted"], "default": "moved"},
            "spns": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "from": {"type": "str", "required": True},
                    "to": {"type": "str", "required": True},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "domain_controllers": {"type": "list", "elements": "str", "required": True},
        }
    )


def directory_spns(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Moves the listed names; see the module's documentation."""
    return drive(SpnsStep(params, hosts), params, hosts, clock, check_mode=check_mode)


class SpnsStep:
    """One name is one item; its image is ``{"account": …}``, or None where nobody holds it."""

    key = "spns"
    host = ""

    def __init__(self, params: t.Mapping[str, t.Any], hosts: Hosts) -> None:
        _check(params)
        self.hosts = hosts
        self.controllers: list[str] = list(params["domain_controllers"])
        self.pairs = {value: (entry["from"], entry["to"]) for entry in params["spns"] for value in entry["values"]}
        self.accounts = sorted({account for pair in self.pairs.values() for account in pair}, key=str.lower)
        self.run: t.Mapping[str, t.Any] = params["run"] or {}
        self.controller = ""
        self.answer = directory.Answer({}, {}, False, {})

    def check_machine(self, expected: Machine | None) -> None:
        """It has no host of its own."""

    def observe(self) -> dict[str, JSON]:
        self.answer = self._first(lambda session: directory.ask(session, self.accounts, list(self.pairs), [], SCRIPT))
        return {value: self._image(self.answer, value) for value in self.pairs}

    def _first(self, ask: t.Callable[[Session], directory.Answer]) -> directory.Answer:
        """The first domain controller that answers; every later call goes to the same one, since others learn of a change later."""
        causes = []
        for name in self.controllers:
            try:
                answer = ask(self.hosts.named(name))
            except TransportError as error:
                causes.append(f"{name}: {error.message}")
                continue
            self.controller = name
            return answer
        raise Unreachable(f"no domain controller answers, so nothing was touched ({'; '.join(causes)})", host=self.controllers[0])

    def _image(self, answer: directory.Answer, value: str) -> JSON:
        holders = answer.holders_of(value)
        return {"account": holders[0] if len(holders) == 1 else sorted(holders)} if holders else None

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        bad = {value: why for value, why in ((value, self._refusal(value)) for value in before) if why}
        if bad:
            sentences = {value: why for value, (_reason, why) in bad.items()}
            message = f"nothing was touched: {'; '.join(dict.fromkeys(sentences.values()))}"
            raise refuse_all(message, next(iter(bad.values()))[0], sentences, before, self.controller)
        changes = []
        for value, image in before.items():
            taker = self._account(self.pairs[value][1])
            if image is None or image["account"].lower() != taker.lower():
                changes.append(Change(value, f"give it to {taker}", image, {"account": taker}, deadline=2 * SCRIPT))
        return changes

    def _refusal(self, value: str) -> tuple[str, str] | None:
        for account in self.pairs[value]:
            if account.lower() not in self.answer.accounts:
                hint = "" if account.endswith("$") else f", a computer is {account}$"
                return "unknown_account", f"{self.controller} knows no account {account} (give its sAMAccountName{hint})"
        known = {account.lower() for account in self.pairs[value]}
        others = [account for account in self.answer.holders_of(value) if account.lower() not in known]
        if others:
            return "spn_held_by_other", f"{value} is held by {', '.join(others)}, which is neither of the two accounts: find out why first"
        if len(self.answer.holders_of(value)) > 1:
            return "spn_held_twice", f"{value} is held by {' and '.join(self.answer.holders_of(value))}, so logons fail already: remove the wrong one by hand"
        return None

    def _account(self, name: str) -> str:
        return self.answer.accounts.get(name.lower(), name)

    def touches(self, change: Change) -> list[str]:
        """The one that answered; the others learn of it by replication."""
        return [self.controller]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return [changes] if changes else []

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        moves = [directory.Move(change.name, _holder(change.before), _holder(change.after)) for change in group]
        accounts = sorted({account for move in moves for account in (move.giver, move.taker) if account})
        lease = lease_file(self.run, self.controller, fence)
        self.answer = directory.ask(self.hosts.named(self.controller), accounts, [change.name for change in group], moves, SCRIPT, lease)
        return {change.name: self._applied(change) for change in group}

    def _applied(self, change: Change) -> Applied:
        if change.name.lower() in self.answer.refused:
            return Applied(ok=False, msg=f"another controller has taken the run over, so {change.name} was left alone", reason="lease_lost")
        failure = self.answer.failed.get(change.name.lower())
        if failure is None:
            return Applied(ok=True, msg=f"on {self.controller}")
        reason = {5: "access_denied", 8647: "spn_not_unique"}.get(failure.code, "refused_by_directory")
        return Applied(ok=False, msg=f"could not move {change.name} on {self.controller}: {failure.sentence()}", reason=reason, evidence={"code": failure.code})

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """Reads again from the same controller; the others follow by replication."""
        answer = directory.ask(self.hosts.named(self.controller), [], [change.name for change in group], [], SCRIPT)
        seen = {}
        for change in group:
            image = self._image(answer, change.name)
            good = _holder(image).lower() == _holder(change.after).lower()
            why = f"on {self.controller}" if good else f"{self.controller} says that {_holder(image) or 'nobody'} holds it"
            seen[change.name] = Seen(confirmed=good, image=image, msg=why)
        return seen

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """The definition says whose it is in peace time; what a third account holds is not the identity's doing."""
        giver, taker = self.pairs[name]
        return True, {"account": self._account(giver)} if _holder(now).lower() in ("", self._account(taker).lower()) else now

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        if _holder(now).lower() == _holder(before).lower():
            return None
        if _holder(now).lower() not in (_holder(after).lower(), ""):
            raise WrongState(f"{name} is held by {_holder(now)} now, not by {_holder(after)}: somebody else moved it since, so it is left alone")
        return Change(name, f"give it back to {_holder(before) or 'nobody'}", now, before, deadline=2 * SCRIPT)


def _holder(image: JSON) -> str:
    """The account in an image; "" = nobody. Several, which only a look can show, are joined."""
    if image is None:
        return ""
    account = image["account"]
    return account if isinstance(account, str) else ", ".join(account)


def _check(params: t.Mapping[str, t.Any]) -> None:
    if not params["spns"]:
        raise InvalidInput("spns is empty: name at least one family")
    if not [name for name in params["domain_controllers"] if name.strip()]:
        raise InvalidInput("domain_controllers is empty: name at least one")
    seen: set[str] = set()
    for entry in params["spns"]:
        if not entry["from"].strip() or not entry["to"].strip() or not entry["values"]:
            raise InvalidInput("spns: an entry lacks from, to or values")
        if entry["from"].lower() == entry["to"].lower():
            raise InvalidInput(f"spns: from and to are both {entry['to']}")
        for value in entry["values"]:
            if SPN.fullmatch(value) is None:
                raise InvalidInput(f"spns: {value!r} is no service principal name, such as http/mail.example.com")
            if value.partition("/")[0].lower() in MACHINE_CLASSES:
                raise InvalidInput(f"spns: {value} belongs to the machine itself; moving it breaks managing {entry['from']}")
            if value.lower() in seen:
                raise InvalidInput(f"spns: {value} is listed twice")
            seen.add(value.lower())
