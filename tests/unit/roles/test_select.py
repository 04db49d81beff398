# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is refused before an identity is chosen is published as refused."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "steps" / "tasks"


def tasks(name: str) -> list[dict[str, t.Any]]:
    return list(yaml.safe_load((TASKS / name).read_text(encoding="utf-8")))


def test_nothing_is_refused_without_a_published_outcome() -> None:
    silent = [task["name"] for task in tasks("select.yml") if {"ansible.builtin.assert", "ansible.builtin.fail"} & set(task)]
    refusals = [task for task in tasks("select.yml") if task.get("ansible.builtin.include_tasks") == "refuse.yml"]
    assert (silent, len(refusals)) == ([], 4)
    assert all({"steps_refusal", "steps_mend"} <= set(task["vars"]) and task["when"] for task in refusals)


def test_a_refusal_is_published_before_it_fails() -> None:
    published, failed = tasks("refuse.yml")
    assert published["ansible.builtin.set_stats"]["data"]["failover_outcome"] == "refused"
    assert "steps_refusal" in published["ansible.builtin.set_stats"]["data"]["failover_reason"]
    assert "steps_refusal" in failed["vars"]["steps_sentence"] and "steps_sentence" in failed["ansible.builtin.fail"]["msg"]


REASON = '{"failover_reason": "..."}'
SAID = {"failover_decision": "decline", "failover_reason": "no power"}
ACCOUNTS = {"failover_credentials": {"chief": {"user": "chief", "password": "Canary-Word"}, "dns": {"name": "key", "secret": "Canary-Word"}}}


@pytest.mark.parametrize(
    ("playbook", "typed", "told"),
    [
        ("adopt", {}, ["failover_owner is missing: say who owns the identity now", "failover_reason is missing: say why"]),
        ("adopt", {"failover_owner": "target", "failover_reason": True}, ["failover_reason: True says nothing"]),
        ("failover", {"failover_take_over": True, "failover_accept": "x"}, ["failover_take_over: True says nothing", "failover_accept is 'x'"]),
        ("failover", {"failover_script_unknown": "rerun"}, ["failover_script_unknown=rerun needs failover_script_reason too"]),
        ("failback", {"failover_discard": True, "failover_lease_seconds": "abc"}, ["failover_discard: True says nothing", "failover_lease_seconds is 'abc'"]),
        ("ack", {"failover_decision": "proceed"}, ["failover_reason is missing: say why", f"failover_decision=proceed -e '{REASON}'"]),
        (
            "ack",
            {"failover_decision": "yes", "failover_reason": "no power", "failover_by": "carol", "failover_data_state": "discard_queues"},
            ["failover_decision is 'yes'", "failover_decision=...", "no power", '{"failover_by": "carol"}', "-e failover_data_state=discard_queues"],
        ),
        ("ack", {"failover_logon": "zz", **ACCOUNTS, **SAID}, ["failover_logon is 'zz': of failover_credentials it is one of chief", "-e failover_logon=..."]),
        ("ack", {"failover_by": "EXAMPLE\alice", **SAID}, ["in -e name=value a backslash is decoded"]),
        ("journal", {"failover_journal_state": "pruned"}, ["failover_journal_state=pruned needs failover_journal_export too"]),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_playbook_itself(tmp_path: pathlib.Path, playbook: str, typed: dict[str, t.Any], told: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    said = json.dumps({"failover_identity": "mail", **typed})
    ansible = str(pathlib.Path(sys.executable).parent / "ansible-playbook")
    command = [ansible, "-i", "localhost,", f"continuity.identity_failover.{playbook}", "-e", said]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=180, check=False)
    assert done.returncode == 2 and "failover_outcome: refused" in done.stdout and "Traceback" not in done.stdout
    printed = done.stdout.replace('\\"', '"')  # older cores print a failure as JSON
    assert [words for words in told if words not in printed] == [], done.stdout
