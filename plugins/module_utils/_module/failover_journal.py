# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_journal: reads, verifies, exports and prunes the journal of an identity."""

from __future__ import annotations

import getpass
import hashlib
import os
import pathlib
import socket
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.copies import (
    Copy,
    disagreement,
    export_text,
    joined,
    read_export,
    wrong_checkpoints,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import line_hash, number
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import table, timeline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, StoreError, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.copies import Copies, read_copies
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import write_whole
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

FIRST = "export first with " + option("failover_journal_state", "exported") + " (in a task: state: exported)"
STATES = ("read", "verified", "exported", "pruned")


def failover_journal_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(STATES), "default": "read"},
            "export": {"type": "path"},
            "last": {"type": "int", "default": 0},
            "of_run": {"type": "str"},
            "by": {"type": "str"},
        },
        required_if=[("state", "exported", ["export"]), ("state", "pruned", ["export"])],
    )


def failover_journal(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Looks at every copy; then prints, fails on a finding, exports or prunes, as ``state`` says."""
    copies = read_copies(params["identity"], params["store"], params["mirror"], hosts)
    result = Result(warnings=list(copies.warnings))
    if copies.store is not None and copies.mirror is not None and copies.store.finding is None:
        copies.contradiction = disagreement(copies.store, copies.mirror)
    _describe(params, copies, result)
    {"read": _read, "verified": _verify, "exported": _export, "pruned": _prune}[params["state"]](_Task(params, hosts, clock, copies, result, check_mode))
    return result


class _Task(t.NamedTuple):
    params: t.Mapping[str, t.Any]
    hosts: Hosts
    clock: Clock
    copies: Copies
    result: Result
    check_mode: bool

    @property
    def identity(self) -> str:
        return str(self.params["identity"])

    def status(self) -> str:
        return "predicted" if self.check_mode else "done"


def _describe(params: t.Mapping[str, t.Any], copies: Copies, result: Result) -> None:
    best = copies.best()
    events = [event for event in best.events if not params["of_run"] or event.run == params["of_run"]][-max(0, params["last"]) :]
    shown = timeline(events)
    result.extra = {
        "events": shown,
        "table": table(shown),
        "copies": [copy.facts() for copy in copies.all()],
        "head": {"seq": best.head.seq, "hash": best.head.hash},
        "read_from": best.place,
        "export": {},
    }
    for copy in copies.all():
        result.outcomes.append(Outcome(copy.of, "already" if copy.finding is None else "failed", reason=_reason(copy.finding), msg=_msg(copy.finding)))
    for copy in copies.all():
        for seq in wrong_checkpoints(copy.events):
            result.warnings.append(
                f"checkpoint {seq} in {copy.place} says otherwise than the events before it: another version may have written it. "
                "A run reads on from it; compare its state with the status playbook's before you open one"
            )


def _reason(finding: StoreError | None) -> str:
    return "" if finding is None else finding.reason


def _msg(finding: StoreError | None) -> str:
    return "" if finding is None else finding.message


def _read(task: _Task) -> None:
    """Reading helps most when something is broken: a finding is a warning, and what verifies is shown."""
    result, best = task.result, task.copies.best()
    for finding in task.copies.findings():
        result.warnings.append(finding.message)
    for outcome in result.outcomes:
        outcome.status = "already"
    result.msg = (
        f"the journal of {task.identity} in {best.place}: {len(result.extra['events'])} of {len(best.events)} events shown, up to event {best.head.seq}"
    )


def _verify(task: _Task) -> None:
    findings, copies = task.copies.findings(), task.copies.all()
    if findings:
        error = findings[0]
        error.result = task.result
        raise error
    task.result.msg = f"the journal of {task.identity} verifies: " + "; ".join(
        f"{copy.of} in {copy.place}: {len(copy.events)} events, {copy.events[0].seq if copy.events else 0} to {copy.head.seq}, hash {copy.head.hash[:16]}"
        for copy in copies
    )


def _export(task: _Task) -> None:
    _verify(task)
    path = pathlib.Path(task.params["export"])
    best = task.copies.longest()
    if not best.events:
        raise WrongState(f"the journal of {task.identity} is empty: there is nothing to export")
    lines = list(best.lines)
    there = _existing(task.identity, path)
    if there is not None:
        lines = joined(there, lines, best.place)
    changed = there is None or list(there.lines) != lines
    task.result.changed = changed
    if changed and not task.check_mode:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, export_text(task.identity, stamp(task.clock.now()), lines))
        except OSError as error:
            raise InvalidInput(f"export: could not write {path}: {error.strerror or error}") from error
        there = _existing(task.identity, path)  # what is claimed was read back
    task.result.extra["export"] = {
        "path": str(path),
        "first": number(lines[0]),
        "last": number(lines[-1]),
        "hash": line_hash(lines[-1]),
        "sha256": _sha256(path) if there is not None else "",
    }
    task.result.outcomes.append(Outcome("export", task.status() if changed else "already", changed, after=task.result.extra["export"]))
    verb = "would be exported" if changed and task.check_mode else "are exported"
    task.result.msg = f"events {number(lines[0])} to {number(lines[-1])} of {task.identity} {verb} to {path}; the chain ends with hash {line_hash(lines[-1])}"


def _existing(identity: str, path: pathlib.Path) -> Copy | None:
    try:
        return read_export(identity, str(path), path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"export: could not read {path}: {error}") from error


def _sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _prune(task: _Task) -> None:
    _verify(task)
    path, store = pathlib.Path(task.params["export"]), task.copies.store
    if store is None:
        raise WrongState(f"the journal of {task.identity} is not pruned: its store does not answer")
    if len(store.events) < 2 and (not store.events or store.events[0].data.get("pruned")):
        task.result.outcomes.append(Outcome("pruning", "already"))
        task.result.msg = f"the journal of {task.identity} has nothing that can be pruned"
        return
    _allowed(task, store)
    _exported(task, store, path)
    task.result.changed = True
    task.result.outcomes.append(Outcome("pruning", task.status(), True, before=len(store.events), after=1))
    if task.check_mode:
        task.result.msg = f"events {store.events[0].seq} to {store.head.seq} of {task.identity} would be pruned; {path} has them"
        return
    journal = open_journal(task.identity, task.params["store"], task.params["mirror"], task.hosts, task.clock, whole=True)
    journal.read()
    if journal.head != store.head:
        raise WrongState(f"the journal of {task.identity} has grown meanwhile: run the task again")
    by = task.params["by"] or f"{getpass.getuser()}@{socket.gethostname()}"
    journal.prune(by, {"export": os.path.basename(path), "sha256": _sha256(path)})
    after = read_copies(task.identity, task.params["store"], task.params["mirror"], task.hosts)
    if after.store is None or after.findings() or after.store.head != journal.head or len(after.store.events) != 1:
        raise StoreError(
            f"the journal of {task.identity} was pruned and does not read back as written; the file before is beside it with '.pruned' behind its name"
        )
    task.result.warnings.extend(journal.warnings)
    task.result.extra.update(copies=[copy.facts() for copy in after.all()], head=journal.head._asdict())
    task.result.msg = (
        f"events {store.events[0].seq} to {store.head.seq} of {task.identity} are pruned; {path} has them. The journal begins with event {journal.head.seq}, "
        f"which cites hash {store.head.hash[:16]}"
    )


def _allowed(task: _Task, store: Copy) -> None:
    found = fold(store.events, task.clock.now())
    if found.state != "protected" or found.active_run:
        run = f" and run {found.active_run} is open" if found.active_run else ""
        raise WrongState(
            f"the journal of {task.identity} is not pruned: {task.identity} is {found.state}{run}; it is pruned in peace time only", state=found.state
        )


def _exported(task: _Task, store: Copy, path: pathlib.Path) -> None:
    there = _existing(task.identity, path)
    if there is None:
        raise WrongState(f"the journal of {task.identity} is not pruned: {path} is not there; {FIRST}")
    kept = set(there.lines)
    missing = next((number(line) for line in store.lines if line not in kept), 0)
    if missing:
        raise WrongState(f"the journal of {task.identity} is not pruned: {path} does not have event {missing}; {FIRST}", seq=missing)
