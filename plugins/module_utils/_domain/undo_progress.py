# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How far an undo came: which steps are put back, which are not, and what of them is. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import services_cut_off
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import undo_order


def undo_progress(record: RunRecord, failover: RunRecord | None = None) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """What an undo has put back and what not, as ``progress`` tells it of a run that goes forward; ``changed``: the names of what was put back.
    ``failover`` is the run that a failback was putting back."""
    done: list[dict[str, t.Any]] = []
    not_done: list[dict[str, t.Any]] = []
    for step in undo_order(record, failover):
        facts = record.undone.get(step["key"])
        bad = (facts or {}).get("bad") or []
        if facts is None:
            status = "not_begun"
        elif "ended_at" not in facts:
            status = "unfinished"
        else:
            status = "failed" if facts["failed"] else "accepted" if bad else "done"
        entry = {
            "step": step["step"],
            "host": step["host"],
            "status": status,
            "changes": len(record.images.get(step["key"], {})),
            "changed": list((facts or {}).get("changed") or ()),
            "msg": "; ".join(one["msg"] or one["reason"] for one in bad),
            "names": bad,
            "cut_off": services_cut_off(record, step["key"]),
        }
        (done if status in ("done", "accepted") else not_done).append(entry)
    return done, not_done


def what_it_takes(steps: t.Sequence[t.Mapping[str, str]], record: RunRecord) -> str:
    """What an undo takes: what it puts back, and what it looks at though there is nothing of this run to put back, or no longer. ``steps``: of
    ``still_to_put_back``."""
    moved = record.moved()
    back = [step for step in steps if step["key"] in moved]
    look = [step for step in steps if step["key"] not in moved]
    nothing = "nothing more" if record.undone else "nothing, as nothing was moved"
    words = f"to put back: {_places(back) or nothing}"
    return f"{words}; to be looked at, as others write them too: {_places(look)}" if look else words


def _places(steps: t.Iterable[t.Mapping[str, str]]) -> str:
    return ", ".join(step["key"].replace("@", " on ") for step in steps)
