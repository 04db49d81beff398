# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sequences that the crash runs go through are those of the roles, task by task."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
MODULE = "continuity.identity_failover."
Called = list[tuple[str, str]]

#: Tasks of the roles that the crash runs' definition has nothing for, and why.
LEFT_OUT = {
    "failover": {("update_dns", "present"): "no further records"},
    "failback": {("failover_preflight", ""): "a hook lets the source join"},
    "drill": {("update_dns", "repointed"): "a drill repoints nothing", ("mount_databases", "mounted"): "skipped", ("mount_databases", "reverted"): "skipped"},
}
#: Only where a run is opened on a plan: the same steps once more, which change nothing.
ON_A_PLAN = ("replan",)


def tasks_of(path: pathlib.Path) -> t.Iterator[tuple[str, str]]:
    """(module, state) of each of our modules, in the order of the task files; what only a failure reaches is left out."""
    yield from _walked(yaml.safe_load(path.read_text(encoding="utf-8")), path.parent)


def _walked(tasks: list[dict[str, t.Any]], folder: pathlib.Path) -> t.Iterator[tuple[str, str]]:
    for task in tasks:
        yield from _walked(task.get("block", []), folder)
        for kind in ("import_tasks", "include_tasks"):
            named = task.get(f"ansible.builtin.{kind}")
            if isinstance(named, str) and named != "hook.yml":
                yield from tasks_of(folder / named)
        for kind in ("import_role", "include_role"):
            role = task.get(f"ansible.builtin.{kind}")
            if role and role["tasks_from"] not in ON_A_PLAN:
                yield from tasks_of(ROLES / "steps" / "tasks" / f"{role['tasks_from']}.yml")
        for key, options in task.items():
            if key.startswith(MODULE):
                state = str(options.get("state", ""))
                yield key.removeprefix(MODULE), "opened" if "'opened'" in state else state  # or taken over, where a person says so


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Called]:
    """What the sequences call, one after the other on one lab."""
    folder = tmp_path_factory.mktemp("sequences")
    found: dict[str, Called] = {}
    with MemoryLab(folder) as lab:
        controller = Controller(lab, definition(lab, planned=False), credentials(lab), folder / "mirror", "day")
        controller.arm()
        lab.control("kill", host="exch1")
        controller.count_down()
        controller.decide()
        for act in ("failover", "failback", "drill"):
            controller.called.clear()
            assert getattr(controller, act)() == "done"
            found[act] = list(controller.called)
    return found


@pytest.mark.parametrize("act", ["failover", "failback", "drill"])
def test_the_crash_runs_call_what_the_role_calls(called: dict[str, Called], act: str) -> None:
    role = list(tasks_of(ROLES / act / "tasks" / "main.yml"))
    left_out = [task for task in role if task in LEFT_OUT[act]]
    assert set(left_out) == set(LEFT_OUT[act])
    assert called[act] == [task for task in role if task not in LEFT_OUT[act]]
