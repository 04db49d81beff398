# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Where failover_status reads: the store, or whatever of the journal still verifies when the store is silent, broken, set back or gone."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import restart
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import rightful_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, ScriptFailed, StoreError, TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._from_observation import condition_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Request


TOLD = {
    "mirror": "this is what the mirror knows",
    "store": "this is as much of it as verifies",
    "nothing": "and no mirror knows it, so that only observation is left",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the state was read, and what of it is certain. ``condition``: ``ok`` or one of ``restart.CONDITIONS``."""

    read_from: str
    condition: str
    msg: str
    certain: tuple[str, ...]
    uncertain: tuple[str, ...]
    known: restart.Known


def read_what_verifies(journal: Journal, clock: Clock, result: Result) -> tuple[Fold, Source]:
    """From the store; where it can't be used, from whatever still verifies, and that is said plainly."""
    try:
        read = journal.read()
    except (TransportError, ScriptFailed, StoreError) as error:
        condition = condition_of(error)
        lines, there = _raw(journal) if condition in ("broken", "rewound", "empty") else ((), Head())
        found = restart.known(journal.events, journal.head, lines)
        fold_of_it = fold(found.events, clock.now())
        certain, uncertain = restart.certainty(condition, found, there, fold_of_it)
        told = TOLD[found.of]
        warning = f"the journal in {journal.store.place} {restart.CONDITIONS[condition]} ({error.message}); {told}"
        if warning not in result.warnings:
            result.warnings.append(warning)
        return fold_of_it, Source("observation" if found.of == "nothing" else found.of, condition, error.message, tuple(certain), tuple(uncertain), found)
    found = restart.Known("store", tuple(journal.events), journal.head)
    return read, Source(journal.store.place, "ok", "", (restart.verified(journal.mirrored, journal.head.seq),), (), found)


def _raw(journal: Journal) -> tuple[tuple[str, ...], Head]:
    try:
        reply = journal.ask(Request(journal.identity))
    except FailoverError:
        return (), Head()
    return reply.lines, reply.head


def next_with(
    source: Source, fold: Fold, identity: str, now: datetime.datetime, threats: t.Sequence[t.Mapping[str, t.Any]] = (), minimum: str = "asserted"
) -> str:
    """A journal that is lost is begun anew by the command that would be next anyway."""
    usual = next_of(fold, identity, now, threats=threats, minimum=minimum)
    if source.condition in ("ok", "silent"):
        return usual
    playbook = {"failing_over": "failover", "approved": "failover", "failing_back": "failback", "failed_over": "failback", "threatened": "failback"}
    return command(playbook.get(fold.state, "arm" if fold.state == "unarmed" else "failover"), identity, failover_from_observation="say why")


def overtaken(source: Source, fold: Fold, identity: str, observed: str) -> str:
    """Why a mirror may be out of date: the target is silent, and everything that answers leads to the other side than the one that it names as the
    owner. Empty where nothing speaks against it."""
    rightful = rightful_owner(fold.state)
    if source.condition != "silent" or source.read_from != "mirror" or {rightful, observed} != {"source", "target"}:
        return ""
    at = source.known.events[-1].at
    return (
        f"{identity}: by the mirror, which ends with event {source.known.head.seq} of {at}, the owner is the {rightful}, and everything that answers leads to "
        f"the {observed}. Either another controller moved it since, which that one's mirror knows, or somebody moved it by hand: find out which before you "
        "change anything, and read the status again once the target answers"
    )


def seen_state(observed: str) -> str:
    """The state to act on where nothing was recorded: what is not seen at the target is taken to be the source's still."""
    return "failed_over" if observed == "target" else "protected"
