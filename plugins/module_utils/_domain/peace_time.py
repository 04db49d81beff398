# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Whether a baseline may be taken, or end: while the source owns the identity and nothing is wrong with it. Pure: the moment is an argument."""

from __future__ import annotations

import datetime

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import deciding
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import ARMABLE, rightful_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import STRENGTHS, live_votes
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState


def require_armable(fold: Fold, identity: str) -> None:
    """Raises WrongState. Votes do not bind to before-images: what people said about a planned move holds up no baseline."""
    if trouble := _trouble(fold):
        raise WrongState(f"{identity} is {fold.state}{trouble}: a baseline can only be taken while nothing is wrong with the source and no run is open")


def require_disarmable(fold: Fold, identity: str, now: datetime.datetime) -> None:
    """Raises WrongState; where people's words about a planned move hold, with the command that takes the first of them back."""
    if trouble := _trouble(fold):
        raise WrongState(f"{identity} is {fold.state}{trouble}: it can only be disarmed while nothing is wrong with the source and no run is open")
    if fold.state in ARMABLE:
        return
    held_by = "decline" if fold.state == "declined" else "proceed"
    # What expired since the journal was read held the state up until then.
    votes = [vote for vote in live_votes(fold.votes, now) if vote["decision"] == held_by] or fold.votes[-1:]
    back = deciding(identity, str(votes[0].get("how") or STRENGTHS[0]), "withdraw", str(votes[0]["by"]))
    raise WrongState(
        f"{identity} is {fold.state} by what {', '.join(str(vote['by']) for vote in votes)} said about a planned move: "
        f"it can only be disarmed once that is withdrawn, or has expired: {back}",
        next=back,
    )


def _trouble(fold: Fold) -> str:
    """What stands against both, behind the state; empty where nothing does."""
    active = fold.active()
    if active is not None:
        return f", and the {active.kind} run {active.id} is open"
    if fold.state in ARMABLE:
        return ""
    if rightful_owner(fold.state) != "source":
        return ", where the source does not own it"
    if fold.incident:
        return f" since the source failed at {fold.incident['opened_at']}"
    return ", and nobody has looked at the source yet" if fold.state == "recovered" else ""
