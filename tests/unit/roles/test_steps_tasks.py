# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of the role ``steps`` decide, read from their files and worked out by Jinja alone."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.tests.unit.expressions import rendered, worked_out

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "steps" / "tasks"


def task(name: str, title: str) -> dict[str, t.Any]:
    outer = yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8"))
    (found,) = [one for whole in outer for one in (whole, *whole.get("block", ())) if one["name"] == title]
    return t.cast("dict[str, t.Any]", found)


@pytest.mark.parametrize("name", ["open", "undo_open"])
def test_who_will_own_the_identity_is_said_right_after_the_opening(name: str) -> None:
    opening, says = yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8"))
    assert says["ansible.builtin.debug"] == {"msg": "{{ " + opening["register"] + ".msg }}"}


def test_an_undo_takes_the_word_that_its_own_refusal_asks_for() -> None:
    options = task("undo_open", "Resume the open run in order to undo it")["continuity.identity_failover.failover_run"]
    assert "failover_from_observation" in options["from_observation"] and "failover_accept" in options["accept"]


@pytest.mark.parametrize(("name", "title"), [("undo_open", "Resume the open run in order to undo it"), ("undo_end", "End the run as reverted")])
def test_an_undo_is_told_of_the_hooks_that_the_journal_does_not_know(name: str, title: str) -> None:
    assert task(name, title)["continuity.identity_failover.failover_run"]["hooks"] == "{{ steps_hooks_found }}"


@pytest.mark.parametrize(
    ("behind", "seen"),
    [
        ({"journal": {"condition": "ok"}, "guarded": True}, "wanted"),
        ({"journal": {"condition": "ok"}, "guarded": False}, "in the way"),
        ({"journal": {"condition": "silent"}, "guarded": True}, "not known"),
        ({"journal": {"condition": "broken"}, "guarded": False}, "not known"),
        ({"failed": True, "msg": "no such option"}, "not known"),
    ],
)
def test_a_lock_is_taken_away_behind_its_repair_only_where_a_journal_that_holds_says_so(behind: dict[str, t.Any], seen: str) -> None:
    (whole,) = [one for one in yaml.safe_load((TASKS / "repair_lock.yml").read_text(encoding="utf-8")) if "vars" in one]
    _ask, unlock, stop = whole["block"]
    found = rendered(whole["vars"]["steps_lock_seen"], steps_behind=behind).strip()
    assert found == seen
    assert worked_out(unlock["when"], steps_lock_seen=found) is (seen == "in the way")
    assert worked_out(stop["when"], steps_lock_seen=found) is (seen != "wanted")
    told = rendered(whole["vars"]["steps_lock_told"], steps_lock_seen=found, steps_unlocked={"msg": "unlocked on dc1"}).strip()
    assert told.endswith("unlocked on dc1" if seen == "in the way" else "Let the playbook status tell")


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ({}, False),
        ({"failover_data_restored": "by hand"}, True),
        ({"failover_discard": "nothing was written"}, True),
        ({"failover_discard": True}, True),  # refused as no reason, by the selection and by the opening
        ({"failover_discard": False, "failover_data_restored": None}, False),
        ({"steps_gate_hooks": ["before_quiesce"]}, True),
        ({"steps_gate_status": {"active_run": {"kind": "failback"}}}, True),
        ({"steps_gate_status": {"active_run": {"kind": "failover"}}}, False),
        ({"steps_gate_status": {"active_run": None}}, False),
        ({"steps_gate_status": {"failed": True, "msg": "no store answers"}}, False),
    ],
)
def test_a_failback_asks_for_the_data_unless_it_was_told_when_it_was_opened(said: dict[str, t.Any], passes: bool) -> None:
    gate = task("failback_gates", "Refuse to lose what was written since the failover")["ansible.builtin.assert"]["that"]
    assert worked_out(gate, **{"steps_gate_hooks": [], "steps_gate_status": {}, **said}) is passes


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, ""),
        ({"failover_data_restored": "by hand"}, "data restored: by hand"),
        ({"failover_discard": "empty"}, "data discarded: empty"),
        ({"failover_discard": True}, "data discarded: True"),
        ({"failover_data_restored": 1}, "data restored: 1"),
        ({"failover_data_restored": False, "failover_discard": None}, ""),
    ],
)
def test_a_switch_breaks_no_expression_and_is_no_reason(said: dict[str, t.Any], reason: str) -> None:
    lazy = yaml.safe_load((TASKS.parent / "vars" / "main.yml").read_text(encoding="utf-8"))["steps_opening_reason"]
    assert rendered(lazy, **said).strip() == reason
    assert explains(reason) is (said.get("failover_data_restored") == "by hand" or said.get("failover_discard") == "empty")
    for name in ("viability", "failback_gates"):
        (anew,) = [
            one["vars"]["steps_anew"] for one in yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8")) if "steps_anew" in one.get("vars", {})
        ]
        assert rendered(anew, failover_from_observation=True) == "{'journal_lost': True}" and rendered(anew, failover_from_observation=False) == "{}"


@pytest.mark.parametrize(
    ("mode", "hook", "runs"), [("execute", "before_dns", True), ("plan", "before_dns", False), ("plan", "data", True), ("execute", "data", True)]
)
def test_a_plan_runs_only_hooks_that_only_look(mode: str, hook: str, runs: bool) -> None:
    (found,) = yaml.safe_load((TASKS / "hook.yml").read_text(encoding="utf-8"))
    condition = found["when"][-1]
    definition = {"hooks": {"dir": "hooks", "plan_safe": ["data"]}}
    assert worked_out(condition, steps_mode=mode, steps_hook=hook, steps_definition=definition) is runs


def test_a_plan_names_the_hooks_that_it_found_and_did_not_run() -> None:
    template = task("plan", "Make the plan's document")["continuity.identity_failover.failover_run"]["hooks"]
    template = template.removeprefix("{{").removesuffix("}}")
    given = {"steps_hooks_found": ["before_dns", "data", "after_lunch"], "steps_hook_names": ["before_quiesce", "before_dns", "data"]}
    found = worked_out(template, **given, steps_definition={"hooks": {"plan_safe": ["data"]}})
    assert list(found) == ["before_dns"]


def test_the_choice_for_the_data_is_announced_before_the_hook_runs_and_judged_behind_it() -> None:
    names = [one["name"] for one in yaml.safe_load((TASKS / "data.yml").read_text(encoding="utf-8"))]
    assert names[1:-1] == ["Announce what happens to the data", "Let the hook carry the choice out", "Judge what became of the data"]


@pytest.mark.parametrize(
    ("mode", "announced", "runs"),
    [("execute", {"hand_over": True}, True), ("execute", {"hand_over": False}, False), ("execute", {}, False), ("plan", {"skipped": True}, True)],
)
def test_the_hook_runs_once_it_was_announced_and_not_for_what_is_done(mode: str, announced: dict[str, t.Any], runs: bool) -> None:
    condition = task("data", "Let the hook carry the choice out")["when"][-1]
    assert worked_out(condition, steps_mode=mode, steps_data=announced) is runs


@pytest.mark.parametrize(
    ("engine", "hooks", "approved", "asked", "wanted"),
    [
        ("native", [], "", None, False),
        ("native", [], "apply_queues", "discard_queues", False),  # what people approved holds
        ("native", [], "discard_queues", None, True),
        ("native", [], "", "discard_queues", True),
        ("native", ["data"], "", None, True),
        ("none", [], "", None, False),
        ("other", [], "", None, True),
    ],
)
def test_the_step_for_the_data_is_taken_where_there_is_anything_to_do(engine: str, hooks: list[str], approved: str, asked: str | None, wanted: bool) -> None:
    lazy = yaml.safe_load((TASKS.parent / "vars" / "main.yml").read_text(encoding="utf-8"))["steps_data_wanted"]
    given: dict[str, t.Any] = {"failover_data_state": asked} if asked else {}
    expression = lazy.strip().removeprefix("{{").removesuffix("}}")
    run = {"run": {"data_state": approved}}
    assert worked_out(expression, steps_definition={"engine": {"kind": engine}}, steps_hooks_found=hooks, steps_run=run, **given) is wanted


@pytest.mark.parametrize(("name", "title"), [("dns", "Lock the names against the source"), ("dns_reverted", "Let the source register its names again")])
def test_names_are_locked_and_let_go_only_where_the_definition_says_so(name: str, title: str) -> None:
    one = task(name, title)
    lock = {"account": "EXCH1$", "domain_controllers": [{"address": "10.0.0.10", "port": 389, "name": None}]}
    for dns, runs in (({"lock": lock}, True), ({"lock": None}, False), (None, False)):
        assert worked_out(one["when"], steps_definition={"dns": dns}) is runs
    options = one["continuity.identity_failover.update_dns"]
    assert {option: options[option] for option in ("state", "lock")} == {
        "state": "locked" if name == "dns" else "reverted",
        "lock": "{{ steps_definition.dns.lock }}",
    }
    assert "dns_lock" in options["accept_failure"]


def printed(one: dict[str, t.Any], **given: t.Any) -> t.Any:
    return worked_out(one["ansible.builtin.debug"]["msg"].strip().removeprefix("{{").removesuffix("}}"), **given)


def test_disarming_prints_what_it_removed_host_by_host() -> None:
    removed = [{"host": "exch2", "name": "mail.journal", "status": "done"}, {"host": "dns1", "name": "marker", "status": "failed"}]
    one = task("disarm", "What was removed, host by host")
    assert "when" not in one and printed(one, steps_disarmed={"outcomes": removed}) == ["exch2  mail.journal  done", "dns1  marker  failed"]


def test_arming_prints_what_differs_from_the_last_baseline() -> None:
    one = task("arm", "What changed since the last baseline")
    changes = [{"name": "services.exch2.IS.start_mode", "before": "manual", "after": "disabled"}]
    assert printed(one, steps_armed={"changes": changes}) == changes
    assert (worked_out(one["when"], steps_armed={"changes": changes}), worked_out(one["when"], steps_armed={"changes": []})) == (True, False)


@pytest.mark.parametrize(("state", "shown"), [(None, "table"), ("read", "table"), ("verified", "copies"), ("pruned", "copies")])
def test_the_journal_is_printed_as_a_table_or_where_its_copies_end(state: str | None, shown: str) -> None:
    given = {"failover_journal_state": state} if state else {}
    both = [task("journal", "Print it"), task("journal", "Print where its copies end")]
    (one,) = [one for one in both if worked_out(one["when"], **given)]
    journal = {"table": ["seq  what", "  1  armed"], "copies": [{"last": 1}]}
    assert printed(one, steps_format="json", steps_journal=journal) == journal[shown]
    assert printed(one, steps_format="yaml", steps_journal=journal) == ("seq  what\n  1  armed" if shown == "table" else journal[shown])


def test_an_undo_has_the_lock_s_way_back() -> None:
    (one,) = yaml.safe_load((TASKS / "put_back" / "dns_lock.yml").read_text(encoding="utf-8"))
    assert one["continuity.identity_failover.update_dns"]["state"] == "reverted" and "lock" in one["continuity.identity_failover.update_dns"]


@pytest.mark.parametrize("title", ["Write the records again as the failover left them", "Remove the records that the failover removed"])
def test_a_repair_counts_once_clients_see_it(title: str) -> None:
    options = task("repair_dns", title)["continuity.identity_failover.update_dns"]
    assert "dns.resolvers" in options["resolvers"] and options["accept_disagreement"]
    assert "failover_identity" in options["outside_runs_of"], "and no run is overwritten"
    assert options["on_failure"] == "keep", "outside of a run all would be put back where one of them can't be written"


@pytest.mark.parametrize("title", ["Lower the TTLs of the records that a move changes", "Give the records their own TTLs again"])
def test_lowering_takes_the_word_that_its_own_refusal_asks_for(title: str) -> None:
    options = task("lower_ttl", title)["continuity.identity_failover.update_dns"]
    assert "failover_accept" in options["accept_disagreement"] and options["on_failure"] == "keep"


HOOK_PLAY = """
- hosts: localhost
  gather_facts: false
  vars: {{steps_hook: data, steps_mode: execute, steps_definition: {{hooks: {{dir: "{folder}", timeouts: {{data: 30}}}}}}}}
  tasks:
    - ansible.builtin.import_tasks: {hook}
"""
#: Its first task is as one that took 30 seconds.
SLOW_HOOK = """
- ansible.builtin.set_fact:
    steps_hook_ends: "{{ steps_hook_ends | default(0) | float - 30 }}"
- ansible.builtin.command: sleep 3
"""


#: A task that is tried again until the time is over, and whose own timeout takes the place of the hook's.
POLLING_HOOK = """
- ansible.builtin.set_fact:
    steps_hook_ends: "{{ steps_hook_ends | default(0) | float - 29 }}"
- ansible.builtin.command: "true"
  register: looked
  until: %s
  retries: 1000
  delay: 0.1
  timeout: 60
  changed_when: false
"""
#: The end of its time, beside the clock of the operating system.
ASKING_HOOK = """
- ansible.builtin.copy:
    content: "{{ failover_hook_ends | float - lookup('ansible.builtin.pipe', 'date +%s') | int }}"
    dest: "{{ playbook_dir }}/left"
    mode: "0600"
"""


def hooked(folder: pathlib.Path, hook: str, **environment: str) -> tuple[int, str]:
    """The exit code of a play with this hook ``data``, and what it said."""
    (folder / "data.yml").write_text(hook, encoding="utf-8")
    (folder / "play.yml").write_text(HOOK_PLAY.format(folder=folder, hook=TASKS / "hook.yml"), encoding="utf-8")
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(folder / "play.yml")]
    environment = {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **environment}
    python = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run([*command, *python], capture_output=True, text=True, cwd=folder, env=environment, timeout=180, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_time_of_a_hook_is_that_of_all_its_tasks(tmp_path: pathlib.Path) -> None:
    code, said = hooked(tmp_path, SLOW_HOOK)
    assert code == 2 and re.search(r"(after 1 second|time frame \(1\))", said), said


def test_a_hook_can_try_again_up_to_its_end_and_behind_it_nothing_more_is_done(tmp_path: pathlib.Path) -> None:
    code, said = hooked(tmp_path, POLLING_HOOK % "now().timestamp() > failover_hook_ends | float")
    assert code == 2 and re.search(r"the hook data took \d+ s,? and hooks\.timeouts\.data is 30", " ".join(said.split())), said


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
def test_the_end_of_a_hook_is_the_moment_that_it_is_in_every_zone(tmp_path: pathlib.Path, zone: str) -> None:
    code, said = hooked(tmp_path, ASKING_HOOK, TZ=zone)
    # Half an hour is the least that a zone would be wrong by; the machine may be slow.
    assert code == 0 and abs(float((tmp_path / "left").read_text(encoding="utf-8")) - 30) < 600, said
