# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A journal that was lost: what is still known, from where, and how a new one begins with it. Pure."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import as_json
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, explained, follow, origin
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import rightful_owner

#: A new journal begins at the next multiple of this, and its lease at an epoch so much later: beyond everything that may have
#: been written and lost, so that an older mirror, or the marker of an older run in a zone, is never ahead of it.
GAP = 1000

CONDITIONS = {
    "silent": "does not answer",
    "unreadable": "cannot be read",
    "broken": "does not verify",
    "rewound": "was set back or replaced",
    "empty": "is gone, although it had been written",
}


class Known(t.NamedTuple):
    """The events that verify. ``of``: ``mirror``, ``store`` (its beginning, as far as it verifies) or ``nothing``."""

    of: str
    events: tuple[Event, ...]
    head: Head


def beginning(lines: t.Sequence[str]) -> tuple[tuple[Event, ...], Head]:
    """As much of a journal's beginning as verifies."""
    events: list[Event] = []
    try:
        head = origin(lines, Head())
    except JournalBroken:
        return (), Head()
    for line in lines:
        try:
            more, head = follow([line], head)
        except JournalBroken:
            break
        events += more
    try:
        explained(events, "")
    except JournalBroken:
        return (), Head()
    return tuple(events), head


def known(mirrored: t.Sequence[Event], mirror_head: Head, lines: t.Sequence[str]) -> Known:
    """Whichever knows more: the mirror, or what of the store still verifies.

    A store whose journal began after the mirror's last event is another journal: the identity was disarmed and armed again since, and
    what the mirror tells is over.
    """
    events, head = beginning(lines)
    over = bool(mirrored and events) and events[0].at > mirrored[-1].at
    if mirrored and not over and mirror_head.seq >= head.seq:
        return Known("mirror", tuple(mirrored), mirror_head)
    return Known("store", events, head) if events else Known("nothing", (), Head())


def observed_only(machines: t.Mapping[str, t.Any], source: str, target: str, at: str) -> Fold:
    """What is there where nothing was recorded: the machines that answer, and an identity that may be moved once people decide."""
    baseline = {"machines": dict(machines), "source": source, "target": target, "taken_at": at, "observed": True}
    return Fold(state="protected", baseline=baseline, armed_at=at)


def carried(fold: Fold, observed: str) -> tuple[Fold, str]:
    """The fold that a new journal begins with, and the owner to adopt where what is observed says that more happened than is known."""
    kept = copy.deepcopy(fold)
    rightful = rightful_owner(kept.state)
    return kept, observed if observed in ("source", "target") and rightful != "moving" and observed != rightful else ""


def start(*seen: Head) -> Head:
    """The head that the first event of a new journal follows from."""
    return Head((max(head.seq for head in seen) // GAP + 1) * GAP)


def later_epoch(fold: Fold, epoch: int) -> int:
    return int(max([epoch, *(record.epoch for record in fold.runs.values())])) + GAP


def restart_data(
    fold: Fold, found: Known, condition: str, store: Head, place: str, kept_as: str, msg: str, *, observed: str, evidence: t.Any, reason: str
) -> dict[str, t.Any]:
    """The data of ``journal_restarted``: what it cites, what is known, what was observed, and the fold to begin with."""
    return {
        "cites": {"place": place, "condition": condition, "seq": store.seq, "hash": store.hash, "kept_as": kept_as, "msg": msg},
        "known": {"of": found.of, "seq": found.head.seq, "hash": found.head.hash},
        "observed": observed,
        "evidence": evidence,
        "reason": reason,
        **as_json(fold),
    }


def after_disarming(ended: Head, kept_as: str) -> dict[str, t.Any]:
    """The data of ``journal_restarted`` for an identity that is armed again: nothing is carried on, and it is said what was before."""
    cites = {"place": "the mirror", "condition": "disarmed", "seq": ended.seq, "hash": ended.hash, "kept_as": kept_as, "msg": ""}
    known_before = {"of": "nothing", "seq": 0, "hash": ""}
    reason = "the identity was disarmed, and is armed again"
    return {"cites": cites, "known": known_before, "observed": "unknown", "evidence": [], "reason": reason, **as_json(Fold())}


def verified(mirrored: int, seq: int) -> str:
    """What was read of a journal that is in order. Beside a mirror only what the store has behind it is: all of it is read by the journal playbook."""
    if not mirrored:
        return f"the journal verifies up to event {seq}"
    behind = f", and the store's events behind it up to {seq}" if seq > mirrored else ""
    return f"the mirror verifies up to event {mirrored}{behind}; the journal playbook reads the store's copy of those too"


def certainty(condition: str, found: Known, store: Head, fold: Fold) -> tuple[list[str], list[str]]:
    """(certain, not certain), a sentence each, for a person who has to decide with this."""
    certain, uncertain = [], []
    if found.of == "nothing":
        uncertain.append("nothing that was recorded is known: no baseline, no votes, no before-images")
    else:
        whose = "the mirror" if found.of == "mirror" else "what is left of the store"
        certain.append(f"{whose} verifies up to event {found.head.seq}: baseline, incident, votes and before-images until then")
        uncertain.append(f"whether anything was recorded behind event {found.head.seq}")
    if fold.active_run:
        uncertain.append(f"whether another controller still works on run {fold.active_run}")
    if store.seq and condition in ("broken", "rewound"):
        uncertain.append(f"every event of the store behind {found.head.seq if found.of == 'store' else 'those that the mirror confirms'}")
    return certain, uncertain
