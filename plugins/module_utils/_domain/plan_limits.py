# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a plan can't promise: the point of no return, and sentences about what nobody can know beforehand. Pure."""

from __future__ import annotations

import typing as t

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
    def definition(self) -> t.Mapping[str, JSON]:
        """The definition of what is moved."""


#: Reasons of a step that has nothing to look at, because the host is silent.
SILENT = ("unreachable", "connection_refused", "connection_lost", "deadline_exceeded")
#: Hooks that only a failback has, and those that both have; all others belong to the way there.
BACK = ("before_quiesce", "before_source_joins", "after_source_serves")
BOTH = ("before_dns", "after_dns", "before_clients", "after_clients", "after_verify")


def hooks_of(kind: str, hooks: t.Iterable[str]) -> list[str]:
    """Those of ``hooks`` that a run of this kind would meet."""
    return sorted(hook for hook in hooks if hook in BOTH or (hook in BACK) == (kind == "failback"))


def kind_of(step: str) -> str:
    """``services`` of ``services@exch2``."""
    return step.partition("@")[0]


def point_of_no_return(changes: Changes, kind: str, target: str) -> dict[str, JSON] | None:
    """The first change after which a client may write on the side that takes over: from there on, going back loses or merges data.

    None for a drill, which shares nothing with the users, and where no change lets anybody in.
    """
    if kind == "drill":
        return None
    for change in changes:
        there = change["host"] != target if kind == "failback" else change["host"] == target
        if _lets_in(change, there):
            because = f"from here on clients may write on the {'source' if kind == 'failback' else 'target'}"
            return {"number": change["number"], "step": change["step"], "host": change["host"], "item": change["item"], "because": because}
    return None


def _lets_in(change: t.Mapping[str, JSON], there: bool) -> bool:
    """Addresses alone let nobody write; a share, a running service, a mounted database and a name that leads there do."""
    kind, after = kind_of(change["step"]), change["after"]
    if kind == "identity":
        return there and change["item"].startswith("share ") and after is not None
    if kind == "services":
        return there and bool(after) and after.get("state") == "Running"
    if kind == "databases":
        return there and bool(after) and bool(after.get("mounted"))
    return kind == "dns" and change["before"] != after


def unknowable(facts: Planned, changes: Changes, steps: t.Sequence[t.Mapping[str, JSON]], hooks: t.Sequence[str]) -> list[str]:
    """Sentences, the most important first."""
    source = facts.definition["source"]["host"]
    said = []
    if not facts.armed_at:
        said.append("There is no baseline, so nobody can say whether the machines are the right ones and what the source was like in peace time.")
    if facts.kind == "failover":
        if any(kind_of(step["step"]) == "fence" and step["reason"] in SILENT for step in steps):
            said.append(f"Whether {source} is dead or only cut off from where this plan was made.")
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
