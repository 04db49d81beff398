# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How a run is undone: in which order, and what can't be taken back. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.no_return import Steps
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import NOTHING_TO_PUT_BACK
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import rightful_owner
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

#: Who owns the identity once a run of this kind is undone: whoever owned it before.
OWNER_BEFORE = {"failover": "source", "failback": "target", "drill": "source"}

#: Evidence that the fence gathers by itself; any other was given to it by a hook.
OWN_EVIDENCE = ("silence", "read_back")


class UndoBegun(WrongState):
    """The run is being undone, and going forward is no longer what was approved. No reason is taken for it: the former owner may have served again,
    so this is the refusal of a known second owner. Finish the undo, then a new run takes a new decision."""

    reason = "undo_begun"


def lasting(steps: Steps, images: t.Mapping[str, t.Any], facts: t.Mapping[str, t.Any]) -> list[str]:
    """A sentence for each thing that undoing does not take back.

    ``images`` and ``facts`` are a run record's ``images`` and ``steps``; empty for a plan, which has begun nothing.
    """
    found = []
    for key, items in steps:
        kind = key.partition("@")[0]
        if kind == "script" and items:
            found.append(f"what the script {', '.join(items)} did stays as it is: undo it by hand, or with a script of its own")
        elif kind == "data" and items:
            found.append(_data_stay(key.partition("@")[2], (facts.get(key) or {}).get("evidence") or {}))
        elif kind == "clients" and items:
            found.append("resolver caches that were cleared stay cleared; the undo clears them once more")
        elif kind == "databases":
            restoring = [name for name in items if ((images.get(key) or {}).get(name, {}).get("before") or {}).get("state") == "RESTORING"]
            if restoring:
                found.append(f"{', '.join(restoring)} was restoring before the run and was recovered: its restore sequence has to be started anew")
    for key, fact in facts.items():
        for one in (fact.get("evidence") or ()) if key.startswith("fence@") else ():
            if one["kind"] not in OWN_EVIDENCE:
                found.append(f"the source was fenced from outside ({one['kind']}: {one['observed']}): a hook did that, so bring it back by hand")
    return found


def _data_stay(host: str, evidence: t.Mapping[str, t.Any]) -> str:
    known = f" ({evidence['did']}, up to {evidence['data_point']})" if evidence else ""
    return f"what the hook data did to the data on {host} stays{known}: turn the replication round with the engine's own means before the source serves"


def begun(record: RunRecord) -> list[tuple[str, t.Collection[str]]]:
    """Steps that have begun to change things, in the order in which they first did, with their items."""
    return [(key, list(items)) for key, items in record.images.items() if items]


def undo_order(record: RunRecord, failover: RunRecord | None = None) -> list[dict[str, str]]:
    """``{key, step, host}`` of every step to put back, the last one first: each point on the way is one that the run has passed itself.

    One exception: a source that a failback let join registers its names by itself, so all that is its own, its fence too, is put back before the
    records are, and they are looked at even where the failback had not come to them: a hook lets the source join, and the journal knows of no hook.
    ``failover`` is the run that a failback was putting back.
    """
    keys = [key for key, _items in reversed(begun(record)) if key.partition("@")[0] not in NOTHING_TO_PUT_BACK]
    led = failover is not None and bool(failover.images.get("dns"))
    if record.kind == "failback" and (led or "dns" in keys):
        keys = [key for key in keys if key != "dns"]
        keys.insert(_behind_the_source(keys, failover), "dns")
    return [{"key": key, "step": key.partition("@")[0], "host": key.partition("@")[2]} for key in keys]


def _behind_the_source(keys: t.Sequence[str], failover: RunRecord | None) -> int:
    """Where in the way back of a failback all that is the source's own is behind it: after its fence, else before the first step of the target's."""
    fences = [number for number, key in enumerate(keys) if key.startswith("fence@")]
    if fences:
        return fences[-1] + 1
    there = {key.partition("@")[2] for key in (failover.images if failover is not None else ()) if not key.startswith("fence@")} | {""}
    return next((number for number, key in enumerate(keys) if key != "dns_lock" and key.partition("@")[2] in there), len(keys))


def still_to_put_back(record: RunRecord, failover: RunRecord | None = None) -> list[dict[str, str]]:
    """The steps of ``undo_order`` that an undo takes when it begins or goes on.

    What was put back on a host stays: a later step of the way back may have changed the same things since (the fence disables the services
    that were only to be stopped), or the host was switched off. Records and service principal names are looked at each time: others write
    them too, and they decide where users go.
    """
    return [step for step in undo_order(record, failover) if not (step["host"] and record.put_back(step["key"]))]


def images_to_put_back(record: RunRecord, failover: RunRecord | None, step: str) -> dict[str, dict[str, t.Any]]:
    """Item -> image for undoing a step of a run. ``failover``: what a failback was putting back.

    A record that led to the source already when the failback came to it was registered by the source that the failback let join: what was
    there before the failback is what the failover had left.
    """
    own = record.images.get(step, {})
    if step != "dns" or record.kind != "failback" or failover is None:
        return own
    images = dict(own)
    for name, image in failover.images.get(step, {}).items():
        mine = own.get(name)
        if mine is None or _values(mine["before"]) == _values(image["before"]):
            afters = [image["before"], *(mine["afters"] if mine is not None else ())]
            images[name] = {"before": image["after"], "after": image["before"], "afters": afters, "detail": image["detail"]}
    return images


def _values(image: t.Any) -> list[str]:
    return sorted(image["values"]) if image else []


def undoing(fold: Fold, identity: str) -> RunRecord | None:
    """The run that an undo resumes: the open one, else a drill that another run went on beside; None where there is nothing to undo.
    Raises WrongState where only a failback leads back."""
    record = fold.active() or next(iter(fold.left_over()), None)
    if record is not None:
        return record
    if fold.state in ("failed_over", "threatened"):
        back = next_command("failed_over", identity)
        raise WrongState(
            f"{identity} is {fold.state}: its failover is closed and clients work on the target, so it can't be undone. "
            f"To bring it back, once the data are back on the source: {back}",
            next=back,
        )
    return None


def owner_after_undo(fold: Fold, kind: str) -> str:
    """Who owns the identity once a run is undone. A drill moves nobody's: a failover may have gone on beside it."""
    rightful = rightful_owner(fold.state)
    return rightful if kind == "drill" and rightful in ("source", "target") else OWNER_BEFORE[kind]


def forward_refusal(record: RunRecord, source: str, target: str) -> str:
    """Why a run whose undo has begun may not go forward again; empty where it may.

    Until the undo begins to let the former owner serve, going forward is what the run was approved for. From then on it may have written again.
    """
    if not record.undo_begun_at:
        return ""
    serving = {"failover": (f"fence@{source}",), "failback": (f"services@{target}", f"databases@{target}", f"identity@{target}")}.get(record.kind, ())
    given_back = [key for key in serving if key in record.undone]
    if not given_back:
        return ""
    return f"its undo has put {', '.join(given_back)} back, so the {OWNER_BEFORE[record.kind]} may have served again since"


def changed_meanwhile(record: RunRecord) -> list[str]:
    """What its undo found changed by somebody else and left so, a sentence an item; the run, going forward again, would set it anew."""
    return [
        f"{step}: {one['name']} {one['msg'] or one['reason']}"
        for step, facts in record.undone.items()
        for one in facts.get("bad") or ()
        if one["reason"] == "changed_by_other"
    ]


def undone(fold: Fold, identity: str, run_id: str) -> RunRecord | None:
    """The run to end as reverted, None when it is already. Raises WrongState while the journal shows anything that was not put back."""
    record = fold.runs.get(run_id)
    if record is None:
        raise WrongState(f"the journal of {identity} knows no run {run_id}")
    if record.ended == "reverted":
        return None
    if record.ended:
        raise WrongState(f"run {run_id} of {identity} was {record.ended} at {record.ended_at}: it cannot be undone")
    left = [
        step["key"]
        for step in undo_order(record, fold.runs.get(record.reverts))
        if "ended_at" not in record.undone.get(step["key"], {}) or record.undone[step["key"]]["failed"]
    ]
    if left:
        raise WrongState(
            f"run {run_id} of {identity} is not undone: {', '.join(left)} is not as it was before. "
            f"Run the undo playbook again, or accept the failure of a step with a reason"
        )
    return record


def leads_anywhere(record: RunRecord) -> bool:
    """Whether the run has begun to lead clients anywhere; before that, names that lead nowhere are none of its doing."""
    return "dns" in record.images or any(key.startswith("identity@") for key in record.images)


def left_behind(record: RunRecord) -> list[str]:
    """What an undo left as it is because somebody accepted that, a sentence an item."""
    return [f"{step}: {one['name']} {one['msg'] or one['reason']}" for step, facts in record.undone.items() for one in facts.get("bad") or ()]
