# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""run_post_script: runs the user's own script, once in every run."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import with_the_script
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    StepFailed,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import HostStep, lease_file, refuse_all, store_folder
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import post_script

#: Characters that are kept of each stream with keep_output; without it none, not even in the marker on the host.
CAP = 4000

#: What of the record goes into the journal: never output, which may hold anything.
EVIDENCE = ("exit_code", "started", "ended", "sha256", "account", "pid", "timed_out")

LOST = "the answer was lost: nobody knows how it ended"

NOTHING: dict[str, t.Any] = {"exit_code": None, "started": "", "ended": "", "sha256": "", "account": "", "stdout_tail": "", "stderr_tail": ""}


def run_post_script_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "path": {"type": "str", "required": True},
            "arguments": {"type": "list", "elements": "str", "default": []},
            "working_directory": {"type": "str"},
            "run_timeout": {"type": "float", "default": 600.0},
            "repeatable": {"type": "bool", "default": False},
            "unknown": {"type": "str", "choices": ["stop", "rerun", "skip"], "default": "stop"},
            "reason_for_unknown": {"type": "str"},
            "keep_output": {"type": "bool", "default": False},
        }
    )


def run_post_script(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Runs the script; see the module's documentation."""
    return drive(ScriptStep(params, hosts.target(), clock), params, hosts, clock, check_mode=check_mode)


class ScriptStep(HostStep):
    """The script's path is the item. Image: None = has not run, else its state and what is known of its end."""

    def __init__(self, params: t.Mapping[str, t.Any], session: Session, clock: Clock) -> None:
        super().__init__("script", session, clock)
        self.params = params
        self.path = str(params["path"])
        self.timeout = float(params["run_timeout"])
        post_script.launch(self.path, params["arguments"])
        if params["working_directory"]:
            post_script.check_path(params["working_directory"] + "\\.", "working_directory")
        if self.timeout <= 0:
            raise InvalidInput(f"run_timeout is {self.timeout:g}: give more than 0 seconds")
        if params["unknown"] != "stop" and not explains(params["reason_for_unknown"]):
            raise InvalidInput(
                f"failover_script_unknown={params['unknown']} needs failover_script_reason (in a task: unknown needs reason_for_unknown): "
                "say what you found out about the script's last run"
            )
        self.run: t.Mapping[str, t.Any] = params["run"] or {}
        self.folder, _here = store_folder(self.run, session.name)
        self.mark = _mark(self.run, self.path)
        self.record: dict[str, t.Any] = dict(NOTHING)
        self.decided: t.Mapping[str, t.Any] = {}

    def recall(self, accepted: list[dict[str, t.Any]]) -> None:
        """What somebody decided about this script in this run; the last word counts."""
        for entry in accepted:
            if entry.get("decision") and entry.get("item") == self.path:
                self.decided = entry

    def decision(self, changes: list[Change]) -> list[dict[str, str]]:
        """What ``unknown`` decides about this change and was not decided before: for the journal. A first start needs no decision."""
        word, reason = self.params["unknown"], str(self.params["reason_for_unknown"] or "").strip()
        known = (self.decided.get("decision"), self.decided.get("reason")) == ("skip", reason)
        if word == "stop" or changes[0].before is None or (word == "skip" and known):
            return []
        done = "taken as done" if word == "skip" else "started again"
        what = f"{self.path} was started in this run on {self.host} before, and is {done}"
        return [{"what": what, "reason": reason, "decision": word, "item": self.path}]

    def _skip_reason(self) -> str:
        """Why it is taken as done, as this task says or as was said before in this run; empty where it is not."""
        if self.params["unknown"] == "skip":
            return str(self.params["reason_for_unknown"]).strip()
        return str(self.decided["reason"]) if self.params["unknown"] == "stop" and self.decided.get("decision") == "skip" else ""

    def observe(self) -> dict[str, JSON]:
        answer = post_script.look(self.session, self.path, self.folder, self.mark)
        if not answer.exists:
            raise NotFound(f"{self.host} has no file {self.path}: copy the script there in peace time, on both servers", host=self.host)
        self.record = {**NOTHING, "sha256": answer.sha256}
        if answer.done is not None:
            self.record = {**NOTHING, **answer.done}
            return {self.path: self._image("done", answer.done)}
        return {self.path: {"state": "started"} if answer.started else None}

    def _image(self, state: str, record: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"state": state, **{key: record.get(key) for key in EVIDENCE}}

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        image = before[self.path]
        if image is not None and image["state"] == "done":
            # A script that failed has run all the same; whether it may run again is for its owner to say.
            if image["exit_code"] == 0 or not self._may_rerun():
                return []
            return [self._change("run it again", image)]
        if image is not None and not self._may_rerun():
            if self._skip_reason():
                return [self._change("leave it as it is", image)]
            raise self._undecided()
        return [self._change("run it again" if image else "run it", image)]

    def _undecided(self) -> StepFailed:
        why = (
            f"{self.path} was started in run {self.run.get('id')} on {self.host} and nobody knows how it ended: find out, then say "
            "-e failover_script_unknown=skip (it did its work) or -e failover_script_unknown=rerun (start it again), and what you found out in "
            "failover_script_reason (in a task: unknown and reason_for_unknown); or declare it repeatable"
        )
        error = refuse_all(why, "unknown_outcome", {self.path: why}, [self.path], self.host)
        error.details["next"] = with_the_script(*self._kind_and_identity())
        return error

    def _kind_and_identity(self) -> tuple[str, str]:
        return str(self.run.get("kind") or "failover"), str(self.run.get("identity"))

    def _may_rerun(self) -> bool:
        return bool(self.params["repeatable"]) or self.params["unknown"] == "rerun"

    def _change(self, do: str, image: JSON) -> Change:
        # Nothing says what a script will do, so its end is never predicted.
        return Change(self.path, do, image, {"state": "done"}, "unknown", self.timeout + 2 * post_script.OVERHEAD, {"arguments": len(self.params["arguments"])})

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        (change,) = group
        if change.do == "leave it as it is":
            return {self.path: Applied(ok=True, skipped=True, msg=f"taken as done: {self._skip_reason()}", reason="accepted")}
        again = change.before is not None
        try:
            answer = self._start(again, fence)
        except (ConnectionLost, DeadlineExceeded) as error:
            if self.mark and not again:
                raise  # the marker keeps a repeat from starting it twice
            return {self.path: Applied(ok=True, msg=error.message, reason="unknown_outcome")}
        if answer.refused == "lease_lost":
            return {self.path: Applied(ok=False, msg="another controller has taken the run over, so the script was not started", reason="lease_lost")}
        if answer.refused or not answer.ran or answer.record is None:
            why = f"{self.path} was started by somebody else in this run, so it was not started again"
            return {self.path: Applied(ok=False, msg=why, reason="unknown_outcome")}
        self.record = {**NOTHING, **answer.record}
        return {self.path: self._judged(answer.record)}

    def _start(self, again: bool, fence: Fence | None) -> post_script.Answer:
        lease = lease_file(self.run, self.host, fence)
        return post_script.run(
            self.session,
            self.path,
            self.params["arguments"],
            working_directory=self.params["working_directory"] or "",
            seconds=self.timeout,
            cap=CAP if self.params["keep_output"] else 0,
            folder=self.folder,
            mark=self.mark,
            again=again,
            lease=lease,
        )

    def _judged(self, record: t.Mapping[str, t.Any]) -> Applied:
        evidence = {key: record.get(key) for key in EVIDENCE}
        if record.get("timed_out"):
            why = f"{self.path} had not ended after {self.timeout:g} s on {self.host}, so it and what it had started was ended"
            return Applied(ok=False, msg=why, reason="script_timed_out", evidence=evidence)
        if record.get("exit_code") != 0:
            why = f"{self.path} ended with exit code {record.get('exit_code')} on {self.host}; keep_output shows what it printed"
            return Applied(ok=False, msg=why, reason="script_failed", evidence=evidence)
        return Applied(ok=True, evidence=evidence)

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """Reads the marker back; without a run there is none, and the exit code is all there is. After a lost answer this decides."""
        if not self.mark:
            known = self.record["exit_code"] == 0
            return {self.path: Seen(known, self._image("done", self.record) if known else None, "" if known else LOST)}
        answer = post_script.look(self.session, self.path, self.folder, self.mark)
        if answer.done is None:
            return {self.path: Seen(False, {"state": "started"} if answer.started else None, LOST, "unknown_outcome")}
        self.record = {**NOTHING, **answer.done}
        judged = self._judged(answer.done)
        return {self.path: Seen(judged.ok, self._image("done", answer.done), judged.msg, "" if judged.ok else "failed")}

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        raise WrongState(f"what {name} did cannot be taken back by this module; give the failback a script of its own")

    def conclude(self, result: Result) -> None:
        """``script`` in the result; a script that had failed in this run before fails the task again, though nothing was done now."""
        shown = {key: self.record.get(key) for key in NOTHING}
        result.extra.update(script=shown, evidence={key: self.record.get(key) for key in EVIDENCE})
        for outcome in result.outcomes:
            if outcome.status == "failed" and self.record["ended"]:
                outcome.changed = result.changed = True  # it ran, whatever it did
            if outcome.status == "already" and self.record["exit_code"] != 0:
                judged = self._judged(self.record)
                outcome.status, outcome.msg, outcome.reason = "failed", judged.msg, judged.reason
                result.failed, result.msg, result.reason = True, f"script: {judged.msg}; it ran in this run before and is not repeatable", judged.reason
        if self.run and result.reason in ("script_failed", "script_timed_out") and not self.params["repeatable"]:
            # Once mended it has to be started again in so many words: another go by itself would only tell of this end again.
            result.extra["details"] = {"next": with_the_script(*self._kind_and_identity(), "rerun")}


def _mark(run: t.Mapping[str, t.Any], path: str) -> str:
    """The markers' file name; "" outside a run. The path is part of it, so that a run may have several scripts."""
    if not run:
        return ""
    return f"{run['identity']}.{run['id']}.{hashlib.sha256(path.lower().encode()).hexdigest()[:12]}"
