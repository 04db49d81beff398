# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The verb ``disarmed`` of failover_run: the baseline ends, and everything that was left on hosts is removed, host by host. The journal is kept."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.peace_time import require_disarmable
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker_removal import remove_markers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import write_whole
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import DISARMED, Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.target import DEFAULT_PATH
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import leftovers
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.event_log import ENTRIES, SOURCE

#: Seconds for one answer of a host.
REQUEST = 60.0
#: The name of the outcome that tells of entries which the monitor wrote.
LOGGED = "event log entries"


def disarm(task: RunTask) -> None:
    identity, fold, result = task.identity, task.fold, task.result
    require_disarmable(fold, identity, task.clock.now())
    result.extra["owner_afterwards"] = "source"
    store = task.params["store"] or {}
    on_target = store.get("kind") != "directory"
    events = task.journal.events
    if on_target and events and not task.params["mirror"] and not task.params["export"]:
        raise InvalidInput(
            f"the journal of {identity} lies in {task.journal.store.place} alone and would be lost: "
            "give mirror, or export, the path of a new file on the controller"
        )
    if task.params["export"] and events and pathlib.Path(task.params["export"]).expanduser().exists():
        raise InvalidInput(f"export: {task.params['export']} is there already; the journal is never written over anything")
    if fold.state == "protected":
        result.changed = True
        if not task.check_mode:
            data = {"reason": task.reason()}
            events = [*events, *task.journal.append([task.journal.draft("disarmed", by=task.who(), host=task.definition["target"]["host"], data=data)])]
        result.outcomes.append(Outcome("baseline", task.status(), True, before=fold.armed_at, after=None))
    exported = _export(task, events)
    kept = (_set_aside(task, events) or exported) if on_target else task.journal.store.place
    target, source = (str(task.definition[side]["host"]) for side in ("target", "source"))
    # The journal's host is mostly the target; store.host may name a third one.
    there = str(store.get("host") or target) if on_target else ""
    folders = dict.fromkeys([str(store.get("path") or DEFAULT_PATH) if on_target else DEFAULT_PATH, DEFAULT_PATH])
    for host in dict.fromkeys([there or target, target, source]):
        _host(task, host, task.journal.head.hash if host == there else "", list(folders))
    result.outcomes.extend(remove_markers(identity, task.definition, task.params, task.clock, check_mode=task.check_mode))
    _conclude(task, kept, exported)


def _set_aside(task: RunTask, events: list[Event]) -> str:
    """Where the mirror's journal is from now on; empty without one. It is there, and read, before anything is removed."""
    if not events or not task.params["mirror"]:
        return ""
    mirror = Mirror(task.params["mirror"], task.identity)
    if task.check_mode:
        return str(task.params["mirror"])
    kept, head = mirror.read()
    if head != task.journal.head:
        raise StoreError(f"the mirror in {mirror.folder} ends at event {head.seq}, the journal at event {task.journal.head.seq}: nothing was removed")
    # Under a name of its own, so that an identity that is armed again begins a new one.
    return str(mirror.set_aside(f"{DISARMED}-{task.clock.now():%Y%m%dT%H%M%SZ}-{len(kept)}"))


def _export(task: RunTask, events: list[Event]) -> str:
    """The file that a person asked for; empty where nobody did. It is there, and read back, before anything is removed."""
    if not events or not task.params["export"]:
        return ""
    path = pathlib.Path(task.params["export"]).expanduser()
    if not task.check_mode:
        text = "".join(event.line() + "\n" for event in events)
        try:
            write_whole(path, text)
            if path.read_text(encoding="utf-8") != text:
                raise StoreError(f"export: {path} does not read back as it was written: nothing was removed")
        except OSError as error:
            raise StoreError(f"export: could not write {path}: {error.strerror or error}; nothing was removed") from error
    return str(path)


def _host(task: RunTask, host: str, last: str, folders: t.Sequence[str]) -> None:
    """Files of the identity in our folders of one host, and the event log's source where no other identity is left there."""
    others = False
    try:
        session = task.hosts.named(host)
        for folder in folders:
            others = _folder(task, host, session, folder, last) or others
        there = not others and leftovers.event_source(session, REQUEST)
        if there or (others and host == task.definition["target"]["host"] and any(event.kind in ENTRIES for event in task.journal.events)):
            task.result.outcomes.append(Outcome(LOGGED, "skipped", host=host, msg="an event log keeps what happened; only clearing it takes entries out"))
        if there:
            if not task.check_mode:
                leftovers.remove_event_source(session, REQUEST)
                if leftovers.event_source(session, REQUEST):
                    task.result.outcomes.append(Outcome("event log source", "failed", True, host=host, msg="it is there again", reason="unconfirmed"))
                    return
            task.result.outcomes.append(Outcome("event log source", task.status(), True, host=host))
    except FailoverError as error:
        task.result.outcomes.append(Outcome(f"everything on {host}", "failed", grade="unknown", msg=error.message, reason=error.reason, host=host))


def _folder(task: RunTask, host: str, session: t.Any, folder: str, last: str) -> bool:
    """Whether further identities are left in the folder."""
    found = leftovers.look(session, folder, task.identity, REQUEST) if task.check_mode else leftovers.remove(session, folder, task.identity, last, REQUEST)
    outcomes, names = task.result.outcomes, found.files if task.check_mode else found.removed
    if found.refused:
        why = f"the journal in {folder} has grown since it was read: run the task again"
        outcomes.append(Outcome(folder, "failed", host=host, msg=why, reason=found.refused))
    outcomes.extend(Outcome(f"{folder}\\{name}", task.status(), True, host=host) for name in names)
    outcomes.extend(Outcome(f"{folder}\\{one['name']}", "failed", host=host, msg=one["message"], reason="not_removed") for one in found.failed)
    if found.folder == "removed" and names:  # an empty one was made by reading the journal just now
        outcomes.append(Outcome(folder, "done", True, host=host))
    return found.others


def _conclude(task: RunTask, kept: str, exported: str) -> None:
    result = task.result
    result.changed = result.changed or any(outcome.changed for outcome in result.outcomes)
    result.extra["journal_kept"] = kept
    bad = [outcome for outcome in result.outcomes if outcome.status == "failed"]
    removed = sum(1 for outcome in result.outcomes if outcome.status in ("done", "predicted"))
    where = f"; its journal is kept in {kept}" if kept else ""
    where += f", and exported to {exported}" if exported not in ("", kept) else ""
    result.msg = f"{task.identity} is disarmed: {removed} things removed{where}"
    if not removed and not bad:
        result.msg = f"{task.identity} is unarmed, and nothing of it was left to remove"
    logged = [outcome.host for outcome in result.outcomes if outcome.name == LOGGED]
    if logged:
        numbers = sorted(entry.id for entry in ENTRIES.values())
        result.msg += f"; what stays are the entries {numbers[0]} to {numbers[-1]} of {SOURCE} in the Application event log of {' and '.join(logged)}"
    if bad:
        result.failed, result.reason = True, bad[0].reason
        result.msg += f"; left behind: {'; '.join(f'{one.name} on {one.host} ({one.msg})' for one in bad)}. Run it again once that is mended"
