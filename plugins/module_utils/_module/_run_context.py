# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run that a step belongs to: its journal and lease, opened from the ``run`` option. Only the driver uses it."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Change, Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts


class RunContext:
    """A run in progress, as one step sees it."""

    def __init__(self, run: t.Mapping[str, t.Any], journal: Journal, clock: Clock) -> None:
        self.id = str(run["id"])
        self.plan = run.get("mode") == "plan"
        self.journal = journal
        self._machines = run.get("machines") or {}
        self._by = str(run.get("by") or run["holder"])
        self._mirrored = bool(run.get("mirror"))
        self._fold: Fold | None = None
        self.fence = Fence(identity=str(run["identity"]), run=self.id, epoch=int(run["epoch"]))
        self.lease = Lease(journal, run["holder"], int(run["epoch"]), float(run.get("lease_seconds") or 60.0), self.id, self._by, clock)

    def machine(self, host: str) -> Machine | None:
        known = self._machines.get(host)
        return Machine(uuid=known["uuid"], name=known["name"]) if known else None

    def fold(self) -> Fold:
        """The journal's meaning; read from the store where no mirror brought it along."""
        if self._fold is None:
            self._fold = self.journal.fold() if self._mirrored and self.journal.events else self.journal.read()
        return self._fold

    def baseline(self) -> dict[str, t.Any]:
        return self.fold().baseline

    def record(self, run_id: str) -> RunRecord:
        """A run of this identity, by its id."""
        record = self.fold().runs.get(run_id)
        if record is None and self._mirrored:
            self._fold = self.journal.read()
            record = self._fold.runs.get(run_id)
        if record is None:
            raise WrongState(f"the journal of {self.journal.identity} knows no run {run_id}: revert_run must be the id of a run that failover_status lists")
        return record

    def predicted(self, step: str, host: str, changes: list[Change]) -> None:
        self._append("step_predicted", step, host, {"changes": [_image(c) for c in changes]}, 0.0)

    def intent(self, step: str, host: str, changes: list[Change]) -> None:
        """Says before-images and intentions before anything is touched, and makes the lease long enough for the first."""
        self._append("step_intent", step, host, {"changes": [_image(c) for c in changes]}, max(c.deadline for c in changes))

    def outcome(self, step: str, host: str, result: Result, begun_at: str) -> None:
        data = {
            "failed": result.failed,
            "msg": result.msg,
            "begun_at": begun_at,
            "counts": result.as_dict("counts")["counts"],
            "changed": [{"name": o.name, "status": o.status, "after": o.after} for o in result.outcomes if o.changed],
            "bad": [{"name": o.name, "status": o.status, "reason": o.reason, "msg": o.msg} for o in _bad(result)],
            "evidence": result.extra.get("evidence") or result.extra.get("curves"),
        }
        self._append("step_outcome", step, host, data, 0.0)

    def accepted(self, step: str, what: str, reason: str) -> None:
        self._append("accepted", step, "", {"what": what, "reason": reason}, 0.0)

    def _append(self, kind: str, step: str, host: str, data: t.Any, longest: float) -> None:
        self.lease.append([self.journal.draft(kind, run=self.id, step=step, by=self._by, host=host, data=data)], longest)


def open_run(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock) -> RunContext | None:
    """The run of the ``run`` option, None for a task that stands alone."""
    run = params.get("run")
    if not run:
        return None
    return RunContext(run, open_journal(run["identity"], run.get("store"), run.get("mirror"), hosts, clock), clock)


def _image(change: Change) -> dict[str, t.Any]:
    return {"name": change.name, "do": change.do, "before": change.before, "after": change.after, "grade": change.grade, "detail": change.detail}


def _bad(result: Result) -> list[Outcome]:
    return [o for o in result.outcomes if o.status in ("failed", "unconfirmed", "not_tried")]
