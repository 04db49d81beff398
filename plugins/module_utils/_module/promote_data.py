# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""promote_data: hands the approved choice for the data to the team's hook, and judges the evidence that it returns."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import data_choice
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.data_choice import HANDED_OVER, ITEM, PROMOTED
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import filled
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import HostStep, refuse_all
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_context import RunContext, open_run
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session


def promote_data_spec() -> ArgumentSpec:
    evidence = {
        "run": {"type": "str"},
        "did": {"type": "str", "choices": list(DATA_STATES)},
        "engine": {"type": "str", "required": True},
        "promoted": {"type": "bool", "required": True},
        "old_direction": {"type": "str", "choices": list(data_choice.DIRECTIONS), "required": True},
        "data_point": {"type": "str", "required": True},
    }
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["announced", "promoted"], "default": "promoted"},
            "engine": {"type": "str", "choices": list(data_choice.ENGINES), "default": "native"},
            "data_state": {"type": "str", "choices": list(DATA_STATES)},
            "hook": {"type": "bool", "default": False},
            "hook_timeout": {"type": "float", "default": 600.0},
            "evidence": {"type": "dict", "options": evidence},
        }
    )


def promote_data(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Announces the choice, or reads back what the hook made of it; see the module's documentation."""
    run = open_run(params, hosts, clock)
    return drive(DataStep(params, hosts.target(), clock, run), params, hosts, clock, check_mode=check_mode, context=run)


class DataStep(HostStep):
    """One item. Only the engine knows the data, and only the hook knows the engine: the image is what the journal keeps of its evidence."""

    def __init__(self, params: t.Mapping[str, t.Any], session: Session, clock: Clock, run: RunContext | None) -> None:
        super().__init__("data", session, clock)
        self.run = run
        self.announces = params["state"] == "announced"
        self.engine, self.hook, self.timeout = str(params["engine"]), bool(params["hook"]), float(params["hook_timeout"])
        approved = str((params["run"] or {}).get("data_state") or "")
        self.choice = approved or str(params["data_state"] or "apply_queues")
        if approved and params["data_state"] not in (None, approved):
            raise InvalidInput(f"data_state is {params['data_state']}, and people approved {approved} for this run; leave it out")
        if self.choice not in DATA_STATES:
            raise InvalidInput(f"run.data_state is {self.choice}: it is none of {', '.join(DATA_STATES)}")
        if self.timeout <= 0:
            raise InvalidInput(f"hook_timeout is {self.timeout:g}: give more than 0 seconds")
        self.evidence: t.Mapping[str, t.Any] | None = params["evidence"] or None
        if self.evidence is not None and not (filled(self.evidence["engine"]) and filled(self.evidence["data_point"])):
            raise InvalidInput("evidence: engine (its state in its own words) and data_point (up to which moment the data are there) must say something")
        # What an earlier play or the plan left in a variable is no evidence of this run.
        self.strange = ""
        if self.run is not None and self.evidence is not None and self.evidence["run"] != self.run.id:
            self.strange, self.evidence = f"; what it holds is of run {self.evidence['run'] or '(none named)'}, and this is {self.run.id}", None
        self.before: JSON = None
        self.looked: JSON = None

    def observe(self) -> dict[str, JSON]:
        if self.run is not None and not self.run.plan:
            record = self.run.fold().runs.get(self.run.id)  # none in check mode, where no run was opened
            image = record.images.get(self.key, {}).get(ITEM) if record is not None else None
            # What was only intended is not known to have happened.
            handed_over = {"state": HANDED_OVER, "choice": self.choice}
            self.before = None if image is None else image["after"] if image.get("recorded") else handed_over
        elif self.evidence is not None:
            # A plan's hook only looked. What moves with time is told in the message: a plan must be the same while nothing else changes.
            self.looked = {key: value for key, value in data_choice.seen(self.evidence).items() if key in ("state", "old_direction")}
            self.before = self.looked if self.looked["state"] == PROMOTED else None  # a run's journal knows nothing before it begins
        return {ITEM: self.before}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        if (before[ITEM] or {}).get("state") == PROMOTED:
            return []
        why = data_choice.refusal(self.engine, self.choice, hook=self.hook)
        if why:
            raise refuse_all(f"{why}: nothing was done to the data", "data_choice_unserved", {ITEM: why}, [ITEM], self.host)
        if not self.hook:
            return []
        after = {"state": HANDED_OVER if self.announces else PROMOTED, "choice": self.choice}
        do = f"let the hook {data_choice.HOOK} carry {self.choice} out"
        return [Change(ITEM, do, before[ITEM], after, "probed" if self.looked else "unknown", self.timeout, self.looked)]

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        """The hook has run before this task; what it says is judged."""
        if self.evidence is None:
            why = f"the hook {data_choice.HOOK} set no failover_data_evidence of this run, so nobody knows what became of the data{self.strange}"
            return {ITEM: Applied(ok=True, msg=why, reason="no_evidence")}
        reason, why = data_choice.amiss(self.choice, self.evidence)
        return {ITEM: Applied(ok=True, msg=why, reason=reason, evidence=dict(self.evidence))}

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """``unconfirmed`` without evidence: it may have been done."""
        if self.evidence is None:
            return {
                ITEM: Seen(
                    confirmed=False,
                    image=None,
                    msg=f"the hook {data_choice.HOOK} set no failover_data_evidence of this run{self.strange}",
                    reason="no_evidence",
                )
            }
        reason, why = data_choice.amiss(self.choice, self.evidence)
        image = {**data_choice.seen(self.evidence), "choice": self.choice}
        if reason and image["state"] == PROMOTED:
            image["state"] = data_choice.NOT_PROMOTED  # not as approved: whoever goes on hands it over once more, or accepts it
        return {ITEM: Seen(confirmed=not reason, image=image, msg=why, reason="failed" if reason else "")}

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        raise WrongState(f"what was done to the {name} cannot be taken back by this module; turn the replication round with the engine's own means")

    def conclude(self, result: Result) -> None:
        """Whether the hook is to run now, and what it said."""
        pending = any(outcome.status in ("done", "predicted") for outcome in result.outcomes)
        result.extra.update(hand_over=self.announces and pending, data_state=self.choice, evidence=dict(self.evidence) if self.evidence else {})
        for outcome in result.outcomes:
            if self.evidence is not None and outcome.status in ("predicted", "already"):
                outcome.msg = f"{outcome.msg}; the engine is {self.evidence['engine']}, the data are there up to {self.evidence['data_point']}".lstrip("; ")
            elif outcome.status == "already" and outcome.before is None:
                outcome.msg = f"{self.choice}: with the engine {self.engine} there is nothing to do"
