# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What stands between the changes of a plan on paper: hooks, steps that could not be looked at or would stop, and what only people can do. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_giving_back import (
    data_are_complete,
    data_come_back,
    joining,
    registered,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_line import Deed
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_unseen import by_hand, unseen
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import Definition
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import hooks_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import ORDER, key_of

JSON = t.Any
Document = t.Mapping[str, JSON]
#: Number of a step in its run, and whether before its commands (0), in front of them for what the plan said of it (1), or behind them (2).
Place = tuple[int, int]

#: Hooks that are not named after a step that they stand around -> kind and side of the step, and where.
ELSEWHERE = {
    "data": ("data", "target", 1),
    "before_quiesce": ("databases", "target", 0),
    "before_source_joins": ("fence", "source", 0),
    "after_source_serves": ("databases", "source", 2),
    "after_dns": ("dns_lock", "", 2),
}


def hooks_left_out(document: Document, definition: Definition) -> list[str]:
    """Hooks that a run would play: those that the plan did not, and those that it may have, as they only look in a plan."""
    safe = hooks_of(document["kind"], (definition.get("hooks") or {}).get("plan_safe") or [])
    return [*document["hooks_not_run"], *(hook for hook in safe if hook not in document["hooks_not_run"])]


class Notes:
    """Notes for each place between the commands, given out in order."""

    def __init__(self, document: Document, definition: Definition) -> None:
        kind = document["kind"]
        order = ORDER.get(kind, ORDER["failover"])
        self._steps = [key_of(step, side, definition) for step, side in order]
        self._waiting: list[tuple[Place, str | Deed]] = []
        for hook in hooks_left_out(document, definition):
            step, side, where = ELSEWHERE.get(hook, (hook.partition("_")[2], None, 0 if hook.startswith("before_") else 2))
            found = [number for number, (name, its) in enumerate(order) if name == step and side in (None, its)]
            self._waiting.append(((found[0] if found else len(order), where), _hook(hook, hook in document["hooks_not_run"], definition)))
        if kind == "failback":
            self._waiting += _giving_back(document, definition)
        for step in document["steps"]:
            if step["reason"] and not (kind == "failover" and step["step"].startswith("fence@")):
                deeds = unseen(step, definition) if kind == "failback" else []
                notes: list[str | Deed] = [_trouble(step, bool(deeds)), *deeds]
                if _is_point(step, document) and not deeds:
                    notes.append(by_hand(step))
                self._waiting += [((self.number(step["step"]), 1), note) for note in notes]
        self._waiting.sort(key=lambda note: note[0])

    def number(self, step: str) -> int:
        """Of a step in its run; -1 = it is none."""
        return self._steps.index(step) if step in self._steps else -1

    def before(self, step: str) -> list[str | Deed]:
        """What is to be said before the commands of a step."""
        return self._until((self.number(step), 1))

    def behind(self, step: str) -> list[str | Deed]:
        return self._until((self.number(step), 2))

    def rest(self) -> list[str | Deed]:
        return self._until((len(self._steps), 2))

    def _until(self, place: Place) -> list[str | Deed]:
        said = [text for at, text in self._waiting if at <= place]
        self._waiting = [note for note in self._waiting if note[0] > place]
        return said


def _is_point(step: t.Mapping[str, JSON], document: Document) -> bool:
    """Whether it is the point of no return, and has no command that could be called that."""
    told = document["point_of_no_return"]
    return bool(told) and told["step"] == step["step"] and not step["changes"]


def _giving_back(document: Document, definition: Definition) -> t.Iterator[tuple[Place, str | Deed]]:
    order = ORDER["failback"]
    yield (0, 0), data_come_back(definition)
    yield (order.index(("services", "target")), 2), data_are_complete(definition)
    if any(change["step"] == "dns" for change in document["changes"]):
        yield (order.index(("dns", "")), 1), registered(definition)
    join = joining(document, definition, hooks_left_out(document, definition))
    if join is not None:
        yield (order.index(("fence", "source")), 0), join


def _hook(name: str, exists: bool, definition: Definition) -> str:
    folder = (definition.get("hooks") or {}).get("dir")
    file = f"{folder}/{name}.yml" if folder else f"{name}.yml"
    there = "" if exists else ", if it is there,"
    return f"> **Your hook {name}{there} runs here in a run, and on paper it does not.** Read {file}, and do by hand what it does."


def _trouble(step: t.Mapping[str, JSON], has_deeds: bool) -> str:
    title = "a run would have stopped here" if seen(step) else "not looked at when the plan was made"
    said = f"### {step['step']}: {title}\n\n{step['msg'].rstrip('.')}."
    if has_deeds:
        return f"{said} What follows is made from the definition. Leave out what is as it was in peace time already."
    if not step["changes"]:
        return f"{said} So this paper has no commands for it: find out here what is to be changed."
    lacking = f" Of {', '.join(step['stops_at'])} it has no commands." if step["stops_at"] else ""
    return f"{said} Mend that first: what follows of this step supposes that it is mended.{lacking}"
