# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a plan can't promise: the point of no return, and sentences about what nobody can know beforehand. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import no_return
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import TAKER, joined_by_hook, listed

JSON = t.Any
Changes = t.Sequence[t.Mapping[str, JSON]]


class Planned(t.Protocol):
    """Of the plan's facts, what this needs."""

    @property
    def kind(self) -> str:
        """Which run."""

    @property
    def armed_at(self) -> str:
        """When the baseline was taken; empty without one."""

    @property
    def fenced(self) -> bool:
        """Of a failback: whether the failover had fenced anything on the source."""

    @property
    def definition(self) -> t.Mapping[str, JSON]:
        """The definition of what is moved."""


#: Reasons of a step that has nothing to look at, because the host is silent.
SILENT = ("unreachable", "connection_refused", "connection_lost", "deadline_exceeded")
#: Steps whose items are people's machines: one more or less of them changes nothing for the identity.
PEOPLE = ("clients", "verify")
#: Hooks that only a failback has, and those that both have; all others belong to the way there.
BACK = ("before_quiesce", "before_source_joins", "after_source_serves")
BOTH = ("before_dns", "after_dns", "before_clients", "after_clients", "after_verify")


def hooks_of(kind: str, hooks: t.Iterable[str]) -> list[str]:
    """Those of ``hooks`` that a run of this kind would meet."""
    return sorted(hook for hook in hooks if hook in BOTH or (hook in BACK) == (kind == "failback"))


def kind_of(step: str) -> str:
    """``services`` of ``services@exch2``."""
    return step.partition("@")[0]


def point_of_no_return(facts: Planned, changes: Changes, steps: Changes, hooks: t.Iterable[str]) -> dict[str, JSON] | None:
    """The first change from which on a client may write on the side that takes over, by the rule that an undo follows: from there on it asks what
    became of the data, as going back loses or merges them. None where no step is: in a drill, and where nothing lets anybody in.

    A step may be the point and change nothing; ``number`` is then that of the next change, and ``item`` is empty. ``hooks``: those that were not run;
    one that is ``plan_safe`` may be there too.
    """
    if facts.kind not in TAKER:
        return None
    taker = str(facts.definition[TAKER[facts.kind]]["host"])
    there = [*hooks, *((facts.definition.get("hooks") or {}).get("plan_safe") or [])]
    behind = joined_by_hook(facts.kind, facts.definition, there, facts.fenced)
    found = no_return.point_of_no_return(facts.kind, taker, _steps(changes, steps, facts.definition), behind)
    if not found.step:
        return None
    order = [step["step"] for step in steps]
    since = order.index(found.since) if found.since else 0
    own = [change for change in changes if change["step"] == found.since and change["before"] != change["after"]]
    later = [change for change in changes if order.index(change["step"]) >= since + bool(found.since)]
    number = next((change["number"] for change in [*own, *later]), len(changes) + 1)
    key = found.since or found.step
    return {"number": number, "step": key, "host": key.partition("@")[2], "item": own[0]["item"] if own else "", "because": found.because}


def _steps(changes: Changes, steps: Changes, definition: t.Mapping[str, JSON]) -> list[tuple[str, list[str]]]:
    """Each step with what it changes; one that could not be looked at as a whole, with all that the definition lists for it."""
    items = {step["step"]: listed(kind_of(step["step"]), definition) if step["reason"] else [] for step in steps}
    for change in changes:
        if change["before"] != change["after"]:
            items[change["step"]].append(change["item"])
    return list(items.items())


def unknowable(facts: Planned, changes: Changes, steps: t.Sequence[t.Mapping[str, JSON]], hooks: t.Sequence[str]) -> list[str]:
    """Sentences, the most important first."""
    source = facts.definition["source"]["host"]
    said = []
    if not facts.armed_at:
        said.append("There is no baseline, so nobody can say whether the machines are the right ones and what the source was like in peace time.")
    if facts.kind == "failover":
        if any(kind_of(step["step"]) == "fence" and step["reason"] in SILENT for step in steps):
            said.append(f"Whether {source} is dead or only cut off from where this plan was made.")
        if not any(kind_of(change["step"]) == "data" and change["grade"] == "probed" for change in changes):
            said.append("Whether the target has every piece of data that the source had: no replication engine is read.")
    if facts.kind == "failback":
        said.append("Whether the data written since the failover are back on the source: a person or the hook before_quiesce says so.")
    for change in changes:
        if kind_of(change["step"]) == "script":
            said.append(f"What {change['item']} does, and how it ends.")
        elif change["grade"] == "unknown" and kind_of(change["step"]) not in ("verify", "clients"):
            said.append(f"What {change['item']} of {change['step']} is now: it could not be looked at.")
    said += [f"What the hook {hook} does: it is not marked plan_safe, so it was not run." for hook in hooks]
    if any(kind_of(step["step"]) == "verify" for step in steps):
        said.append("Whether users arrive: the sample clients are asked at the end of the run.")
    said.append("What others change between this plan and the run; a run that is opened on this plan looks again and tells.")
    return said
