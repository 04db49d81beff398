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


@pytest.mark.parametrize("hook", ["before_dns", "after_dns", "before_clients"])
def test_source_returns(lab: Lab, tmp_path: pathlib.Path, hook: str) -> None:
    project = Project(tmp_path / "project", lab.dir, lab.info)
    project.run("arm")
    lab.kill("exch1")
    project.run("monitor", failover_monitor_duration=60)
    project.run("ack", failover_decision="proceed", failover_reason="exch1 has no power", failover_by="duty officer")
    said = project.run("failover", expect=None, site_hooks_dir=str(returning_at(hook, project)))
    print(said)
    records = {server: found["records"].get(NAME) for server, found in lab.state()["dns"].items()}
    print(records, [lab.ask(c, NAME) for c in lab.info["clients"]])
    assert False
