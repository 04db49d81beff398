# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_ack: a person decides. The vote binds to the intent and is written to the identity's journal."""

from __future__ import annotations

import datetime
import getpass
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, live_votes
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

DECISIONS = ("proceed", "decline", "withdraw", "acknowledge")
#: In which states a decision means anything.
ALLOWED = {
    "proceed": ("protected", "suspect", "pending", "declined", "approved"),
    "decline": ("pending", "approved"),
    "withdraw": ("protected", "suspect", "pending", "approved"),
    "acknowledge": ("recovered",),
}


def failover_ack_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["failover"], "default": "failover"},
            "decision": {"type": "str", "choices": list(DECISIONS), "required": True},
            "reason": {"type": "str", "required": True},
            "by": {"type": "str"},
            "data_state": {"type": "str", "choices": list(DATA_STATES), "default": "apply_queues"},
            "fence_minimum": {"type": "int", "default": 2},
            "required": {"type": "int", "default": 1},
            "expires": {"type": "float", "default": 3600.0},
        }
    )


def failover_ack(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Writes one decision. A second time, by the same person, to the same intent: nothing changes."""
    identity, decision = params["identity"], params["decision"]
    if not params["reason"].strip():
        raise InvalidInput("reason: an empty reason explains nothing; write why")
    if params["required"] < 1 or params["expires"] <= 0:
        raise InvalidInput("required must be at least 1 and expires more than 0 seconds")
    by = (params["by"] or getpass.getuser()).strip()
    journal = open_journal(identity, params["store"], params["mirror"], hosts, clock, spare=True)
    fold = journal.read()
    intent = _intent(params, fold)
    mine = [v for v in live_votes(fold.votes, clock.now()) if str(v["by"]).casefold() == by.casefold()]
    before = fold.state
    result = Result(warnings=journal.warnings)
    repeated = any(v["decision"] == decision and v["intent"] == intent for v in mine) or (
        decision == "withdraw" and not mine and fold.state in ALLOWED["withdraw"]
    )
    if not repeated and fold.state not in ALLOWED[decision]:
        raise WrongState(f"{identity} is {fold.state}: '{decision}' can be said while it is {' or '.join(ALLOWED[decision])}", state=fold.state)
    if not repeated:
        result.changed = True
        if not check_mode:
            expires_at = stamp(clock.now() + datetime.timedelta(seconds=params["expires"]))
            vote = {
                "by": by,
                "decision": decision,
                "reason": params["reason"],
                "intent": intent,
                "required": params["required"],
                "expires_at": expires_at,
                "how": "asserted",
            }
            kind = "incident_closed" if decision == "acknowledge" else "decision"
            journal.append([journal.draft(kind, by=by, data=vote)])
            fold = journal.fold()
    votes = live_votes(fold.votes, clock.now())
    result.outcomes.append(Outcome(f"{decision} by {by}", _status(result.changed, check_mode), result.changed, before=before, after=fold.state))
    result.diff = {"before": {"state": before}, "after": {"state": fold.state}}
    result.extra = {"state": fold.state, "votes": votes, "intent": intent, "next": next_command(fold.state, identity)}
    result.msg = f"{identity} is {fold.state}; {sum(1 for v in votes if v['decision'] == 'proceed')} of {params['required']} needed say proceed"
    return result


def _intent(params: t.Mapping[str, t.Any], fold: Fold) -> dict[str, t.Any]:
    """What is approved: not before-images, so that a new plan does not void it."""
    return {
        "identity": params["identity"],
        "kind": params["kind"],
        "fence_minimum": params["fence_minimum"],
        "data_state": params["data_state"],
        "incident": fold.incident["id"] if fold.incident else "",
    }


def _status(changed: bool, check_mode: bool) -> str:
    if not changed:
        return "already"
    return "predicted" if check_mode else "done"
