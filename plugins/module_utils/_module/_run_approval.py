# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""May this run be opened? The votes are weighed once more, under the definition of now; or a person breaks the glass."""

from __future__ import annotations

import getpass
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.approval import Demand, Verdict, judge
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import minimum_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import STARTS, Opening, awaiting, opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import (
    LOSING,
    standing_against,
    expired,
    live_votes,
    require_named_data,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._signatures import forged


class Approval(t.NamedTuple):
    """On what a run is opened. ``break_glass``: the reason, where people's approval was missing; ``missing`` says what."""

    data_state: str = ""
    approvers: tuple[dict[str, str], ...] = ()  #: ``{by, how}`` of each who said proceed, also where they were too few and the glass was broken
    break_glass: str = ""
    missing: str = ""
    data_at_risk: str = ""  #: which data may be lost, as who broke the glass says; voters say it in their votes

    def as_data(self) -> dict[str, t.Any]:
        """For the journal's entry of the opening."""
        return {"data_state": self.data_state, "approvers": list(self.approvers), "break_glass": self.break_glass}

    def accepted(self) -> dict[str, str]:
        """The journal's ``accepted`` entry: its kind puts it before everything else that was accepted."""
        losing = f", with {self.data_state}, which may lose {self.data_at_risk}" if self.data_state in LOSING else ""
        named = {"data_at_risk": self.data_at_risk} if losing else {}
        return {"kind": "break_glass", "what": f"break-glass: opened although {self.missing}{losing}", "reason": self.break_glass, **named}


#: Of a run that nobody has to approve.
UNASKED = Approval()


def approved_opening(task: RunTask) -> tuple[Opening, Approval]:
    """What ``state: opened`` has to do, and who allows it. Raises WrongState, or AwaitingApproval with what to type next."""
    kind, fold, glass, now = task.params["kind"], task.fold, break_glass(task), task.clock.now()
    found = opening(
        fold,
        task.identity,
        kind,
        break_glass=bool(glass),
        no_baseline="baseline_missing" in (task.params.get("accept") or {}),
        refusals=[*standing_against(fold.state, fold.incident, fold.votes, now), *expired(fold.votes, now)],
        minimum=minimum_of(task.definition),
        votes=live_votes(fold.votes, now),
    )
    if kind != "failover" or found.how != "open":
        return found, UNASKED
    verdict = _verdict(task)
    if fold.state in STARTS[kind] and verdict.enough:
        if glass:
            task.result.warnings.append("break_glass was not needed: enough people approved")
        return found, _of(verdict, task)
    missing = "; ".join(verdict.why_not)
    if fold.state not in STARTS[kind]:
        missing = f"it is {fold.state}, and {missing}" if verdict.votes else f"it is {fold.state} and nobody approved"
    if not glass:
        raise awaiting(task.identity, f"{task.identity} may not be moved yet: {missing}", fold.state, minimum_of(task.definition), live_votes(fold.votes, now))
    data_state, data_at_risk = task.params.get("data_state") or "apply_queues", (task.params.get("data_at_risk") or "").strip()
    require_named_data(data_state, data_at_risk)
    task.result.warnings.append(f"break-glass: {task.identity} is moved although {missing}")
    return found, Approval(data_state, _voters(verdict), glass, missing, data_at_risk)


def break_glass(task: RunTask) -> str:
    """The reason; empty where nobody breaks the glass. Raises InvalidInput for one that explains nothing."""
    glass = task.params.get("break_glass")
    if glass is not None and not glass.strip():
        raise InvalidInput("break_glass: an empty reason explains nothing; write why nobody can be waited for")
    return (glass or "").strip()


def _verdict(task: RunTask) -> Verdict:
    approvals, incident = task.definition.get("approvals") or {}, task.fold.incident
    people = People.of(approvals.get("people") or (), approvals.get("domains") or ())
    intent = {
        "identity": task.identity,
        "kind": task.params["kind"],
        "fence_minimum": (task.definition.get("fence") or {}).get("minimum", 2),
        "incident": incident["id"] if incident else "",
    }
    requester = people.marks(task.params["by"] or getpass.getuser()) if approvals.get("exclude_requester") else ()
    demand = Demand(intent, int(approvals.get("required") or 1), minimum_of(task.definition), people, requester)
    return judge(task.fold.votes, task.clock.now(), demand, forged(task.fold.votes, people))


def _of(verdict: Verdict, task: RunTask) -> Approval:
    wanted = task.params.get("data_state")
    if wanted and wanted != verdict.data_state:
        raise InvalidInput(
            f"data_state: the votes approve {verdict.data_state or 'no choice at all'}, not {wanted}; leave it out, or decide again with the ack playbook"
        )
    return Approval(verdict.data_state, _voters(verdict))


def _voters(verdict: Verdict) -> tuple[dict[str, str], ...]:
    return tuple({"by": str(vote["by"]), "how": str(vote.get("how") or "asserted")} for vote in verdict.votes)
