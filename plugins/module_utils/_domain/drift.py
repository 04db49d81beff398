# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Drift: a plan and what would be planned now, each difference sorted into converged, irrelevant and conflict. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import PEOPLE, SILENT, kind_of

JSON = t.Any
Document = t.Mapping[str, JSON]
Key = tuple[str, str, bool]

VERDICTS = ("converged", "irrelevant", "conflict")
#: Parts of an image that say by themselves what they are.
PLAIN = ("values", "state", "account", "path")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One item that is otherwise than planned. ``planned`` and ``found``: ``{do, before, after}`` of a change, or ``{as_wanted}``, or None; ``found``
    may be ``{seen}`` too, what was read where the step would stop. Of the item ``hosts`` they are lists of names."""

    verdict: str
    step: str
    item: str
    msg: str
    planned: JSON = None
    found: JSON = None

    def sentence(self) -> str:
        """With the step, for whoever reads it outside a table."""
        return self.msg if not self.step or self.msg.startswith(self.step) else f"{self.step}: {self.msg}"

    def as_dict(self) -> dict[str, JSON]:
        return dataclasses.asdict(self)


def drift(planned: Document, now: Document) -> list[Difference]:
    """Every difference between the plan and the plan that would be made now, conflicts first."""
    differences = _general(planned, now)
    failing = {step["step"]: step for step in now["steps"] if step["reason"]}
    was_failing = {step["step"]: step for step in planned["steps"] if step["reason"]}
    stuck = {step: there for step, there in failing.items() if _worse(was_failing.get(step), there)}
    before, after = _by_key(planned), _by_key(now)
    wanted_before, wanted_now = _as_wanted(planned), _as_wanted(now)
    for key, change in before.items():
        if key not in after:
            differences.append(_gone(key, change, wanted_now, stuck, failing))
        elif _core(change) != _core(after[key]):
            differences.append(_other(key, change, after[key]))
    for key, change in after.items():
        if key not in before:
            differences.append(_new(key, change, wanted_before, was_failing))
    for step, there in stuck.items():
        differences += _stuck(there, {item for key, item, _back in before if key == step}, wanted_before, differences)
    differences += _elsewhere(planned, now)
    # What a step would stop at comes before what it therefore would not come to.
    return sorted(differences, key=lambda one: (-VERDICTS.index(one.verdict), one.item not in stuck.get(one.step, {}).get("stops_at", ())))


def conflicts(differences: t.Iterable[Difference]) -> list[Difference]:
    return [one for one in differences if one.verdict == "conflict"]


def _by_key(document: Document) -> dict[Key, t.Mapping[str, JSON]]:
    return {(change["step"], change["item"], change["puts_back"]): change for change in document["changes"]}


def _as_wanted(document: Document) -> dict[tuple[str, str], JSON]:
    return {(step["step"], item): image for step in document["steps"] for item, image in step["as_wanted"].items()}


def _core(change: t.Mapping[str, JSON]) -> tuple[JSON, JSON]:
    return change["before"], change["after"]


def _brief(change: t.Mapping[str, JSON]) -> dict[str, JSON]:
    return {key: change[key] for key in ("do", "before", "after")}


def _worse(was: t.Mapping[str, JSON] | None, there: t.Mapping[str, JSON]) -> bool:
    """Would the step stop at something that the plan does not say?"""
    if was is None or (was["reason"] != there["reason"] and not {was["reason"], there["reason"]} <= {*SILENT}):
        return True
    return not there["stops_at"].keys() <= was["stops_at"].keys()


def _fence(step: str) -> bool:
    return kind_of(step) == "fence"


def _general(planned: Document, now: Document) -> list[Difference]:
    found = []
    if planned["definition"] != now["definition"]:
        was, there = planned["definition_keys"], now["definition_keys"]
        changed = sorted(key for key in {*was, *there} if was.get(key) != there.get(key))
        said = f"the definition was changed since the plan was made: {', '.join(changed)}"
        found.append(Difference("conflict", "", "definition", said, planned["definition"], now["definition"]))
    then, meant = planned["intent"], now["intent"]
    other = sorted(key for key in {*then, *meant} if then.get(key) != meant.get(key))
    if other:
        # An incident that was opened since is news of the outage, not another move.
        verdict = "irrelevant" if other == ["incident"] else "conflict"
        said = "; ".join(f"{key} was {then.get(key) or 'none'} and is {meant.get(key) or 'none'}" for key in other)
        found.append(Difference(verdict, "", "intent", f"what is intended: {said}", then, meant))
    if planned["baseline"] != now["baseline"]:
        armed, before = now["about"]["armed_at"] or "never", planned["about"]["armed_at"] or "never"
        found.append(Difference("irrelevant", "", "baseline", f"the baseline is of {armed}, the plan was made with that of {before}", before, armed))
    old, new = {finding["id"] for finding in planned["findings"]}, {finding["id"] for finding in now["findings"]}
    for finding in sorted(new ^ old):
        word = "is new" if finding in new else "is gone"
        found.append(Difference("irrelevant", "", f"finding {finding}", f"the finding {finding} {word}; findings are judged on their own"))
    return found


def _gone(
    key: Key,
    change: t.Mapping[str, JSON],
    wanted_now: t.Mapping[tuple[str, str], JSON],
    stuck: t.Mapping[str, t.Mapping[str, JSON]],
    failing: t.Mapping[str, t.Mapping[str, JSON]],
) -> Difference:
    """Planned, and nothing to do now. What a step would stop at comes first: what it leaves as it is may be anything."""
    step, item, _back = key
    if kind_of(step) in PEOPLE:
        return Difference("irrelevant", step, item, f"{item} is not asked any more", _brief(change))
    if _fence(step) and step in failing and failing[step]["reason"] in SILENT:
        return Difference("irrelevant", step, item, f"the host is silent now, so {item} cannot serve; the fence judges the evidence by itself", _brief(change))
    if step in stuck:
        return _not_reached(change, stuck[step])
    if (step, item) in wanted_now:
        image = wanted_now[step, item]
        return Difference("converged", step, item, f"{item} is already as planned", _brief(change), {"as_wanted": image})
    if step in failing:
        return _not_reached(change, failing[step])
    return Difference("conflict", step, item, f"{item} was to be changed ({change['do']}), and is not there to be changed now", _brief(change))


def _not_reached(change: t.Mapping[str, JSON], there: t.Mapping[str, JSON]) -> Difference:
    """Planned, and the step would stop: at this item, at another one, or before it saw any. ``there``: the step as it is now."""
    step, item = change["step"], change["item"]
    found = {"seen": there["found"][item]} if item in there["found"] else None
    there_now = f"; now: {shown(found['seen'])}" if found else ""
    planned = f"{item}: planned: from {shown(change['before'])} to {shown(change['after'])}{there_now}"
    if item in there["stops_at"]:
        return Difference("conflict", step, item, f"{planned}; {step} would stop at it: {there['stops_at'][item]}", _brief(change), found)
    if found:
        why = ", ".join(there["stops_at"]) or there["msg"] or there["reason"]
        return Difference("conflict", step, item, f"{planned}, and {step} would stop before it is changed: {why}", _brief(change), found)
    why = there["msg"] or there["reason"]
    return Difference("conflict", step, item, f"{item} was to be changed ({change['do']}), and the step cannot be looked at now: {why}", _brief(change))


def _other(key: Key, change: t.Mapping[str, JSON], now: t.Mapping[str, JSON]) -> Difference:
    """To be changed, then and now, but from or to something else."""
    step, item, _back = key
    if change["after"] == now["after"] and (change["grade"] == "unknown" or _same_but_moving(change["before"], now["before"])):
        why = "could not be looked at then" if change["grade"] == "unknown" else "differs only in what moves by itself"
        return Difference("irrelevant", step, item, f"{item} {why}, and leads to the same", _brief(change), _brief(now))
    there = f"planned: from {shown(change['before'])} to {shown(change['after'])}; now: from {shown(now['before'])} to {shown(now['after'])}"
    return Difference("conflict", step, item, f"{item}: {there}", _brief(change), _brief(now))


def _same_but_moving(before: JSON, now: JSON) -> bool:
    """A TTL that a server counts down or a person set, a service on its way: the values themselves are the same."""
    if not isinstance(before, dict) or not isinstance(now, dict) or before.keys() != now.keys():
        return False
    differing = {key for key in before if before[key] != now[key]}
    return differing <= {"ttl"} or (differing <= {"state"} and str(now.get("state", "")).endswith("Pending"))


def _new(
    key: Key, change: t.Mapping[str, JSON], wanted_before: t.Mapping[tuple[str, str], JSON], was_failing: t.Mapping[str, t.Mapping[str, JSON]]
) -> Difference:
    """Nothing was planned, and something is to be done now."""
    step, item, _back = key
    if kind_of(step) in PEOPLE:
        return Difference("irrelevant", step, item, f"{item} is asked too", None, _brief(change))
    if _fence(step) and step in was_failing and was_failing[step]["reason"] in SILENT:
        return Difference(
            "conflict", step, item, f"the plan found the host silent; it answers now, and {item} would be changed ({change['do']})", None, _brief(change)
        )
    if step in was_failing:
        return Difference("irrelevant", step, item, f"the plan says that it could not look at {step}; now it can ({change['do']})", None, _brief(change))
    was = {"as_wanted": wanted_before[step, item]} if (step, item) in wanted_before else None
    then = f"was {shown(was['as_wanted'])}, as wanted" if was else "did not appear"
    return Difference("conflict", step, item, f"{item} {then}, when the plan was made; now it would be changed ({change['do']})", was, _brief(change))


def _elsewhere(planned: Document, now: Document) -> list[Difference]:
    """The same step, done on other machines: another domain controller or name server answers first."""
    then, found = {step["step"]: step["hosts"] for step in planned["steps"]}, []
    for step in now["steps"]:
        was, there = then.get(step["step"]), step["hosts"]
        if was and there and was != there and kind_of(step["step"]) not in PEOPLE:
            msg = f"{step['step']} would be done on {', '.join(there)}; the plan says {', '.join(was)}"
            found.append(Difference("irrelevant", step["step"], "hosts", msg, was, there))
    return found


def _stuck(
    there: t.Mapping[str, JSON], planned: t.Collection[str], wanted_before: t.Mapping[tuple[str, str], JSON], told: t.Iterable[Difference]
) -> list[Difference]:
    """A step that would stop now, of which the plan does not say so: at which items, beside the ``planned`` changes, which are ``told``."""
    step = there["step"]
    if (_fence(step) and there["reason"] in SILENT) or (kind_of(step) in PEOPLE and planned):
        return []
    found = []
    for item, why in there["stops_at"].items():
        if item in planned:
            continue
        was = {"as_wanted": wanted_before[step, item]} if (step, item) in wanted_before else None
        then = f"{item} was {shown(was['as_wanted'])}, as wanted, when the plan was made" if was else f"{item} did not appear when the plan was made"
        seen = {"seen": there["found"][item]} if item in there["found"] else None
        found.append(Difference("conflict", step, item, f"{then}; {step} would stop at it now: {why}", was, seen))
    if found or any(one.step == step and one.verdict == "conflict" for one in told):
        return found
    return [Difference("conflict", step, step, f"{step} would stop now: {there['msg'] or there['reason']}")]


def shown(image: JSON) -> str:
    """An image in a sentence."""
    if image is None:
        return "nothing"
    if isinstance(image, t.Mapping):
        first = sorted(image, key=lambda key: key not in PLAIN)
        return ", ".join(_part(key, image[key]) for key in first if image[key] not in ("", None)) or "nothing"
    return str(image)


def _part(key: str, value: JSON) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return shown if key in PLAIN else f"{key} {shown}"
