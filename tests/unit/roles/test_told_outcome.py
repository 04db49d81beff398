# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last lines of every playbook: what is printed as the next command can be copied into a shell as it stands there."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import accepting, command, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import without_approval
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome
from ansible_collections.continuity.identity_failover.tests.unit.expressions import rendered, worked_out

STEPS = pathlib.Path(__file__).parents[3] / "roles" / "steps"
PLAY = """
- hosts: localhost
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  vars: {given}
  tasks:
    - ansible.builtin.import_tasks: {steps}/tasks/outcome.yml
"""
REFUSED = """
- hosts: localhost
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  vars: {given}
  tasks:
    - block:
        - ansible.builtin.assert:
            that: failover_data_restored | default('') | length > 0
      rescue:
        - ansible.builtin.import_tasks: {steps}/tasks/stopped.yml
"""
REFUSAL = """
- hosts: localhost
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  vars: {given}
  tasks:
    - ansible.builtin.import_tasks: {steps}/tasks/refuse.yml
"""
#: Longer than any line that a callback would leave whole, with both kinds of quotes.
NEXT = command("failover", "mail", failover_accept={"owner_not_confirmed": 'it\'s "known" ' * 9}, failover_by="duty  officer")


def told(folder: pathlib.Path, result_format: str, play: str = PLAY, **given: t.Any) -> str:
    (folder / "play.yml").write_text(play.format(steps=STEPS, given=json.dumps({"failover_identity": "mail", **given})), encoding="utf-8")
    return played(folder, result_format, 2 if play in (REFUSED, REFUSAL) else 0)


def played(folder: pathlib.Path, result_format: str, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["ANSIBLE_CALLBACK_RESULT_FORMAT"] = result_format
    command_line = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", "play.yml"]
    done = subprocess.run(command_line, capture_output=True, text=True, cwd=folder, env=environment, timeout=180, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_next_command_is_printed_as_it_is_typed(tmp_path: pathlib.Path) -> None:
    said = told(tmp_path, "yaml", steps_outcome="stopped", steps_reason="spns: two\nlines \t of it", steps_next=f"{NEXT}\n")
    assert outcome(said) == ("stopped", NEXT)
    assert "\n        spns: two lines of it\n" in said


def test_in_the_other_format_of_ansible_each_line_is_one_of_a_list(tmp_path: pathlib.Path) -> None:
    said = told(tmp_path, "json", steps_outcome="stopped", steps_reason="why", steps_next=NEXT)
    printed = json.loads("{" + said.rpartition("=> {")[2].partition("\n}")[0] + "}")
    assert printed == {"msg": ["failover_outcome: stopped", "why", f"next: {NEXT}"]}


def test_a_refusal_on_the_controller_ends_with_its_command_as_it_is_typed(tmp_path: pathlib.Path) -> None:
    said = told(tmp_path, "yaml", REFUSAL, steps_refusal="failover_by: 'alice, bob' is \ntwo people", steps_refusal_more=" (and: x)", steps_mend=f"{NEXT}\n")
    last = said.rpartition("    msg: |-\n")[2].partition("\n\n")[0]
    assert last.splitlines() == [
        "        failover_by: 'alice, bob' is two people (and: x) (failover_outcome: refused)",
        f"        Next: {NEXT}",
    ]


def following(failed: dict[str, t.Any], **given: t.Any) -> str:
    """The next command after a task failed, worked out from the first task of the rescue."""
    task = yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8"))[0]
    known: dict[str, t.Any] = {"failover_identity": "mail", "steps_kind": "failback", "ansible_failed_result": failed, **given}
    known.update(yaml.safe_load((STEPS / "vars" / "main.yml").read_text(encoding="utf-8")))
    known["query"] = lambda _vars, *names, default: [given.get(name, default) for name in names]
    for name in ("steps_anew", "steps_told_of_data", "steps_look"):
        known[name] = rendered(task["vars"][name], **known)
    known["steps_gate"] = worked_out(task["vars"]["steps_gate"].removeprefix("{{").removesuffix("}}"), **known)
    known["steps_files"] = worked_out(task["vars"]["steps_files"].removeprefix("{{").removesuffix("}}"), **known)
    known["steps_following"] = rendered(task["vars"]["steps_following"], **known)
    known["steps_typed"] = worked_out(task["vars"]["steps_typed"].strip().removeprefix("{{").removesuffix("}}"), **known)
    known["steps_typed_again"] = rendered(known["steps_typed_again"], **known)
    return rendered(task["ansible.builtin.set_fact"]["steps_next"], **known)


PLAYBOOK = "ansible-playbook continuity.identity_failover."


@pytest.mark.parametrize(
    ("failed", "given", "said"),
    [
        ({"next": "its own"}, {}, "its own"),
        ({"next": "", "details": {"next": "of the error"}}, {}, "of the error"),
        ({"msg": "broken"}, {}, f"{PLAYBOOK}status -e failover_identity=mail"),
        ({"msg": "broken"}, {"steps_run": {"run": {"id": "r1"}}}, f"{PLAYBOOK}failback -e failover_identity=mail"),
        ({"msg": "broken"}, {"steps_run": {"run": {"id": "r1"}}, "steps_playbook": "undo"}, f"{PLAYBOOK}undo -e failover_identity=mail"),
        (
            {"reason": "journal_broken"},
            {"steps_run": {"run": {"id": "r1"}}},
            f"""{PLAYBOOK}failback -e failover_identity=mail -e '{{"failover_from_observation": "say why"}}'""",
        ),
        (
            {"assertion": yaml.safe_load((STEPS / "tasks" / "failback_gates.yml").read_text(encoding="utf-8"))[2]["ansible.builtin.assert"]["that"]},
            {},
            f"""{PLAYBOOK}failback -e failover_identity=mail -e '{{"failover_data_restored": "..."}}'""",
        ),
        (
            {"assertion": yaml.safe_load((STEPS / "tasks" / "given_plan.yml").read_text(encoding="utf-8"))[1]["ansible.builtin.assert"]["that"]},
            {"steps_refused": {"msg": "no plan", "next": "make one"}},
            "make one",
        ),
        ({"assertion": "x is file"}, {}, f"{PLAYBOOK}status -e failover_identity=mail"),
    ],
)
def test_after_a_failure_the_next_command_is_that_of_the_failure_or_else_the_one_that_looks_or_goes_on(
    failed: dict[str, t.Any], given: dict[str, t.Any], said: str
) -> None:
    assert following(failed, **given) == said


def ended_as(failed: dict[str, t.Any], **given: t.Any) -> str:
    """The outcome after a task failed."""
    task = yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8"))[0]
    return rendered(task["ansible.builtin.set_fact"]["steps_outcome"], ansible_failed_result=failed, ansible_check_mode=False, **given).strip()


@pytest.mark.parametrize(
    ("failed", "given", "said"),
    [
        ({"findings": [{}], "reason": "baseline_missing"}, {"steps_doing": "preflight"}, "found"),
        ({"reason": "invalid_input"}, {"steps_doing": "preflight"}, "refused"),
        ({"findings": [{}], "reason": "baseline_missing"}, {}, "refused"),
        ({"findings": [{}]}, {"steps_run": {"run": {"id": "r1"}}}, "stopped"),
    ],
)
def test_what_a_preflight_finds_is_no_refusal_of_it_and_one_of_a_run(failed: dict[str, t.Any], given: dict[str, t.Any], said: str) -> None:
    assert ended_as(failed, **given) == said


FOUND = """
- hosts: localhost
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  vars: {{steps_preflight: {given}}}
  tasks:
    - ansible.builtin.import_tasks: {steps}/tasks/found.yml
"""


@pytest.mark.parametrize(("given", "says"), [({"table": ["FINDINGS", "  warning  disk_space"]}, True), ({"table": []}, False), ({"skipped": True}, False)])
def test_findings_are_printed_as_they_are_read_and_nothing_where_there_are_none(tmp_path: pathlib.Path, given: dict[str, t.Any], says: bool) -> None:
    (tmp_path / "play.yml").write_text(FOUND.format(steps=STEPS, given=json.dumps(given)), encoding="utf-8")
    said = played(tmp_path, "yaml")
    assert ("        FINDINGS\n          warning  disk_space\n" in said, "FINDINGS" in said) == (says, says)


GATE = {"assertion": yaml.safe_load((STEPS / "tasks" / "failback_gates.yml").read_text(encoding="utf-8"))[-3]["ansible.builtin.assert"]["that"]}
ANEW = {"next": command("failback", "mail", failover_from_observation="say why")}


@pytest.mark.parametrize(
    ("failed", "typed", "said"),
    [
        (ANEW, {"failover_data_restored": "copied by hand"}, {"failover_from_observation": "say why", "failover_data_restored": "copied by hand"}),
        (GATE, {"failover_from_observation": "gone"}, {"failover_data_restored": "...", "failover_from_observation": "gone"}),
        (ANEW, {"failover_from_observation": "..."}, {"failover_from_observation": "say why"}),
        (
            ANEW,
            {"failover_discard": "it's empty", "failover_plan": "a b.json"},
            {"failover_from_observation": "say why", "failover_discard": "it's empty", "failover_plan": "a b.json"},
        ),
        (ANEW, {"failover_accept": {"check_failed": "known"}}, {"failover_from_observation": "say why", "failover_accept": {"check_failed": "known"}}),
        (ANEW, {"failover_credentials": {"key": {"secret": "s"}}, "failover_reason": "of an ack"}, {"failover_from_observation": "say why"}),
        ({"next": command("failover", "mail")}, {"failover_break_glass": "no time"}, {"failover_break_glass": "..."}),
        (
            {"next": command("failover", "mail", failover_accept={"owner_not_confirmed": "say why"})},
            {"failover_accept": {"check_failed": "known"}},
            {"failover_accept": {"owner_not_confirmed": "say why"}},
        ),
        (
            {"next": command("plan", "mail")},
            {"failover_accept": {"check_failed": "known"}, "failover_break_glass": "no time", "failover_discard": "empty", "failover_by": "alice"},
            {"failover_accept": {"check_failed": "known"}, "failover_break_glass": "no time", "failover_discard": "empty"},
        ),
        ({"next": command("ack", "mail", failover_reason="...")}, {"failover_discard": "empty"}, {"failover_reason": "..."}),
        (
            {"next": command("adopt", "mail", failover_from_observation="say why")},
            {"failover_owner": "target", "failover_reason": "moved by hand", "failover_discard": "empty"},
            {"failover_from_observation": "say why", "failover_owner": "target", "failover_reason": "moved by hand"},
        ),
    ],
)
def test_what_was_typed_goes_into_the_next_command_so_that_two_refusals_make_no_circle(
    failed: dict[str, t.Any], typed: dict[str, t.Any], said: dict[str, t.Any]
) -> None:
    words = shlex.split(following(failed, **typed))[4:]
    assert set(words[::2]) == {"-e"}
    assert {name: value for word in words[1::2] for name, value in json.loads(word).items()} == said


def test_a_plan_that_is_made_anew_is_written_to_the_file_that_was_named() -> None:
    assert (
        following({"next": command("plan", "mail")}, failover_plan="./mail-plan.json")
        == f"{PLAYBOOK}plan -e failover_identity=mail -e failover_plan=./mail-plan.json"
    )
    better = command("plan", "mail", failover_plan="./other.json")
    assert following({"next": better}, failover_plan="./mail-plan.md") == better


PLANNED = """
- hosts: localhost
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  vars: {given}
  tasks:
    - ansible.builtin.import_tasks: {steps}/tasks/planned.yml
"""


@pytest.mark.parametrize(
    ("next_one", "typed", "said"),
    [
        (command("failover", "mail"), {"failover_plan": "p.json"}, command("failover", "mail", failover_plan="p.json")),
        (
            command("failover", "mail", failover_break_glass="..."),
            {"failover_break_glass": "no time", "failover_plan": "p.json", "failover_accept": {"check_failed": "known"}},
            command("failover", "mail", failover_break_glass="...", failover_plan="p.json", failover_accept={"check_failed": "known"}),
        ),
        (command("ack", "mail", failover_reason="..."), {"failover_plan": "p.json"}, command("ack", "mail", failover_reason="...")),
        ("", {}, "nothing to do"),
    ],
)
def test_the_run_behind_a_plan_takes_the_plan_and_what_was_typed_for_it(tmp_path: pathlib.Path, next_one: str, typed: dict[str, t.Any], said: str) -> None:
    made = {"msg": "plan 0123: the failover would make 1 changes", "next": next_one}
    assert outcome(told(tmp_path, "yaml", PLANNED, steps_kind="failover", steps_plan_made=made, **typed)) == ("planned", said)


def test_what_was_typed_is_carried_over_by_ansible_itself(tmp_path: pathlib.Path) -> None:
    said = told(tmp_path, "yaml", REFUSED, steps_kind="failback", failover_from_observation="the store's disk died", failover_accept={"check_failed": "known"})
    wanted = command(
        "failback", "mail", failover_data_restored="...", failover_from_observation="the store's disk died", failover_accept={"check_failed": "known"}
    )
    assert outcome(said) == ("refused", wanted)


def test_what_an_open_run_has_kept_is_not_typed_again() -> None:
    assert following(ANEW, steps_run={"run": {"id": "r1"}}, failover_discard="empty") == ANEW["next"]


@pytest.mark.parametrize(
    ("reason", "by_hand"), [("unknown_outcome", True), ("script_failed", True), ("script_timed_out", True), ("owner_not_confirmed", False)]
)
def test_a_run_that_stopped_at_the_script_goes_on_with_what_a_person_says_of_it(reason: str, by_hand: bool) -> None:
    tasks = yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8"))
    (far,) = [one for one in tasks if one["name"] == "Tell how far it came"]
    given: dict[str, t.Any] = {"ansible_failed_result": {"reason": reason, "details": {"next": "the word"}}, "steps_released": {"next": "go on"}}
    given["steps_by_hand"] = rendered(far["vars"]["steps_by_hand"], **given)
    assert rendered(far["ansible.builtin.set_fact"]["steps_next"], steps_again=" -e more", **given) == ("the word" if by_hand else "go on") + " -e more"


def ways(failed: dict[str, t.Any] | None = None, accept: dict[str, str] | None = None, **released: t.Any) -> list[str]:
    """The lines of a run that stopped, worked out from the task's variables."""
    (task,) = [one for one in yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8")) if one["name"].startswith("What is done")]
    given: dict[str, t.Any] = {"ansible_failed_result": failed or {}, "failover_accept": accept or {}, "steps_next": "", "steps_released": released}
    for name in ("steps_accepted", "steps_again", "steps_accepting", "steps_items", "steps_ways"):
        template = task["vars"][name].strip()
        given[name] = worked_out(template.removeprefix("{{").removesuffix("}}"), **{**given, "steps_next": next_command("failing_over", "mail")})
    return t.cast("list[str]", given["steps_ways"])


def test_a_run_that_stopped_says_what_is_not_done_and_each_way_on() -> None:
    bad = {"step": "spns", "host": "", "names": [{"name": "http/mail", "msg": "a third\naccount holds it"}]}
    unknown = {"step": "dns", "host": "", "names": [{"name": "mail A"}]}
    released = {"msg": "run r1 of mail is stopped; done: fence; not done: spns", "not_done": [bad, unknown], "undo": command("undo", "mail")}
    assert ways(**released, next_accepting=accepting("failover", "mail", ["spns"]), accept={"check_failed": "known"}) == [
        "run r1 of mail is stopped; done: fence; not done: spns",
        "http/mail: a third account holds it",
        "to go on: ansible-playbook continuity.identity_failover.failover -e failover_identity=mail",
        "to go on without what failed: ansible-playbook continuity.identity_failover.failover -e failover_identity=mail "
        """-e '{"failover_accept_failure": {"spns": "say why"}}' -e '{"failover_accept": {"check_failed": "known"}}'""",
        "to undo: ansible-playbook continuity.identity_failover.undo -e failover_identity=mail",
    ]


def test_where_nothing_can_be_left_out_no_such_way_is_said() -> None:
    said = ways(msg="run r1 of mail is stopped", not_done=[], next_accepting="", undo="undo it", accept={"check_failed": "known"})
    assert [line.partition(":")[0] for line in said] == ["run r1 of mail is stopped", "to go on", "to undo"]


def test_an_undo_that_stopped_goes_on_by_one_command() -> None:
    said = ways(msg="run r1 of mail is stopped", not_done=[], next_accepting="", undo=next_command("failing_over", "mail"))
    assert [line.partition(":")[0] for line in said] == ["run r1 of mail is stopped", "to go on"]


def test_a_closing_that_the_world_contradicts_is_accepted_by_its_own_command() -> None:
    failed = {"reason": "owner_not_confirmed", "details": {"next": "the command of the refusal"}}
    said = ways(failed, msg="stopped", not_done=[], next_accepting="", undo="undo it")
    assert "to go on without what failed: the command of the refusal" in said


def test_how_far_a_run_came_is_a_part_of_its_reason_and_what_was_accepted_a_part_of_its_next_command() -> None:
    tasks = yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8"))
    (far,) = [one["ansible.builtin.set_fact"] for one in tasks if one["name"] == "Tell how far it came"]
    assert rendered(far["steps_reason"], steps_reason="dns: refused", steps_glass="", steps_released={"msg": "done: fence"}) == "dns: refused (done: fence)"
    assert rendered(far["steps_next"], steps_again=" -e more", steps_released={"next": "go on"}) == "go on -e more"


def test_a_run_that_nobody_approved_and_that_stopped_begins_with_it() -> None:
    (far,) = [one for one in yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8")) if one["name"] == "Tell how far it came"]
    first = without_approval("nobody answers")

    def reason(*accepted: dict[str, str]) -> str:
        given: dict[str, t.Any] = {"steps_reason": "dns: refused", "steps_released": {"msg": f"{first}run r1 is stopped", "accepted": list(accepted)}}
        given["steps_broken"] = worked_out(far["vars"]["steps_broken"].removeprefix("{{").removesuffix("}}"), **given)
        given["steps_glass"] = rendered(far["vars"]["steps_glass"], **given)
        return rendered(far["ansible.builtin.set_fact"]["steps_reason"], **given)

    assert reason({"finding": "disk_space", "reason": "known"}, {"kind": "break_glass", "reason": "nobody answers"}) == (
        f"{first}dns: refused (run r1 is stopped)"
    )
    assert reason({"finding": "disk_space", "reason": "known"}).startswith("dns: refused (")


@pytest.mark.parametrize(
    ("of", "asked", "ends"),
    [("awaiting_approval", "end", True), ("awaiting_approval", "fail", False), ("awaiting_approval", None, False), ("stopped", "end", False)],
)
def test_only_a_run_that_waits_for_people_ends_quietly_and_only_where_that_was_asked_for(of: str, asked: str | None, ends: bool) -> None:
    tasks = yaml.safe_load((STEPS / "tasks" / "stopped.yml").read_text(encoding="utf-8"))
    quiet, stop = tasks[-2:]
    assert (quiet["ansible.builtin.meta"], "when" in stop) == ("end_host", False)
    assert stop["ansible.builtin.fail"]["msg"].endswith("\nNext: {{ steps_next | trim }}")
    given = {"failover_when_awaiting": asked} if asked else {}
    assert all(worked_out(one, steps_outcome=of, **given) for one in quiet["when"]) is ends
