# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole playbooks where the usual order broke: the identity was moved by hand; the target's journal is gone when it is needed."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import answered_by, outcome

PAGE = pathlib.Path(__file__).parents[2] / "docs/docsite/rst/guide_at_3_am.rst"
CLIENTS = ("ws001", "ws002", "ws003")
BY_HAND = """\
- hosts: exch2
  gather_facts: false
  vars:
    definition: "{{ failover_identities.mail | continuity.identity_failover.identity_definition }}"
  tasks:
    - continuity.identity_failover.server_identity:
        state: present
        addresses: "{{ definition.addresses }}"
        shares: "{{ definition.shares }}"
    - continuity.identity_failover.app_services:
        state: started
        services: "{{ definition.services }}"
    - continuity.identity_failover.update_dns:
        state: repointed
        repoint: "{{ definition.dns.repoint }}"
        servers: "{{ definition.dns.servers }}"
        verify_servers: "{{ definition.dns.verify_servers }}"
        key: "{{ failover_credentials.dns }}"
"""


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    with Lab.start(tmp_path / "lab") as started:
        yield started


@pytest.fixture
def mail(lab: Lab, tmp_path: pathlib.Path) -> Project:
    made = Project(tmp_path / "project", lab.dir, lab.info)
    assert outcome(made.run("arm"))[0] == "armed"
    return made


#: The journal playbook in each of its states, in one start of Ansible.
JOURNALS = [
    {"ansible.builtin.import_playbook": "journal.yml", "vars": {"failover_journal_state": state}} for state in ("read", "verified", "exported", "pruned")
]


def journal_in_every_way(mail: Project) -> None:
    (mail.folder / "journals.yml").write_text(json.dumps(JOURNALS), encoding="utf-8")
    export = mail.folder / "exported.jsonl"
    said = mail.run("journals", failover_journal_export=str(export), failover_journal_last=5)
    assert re.findall(r"failover_outcome: (\w+)", said) == ["read", "verified", "exported", "pruned"]
    assert outcome(said)[0] == "pruned"
    assert re.search(r"\d+  \d{4}-\d\d-\d\d [\d:]+  run_closed ", said) and len(re.findall("verifies: true", said)) >= 4
    exported = [json.loads(line) for line in export.read_text(encoding="utf-8").splitlines()]
    assert "run_closed" in {event.get("kind") for event in exported}
    assert f"begins with event {exported[-1]['seq'] + 1}, which cites hash" in re.sub(r"\s+", " ", said)


def test_an_identity_that_was_moved_by_hand_is_adopted_and_failed_back(lab: Lab, mail: Project) -> None:
    lab.control("kill", {"host": "exch1"})
    (mail.folder / "by_hand.yml").write_text(BY_HAND, encoding="utf-8")
    mail.run("by_hand")
    against = mail.run("adopt", label="adopt-against", expect=2, failover_owner="source", failover_reason="somebody says that it is back")
    assert "target" in against
    adopted, command = outcome(mail.run("adopt", failover_owner="target", failover_reason="moved by hand in the night"))
    assert (adopted, ".failback " in command) == ("adopted", True)
    back, _next = outcome(
        mail.run(
            "failback",
            failover_data_restored="nothing was written in between",
            failover_accept_failure={"databases": "nobody mounted any on the target"},
        )
    )
    assert back == "failed_back"
    assert {answered_by(lab, client) for client in CLIENTS} == {"EXCH1"}
    journal_in_every_way(mail)  # pruning is for peace time


def test_a_target_that_lost_its_journal_takes_the_identity_all_the_same(lab: Lab, mail: Project) -> None:
    lab.control("kill", {"host": "exch1"})
    mail.run("monitor", failover_monitor_duration=60)
    mail.run("ack", failover_decision="proceed", failover_reason="no power", failover_by="duty officer")
    assert lab.control("lose_files", {"host": "exch2", "below": r"C:\ProgramData\continuity"})["lost"]
    seen = mail.run("status")
    assert "mirror" in seen and "approved" in seen
    refused, command = outcome(mail.run("failover", label="failover-refused", expect=2))
    assert (refused, "failover_from_observation" in command) == ("refused", True)
    moved, _next = outcome(mail.run("failover", failover_from_observation="the target's disk was set back"))
    assert moved == "failed_over"
    assert {answered_by(lab, client) for client in CLIENTS} == {"EXCH2"}
    verified, _next = outcome(mail.run("journal", failover_journal_state="verified"))
    assert verified == "verified"


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_five_commands_of_the_page_do_as_they_stand_there_in_any_directory(lab: Lab, mail: Project, tmp_path: pathlib.Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    status, plan, ack, failover, undo, failback, _adopt = re.findall(r"^    (ansible-playbook .*)$", page, re.M)
    (report,) = re.findall(r"``(ansible-playbook \S+\.report [^`]*)``", page)
    (reason,) = re.findall(r'"failover_reason": "([^"]*)"', ack)
    here = tmp_path / "where it is typed"
    here.mkdir()
    lab.control("kill", {"host": "exch1"})
    mail.run("monitor", failover_monitor_duration=60)
    mirror = mail.folder / "mirror" / "mail.mirror"

    assert "pending" in mail.type(status, here)
    assert outcome(mail.type(plan, here))[0] == "planned"
    assert sorted(path.name for path in here.iterdir()) == ["mail-plan.json", "mail-plan.md"]
    assert outcome(mail.type(ack, here))[0] == "decided"
    assert f'"reason":"{reason}"' in mirror.read_text(encoding="utf-8").replace('": "', '":"')

    moved = mail.type(f"{failover} -e failover_plan=./mail-plan.json", here)
    assert outcome(moved)[0] == "failed_over"
    said = flat(moved)
    assert 0 < said.index("afterwards the target owns the identity") < said.rindex("Make sure that the source cannot serve")
    assert re.search(r"is closed: the target owns the identity; (\d+) of \1 predicted changes went exactly so", said)
    # The run is finished: the page's other command is the one.
    assert failback.split(" -e ")[0] in flat(mail.type(undo, here, expect=2))
    returned = flat(mail.type(failback, here))
    assert 0 < returned.index("afterwards the source owns the identity") < returned.index("Put the target's services back")
    assert "data restored: how you know" in mirror.read_text(encoding="utf-8")
    assert outcome(mail.type(report, here))[0] == "reported"
    assert reason in (here / "mail.html").read_text(encoding="utf-8")
    rehearsed = flat(mail.type("ansible-playbook continuity.identity_failover.drill -e failover_identity=mail", here))
    assert 0 < rehearsed.index("afterwards the source owns the identity") < rehearsed.index("Rehearse, unless")
