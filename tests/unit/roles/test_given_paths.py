# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A path that a user gives is one from where ansible-playbook was started: modules on the controller work in the playbook's folder."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock

ROOT = pathlib.Path(__file__).parents[3]
FILES = [*sorted((ROOT / "roles").glob("*/tasks/**/*.yml")), *sorted((ROOT / "roles").glob("*/vars/*.yml")), *sorted((ROOT / "playbooks").glob("*.yml"))]
#: What a module reads or writes.
OF_MODULES = ("failover_statement", "failover_signature", "failover_signing_key", "failover_journal_export", "failover_export_path")
PATHS = ("failover_plan", "failover_plan_compare", "failover_report_path", "failover_roll_call_path", "failover_roll_calls", *OF_MODULES)
#: Where a path is read or written by Ansible itself, or goes to a module.
USED = re.compile(
    rf"(?:dest|path|lookup\([^)]*|that|query\([^)]*|statement|signature|signing_key|export): ?.*?\b({'|'.join(PATHS)})\b(.*)"
    rf"|(?:lookup|query)\([^,]*, *\(?({'|'.join(PATHS)})\b(.*)"
)


def uses(text: str) -> list[tuple[str, str]]:
    """(variable, what follows it) wherever a file is touched under the name that a user gave."""
    found = [USED.search(line) for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [(one.group(1) or one.group(3), one.group(2) or one.group(4)) for one in found if one]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_path_is_made_absolute_before_a_file_is_touched(path: pathlib.Path) -> None:
    assert [name for name, after in uses(path.read_text(encoding="utf-8")) if not after.startswith(" | expanduser | realpath")] == []


def test_every_path_is_among_them() -> None:
    assert {name for path in FILES for name, _after in uses(path.read_text(encoding="utf-8"))} == set(PATHS)


PLAY = """
- hosts: exch2
  gather_facts: false
  vars_files: [{steps}/vars/main.yml]
  tasks:
    - ansible.builtin.import_tasks: {steps}/tasks/{tasks}.yml
"""
DEFINITION: dict[str, t.Any] = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "approvals": {"people": [], "domains": [], "identity": "asserted", "required": 1, "expires": 3600},
    "fence": {"minimum": 2},
}


def played(folder: pathlib.Path, tasks: str, **given: t.Any) -> str:
    """Plays one file of shared tasks from ``here``, with the playbook in another folder; the journal lies in a folder too."""
    for name in ("plays", "here"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "plays" / "play.yml").write_text(PLAY.format(steps=ROOT / "roles" / "steps", tasks=tasks), encoding="utf-8")
    (folder / "hosts.yml").write_text(
        json.dumps(
            {"all": {"hosts": {"exch1": {}, "exch2": {}}, "vars": {"ansible_connection": "winrm", "ansible_user": "admin", "ansible_password": "Canary-Word"}}}
        ),
        encoding="utf-8",
    )
    definition = {**DEFINITION, "store": {"kind": "directory", "path": str(folder / "store")}}
    variables = json.dumps({"failover_identity": "mail", "steps_definition": definition, **given})
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command_line = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "../hosts.yml", "../plays/play.yml", "-e", variables]
    done = subprocess.run(command_line, capture_output=True, text=True, cwd=folder / "here", env=environment, timeout=180, check=False)
    assert [path.name for path in (folder / "plays").iterdir()] == ["play.yml"], done.stdout
    return done.stdout + done.stderr


def recorded(folder: pathlib.Path) -> None:
    """A journal with one event, so that there is something to export."""
    journal = runs.journal(folder / "store", FakeClock())
    journal.read()
    journal.append([journal.draft("armed", by="ops", data={"machines": {}})], anywhere=True)


def test_what_a_module_writes_lies_where_the_command_was_typed(tmp_path: pathlib.Path) -> None:
    recorded(tmp_path)
    said = played(
        tmp_path,
        "ack",
        failover_decision="proceed",
        failover_reason="no power",
        failover_how="signature",
        failover_by="bob",
        failover_statement="bob.statement",
    )
    said += played(tmp_path, "journal", failover_journal_state="exported", failover_journal_export="./jx.jsonl")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["bob.statement", "jx.jsonl"], said


@pytest.mark.parametrize("name", ["failover_signing_key", "failover_signature"])
def test_what_a_module_reads_is_looked_for_where_the_command_was_typed(tmp_path: pathlib.Path, name: str) -> None:
    recorded(tmp_path)
    said = played(tmp_path, "ack", failover_decision="proceed", failover_reason="no power", failover_by="bob", **{name: "../keys/bob"})
    assert str(tmp_path / "keys" / "bob") in re.sub(r"\s+", " ", said)


def test_a_file_that_is_no_plan_is_refused_before_anything_is_done(tmp_path: pathlib.Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "p2.md").write_text("# Commands", encoding="utf-8")
    said = re.sub(
        r"\s+", " ", played(tmp_path, "given_plan", steps_given_kind="failover", steps_given_writing=False, steps_given_compare="", failover_plan="./p2.md")
    )
    assert f"failover_plan is {tmp_path}/here/p2.md, and this is no JSON document" in said and "from_json" not in said


@pytest.mark.parametrize("role", ["failover", "failback", "drill", "plan"])
def test_the_files_of_a_plan_are_looked_at_first(role: str) -> None:
    tasks = yaml.safe_load((ROOT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8"))
    (whole,) = [task for task in tasks if "rescue" in task]
    first, second = whole["block"][:2]
    if role == "plan":  # of which kind the other plan has to be depends on the state, where nobody said it
        assert "continuity.identity_failover.failover_status" in first and first["when"].startswith("failover_kind ")
        first = second
    assert first["ansible.builtin.include_role"]["tasks_from"] == "given_plan"
    assert ("steps_given_writing" in first["vars"]) is (role == "plan")


def test_the_roles_take_no_other_path_that_ansible_would_touch_itself() -> None:
    specs = [
        yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"] for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")
    ]
    assert {name for options in specs for name, option in options.items() if option.get("type") == "path"} <= set(PATHS)
