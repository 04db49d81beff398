# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role undo does, task by task: the open run is taken in order to put it back, the last step first."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller, Given, Stopped


def undo(controller: Controller, discard: str = "") -> str:
    """``discard``: what the person who undoes says of the data that clients may have written."""
    active = controller.journal("failover_status", controller.definition).extra["active_run"]
    kind = active["kind"] if active else "failover"
    definition = parts.drill(controller.definition) if kind == "drill" else controller.definition
    state, reason = ("taken_over", controller.take_over) if controller.take_over else ("opened", discard)
    accept = {"data_at_stake": discard} if discard else {}
    options = {"by": controller.by, "reason": reason, "accept": accept, "lease_seconds": 20.0, "hooks": controller.hooks()}
    opened = controller.journal("failover_run", definition, state=state, mode="undo", kind=kind, **options)
    run = opened.extra.get("run")
    if not run:
        return f"already: {opened.msg}"
    try:
        within = {"run": run, "revert_run": opened.extra["reverts"]}
        for step in opened.extra["undoing"]["steps"]:
            _put_back(controller, step, definition, within)
        if opened.extra["undoing"]["clients"]:
            controller.flush(definition, opened.extra["owner_afterwards"], within)
        controller.journal("failover_run", definition, state="reverted", kind=kind, run=run, **controller.signer())
    except Stopped:
        controller.give_lease_back(kind, definition, run)
        raise
    return "done"


def _put_back(controller: Controller, step: t.Mapping[str, str], definition: dict[str, t.Any], within: Given) -> None:
    """roles/steps/tasks/put_back/STEP.yml"""
    host, services = step["host"], definition["services"]
    if step["step"] == "identity":
        moved = {key: definition[key] for key in ("addresses", "names", "shares")}
        controller.task("server_identity", host, state="reverted", **moved, **within)
    elif step["step"] == "fence":
        names = definition["fence"]["services"] or [service["name"] for service in services]
        controller.task("fence_source", host, state="reverted", services=names, **within)
    elif step["step"] == "services":
        controller.task("app_services", host, state="reverted", services=services, **within)
    elif step["step"] == "databases":
        controller.databases("reverted", "source" if host == controller.source else "target", host, definition, within)
    elif step["step"] == "dns":
        controller.names("reverted", definition["dns"], within, repoint=definition["dns"]["repoint"], records=definition["dns"]["records"])
    elif step["step"] == "dns_lock":
        controller.lock("reverted", definition["dns"], within)
    elif step["step"] == "spns":
        controller.spns("reverted", definition, within)
    else:
        raise AssertionError(f"the role has no tasks for {step['step']}")
