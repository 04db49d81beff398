# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emergency rehearsal by whole playbooks: the directory is gone, the mirror is gone, one of two approvers is gone. Nothing of it blocks.

The other approver signs with an SSH key, which no directory has a part in.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import without_approval
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import NAMESPACE
from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import answered_by, outcome

NO_DIRECTORY = "no domain controller is left; Kerberos is not needed to read mail"
NO_MIRROR = "the controller's disk died"
NO_APPROVER = "the second approver sits in a plane"


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    with Lab.start(tmp_path / "lab") as started:
        yield started


@pytest.fixture
def key(tmp_path: pathlib.Path) -> pathlib.Path:
    """The private one; ``.pub`` beside it."""
    made = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "chief@notebook", "-f", made], check=True)
    return made


def project(lab: Lab, folder: pathlib.Path, key: pathlib.Path) -> Project:
    chief = {"name": "Duty Chief", "accounts": [], "keys": [key.with_suffix(".pub").read_text(encoding="ascii").strip()]}
    made = Project(folder, lab.dir, lab.info, site_approvers=[chief])
    definition = folder / "inventory/group_vars/all/failover.yml"
    text = definition.read_text(encoding="utf-8")
    assert "required: 1" in text
    definition.write_text(text.replace("required: 1", "required: 2"), encoding="utf-8")
    return made


def signed(mail: Project, key: pathlib.Path, folder: pathlib.Path) -> str:
    """The statement is written for the person, who signs it on a machine of their own; what the playbook that took the signature printed."""
    statement = folder / "mail.statement"
    said = {"failover_decision": "proceed", "failover_reason": "no power", "failover_by": "Duty Chief"}
    mail.run("ack", label="ack-statement", failover_how="signature", failover_statement=str(statement), **said)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, statement], check=True, capture_output=True)
    return mail.run("ack", label="ack-signature", failover_signature=f"{statement}.sig")


def test_with_directory_mirror_and_one_approver_gone_the_identity_still_moves(lab: Lab, tmp_path: pathlib.Path, key: pathlib.Path) -> None:
    mail = project(lab, tmp_path / "project", key)
    assert outcome(mail.run("arm"))[0] == "armed"
    lab.control("kill", {"host": "exch1"})
    lab.fault("dc1", "refuse")  # nobody can ask it any more; Exchange still does, which without any directory mounts nothing
    mail.run("monitor", failover_monitor_duration=60)
    mirror = mail.folder / "mirror"
    shutil.rmtree(mirror)
    mirror.write_text("", encoding="utf-8")  # a folder that is none takes nothing from anybody
    decided, command = outcome(signed(mail, key, tmp_path))
    assert (decided, ".ack " in command) == ("decided", True)

    refused, command = outcome(mail.run("failover", label="failover-findings", expect=2))
    assert refused == "refused" and "mirror_unwritable" in command and "directory_unreachable" in command
    findings = {"mirror_unwritable": NO_MIRROR, "directory_unreachable": NO_DIRECTORY}
    waits, command = outcome(mail.run("failover", label="failover-waits", expect=2, failover_accept=findings))
    assert (waits, ".ack " in command) == ("awaiting_approval", True)

    given = {"failover_accept": findings, "failover_break_glass": NO_APPROVER, "failover_by": "duty officer"}
    output = mail.run("failover", label="failover-stops", expect=2, **given)
    stopped, command = outcome(output)
    assert stopped == "stopped" and "failover_accept" in command
    first = without_approval(NO_APPROVER)
    assert f"failover_outcome: stopped\n        {first}" in output
    assert "done: fence on exch1, identity on exch2; not done: spns" in re.sub(r"\s+", " ", output)
    without = {"failover_accept_failure": {"spns": NO_DIRECTORY}}
    output = mail.run("failover", **given, **without)
    assert f"failover_outcome: failed_over\n        {first}failover run " in output
    done, command = outcome(output)
    assert (done, ".failback " in command) == ("failed_over", True)
    assert {answered_by(lab, client) for client in ("ws001", "ws002", "ws003")} == {"EXCH2"}

    report = tmp_path / "report.html"
    mail.run("report", failover_report_path=str(report))
    text = report.read_text(encoding="utf-8")
    first = text.index("<h2>Timeline")
    for reason in (NO_APPROVER, "the controller&#39;s disk died", NO_DIRECTORY):
        assert 0 < text.index(reason) < first, reason
    (head,) = re.findall(r"<h2>Failover.*", text)
    assert "without approval</b>, for it alone: Duty Chief (<span>signed</span>)" in head

    mirror.unlink()
    mail.run("status")
    lines = (mirror / "mail.mirror").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["kind"] == "armed" and json.loads(lines[-1])["kind"] == "run_closed"
