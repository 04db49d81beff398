# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A run as its journal tells it: steps begun and ended, the first before-image of every item, what was put back. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment


#: Seconds of a step whose intent does not say how long its longest change and all of them may last.
LONGEST, WHOLE = 600.0, 3600.0
#: A change whose answer was lost is made again this often at most, the first time included.
TURNS = 3


def without_approval(reason: str) -> str:
    """The first words on a run that nobody approved, with the reason; empty where somebody did."""
    return f"break-glass, without approval: {reason}; " if reason else ""


@dataclasses.dataclass
class RunRecord:
    """``images``: step key -> item -> ``{before, after, afters, detail, recorded}``: the first before-image, the last after-image, every image
    that the run may have left there, and whether an outcome told of the last. ``undone``: step key -> ``{begun_at, announced, changed,
    ended_at, failed, bad}`` of putting it back; ``announced``: that it was about to change something, ``changed``: the names of what is back.
    ``waited``: seconds of the outage before it was opened (detect, decide)."""

    id: str
    kind: str
    mode: str
    opened_at: str
    by: str
    planned: bool
    epoch: int
    reverts: str = ""  #: for a failback, the failover that it puts back
    ended: str = ""
    ended_at: str = ""
    undo_begun_at: str = ""  #: since when the run is being undone; empty while it goes forward
    images: dict[str, dict[str, dict[str, t.Any]]] = dataclasses.field(default_factory=dict)
    steps: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    undone: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    accepted: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    approvers: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    data_state: str = ""
    data_consent: str = ""  #: what was said of the data for the undo that is under way; going forward again takes it back
    break_glass: str = ""
    plan: dict[str, t.Any] = dataclasses.field(default_factory=dict)  #: what it was opened on, see _domain/score.py
    score: dict[str, t.Any] = dataclasses.field(default_factory=dict)  #: how good that plan was, once the run is closed
    waited: dict[str, float] = dataclasses.field(default_factory=dict)

    def playbook(self) -> str:
        """What goes on with it in its direction."""
        return "undo" if self.undo_begun_at else self.kind

    def first_word(self) -> str:
        """What everything that is told of the run begins with; see ``without_approval``."""
        return without_approval(self.break_glass)

    def moved(self) -> dict[str, list[str]]:
        """Step key -> items that may be changed and were not put back: an intent counts, its outcome may be what a crash swallowed."""
        return {step: list(items) for step, items in self.images.items() if items and not self.put_back(step)}

    def moved_anything(self) -> bool:
        return bool(self.moved())

    def put_back(self, step: str) -> bool:
        """Whether the journal shows that every item of a step is as it was before the run."""
        facts = self.undone.get(step)
        return facts is not None and "ended_at" in facts and not facts["failed"] and not facts["bad"]

    def put_back_last(self, step: str) -> bool:
        """Whether the last that was heard of a step is that an undo has put it back: a run that goes forward again has not come to it yet."""
        ended_at = self.undone.get(step, {}).get("ended_at")
        return ended_at is not None and ended_at == self.steps[step].get("ended_at")

    def intended(self, event: Event) -> None:
        """A step is about to change things. Putting its own changes back leaves the first images of a run alone."""
        changes = event.data["changes"]
        if event.data.get("reverts") == self.id:
            anew, known = {change["name"] for change in changes}, self.undone.get(event.step, {})
            back = [name for name in known.get("changed") or () if name not in anew]
            left = [item for item in known.get("bad") or () if item["name"] not in anew]  # until an outcome says otherwise
            self.undone[event.step] = {"begun_at": event.at, "announced": True, "changed": back, "bad": left}
        else:
            if changes:
                self.undone.pop(event.step, None)
            images = self.images.setdefault(event.step, {})
            for change in changes:
                known = images.setdefault(change["name"], {"before": change["before"], "after": None, "afters": [], "detail": change.get("detail")})
                _left(known, change["after"], recorded=False)
        self.steps.setdefault(event.step, {"begun_at": event.at}).update(
            intended_at=event.at, trying=True, longest=event.data.get("longest", LONGEST), whole=event.data.get("whole", WHOLE)
        )

    def concluded(self, event: Event) -> None:
        """A step has ended, well or badly."""
        data = event.data
        step = self.steps.setdefault(event.step, {"begun_at": data.get("begun_at", event.at)})
        spent = (moment(event.at) - moment(data.get("begun_at") or event.at)).total_seconds()
        step["seconds"] = step.get("seconds", 0.0) + spent
        step["went_wrong"], step["msg"] = self._went_wrong(step, data)
        step["bad"] = [item["name"] for item in step["went_wrong"]]
        step.update(ended_at=event.at, failed=data["failed"], counts=data["counts"], evidence=data.get("evidence"), epoch=self.epoch, trying=False)
        if not any(item["status"] == "unconfirmed" for item in data.get("bad") or ()):
            step["longest"] = 0.0  # what could not be read back may still be going on
        images = self.images.setdefault(event.step, {})
        if data.get("reverts") == self.id:
            known = self.undone.get(event.step, {})
            begun, announced = known.get("begun_at") or data.get("begun_at", event.at), known.get("announced", False)
            wrong, back = {item["name"] for item in data.get("bad") or ()}, [*(known.get("changed") or ()), *(item["name"] for item in data["changed"])]
            self.undone[event.step] = {
                "begun_at": begun,
                "announced": announced,
                "changed": [name for name in dict.fromkeys(back) if name not in wrong],
                "ended_at": event.at,
                "failed": data["failed"],
                "bad": data.get("bad") or [],
            }
            return
        for outcome in data["changed"]:
            # What could not be read back says nothing of what is there.
            if outcome["name"] in images and (outcome["after"] is not None or outcome.get("status") == "done"):
                _left(images[outcome["name"]], outcome["after"], recorded=True)

    def _went_wrong(self, step: t.Mapping[str, t.Any], data: t.Mapping[str, t.Any]) -> tuple[list[dict[str, t.Any]], str]:
        """What is wrong now, and the sentence on it. A step may have several tasks: one that ends well covers its own items only.

        A failure that nobody accepted stops the run, and so does a crash: what comes after either is another try of the whole step.
        """
        bad, msg = list(data.get("bad") or ()), str(data.get("msg") or "")
        if step.get("failed") or step.get("epoch") != self.epoch:
            return bad, msg
        covered = {item["name"] for item in (*bad, *data["changed"])}
        earlier = [item for item in step.get("went_wrong") or () if item["name"] not in covered]
        return [*earlier, *bad], "; ".join(filter(None, [step["msg"] if earlier else "", msg]))


def under_way(runs: t.Iterable[RunRecord], now: datetime.datetime) -> float:
    """Seconds within which everything ends that runs without an end have begun, as the journal shows it; for a store that has lost its lease.
    At least until all changes of a step could have had their turns, each as long as it may last and made again; never more than the longest of them."""
    left = [0.0]
    for run in runs:
        for facts in run.steps.values() if not run.ended else ():
            longest = float(facts.get("longest") or (LONGEST if unfinished(facts) else 0.0))
            passed = (now - moment(facts.get("intended_at") or facts["begun_at"])).total_seconds()
            left.append(min(longest, TURNS * float(facts.get("whole") or WHOLE) - passed))
    return max(left)


def unfinished(facts: t.Mapping[str, t.Any]) -> bool:
    """Whether nobody recorded how a step ended: no outcome at all, or an intent after the last one (it was tried once more).
    The order of the events counts, not their times: two controllers' clocks may differ."""
    return "ended_at" not in facts or bool(facts.get("trying"))


def _left(image: dict[str, t.Any], after: t.Any, *, recorded: bool) -> None:
    image.update(after=after, recorded=recorded)
    if after not in image["afters"]:
        image["afters"].append(after)
