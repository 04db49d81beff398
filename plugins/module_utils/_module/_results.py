# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What every module returns: the same keys, whether something changed, nothing did, or it failed."""

from __future__ import annotations

import dataclasses
import typing as t

#: What can have happened to one item. ``already`` = nothing to do, ``unconfirmed`` = done but not read back.
STATUSES = ("done", "already", "predicted", "skipped", "unconfirmed", "failed", "not_tried")
BAD_STATUSES = ("unconfirmed", "failed", "not_tried")


@dataclasses.dataclass
class Outcome:
    """One item of a task, in the order asked. ``grade`` says how sure a prediction is (probed, predicted, unknown)."""

    name: str
    status: str
    changed: bool = False
    grade: str = "probed"
    msg: str = ""
    reason: str = ""
    host: str = ""
    before: t.Any = None
    after: t.Any = None

    def as_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


class Accounts(t.NamedTuple):
    """What a DNS step says of name servers (see ``_domain/debts.py``): new debts, where it read what was wanted, and what is wanted now."""

    owed: list[dict[str, t.Any]]
    right: list[dict[str, t.Any]]
    wanted: dict[str, t.Any]


@dataclasses.dataclass
class Result:
    """A module's result. ``extra`` holds the keys that only this module has (never one of the common keys), ``accounts`` is for the
    journal alone."""

    changed: bool = False
    failed: bool = False
    msg: str = ""
    reason: str = ""
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    diff: dict[str, t.Any] = dataclasses.field(default_factory=lambda: {"before": {}, "after": {}})
    timing: dict[str, float] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    extra: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    accounts: Accounts | None = None

    def as_dict(self, details: str = "all", *, diff: bool = True) -> dict[str, t.Any]:
        """The dictionary for Ansible. ``details=counts`` lists only the items that went wrong, beside the counts, and what was changed only where the
        task is asked for its ``diff``: Ansible takes each result apart several times, item by item."""
        counts = dict.fromkeys(STATUSES, 0)
        for outcome in self.outcomes:
            counts[outcome.status] += 1
        shown = self.outcomes if details == "all" else [o for o in self.outcomes if o.status in BAD_STATUSES]
        return {
            "changed": self.changed,
            "failed": self.failed,
            "msg": self.msg,
            "reason": self.reason,
            "outcomes": [outcome.as_dict() for outcome in shown],
            "counts": counts,
            "diff": self.diff if diff or details == "all" else {"before": {}, "after": {}},
            "timing": {name: round(seconds, 3) for name, seconds in self.timing.items()},
            **self.extra,
        }
