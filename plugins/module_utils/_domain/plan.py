# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The plan of a run as a document: what every step would do now, as canonical JSON with a hash. Pure.

Two hashes: ``hash`` names the plan, and is the same for two plans that would do the same (nothing that time alone changes counts);
``about.seal`` covers every letter of the document, so that an edited one shows.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import statistics
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.baseline import content
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import PEOPLE, SILENT, point_of_no_return, unknowable
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

JSON = t.Any
Document = t.Mapping[str, JSON]

#: Raised with every change of the document's shape: an older document is then refused, not misread.
FORMAT = 3
GRADES = ("probed", "predicted", "unknown")
#: A definition names credentials and holds none; should one get in by mistake, it is no part of the hash.
SECRETS = ("password", "secret")


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What one task of a plan said. ``changes``: ``{name, do, before, after, grade, detail, deadline}`` in order. ``as_wanted``:
    item -> image of what needs no change. ``reason`` and ``msg``: why the step could not be predicted, or what it would stop at; then ``stops_at``
    has the items where they are known (item -> sentence), and ``found`` the images of what was read and not decided on. ``touches``: machines
    beside ``host`` on which the changes are made."""

    step: str
    host: str
    changes: list[dict[str, JSON]]
    as_wanted: dict[str, JSON]
    reason: str = ""
    msg: str = ""
    puts_back: bool = False  #: a drill's way back: the inverse of what the same plan does before
    found: dict[str, JSON] = dataclasses.field(default_factory=dict)
    stops_at: dict[str, str] = dataclasses.field(default_factory=dict)
    touches: list[str] = dataclasses.field(default_factory=list)

    def as_dict(self) -> dict[str, JSON]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a plan is made of, beside the predictions. ``baseline_age`` in seconds, None where there is no baseline. ``fenced``: of a failback,
    whether the failover had fenced anything on the source, whose workload then does not start by itself."""

    id: str
    identity: str
    kind: str
    state: str
    owner_afterwards: str
    definition: t.Mapping[str, JSON]
    intent: dict[str, JSON]
    baseline: t.Mapping[str, JSON]
    armed_at: str
    baseline_age: float | None
    made_at: str
    by: str
    fenced: bool = False


def canonical(node: JSON) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _sha256(node: JSON) -> str:
    return hashlib.sha256(canonical(node).encode("ascii")).hexdigest()


def definition_hash(definition: t.Mapping[str, JSON]) -> str:
    return _sha256(_everywhere(definition))


def definition_keys(definition: t.Mapping[str, JSON]) -> dict[str, str]:
    """Key -> a short hash of what it says, so that a plan can name what was changed and shows nothing of it: ``dns.ttl``, ``services``."""
    found = {}
    for key, value in _everywhere(definition).items():
        parts = {f"{key}.{inner}": part for inner, part in value.items()} if isinstance(value, t.Mapping) and value else {key: value}
        found.update({name: _sha256(part)[:16] for name, part in parts.items()})
    return found


def _everywhere(definition: t.Mapping[str, JSON]) -> dict[str, JSON]:
    """Without where this controller keeps its mirror and its hooks: a plan made on one controller is opened on another."""
    moved = {key: value for key, value in definition.items() if key != "mirror"}
    if isinstance(moved.get("hooks"), t.Mapping):
        moved["hooks"] = {key: value for key, value in moved["hooks"].items() if key != "dir"}
    return dict(_without_secrets(moved))


def _without_secrets(node: JSON) -> JSON:
    if isinstance(node, t.Mapping):
        return {key: _without_secrets(value) for key, value in node.items() if key not in SECRETS}
    return [_without_secrets(value) for value in node] if isinstance(node, (list, tuple)) else node


def plan_hash(document: Document) -> str:
    """The name of the plan: everything but times, durations, and sentences that quote them."""
    stable = {key: value for key, value in document.items() if key not in ("about", "hash")}
    stable["findings"] = [{key: value for key, value in finding.items() if key != "msg"} for finding in document["findings"]]
    stable["steps"] = [_stable(step) for step in document["steps"]]
    return _sha256(stable)


def _stable(step: t.Mapping[str, JSON]) -> dict[str, JSON]:
    return {**{key: value for key, value in step.items() if key not in ("expected", "msg")}, "stops_at": sorted(step["stops_at"])}


def seal(document: Document) -> str:
    """Over the whole document, but for the seal itself."""
    about = {key: value for key, value in document["about"].items() if key != "seal"}
    return _sha256({**document, "about": about})


def expected_durations(runs: t.Iterable[RunRecord], kind: str) -> dict[str, dict[str, JSON]]:
    """Step -> ``{seconds, runs}``: the median over the earlier runs of this kind that ended the step well; hours that a run lay stopped are no part of it."""
    seconds: dict[str, list[float]] = {}
    for record in runs:
        if record.kind != kind or record.mode == "plan":
            continue
        for step, facts in record.steps.items():
            if facts.get("ended_at") and not facts.get("failed"):
                seconds.setdefault(step, []).append(facts["seconds"])
    return {step: {"seconds": round(statistics.median(known), 1), "runs": len(known)} for step, known in seconds.items()}


def document(
    facts: Facts,
    predictions: t.Sequence[Prediction],
    findings: t.Sequence[t.Mapping[str, JSON]],
    hooks: t.Sequence[str],
    durations: t.Mapping[str, t.Mapping[str, JSON]],
) -> dict[str, JSON]:
    """The whole document. ``findings`` of the preflight; ``hooks``: those that exist and were not run."""
    changes = _changes(predictions)
    steps = _steps(predictions, durations)
    made: dict[str, JSON] = {
        "format": FORMAT,
        "identity": facts.identity,
        "kind": facts.kind,
        "intent": facts.intent,
        "state": facts.state,
        "owner_afterwards": facts.owner_afterwards,
        "definition": definition_hash(facts.definition),
        "definition_keys": definition_keys(facts.definition),
        "baseline": _sha256(content(facts.baseline)) if facts.armed_at else "",
        "findings": [{key: finding.get(key, "") for key in ("id", "severity", "host", "msg", "accepted")} for finding in findings],
        "changes": changes,
        "steps": steps,
        "coverage": _coverage(changes, steps),
        "hosts": sorted({host for step in steps for host in step["hosts"]} | _store_hosts(facts.definition)),
        "hooks_not_run": list(hooks),
        "point_of_no_return": point_of_no_return(facts, changes, steps, hooks),
        "unknown": unknowable(facts, changes, steps, hooks),
        "about": {"id": facts.id, "made_at": facts.made_at, "by": facts.by, "armed_at": facts.armed_at, "baseline_age": facts.baseline_age},
    }
    made = json.loads(canonical(made))  # one copy that nobody else holds, of JSON's own types
    made["hash"] = plan_hash(made)
    made["about"]["seal"] = seal(made)
    return made


def _changes(predictions: t.Sequence[Prediction]) -> list[dict[str, JSON]]:
    changes: list[dict[str, JSON]] = []
    for prediction in predictions:
        for change in prediction.changes:
            changes.append(
                {
                    "number": len(changes) + 1,
                    "step": prediction.step,
                    "host": prediction.host or (change["name"] if prediction.step in PEOPLE else ""),
                    "item": change["name"],
                    **{key: change.get(key) for key in ("do", "before", "after", "grade", "detail")},
                    "puts_back": prediction.puts_back,
                }
            )
    return changes


def _steps(predictions: t.Sequence[Prediction], durations: t.Mapping[str, t.Mapping[str, JSON]]) -> list[dict[str, JSON]]:
    """One entry a step; a step of several tasks (DNS repoints, then writes further records) is one."""
    steps: dict[str, dict[str, JSON]] = {}
    for one in predictions:
        entry = steps.setdefault(one.step, _step(one, durations))
        entry["changes"] += len(one.changes)
        for key, items in (("as_wanted", one.as_wanted), ("found", one.found), ("stops_at", one.stops_at)):
            entry[key].update(copy.deepcopy(items))
        asked = [change["name"] for change in one.changes] if one.step in PEOPLE else []
        entry["hosts"] = sorted({*entry["hosts"], *filter(None, [one.host]), *one.touches, *asked})
        if one.reason and not entry["reason"]:
            entry["reason"], entry["msg"] = one.reason, one.msg
    return list(steps.values())


def _step(one: Prediction, durations: t.Mapping[str, t.Mapping[str, JSON]]) -> dict[str, JSON]:
    """The entry of a step of which nothing is told yet."""
    told: dict[str, JSON] = {"step": one.step, "host": one.host, "hosts": [], "changes": 0, "reason": "", "msg": ""}
    return {**told, "as_wanted": {}, "found": {}, "stops_at": {}, "expected": durations.get(one.step)}


def _store_hosts(definition: t.Mapping[str, JSON]) -> set[str]:
    """Where the run writes its journal, unless that is a folder of the controller."""
    store = definition.get("store") or {}
    return set() if store.get("kind") == "directory" else {str(store.get("host") or definition["target"]["host"])}


def _coverage(changes: t.Sequence[t.Mapping[str, JSON]], steps: t.Sequence[t.Mapping[str, JSON]]) -> dict[str, JSON]:
    return {
        "changes": len(changes),
        **{grade: sum(change["grade"] == grade for change in changes) for grade in GRADES},
        "as_wanted": sum(len(step["as_wanted"]) for step in steps),
        "not_observed": [step["step"] for step in steps if step["reason"] and not seen(step)],
        "would_stop": [step["step"] for step in steps if step["reason"] and seen(step)],
    }


def seen(step: t.Mapping[str, JSON]) -> bool:
    """Whether anything of the step could be looked at. Where its host is silent, what it would stop at is that."""
    refused = step["stops_at"] if step["reason"] not in SILENT else ()
    return bool(step["changes"] or step["as_wanted"] or step["found"] or refused)


def read(text_or_document: JSON, identity: str, kind: str) -> dict[str, JSON]:
    """A document that somebody hands in, checked: ours, whole, for this identity and kind. Raises InvalidInput."""
    found = text_or_document
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise InvalidInput(f"plan: this is no JSON document ({error}); give the file that the plan playbook wrote") from error
    if not isinstance(found, t.Mapping) or found.get("format") != FORMAT:
        there = found.get("format") if isinstance(found, t.Mapping) else None
        raise InvalidInput(f"plan: this is no plan of format {FORMAT} (format: {there!r}); make a new one with the plan playbook")
    try:
        whole = found["about"]["seal"] == seal(found) and found["hash"] == plan_hash(found)
    except (KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InvalidInput("plan: the document was changed since it was made, or is not whole: its hash does not fit; make a new one with the plan playbook")
    if found["identity"] != identity or found["kind"] != kind:
        raise InvalidInput(
            f"plan: it is for a {found['kind']} of {found['identity']}, and this is a {kind} of {identity}; make a new one with the plan playbook"
        )
    return dict(found)
