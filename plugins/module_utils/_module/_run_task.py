# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What every verb of failover_run works with: the task's options, the journal as it was read, the result in the making."""

from __future__ import annotations

import dataclasses
import getpass
import socket
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts


@dataclasses.dataclass(frozen=True)
class RunTask:
    """One task of failover_run. ``fold`` is the journal's meaning before the task; a verb fills ``result``."""

    params: t.Mapping[str, t.Any]
    hosts: Hosts
    clock: Clock
    journal: Journal
    fold: Fold
    result: Result
    check_mode: bool

    @property
    def identity(self) -> str:
        return str(self.params["identity"])

    @property
    def definition(self) -> t.Mapping[str, t.Any]:
        return self.params["definition"] or {}

    def who(self) -> str:
        return self.params["by"] or f"{getpass.getuser()}@{socket.gethostname()}"

    def playbook(self) -> str:
        """The playbook that this task of a run belongs to."""
        return "undo" if self.params["mode"] == "undo" else str(self.params["kind"])

    def reason(self) -> str:
        return (self.params["reason"] or "").strip()

    def accepting(self, finding: str) -> dict[str, str]:
        """What ``failover_accept`` takes to go on in spite of ``finding``: typed again it stands for the whole, so with what was accepted beside the
        definition's own."""
        known = self.definition.get("accept") or {}
        typed = {name: reason for name, reason in (self.params.get("accept") or {}).items() if known.get(name) != reason}
        return {**typed, finding: "say why"}

    def status(self) -> str:
        """Of an outcome that changes something."""
        return "predicted" if self.check_mode else "done"

    def given_run(self) -> t.Mapping[str, t.Any]:
        """The option ``run``, with everything that proves the lease. Raises InvalidInput."""
        run = self.params["run"]
        missing = [key for key in ("id", "kind", "epoch", "holder", "lease_seconds") if key not in run]
        if missing:
            raise InvalidInput(f"run: {', '.join(missing)} missing; pass the result key run of the task that opened the run")
        return t.cast("t.Mapping[str, t.Any]", run)


def releasing(run: t.Mapping[str, t.Any]) -> LeaseClaim:
    """The claim that gives the lease of ``run`` back."""
    return LeaseClaim(holder=run["holder"], epoch=run["epoch"], seconds=run["lease_seconds"], by=run.get("by") or "", run=run["id"], release=True)
