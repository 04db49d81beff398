# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of the role ``flush_dns`` refuse, read from their files and worked out by Jinja alone."""

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

from ansible_collections.continuity.identity_failover.tests.unit.expressions import worked_out

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "flush_dns" / "tasks"


def tasks(name: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = []
    for task in yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8")):
        found += task.get("block", [task])
    return found


@pytest.mark.parametrize(("expect", "passes"), [([], False), ([{"name": "mail.example.com", "values": ["10.0.1.21"]}], True)])
def test_no_cache_is_cleared_without_values_to_wait_for(expect: list[t.Any], passes: bool) -> None:
    (gate,) = [task["ansible.builtin.assert"]["that"] for task in tasks("main") if "ansible.builtin.assert" in task]
    assert worked_out(gate, flush_dns_expect=expect, failover_flush_expect=expect, flush_dns_definition={"dns": {}}) is passes


def test_a_roll_call_names_its_beginning_and_what_it_waited_for() -> None:
    roll_call = yaml.safe_load((TASKS.parent / "vars" / "main.yml").read_text(encoding="utf-8"))["flush_dns_roll_call"]
    empty = tasks("ran")[-1]["ansible.builtin.set_stats"]["data"]["failover_roll_call"]
    assert all(f"'{key}'" in roll_call and key in empty for key in ("expect", "started"))


@pytest.mark.parametrize("name", ["choose", "main"])
def test_the_roll_call_of_an_earlier_run_is_gone_before_anything_else(name: str) -> None:
    assert tasks(name)[0]["ansible.builtin.import_tasks"] == "forget.yml"
    (whole,) = yaml.safe_load((TASKS / "forget.yml").read_text(encoding="utf-8"))
    forget = whole["block"][-1]
    assert forget["ansible.builtin.file"] == {"path": "{{ failover_roll_call_path | expanduser | realpath }}", "state": "absent"}
    assert worked_out(whole["when"], failover_roll_call_path="/x.json") is True
    assert worked_out(whole["when"]) is False


def played(folder: pathlib.Path, *more: str, **variables: t.Any) -> str:
    """What the playbook says on an inventory without a client, which is enough for what comes before the clients."""
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "continuity.identity_failover.flush_dns", *more]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    given = json.dumps({"failover_flush_clients": "workstations", "failover_flush_may_be_empty": True, **variables})
    done = subprocess.run([*command, "-e", given], capture_output=True, text=True, cwd=folder, env=environment, timeout=180, check=False)
    return f"{done.returncode} {' '.join(done.stdout.split())} {done.stderr}"


@pytest.mark.parametrize(("as_named", "more"), [("roll-calls", ()), ("linked", ("--check",))])
def test_a_folder_in_place_of_the_roll_call_is_refused_and_stays_as_it_is(tmp_path: pathlib.Path, as_named: str, more: tuple[str, ...]) -> None:
    folder = tmp_path / "roll-calls"
    folder.mkdir()
    (folder / "1.json").write_text("{}", encoding="utf-8")
    (tmp_path / "linked").symlink_to(folder)
    said = played(tmp_path, *more, failover_roll_call_path=f"{tmp_path}/{as_named}")
    assert (folder / "1.json").is_file() and (tmp_path / "linked").is_symlink()
    assert said.startswith("2 ") and "it is a folder" in said and "failover_outcome: refused" in said, said


@pytest.mark.parametrize(
    ("path", "there", "refused"), [("/x/", {}, True), ("/x", {"isdir": True}, True), ("/x.json", {"isdir": False}, False), ("/x", {}, False)]
)
def test_what_is_called_a_folder_is_refused_before_anything_is_done(path: str, there: dict[str, bool], refused: bool) -> None:
    (whole,) = yaml.safe_load((TASKS / "forget.yml").read_text(encoding="utf-8"))
    (gate,) = [task["when"] for task in whole["block"] if "ansible.builtin.include_role" in task]
    assert worked_out(gate, failover_roll_call_path=path, flush_dns_there={"stat": there}) is refused


@pytest.mark.parametrize(("more", "stays"), [((), False), (("--check",), True)], ids=["", "check"])
def test_a_check_deletes_no_roll_call(tmp_path: pathlib.Path, more: tuple[str, ...], stays: bool) -> None:
    earlier = tmp_path / "1.json"
    earlier.write_text("{}", encoding="utf-8")
    said = played(tmp_path, *more, failover_roll_call_path=str(earlier))
    assert said.startswith("0 ") and earlier.is_file() is stays, said


def test_a_check_writes_no_roll_call() -> None:
    (write,) = [task for task in yaml.safe_load((TASKS / "main.yml").read_text(encoding="utf-8")) if task["name"] == "Write the roll call"]
    given, real = write["when"]
    assert (worked_out(real, ansible_check_mode=True), worked_out(real, ansible_check_mode=False)) == (False, True)
    assert worked_out(given, failover_roll_call_path="/x.json") is True and not any("check_mode" in task for task in write["block"])


@pytest.mark.parametrize(("clients", "refused"), [([], True), (["workstations"], False)])
def test_without_clients_nothing_is_added_up(clients: list[str], refused: bool) -> None:
    gates = [task["when"] for task in tasks("total") if "ansible.builtin.include_role" in task]
    assert any(worked_out(gate, flush_dns_roll_calls=[{}], flush_dns_clients=clients) for gate in gates) is refused


FAILED = {"roll_call": {"failed": [{"name": "ws002"}], "expected": 2, "answered": 1, "skipped": 0}}
UNCALLED = {"roll_call": {"failed": [], "expected": 2, "answered": 0, "skipped": 2}}
BROKEN_OFF = {"roll_call": {"failed": [{"name": "ws002"}], "expected": 2, "answered": 0, "skipped": 1}}


def next_command(folder: pathlib.Path, **variables: t.Any) -> list[str]:
    """The words of the command that the role prints, worked out by ansible."""
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.include_vars": str(TASKS.parent / "vars" / "main.yml")},
                {"ansible.builtin.copy": {"content": "{{ flush_dns_next }}", "dest": f"{folder}/next", "mode": "0600"}},
            ],
        }
    ]
    (folder / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    given = json.dumps({"flush_dns_batch": ["ws001", "ws002"], "flush_dns_why": "why", "ansible_python_interpreter": sys.executable, **variables})
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,ws001,", "-c", "local", "--limit", "localhost", "play.yml"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([*command, "-e", given], capture_output=True, text=True, cwd=folder, env=environment, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return shlex.split((folder / "next").read_text(encoding="utf-8"))


def test_a_few_that_failed_are_called_again_beside_the_first_roll_call(tmp_path: pathlib.Path) -> None:
    said = next_command(
        tmp_path, flush_dns_result=FAILED, failover_slice="3", failover_roll_call_path="/a b/3.json", failover_flush_resolver_port=5353,
        failover_flush_resolver_timeout=90, failover_flush_clients="workstations",
    )  # fmt: skip
    assert json.loads(said[3]) == {
        "failover_slice": "3-again",
        "failover_roll_call_path": "/a b/3-again.json",
        "failover_flush_resolver_port": 5353,
        "failover_flush_resolver_timeout": 90,
    }
    assert said[-1] == "failover_flush_clients=ws002" and "--limit" not in said


@pytest.mark.parametrize("result", [UNCALLED, BROKEN_OFF])
def test_a_slice_that_was_not_called_whole_is_done_anew_in_place_of_its_roll_call(tmp_path: pathlib.Path, result: dict[str, t.Any]) -> None:
    said = next_command(tmp_path, flush_dns_result=result, failover_roll_call_path="/a b/3.json", failover_flush_clients=["workstations", "drill_clients"])
    assert said[2:4] == ["--limit", "localhost"] and said[-1] == "failover_flush_clients=workstations,drill_clients"
    assert json.loads(said[5]) == {"failover_slice": "1", "failover_roll_call_path": "/a b/3.json"}
