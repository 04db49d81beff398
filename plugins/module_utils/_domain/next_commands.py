# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The next command to type: for each state of an identity, and after a run that stopped. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import FINDING
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import LOSING, STRENGTHS, Votes, live_votes

#: state -> playbook and the extra variables whose values only a person knows.
BY_STATE: dict[str, tuple[str, dict[str, str]]] = {
    "unarmed": ("arm", {}),
    "pending": ("ack", {"failover_decision": "proceed", "failover_reason": "..."}),
    "declined": ("ack", {"failover_decision": "proceed", "failover_reason": "..."}),
    "recovered": ("ack", {"failover_decision": "acknowledge", "failover_reason": "..."}),
    "approved": ("failover", {}),
    "failing_over": ("failover", {}),
    "failed_over": ("failback", {"failover_data_restored": "..."}),
    "threatened": ("monitor", {}),
    "failing_back": ("failback", {}),
}


#: How a person must be known who decides (``approvals.identity``) -> what the ack playbook needs for it beside the words.
KNOWN_BY: dict[str, dict[str, str]] = {
    "asserted": {},
    "windows_logon": {"failover_how": "windows_logon", "failover_logon": "..."},
    "signature": {"failover_how": "signature", "failover_by": "...", "failover_statement": "{identity}.statement"},
}

#: States in which nobody waits for users.
CALM = ("unarmed", "protected", "suspect", "failed_over")
#: Where votes for a planned move may wait for more of them.
QUIET = ("protected", "suspect")


def command(playbook: str, identity: str, **variables: t.Any) -> str:
    """A command line for a shell: ``ansible-playbook continuity.identity_failover.ack -e failover_identity=mail ...``."""
    words = [f"ansible-playbook continuity.identity_failover.{playbook}", option("failover_identity", identity)]
    return " ".join([*words, *(option(name, value) for name, value in variables.items())])


def minimum_of(definition: t.Mapping[str, t.Any] | None) -> str:
    """How a person must be known who decides, by this definition."""
    return str(((definition or {}).get("approvals") or {}).get("identity") or "asserted")


def deciding(identity: str, minimum: str = "asserted", decision: str = "proceed", by: str = "") -> str:
    """The command with which a person decides who must be known by ``minimum``."""
    return command("ack", identity, failover_decision=decision, failover_reason="...", **known_by(identity, minimum, by))


def known_by(identity: str, minimum: str, by: str = "") -> dict[str, str]:
    """The variables by which this person becomes known in this way; a logon says itself who it is."""
    needed = {name: value.format(identity=identity) for name, value in KNOWN_BY[minimum].items()}
    return {**needed, "failover_by": by} if by and minimum != "windows_logon" else needed


def awaited(identity: str, minimum: str, votes: Votes) -> str:
    """Who has to speak where these votes, all of them live, are not enough: whoever declines, or else one person more.

    That person gives a name, or the word would be counted as that of whoever runs Ansible; and means the same as the others.
    """
    against = next((vote for vote in votes if vote["decision"] == "decline"), None)
    if against is not None:
        return deciding(identity, str(against.get("how") or STRENGTHS[0]), "withdraw", str(against["by"]))
    words, chosen = {"failover_decision": "proceed", "failover_reason": "..."}, {str(vote["intent"].get("data_state") or "") for vote in votes}
    if len(chosen) > 1:
        words["failover_data_state"] = "..."
    elif chosen & set(LOSING):
        words.update(failover_data_state=chosen.pop(), failover_data_at_risk="...")
    return command("ack", identity, **words, **known_by(identity, minimum, "..."))


def next_of(fold: Fold, identity: str, now: datetime.datetime, *, threats: t.Sequence[t.Mapping[str, t.Any]] = (), minimum: str = "asserted") -> str:
    """``next_command`` for what a journal amounts to."""
    left_over, votes = bool(fold.left_over()), live_votes(fold.votes, now)
    return next_command(fold.state, identity, undoing=fold.undoing(), left_over=left_over, threats=threats, minimum=minimum, votes=votes)


def next_command(
    state: str,
    identity: str,
    *,
    undoing: bool = False,
    left_over: bool = False,
    threats: t.Sequence[t.Mapping[str, t.Any]] = (),
    minimum: str = "asserted",
    votes: Votes = (),
) -> str:
    """What a person would do next in this state; empty where there is nothing to do. ``undoing``: the open run is being put back.
    ``left_over``: a drill that stopped waits to be put back, which comes first where nothing else is urgent.
    ``minimum``: how a person must be known who decides (``minimum_of``). ``votes``: those that live; a planned move that waits for more is decided first.

    ``threats``: what pulls an identity away from the target now; records are written again before anything else, and the rest is watched.
    """
    planned = state in QUIET and any(vote["decision"] == "proceed" for vote in votes)
    if undoing or (left_over and state in CALM and not threats and not planned):
        return command("undo", identity)
    if any(one.get("finding") == FINDING for one in threats):
        return command("repair_dns", identity)
    if threats and state == "failed_over":
        state = "threatened"  # the monitor records it, and says when it is gone
    if planned or (votes and state in ("pending", "declined")):
        return awaited(identity, minimum, votes)
    if state not in BY_STATE:
        return ""
    playbook, variables = BY_STATE[state]
    if variables.get("failover_decision") == "proceed":
        return deciding(identity, minimum)
    return command(playbook, identity, **variables)


def accepting(kind: str, identity: str, steps: t.Iterable[str]) -> str:
    """Goes on with a stopped run without what these kinds of steps could not do; empty where there are none."""
    reasons = dict.fromkeys(steps, "say why")
    return command(kind, identity, failover_accept_failure=reasons) if reasons else ""


def with_the_script(kind: str, identity: str, word: str = "skip-or-rerun") -> str:
    """Goes on with a run that stopped at the user's script. Only a person knows whether it did its work, so the placeholder is no word that passes."""
    return command(kind, identity, failover_script_unknown=word, failover_script_reason="...")
