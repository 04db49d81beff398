# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Service principal names in a forest, read and moved by a script on one domain controller."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.spns import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.scripts import run_script

#: Win32 errors that a move can meet, in words.
CODES = {
    5: "access is denied: the logon needs the right to write servicePrincipalName on both accounts",
    8333: "the directory has no such object",
    8647: "another account of the forest holds it (error 8647)",
}


JSON = t.Any


@dataclasses.dataclass(frozen=True)
class Move:
    """One value from one account to another; "" = nobody."""

    value: str
    giver: str
    taker: str


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a value could not be moved, and whether it is back where it was."""

    code: int
    message: str
    restored: bool

    def sentence(self) -> str:
        cause = CODES.get(self.code, f"{self.message} (error {self.code})")
        return cause if self.restored else f"{cause}. It was taken from its account and could not be given back: put it back by hand"


@dataclasses.dataclass(frozen=True)
class Answer:
    """``accounts``: asked for and found, in small letters -> as the directory writes it; ``holders``: SPN in small letters -> accounts."""

    accounts: dict[str, str]
    holders: dict[str, list[str]]
    forest: bool
    failed: dict[str, Refusal]
    refused: frozenset[str] = frozenset()  #: SPNs in small letters that were left alone because another controller has taken the lease

    def holders_of(self, value: str) -> list[str]:
        return self.holders.get(value.lower(), [])


def ask(session: Session, accounts: t.Sequence[str], values: t.Sequence[str], moves: t.Sequence[Move], timeout: float, lease: JSON = None) -> Answer:
    """Moves what ``moves`` says, then tells who holds each of ``values``. Without moves it only reads. ``lease``: ``{file, epoch}`` where the run's
    lease lies on this domain controller."""
    data = {
        "accounts": list(accounts),
        "values": list(values),
        "moves": [{"value": move.value, "from": move.giver, "to": move.taker} for move in moves],
        "lease": lease,
    }
    answer = run_script(session, SCRIPT, data, timeout, only_reads=not moves)
    holders: dict[str, list[str]] = {}
    for entry in answer["holders"] or []:
        holders.setdefault(entry["value"].lower(), []).append(entry["account"])
    failed = {entry["value"].lower(): Refusal(int(entry["code"]), str(entry["message"]).strip(), bool(entry["restored"])) for entry in answer["failed"] or []}
    return Answer(
        accounts={entry["account"].lower(): entry["account"] for entry in answer["accounts"] or []},
        holders=holders,
        forest=bool(answer["forest"]),
        failed=failed,
        refused=frozenset(value.lower() for value in answer.get("refused") or []),
    )
