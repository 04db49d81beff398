# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sequences that the crash runs go through are those of the roles, task by task."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import NOTHING_TO_PUT_BACK
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import STORIES
from ansible_collections.continuity.identity_failover.tests.chaos.crash_matrix import begin
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller
from ansible_collections.continuity.identity_failover.tests.chaos.undo_sequence import undo

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
MODULE = "continuity.identity_failover."
Called = list[tuple[str, str]]

#: Tasks of the roles that a drill never does, in any identity: its definition is a shadow (``parts.drill``) that repoints nothing and locks nothing.
NO_DRILL = {
    ("update_dns", "repointed"): "a drill makes names of its own, it repoints none",
    ("update_dns", "locked"): "a drill locks nothing",
    ("update_dns", "reverted lock"): "a drill locks nothing",
}
#: Story and act -> tasks of the role that this story has nothing for, and why. Each of them but those of ``NO_DRILL`` is another story's.
NO_LOCK = {("update_dns", "locked"): "the zones are in no directory"}
NO_UNLOCK = {("update_dns", "reverted lock"): "the zones are in no directory"}
NO_DATA = {("promote_data", state): "the data are native: mounting a database is all" for state in ("announced", "promoted")}
NO_RECORDS = {("update_dns", "present"): "no further records"}
A_HOOK = {("failover_preflight", ""): "a hook lets the source join"}
SKIPPED = {("mount_databases", state): "skipped" for state in ("mounted", "reverted")}
LEFT_OUT: dict[tuple[str, str], dict[tuple[str, str], str]] = {
    ("source dead", "failover"): {**NO_LOCK, **NO_DATA, **NO_RECORDS},
    ("source dead", "failback"): {**NO_UNLOCK, **A_HOOK},
    ("source dead", "drill"): {**NO_DRILL, **SKIPPED},
    ("planned", "failover"): NO_LOCK,
    ("planned", "failback"): {**NO_UNLOCK, ("server_identity", "present"): "the source kept its addresses"},
    ("directory", "failover"): {},
    ("directory", "failback"): A_HOOK,
    ("directory", "drill"): NO_DRILL,
}
#: Only where a run is opened on a plan: the same steps once more, in the plan's mode, without a lease and before the run is there. A death in it leaves
#: what one before the opening leaves, but for a file of predictions on the dead controller's own disk.
ON_A_PLAN = ("replan",)

#: Where the role undo includes the tasks of the step that is next.
EACH_STEP = "{{ steps_step.step }}"


class Died(Exception):
    """The controller, before it closed its run."""


def tasks_of(path: pathlib.Path, to_put_back: t.Sequence[str] = ()) -> t.Iterator[tuple[str, str]]:
    """(module, state) of each of our modules, in the order of the task files; what only a failure reaches is left out.
    ``to_put_back``: the steps that an undo loops over."""
    yield from _walked(yaml.safe_load(path.read_text(encoding="utf-8")), path.parent, to_put_back)


def _walked(tasks: list[dict[str, t.Any]], folder: pathlib.Path, to_put_back: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    for task in tasks:
        yield from _walked(task.get("block", []), folder, to_put_back)
        for kind in ("import_tasks", "include_tasks"):
            named = task.get(f"ansible.builtin.{kind}")
            if isinstance(named, str) and named != "hook.yml":
                yield from tasks_of(folder / named, to_put_back)
        for kind in ("import_role", "include_role"):
            role = task.get(f"ansible.builtin.{kind}")
            if role and role["tasks_from"] not in ON_A_PLAN:
                for step in to_put_back if EACH_STEP in role["tasks_from"] else [""]:
                    yield from tasks_of(ROLES / "steps" / "tasks" / f"{role['tasks_from'].replace(EACH_STEP, step)}.yml", to_put_back)
        for key, options in task.items():
            if key.startswith(MODULE):
                state = str(options.get("state", ""))
                state = "opened" if "'opened'" in state else state  # or taken over, where a person says so
                yield key.removeprefix(MODULE), f"{state} lock" if state == "reverted" and "lock" in options else state


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Called]:
    """What the sequences of each story call, one act after the other on one lab."""
    found: dict[tuple[str, str], Called] = {}
    for story, setting in STORIES.items():
        folder = tmp_path_factory.mktemp("sequences")
        with MemoryLab(folder, estate=setting.estate) as lab:
            controller = begin(lab, setting, folder / "mirror")
            for act in setting.acts:
                controller.called.clear()
                assert getattr(controller, act)() == "done"
                found[story, act] = list(controller.called)
    return found


@pytest.mark.parametrize(("story", "act"), [(story, act) for story, setting in STORIES.items() for act in setting.acts])
def test_the_crash_runs_call_what_the_role_calls(called: dict[tuple[str, str], Called], story: str, act: str) -> None:
    role, without = list(tasks_of(ROLES / act / "tasks" / "main.yml")), LEFT_OUT[story, act]
    assert {task for task in role if task in without} == set(without)
    assert called[story, act] == [task for task in role if task not in without]


@pytest.mark.parametrize("act", ["failover", "failback", "drill"])
def test_each_task_of_a_role_is_crashed_in_one_of_the_stories(called: dict[tuple[str, str], Called], act: str) -> None:
    everywhere = {task for (_story, one), tasks in called.items() if one == act for task in tasks}
    role = set(tasks_of(ROLES / act / "tasks" / "main.yml"))
    assert role - everywhere == (set(NO_DRILL) if act == "drill" else set())


#: Behind which task of a run its controller dies: all has moved, and nothing is put back or closed.
LAST_TASK = {"failover": ("failover_run", "closed"), "failback": ("failover_run", "closed"), "drill": ("update_dns", "reverted")}


def undone_behind(lab: MemoryLab, controller: Controller, act: str) -> tuple[list[str], Called]:
    """The run's steps in the order in which they begun, and what undoing it calls."""

    def die(kind: str, label: str) -> None:
        if controller.called[-1] == LAST_TASK[act]:
            raise Died

    lab.boundary = die
    with pytest.raises(Died):
        getattr(controller, act)()
    lab.boundary = lambda kind, label: None
    lab.clock.sleep(outcomes.lease_left(lab) + 1.0)
    begun = [step.partition("@")[0] for step, items in outcomes.meaning(lab)["runs"][-1]["images"].items() if items]
    controller.called.clear()
    assert undo(controller, "a test") == "done"
    return begun, list(controller.called)


@pytest.fixture(scope="module")
def undone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], Called]]:
    """Act -> what ``undone_behind`` gives; the source lives, so that every step of a failback has something to put back, and a lock too."""
    folder = tmp_path_factory.mktemp("undone")
    found: dict[str, tuple[list[str], Called]] = {}
    setting = dataclasses.replace(STORIES["directory"], planned=True)
    with MemoryLab(folder, estate=setting.estate) as lab:
        controller = begin(lab, setting, folder / "mirror")
        found["failover"] = undone_behind(lab, controller, "failover")
        controller.decide()
        assert controller.failover() == "done"
        found["failback"] = undone_behind(lab, controller, "failback")
        assert controller.failback() == "done"
        found["drill"] = undone_behind(lab, controller, "drill")
    return found


@pytest.mark.parametrize(("act", "left_out"), [("failover", set()), ("failback", set()), ("drill", {("flush_dns_clients", "")})])
def test_the_undo_of_the_crash_runs_calls_what_the_role_calls(undone: dict[str, tuple[list[str], Called]], act: str, left_out: set[tuple[str, str]]) -> None:
    """The last step first; a drill's clients are left alone."""
    begun, calls = undone[act]
    back = [step for step in reversed(begun) if step not in NOTHING_TO_PUT_BACK]
    assert len(back) > 3
    if act == "failback":  # the records follow the fence of a source that registers its names by itself
        back.remove("dns")
        back.insert(back.index("fence") + 1, "dns")
    assert calls == [task for task in tasks_of(ROLES / "undo" / "tasks" / "main.yml", back) if task not in left_out]
