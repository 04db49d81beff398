# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run that a step belongs to: its journal and lease, opened from the ``run`` option. Only the driver uses it."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.debts import accounted
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import images_to_put_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Change, Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import Secrets
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session


#: The names of our options that hold secrets.
SECRET_OPTIONS = ("password", "secret")


class RunContext:
    """A run in progress, as one step sees it."""

    def __init__(self, run: t.Mapping[str, t.Any], journal: Journal, clock: Clock, secrets: Secrets) -> None:
        self._secrets = secrets
        self.id = str(run["id"])
        self.kind = str(run.get("kind") or "")
        self.plan = run.get("mode") == "plan"
        self.journal = journal
        self._machines = run.get("machines") or {}
        self._by = str(run.get("by") or run["holder"])
        self._mirrored = bool(run.get("mirror"))
        self._fold: Fold | None = None
        self._predictions = Predictions(str(run["predictions"])) if self.plan and run.get("predictions") else None
        self.lease = Lease(journal, run["holder"], int(run["epoch"]), float(run.get("lease_seconds") or 60.0), self.id, self._by, clock)
        self.fence = Fence(identity=str(run["identity"]), run=self.id, epoch=int(run["epoch"]), lease=self.lease)

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
        if self.plan and run_id == self.id:
            return self._foreseen()
        record = self.fold().runs.get(run_id)
        if record is None and self._mirrored:
            self._fold = self.journal.read()
            record = self._fold.runs.get(run_id)
        if record is None:
            raise WrongState(f"the journal of {self.journal.identity} knows no run {run_id}: revert_run must be the id of a run that failover_status lists")
        return record

    @contextlib.contextmanager
    def acting(self, session: Session | None) -> t.Iterator[None]:
        """While changes are made: the lease is kept, and each call that carries no fence first asks whether it still is ours."""
        with self.lease.kept():
            if session is not None:
                session.before_change = self.lease.still_ours
            try:
                yield
            finally:
                if session is not None:
                    session.before_change = None

    def settle(self) -> str:
        """Before this run puts back what it did itself: waits for what a controller that it was taken from had begun."""
        waited = self.lease.settle()
        return f"waited {waited:.0f} s for a change that an earlier controller of run {self.id} had begun" if waited > 0 else ""

    def _foreseen(self) -> RunRecord:
        """This plan as a run that had done what was predicted so far, for a drill's way back."""
        record = RunRecord(id=self.id, kind="", mode="plan", opened_at="", by=self._by, planned=False, epoch=0)
        for prediction in self.predictions():
            images = record.images.setdefault(prediction.step, {})
            for change in prediction.changes:
                known = images.setdefault(change["name"], {"before": change["before"], "after": None, "detail": change["detail"]})
                known["after"] = change["after"]
        return record

    def predictions(self) -> list[Prediction]:
        """What the plan's earlier tasks said."""
        return self._predictions.all() if self._predictions is not None else []

    def predict(self, prediction: Prediction) -> None:
        """Keeps what a task of a plan said. A plan holds no lease and writes to no store: it must not be in the way of a run."""
        if self._predictions is not None:
            self._predictions.add(Prediction(**self._redacted(prediction.as_dict())))

    @staticmethod
    def image(change: Change) -> dict[str, t.Any]:
        """A change as journals and plans keep it."""
        return {"name": change.name, "do": change.do, "before": change.before, "after": change.after, "grade": change.grade, "detail": change.detail}

    def images(self, run_id: str, step: str) -> dict[str, dict[str, t.Any]]:
        """Item -> image of what a step of that run has changed; for this run itself, of what undoing it puts back."""
        record = self.record(run_id)
        if run_id != self.id:
            return record.images.get(step, {})
        return images_to_put_back(record, self.fold().runs.get(record.reverts) if record.reverts else None, step)

    def intent(self, step: str, host: str, changes: list[Change], reverts: str = "") -> None:
        """Says before-images and intentions before anything is touched, and tells the store how long the changes may last.
        ``reverts``: the run whose changes are put back; a run that reverts itself keeps its first images."""
        longest = max(c.deadline for c in changes)
        data = {"changes": [self.image(c) for c in changes], "reverts": reverts, "longest": longest, "whole": sum(c.deadline for c in changes)}
        self.lease.append([self._draft("step_intent", step, host, data)], longest)

    def outcome(self, step: str, host: str, result: Result, begun_at: str, reverts: str = "", accepted: t.Sequence[t.Mapping[str, t.Any]] = ()) -> None:
        """How a step ended, and in the same append what was ``accepted`` of it (``{what, reason}``): neither is known without the other."""
        unknown = self._unrecorded(step, reverts)
        data = {
            "reverts": reverts,
            "failed": result.failed,
            "msg": result.msg,
            "begun_at": begun_at,
            "counts": result.as_dict("counts")["counts"],
            "changed": [
                {"name": o.name, "status": o.status, "after": o.after}
                for o in result.outcomes
                if o.changed or (o.status in ("already", "done") and o.name in unknown)
            ],
            "bad": [{"name": o.name, "status": o.status, "reason": o.reason, "msg": o.msg} for o in _bad(result)],
            "evidence": result.extra.get("evidence") or result.extra.get("curves") or result.extra.get("locks"),
        }
        told = accounted(self.journal.fold().debts, *result.accounts) if result.accounts else {}
        if told:
            data["debts"] = told
        # What could not be read back may still be going on.
        longest = None if any(o.status == "unconfirmed" for o in result.outcomes) else 0.0
        entries = [self._draft("accepted", step, "", entry) for entry in accepted]
        self.lease.append([*entries, self._draft("step_outcome", step, host, data)], longest)

    def _unrecorded(self, step: str, reverts: str = "") -> set[str]:
        """What this run set out to change without a good outcome of it being known: a controller died in between, or it went wrong. What is
        there now is the run's after-image, which a prediction is not. Where it puts itself back: everything, as that it is back counts, not who did it."""
        if not self.journal.events:
            self.journal.read()  # no more calls than the append that follows would make
        record = self.journal.fold().runs.get(self.id)
        images = record.images.get(step, {}) if record is not None else {}
        if reverts == self.id:
            return set(images)
        wrong = record.steps.get(step, {}).get("bad", ()) if record is not None else ()
        return {*wrong, *(name for name, image in images.items() if not image.get("recorded", True))}

    def accepted(self, step: str, what: str, reason: str, **more: str) -> None:
        """What a person decided before the step acts on it."""
        self.lease.append([self._draft("accepted", step, "", {"what": what, "reason": reason, **more})])

    def accepted_so_far(self, step: str) -> list[dict[str, t.Any]]:
        """What was accepted of a step in this run, by whatever controller, oldest first."""
        record = self.fold().runs.get(self.id)
        return [entry for entry in record.accepted if entry["step"] == step] if record is not None else []

    def _draft(self, kind: str, step: str, host: str, data: t.Any) -> Event:
        return self.journal.draft(kind, run=self.id, step=step, by=self._by, host=host, data=self._redacted(data))

    def _redacted(self, data: t.Any) -> t.Any:
        """Texts of programs and servers may quote what they were given; no secret may reach the journal."""
        return self._secrets.redact(data)


def open_run(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock) -> RunContext | None:
    """The run of the ``run`` option, None for a task that stands alone."""
    run = params.get("run")
    if not run:
        return None
    return RunContext(
        run,
        open_journal(run["identity"], run.get("store"), run.get("mirror"), hosts, clock, spare=bool(run.get("without_mirror"))),
        clock,
        Secrets(_secret_values(params)),
    )


def _secret_values(node: t.Any) -> t.Iterator[tuple[str, str]]:
    """(secret, user) of every password and secret among the task's options, however deep."""
    if isinstance(node, t.Mapping):
        for key, value in node.items():
            if key in SECRET_OPTIONS and isinstance(value, str) and value:
                yield value, str(node.get("user") or "")
            else:
                yield from _secret_values(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _secret_values(value)


def _bad(result: Result) -> list[Outcome]:
    return [o for o in result.outcomes if o.status in ("failed", "unconfirmed", "not_tried")]
