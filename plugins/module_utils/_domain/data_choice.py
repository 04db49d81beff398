# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What happens to data that the target received and did not apply: who can carry the choice out, and whether it was. Pure."""

from __future__ import annotations

import typing as t

#: ``native``: mounting a database brings in what has arrived. ``none``: one copy that both servers reach, or no data.
ENGINES = ("native", "none", "double_take", "other")

#: Engines that do nothing by themselves: the hook ``data`` tells them.
DRIVEN = ("double_take", "other")

#: The name of the hook that carries the choice out, and of the step's one item.
HOOK = "data"
ITEM = "data"

DIRECTIONS = ("stopped", "running", "unknown")

#: choice -> what an engine may have done for it. Whoever allows a loss allows that nothing is lost; a snapshot is taken only where the data are bad.
KEEPS: dict[str, tuple[str, ...]] = {
    "apply_queues": ("apply_queues",),
    "discard_queues": ("discard_queues", "apply_queues"),
    "revert_to_snapshot": ("revert_to_snapshot", "apply_queues"),
}

#: What the item of the step is, as images say it.
HANDED_OVER, PROMOTED, NOT_PROMOTED = "handed_over", "promoted", "not_promoted"


def refusal(engine: str, choice: str, *, hook: bool) -> str:
    """Why nobody here can carry the choice out; empty where somebody can, or nothing is to be done."""
    if hook:
        return ""
    if engine in DRIVEN:
        return f"engine.kind is {engine}, and there is no hook {HOOK} that tells the engine to carry {choice} out"
    if engine == "native" and choice != "apply_queues":
        return f"the choice for the data is {choice}, and with engine.kind native mounting a database only applies what has arrived; there is no hook {HOOK}"
    return ""


def seen(evidence: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Evidence as an image of the step's item."""
    state = PROMOTED if evidence["promoted"] and evidence["old_direction"] == "stopped" else NOT_PROMOTED
    return {"state": state, **{key: evidence.get(key) for key in ("did", "engine", "old_direction", "data_point")}}


def amiss(choice: str, evidence: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """``(reason, sentence)`` of the gravest thing that the evidence shows; two empty texts where the choice was carried out."""
    if evidence.get("did") not in KEEPS[choice]:
        return "data_choice_not_kept", f"people approved {choice}, and the engine did {evidence.get('did') or 'what nobody says'}"
    if not evidence["promoted"]:
        return "data_not_promoted", f"the engine is {evidence['engine']} and the target's data may not be used yet"
    if evidence["old_direction"] != "stopped":
        return (
            "old_direction_not_stopped",
            f"the replication from the source is {evidence['old_direction']}: a source that comes back would write over the target's data",
        )
    return "", ""
