# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run with a journal in a folder, for unit tests of steps: run = started(tmp_path, clock); params["run"] = run."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

#: The options of ``run_spec()`` with their defaults, for a task that stands alone.
ALONE: dict[str, t.Any] = {"run": None, "revert_run": None, "on_item_failure": "continue", "accept_failure": None, "details": "all", "machine": None}


def journal(folder: pathlib.Path, clock: Clock) -> Journal:
    return open_journal("mail", {"kind": "directory", "path": str(folder)}, None, FakeHosts(), clock)


def read(folder: pathlib.Path, clock: Clock) -> Fold:
    return journal(folder, clock).read()


def started(
    folder: pathlib.Path,
    clock: Clock,
    *,
    run_id: str = "run1",
    kind: str = "failover",
    mode: str = "execute",
    baseline: dict[str, t.Any] | None = None,
    break_glass: str = "",
) -> dict[str, t.Any]:
    """Opens a run; a second call with another id opens another one, as a later failback would. ``break_glass``: why nobody approved it."""
    known = journal(folder, clock)
    fold = known.read()
    if not fold.armed_at:
        known.append([known.draft("armed", by="test", data=baseline or {})])
    claim = LeaseClaim(holder="h-" + run_id, epoch=known.lease.epoch + 1, seconds=60.0, by="test", run=run_id, acquire=True)
    data = {"kind": kind, "mode": mode, "epoch": claim.epoch, "planned": True, "reverts": "", "break_glass": break_glass}
    known.append([known.draft("run_opened", run=run_id, by="test", data=data)], claim)
    store = {"kind": "directory", "path": str(folder)}
    return {
        "id": run_id,
        "identity": "mail",
        "kind": kind,
        "mode": mode,
        "epoch": claim.epoch,
        "holder": claim.holder,
        "lease_seconds": 60.0,
        "store": store,
        "mirror": None,
        "machines": (baseline or {}).get("machines", {}),
    }


def ended(folder: pathlib.Path, clock: Clock, run: t.Mapping[str, t.Any]) -> None:
    known = journal(folder, clock)
    known.read()
    claim = LeaseClaim(holder=run["holder"], epoch=run["epoch"], seconds=60.0, by="test", run=run["id"], release=True)
    known.append([known.draft("run_closed", run=run["id"], by="test", data={"kind": run["kind"], "accepted": []})], claim, anywhere=True)
