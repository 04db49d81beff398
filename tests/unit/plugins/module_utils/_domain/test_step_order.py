# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of the order of steps, against the roles that take them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import ORDER, key_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import PHASES

ROLES = pathlib.Path(__file__).parents[5] / "roles"

#: The modules of the collection that are steps, and the name that each has in the journal.
STEPS = {
    "fence_source": "fence",
    "server_identity": "identity",
    "directory_spns": "spns",
    "app_services": "services",
    "mount_databases": "databases",
    "run_post_script": "script",
    "promote_data": "data",
    "update_dns": "dns",
    "flush_dns_clients": "clients",
    "verify_clients": "verify",
}


def tasks_of(path: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    """Every task in the order of the file, those of blocks and of imported roles too."""
    return flat(yaml.safe_load(path.read_text(encoding="utf-8")))


def flat(tasks: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    for task in tasks:
        yield task
        role = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role")
        if role:
            yield from tasks_of(ROLES / "steps" / "tasks" / f"{role['tasks_from']}.yml")
        yield from flat(task.get("block") or [])


def taken(kind: str) -> list[tuple[str, bool]]:
    """``(step, on the source)`` as the role takes them; several tasks of one step are one."""
    found: list[tuple[str, bool]] = []
    for task in tasks_of(ROLES / kind / "tasks" / "steps.yml"):
        for name in task:
            step = STEPS.get(name.removeprefix("continuity.identity_failover."))
            if step == "dns" and "lock" in task[name]:
                step = "dns_lock"
            on_source = "steps_definition.source.host" in str(task.get("delegate_to") or "")
            if step and (step, on_source) not in found:
                found.append((step, on_source))
    return found


@pytest.mark.parametrize("kind", sorted(ORDER))
def test_the_roles_take_the_steps_in_the_order_of_the_table(kind: str) -> None:
    assert taken(kind) == [(step, side == "source") for step, side in ORDER[kind]]


def test_every_step_belongs_to_a_phase_of_the_outage() -> None:
    assert {step for order in ORDER.values() for step, _side in order} == set(PHASES) == {*STEPS.values(), "dns_lock"}


def test_a_step_is_named_with_the_host_of_its_side() -> None:
    assert [key_of("dns", "", {}), key_of("services", "target", {"target": {"host": "exch2"}})] == ["dns", "services@exch2"]
