# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all playbooks promise: nobody is asked at a prompt, the outcome is told however it ends, and a play that ran on nobody is not green."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2
import pytest
import yaml

from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome
from ansible_collections.continuity.identity_failover.tests.unit.expressions import rendered

ROOT = pathlib.Path(__file__).parents[3]
ROLES = ROOT / "roles"
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
ALL = [*PLAYBOOKS, *sorted(ROLES.glob("*/tasks/**/*.yml"))]
OURS = "continuity.identity_failover."
#: They work on clients, not on an identity's target, and tell their outcome in a way of their own.
OF_CLIENTS = ("flush_dns", "roll_call")


def keys_of(node: t.Any) -> t.Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from keys_of(value)
    elif isinstance(node, list):
        for one in node:
            yield from keys_of(one)


def leads_to(tasks: list[dict[str, t.Any]], role: pathlib.Path, wanted: str) -> bool:
    """Whether one of these tasks, or what it brings in, is the shared task file ``wanted``."""
    for task in tasks:
        for word in ("import_role", "include_role"):
            named = task.get(f"ansible.builtin.{word}")
            if named:
                if named.get("tasks_from") == wanted:
                    return True
                home = ROLES / str(named["name"]).removeprefix(OURS)
                path = home / "tasks" / f"{named.get('tasks_from', 'main')}.yml"
                if path.is_file() and leads_to(yaml.safe_load(path.read_text(encoding="utf-8")), home, wanted):
                    return True
        for word in ("import_tasks", "include_tasks"):
            local = task.get(f"ansible.builtin.{word}")
            if isinstance(local, str) and "{{" not in local:
                if local == f"{wanted}.yml":
                    return True
                path = role / "tasks" / local
                if path.is_file() and leads_to(yaml.safe_load(path.read_text(encoding="utf-8")), role, wanted):
                    return True
        if any(leads_to(task.get(part) or [], role, wanted) for part in ("block", "always")):
            return True
    return False


def rescues_of(tasks: list[dict[str, t.Any]], role: pathlib.Path) -> t.Iterator[tuple[list[dict[str, t.Any]], pathlib.Path]]:
    """The rescue of the outermost blocks, also of a role that is brought in whole."""
    for task in tasks:
        if "rescue" in task:
            yield task["rescue"], role
        named = task.get("ansible.builtin.import_role") or {}
        if named and "tasks_from" not in named:
            home = ROLES / str(named["name"]).removeprefix(OURS)
            yield from rescues_of(yaml.safe_load((home / "tasks" / "main.yml").read_text(encoding="utf-8")), home)


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_waits_at_a_prompt(path: pathlib.Path) -> None:
    assert not {"vars_prompt", "ansible.builtin.pause", "pause"} & set(keys_of(yaml.safe_load(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", [path for path in PLAYBOOKS if path.stem not in OF_CLIENTS], ids=lambda path: path.stem)
def test_a_playbook_tells_its_outcome_however_it_ends_and_fails_where_it_ran_on_nobody(path: pathlib.Path) -> None:
    plays = yaml.safe_load(path.read_text(encoding="utf-8"))
    chosen, *work, last = plays
    assert (
        leads_to(chosen["tasks"], ROLES, "select")
        and leads_to(last["tasks"], ROLES, "ran")
        and (chosen["gather_facts"], last["gather_facts"]) == (False, False)
    )
    (on_target,) = [play for play in work if play["hosts"] == "failover_target"]
    tasks = [*(on_target.get("tasks") or []), *({"ansible.builtin.import_role": {"name": role}} for role in on_target.get("roles") or [])]
    assert leads_to(tasks, ROLES, "outcome")
    rescues = list(rescues_of(tasks, ROLES))
    assert rescues and all(leads_to(rescue, role, "stopped") for rescue, role in rescues)


@pytest.mark.parametrize(
    ("until", "owing", "said"),
    [
        ("21:01", [], "the old TTLs have run out everywhere at 21:01"),
        ("21:01", ["dns2", "dns2", "dns3"], "the old TTLs have run out at 21:01, but perhaps not at dns2, dns3"),
        ("", ["dns2"], "every TTL is as low already"),
    ],
)
def test_lowered_ttls_have_run_out_everywhere_only_where_no_name_server_owes_them(until: str, owing: list[str], said: str) -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "lower_ttl.yml").read_text(encoding="utf-8"))
    (tell,) = [task["ansible.builtin.set_fact"] for task in plays[1]["tasks"][0]["block"] if "ansible.builtin.set_fact" in task]
    environment = jinja2.Environment(autoescape=False)
    environment.filters["bool"] = bool
    lowered = {"ttl": {"until": until}, "debts": [{"server": server} for server in owing]}
    assert environment.from_string(tell["steps_reason"]).render(steps_ttl_lowered=lowered) == said


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        ("statement", "done", "awaiting_signature"),
        ("proceed by alice", "done", "decided"),
        ("proceed by alice", "predicted", "decided"),
        ("proceed by alice", "already", "not_counted"),
        ("withdraw by alice", "already", "not_counted"),
    ],
)
def test_a_decision_that_was_not_counted_is_not_called_decided(name: str, status: str, word: str) -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "ack.yml").read_text(encoding="utf-8"))
    (tell,) = [task["ansible.builtin.set_fact"] for task in plays[1]["tasks"][0]["block"] if "ansible.builtin.set_fact" in task]
    assert rendered(tell["steps_outcome"], steps_ack={"outcomes": [{"name": name, "status": status}]}) == word


def test_the_status_playbook_tells_what_is_going_on() -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "status.yml").read_text(encoding="utf-8"))
    assert leads_to(plays[1]["tasks"], ROLES, "situation")


def printed_behind(tasks: list[dict[str, t.Any]], role: pathlib.Path) -> t.Iterator[str]:
    """The titles of tasks that print something although one before them has told the outcome."""
    told = False
    for task in tasks:
        tells = leads_to([task], role, "outcome")
        if told and not tells and "ansible.builtin.debug" in keys_of(task):
            yield str(task["name"])
        told = told or tells
        for part in ("block", "rescue", "always"):
            yield from printed_behind(task.get(part) or [], role)


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_printed_behind_the_outcome(path: pathlib.Path) -> None:
    whole = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    role = path.parents[1]
    for tasks in [play.get("tasks") or [] for play in whole if "hosts" in play] or [whole]:
        assert list(printed_behind(tasks, role)) == []


SAID = """TASK [continuity.identity_failover.steps : Outcome, and the next command to type] ***
ok: [exch2] =>{brace}
    msg: |-
        failover_outcome: armed
        next: nothing to do

PLAY [Make sure that something was done] ***************************************

TASK [continuity.identity_failover.steps : Fail when the work was done nowhere] ***
ok: [localhost]

TASK [continuity.identity_failover.steps : {last}] ***
[ERROR]: why
{status}

PLAY RECAP *********************************************************************
"""


@pytest.mark.parametrize(
    ("last", "status", "passes"),
    [
        ("Tell more", "ok: [exch2] => ", False),
        ("Tell more", "ok: [exch2] => (item=1) => {", False),
        ("Do more", "changed: [exch2]", True),
        ("Do more", "ok: [exch2] => (item=1)", True),
        ("Stop", "fatal: [exch2]: FAILED! => ", True),
        ("Fail", "fatal: [exch2]: FAILED! => {", False),
    ],
)
@pytest.mark.parametrize("brace", [" ", " {"])
def test_what_a_playbook_prints_behind_its_outcome_is_seen(last: str, status: str, passes: bool, brace: str) -> None:
    said = SAID.format(last=last, status=status, brace=brace)
    if passes:
        assert outcome(said) == ("armed", "nothing to do")
    else:
        with pytest.raises(AssertionError):
            outcome(said)
