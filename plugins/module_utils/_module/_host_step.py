# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What all steps on a Windows host have in common."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, StepFailed, TransportError, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, one_by_one
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.target import DEFAULT_PATH
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.machine import require_machine

#: Seconds for one request that is not part of a change.
REQUEST = 30.0


def step_key(kind: str, host: str) -> str:
    """A step's name in the journal. One run can do the same kind of step on both servers, so the host is part of it."""
    return f"{kind}@{host}" if host else kind


class HostStep:
    """A step on the task's target host. Subclasses add observe, changes, apply, verify and inverse."""

    def __init__(self, kind: str, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock
        self.host = session.name
        self.key = step_key(kind, session.name)

    def check_machine(self, expected: Machine | None) -> None:
        if expected is not None:
            require_machine(self.session, expected, REQUEST)

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return one_by_one(changes)


def store_folder(run: t.Mapping[str, t.Any], host: str) -> tuple[str, bool]:
    """Where files of the run lie on this host: beside the journal where that is here, else where it would be. And whether it is."""
    store = run.get("store") or {}
    here = bool(run) and store.get("kind", "target") == "target" and (store.get("host") or host) == host
    return (str(store.get("path") or DEFAULT_PATH) if here else DEFAULT_PATH), here


def lease_file(run: t.Mapping[str, t.Any], host: str, fence: Fence | None) -> dict[str, t.Any] | None:
    """What a script on this host looks at before it acts (``_powershell/fence.py``); None where the run's lease is not kept here."""
    folder, here = store_folder(run, host)
    return {"file": f"{folder}\\{fence.identity}.lease", "epoch": fence.epoch} if fence is not None and here else None


def refused(error: FailoverError) -> Applied:
    """One item that could not be done. A connection that failed is the driver's affair: raise it."""
    if isinstance(error, TransportError):
        raise error
    return Applied(ok=False, msg=error.message, reason=error.reason)


def refuse_all(message: str, reason: str, bad: t.Mapping[str, str], names: t.Iterable[str], host: str) -> StepFailed:
    """An error for a task that was refused before anything was touched: bad items (name -> why) failed, the others not tried."""
    error = StepFailed(message, host=host, items=bad)
    error.reason = reason
    result = Result(failed=True)
    for name in names:
        if name in bad:
            result.outcomes.append(Outcome(name, "failed", msg=bad[name], reason=reason, host=host))
        else:
            result.outcomes.append(Outcome(name, "not_tried", msg="not tried: another item was refused", reason="not_tried", host=host))
    error.result = result
    return error


def ours_to_revert(name: str, part: str, before: JSON, after: JSON, now: JSON, host: str) -> bool:
    """Must this part of an image be put back? False when it is back; raises WrongState when it is neither before nor after.

    None is an image too: the item is not there. What the run never learned, the driver offers as another ``after``.
    """
    if now == before:
        return False
    if now != after:
        raise WrongState(
            f"{part} of {name} on {host} was {before!r}, the run made it {after!r} and it is {now!r} now: "
            "somebody else changed it since, so it is left alone. Put it right by hand, or to one of the two values, and run again"
        )
    return True
