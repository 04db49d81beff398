# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source gets its power back in the middle of the failover and registers its names again: never silently wrong."""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.tests.demo.project import EXAMPLE, ROOT, Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome

NAME = "mail.example.com"


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    with Lab.start(tmp_path / "lab") as started:
        yield started


def returning_at(hook: str, project: Project) -> pathlib.Path:
    """A folder with the example's hooks and one more, which powers the source on and waits until it has registered the name again."""
    hooks = project.folder / "hooks-of-the-test"
    shutil.copytree(EXAMPLE / "hooks", hooks)
    lab = [sys.executable, str(ROOT / "tests" / "lab" / "lab.py")]
    folder = ["--dir", str(project.lab_folder)]
    old = project.info["network"].rsplit(".", 2)[0] + ".20.21"
    here = {"delegate_to": "localhost", "vars": {"ansible_connection": "local"}}
    tasks = [
        {"name": "Power the source on", "ansible.builtin.command": {"argv": [*lab, "return", "exch1", *folder]}, "changed_when": True, **here},
        {
            "name": "Wait until it has registered the name again",
            "ansible.builtin.command": {"argv": [*lab, "state", *folder]},
            "changed_when": False,
            "register": "project_lab",
            "until": f"'{old}' in (project_lab.stdout | from_json).dns.dns1.records['{NAME}']",
            "retries": 50,
            "delay": 0.1,
            **here,
        },
    ]
    (hooks / f"{hook}.yml").write_text(json.dumps(tasks), encoding="utf-8")
    return hooks


def approved(lab: Lab, folder: pathlib.Path) -> Project:
    """The source is dead and a person has decided; name servers get 3 s instead of 60 to show a change."""
    project = Project(folder, lab.dir, lab.info)
    definition = folder / "inventory/group_vars/all/failover.yml"
    text = definition.read_text(encoding="utf-8")
    assert "      ttl: 60\n" in text
    definition.write_text(text.replace("      ttl: 60\n", "      ttl: 60\n      verify_timeout: 3\n"), encoding="utf-8")
    project.run("arm")
    lab.kill("exch1")
    project.run("monitor", failover_monitor_duration=60)
    project.run("ack", failover_decision="proceed", failover_reason="exch1 has no power", failover_by="duty officer")
    return project


def seen(lab: Lab) -> tuple[list[list[str]], str]:
    """The name's addresses on each name server, and who answers a user."""
    return [found["records"][NAME] for found in lab.state()["dns"].values()], lab.ask("ws003", NAME)["answered_by"]


def test_before_the_record_is_written_the_target_wins(lab: Lab, tmp_path: pathlib.Path) -> None:
    project = approved(lab, tmp_path / "project")
    project.run("failover", site_hooks_dir=str(returning_at("before_dns", project)))
    new = project.info["network"].rsplit(".", 2)[0] + ".20.22"
    assert seen(lab) == ([[new], [new]], "EXCH2")
    the_guard_sees_and_repairs(lab, project, new)


def the_guard_sees_and_repairs(lab: Lab, project: Project, new: str) -> None:
    """The source registers its names once more, after the failover has ended."""
    lab.control("register", {"host": "exch1"})
    old = project.info["network"].rsplit(".", 2)[0] + ".20.21"
    assert seen(lab)[0][0] == [old]
    assert ".repair_dns " in outcome(project.run("status"))[1]
    assert outcome(project.run("repair_dns"))[0] == "repaired"
    assert seen(lab)[0] == [[new], [new]]
    again, following = outcome(project.run("repair_dns", label="repair-again"))
    assert (again, ".repair_dns " in following) == ("watched", False)
    # The records are right again, and the source still answers: that is a threat by itself, until the source is out.
    printed = project.run("status", label="status-threatened")
    said = " ".join(printed.split())
    assert "exch1 answers again, and nothing keeps it from serving" in said and "threatened" in said
    assert ".monitor " in outcome(printed)[1]
    lab.kill("exch1")
    assert "mail is failed_over" in " ".join(project.run("monitor", label="monitor-after").split())


def test_after_the_record_was_written_the_run_stops_and_can_be_resumed(lab: Lab, tmp_path: pathlib.Path) -> None:
    project = approved(lab, tmp_path / "project")
    said = " ".join(project.run("failover", expect=2, site_hooks_dir=str(returning_at("after_dns", project))).split())
    old = project.info["network"].rsplit(".", 2)[0] + ".20.21"
    assert "failover of mail stopped on exch2" in said
    assert f"gives {old} for {NAME}" in said
    # With the source on the network the run is not resumed to a false end: a person takes it off first.
    said = " ".join(project.run("failover", expect=2).split())
    assert "Make sure that the source cannot serve" in said
    lab.kill("exch1")
    project.run("failover")
    new = project.info["network"].rsplit(".", 2)[0] + ".20.22"
    assert seen(lab) == ([[new], [new]], "EXCH2")
