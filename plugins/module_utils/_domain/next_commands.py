# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The next command to type: for each state of an identity, and after a run that stopped. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import FINDING

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


def command(playbook: str, identity: str, **variables: t.Any) -> str:
    """A command line for a shell: ``ansible-playbook continuity.identity_failover.ack -e failover_identity=mail ...``."""
    words = [f"ansible-playbook continuity.identity_failover.{playbook}", option("failover_identity", identity)]
    return " ".join([*words, *(option(name, value) for name, value in variables.items())])


def minimum_of(definition: t.Mapping[str, t.Any] | None) -> str:
    """How a person must be known who decides, by this definition."""
    return str(((definition or {}).get("approvals") or {}).get("identity") or "asserted")


def deciding(identity: str, minimum: str = "asserted", decision: str = "proceed", by: str = "") -> str:
    """The command with which a person decides who must be known by ``minimum``."""
    needed = {name: value.format(identity=identity) for name, value in KNOWN_BY[minimum].items()}
    if by and "failover_by" in needed:
        needed["failover_by"] = by
    return command("ack", identity, failover_decision=decision, failover_reason="...", **needed)


def next_command(
    state: str,
    identity: str,
    *,
    undoing: bool = False,
    left_over: bool = False,
    threats: t.Sequence[t.Mapping[str, t.Any]] = (),
    minimum: str = "asserted",
) -> str:
    """What a person would do next in this state; empty where there is nothing to do. ``undoing``: the open run is being put back.
    ``left_over``: a drill that stopped waits to be put back, which comes first where nothing else is urgent.
    ``minimum``: how a person must be known who decides (``minimum_of``).

    ``threats``: what pulls an identity away from the target now; records are written again before anything else, and the rest is watched.
    """
    if undoing or (left_over and state in CALM and not threats):
        return command("undo", identity)
    if any(one.get("finding") == FINDING for one in threats):
        return command("repair_dns", identity)
    if threats and state == "failed_over":
        state = "threatened"  # the monitor records it, and says when it is gone
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
