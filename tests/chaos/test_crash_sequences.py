# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sequences that the crash runs go through are those of the roles, task by task."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import NOTHING_TO_PUT_BACK
from ansible_collections.continuity.identity_failover.tests.chaos import outcomes
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller
from ansible_collections.continuity.identity_failover.tests.chaos.undo_sequence import undo

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
MODULE = "continuity.identity_failover."
Called = list[tuple[str, str]]

#: Tasks of the roles that the crash runs' definition has nothing for, and why. Of the two steps that no crash run takes, ``dns_lock`` needs a domain
#: controller, which the memory lab is none of: tests/lab_level/test_locked_names.py kills a playbook behind its lock and goes on. What ``data`` does
#: is a person's hook, of which only the announcement and the judgement are ours: test_promote_data.py begins both again behind each other.
LEFT_OUT = {
    "failover": {
        ("update_dns", "present"): "no further records",
        ("update_dns", "locked"): "the zones are in no directory",
        ("promote_data", "announced"): "the data are native: mounting a database is all",
        ("promote_data", "promoted"): "the data are native: mounting a database is all",
    },
    "failback": {
        ("failover_preflight", ""): "a hook lets the source join",
        ("update_dns", "reverted lock"): "the zones are in no directory",
        ("update_dns", "ttl_restored"): "no TTL was lowered ahead",
    },
    "drill": {
        ("update_dns", "repointed"): "a drill repoints nothing",
        ("update_dns", "locked"): "the zones are in no directory",
        ("update_dns", "reverted lock"): "the zones are in no directory",
        ("mount_databases", "mounted"): "skipped",
        ("mount_databases", "reverted"): "skipped",
    },
}
#: Only where a run is opened on a plan: the same steps once more, which change nothing.
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
    """Act -> what ``undone_behind`` gives; the source lives, so that every step of a failback has something to put back."""
    folder = tmp_path_factory.mktemp("undone")
    found: dict[str, tuple[list[str], Called]] = {}
    with MemoryLab(folder) as lab:
        controller = Controller(lab, definition(lab, planned=True), credentials(lab), folder / "mirror", "day")
        controller.arm()
        controller.decide()
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
