# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan on the lab, through whole playbooks: made while the source is dead, refused where somebody changed something, applied, scored."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import stat
import sys
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import parse
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import set_start_mode
from ansible_collections.continuity.identity_failover.tests.demo.project import ROOT, Project
from ansible_collections.continuity.identity_failover.tests.demo.traces import snapshot
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome

SERVICE = "MSExchangeTransport"
#: A hook that drives the lab's replication as a team's would drive its engine: it looks, acts unless it may only look, and reads back.
DATA_HOOK = """\
- name: What the engine says
  ansible.builtin.command: {argv: "{{ site_engine_command + ['state', '--dir', site_lab] }}"}
  register: engine_before
  changed_when: false
  check_mode: false
  delegate_to: localhost
- name: Stop the old direction
  ansible.builtin.command: {argv: "{{ site_engine_command + ['replication', 'mail', 'stop', '--dir', site_lab] }}"}
  when: not failover_data.look_only
  delegate_to: localhost
- name: Read back
  ansible.builtin.command: {argv: "{{ site_engine_command + ['state', '--dir', site_lab] }}"}
  register: engine_after
  changed_when: false
  delegate_to: localhost
- name: Evidence
  vars:
    link: "{{ (engine_after.stdout | from_json).replication.mail }}"
  ansible.builtin.set_fact:
    failover_data_evidence:
      run: "{{ failover_data.run }}"
      did: "{{ omit if failover_data.look_only else failover_data.choice }}"
      engine: "{{ 'running' if link.running else 'stopped' }}, {{ link.queue }} queued, for {{ failover_data.run }}"
      promoted: "{{ not link.running }}"
      old_direction: "{{ 'running' if link.running else 'stopped' }}"
      data_point: "{{ link.lost }} items lost"
"""


def start_mode(lab: Lab, mode: str) -> None:
    """What an administrator does between the plan and the night: by hand, on the target."""
    session = WinrmSession(lab.settings("exch2"), SystemClock())
    try:
        set_start_mode(session, SERVICE, mode, 20.0)
    finally:
        session.close()


def journal(project: Project) -> list[dict[str, t.Any]]:
    """Through the journal's own reader: it keeps large data compressed."""
    return [dataclasses.asdict(parse(line)) for line in (project.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8").splitlines()]


def world(lab: Lab) -> t.Any:
    return snapshot(t.cast("dict[str, t.Any]", lab.state()))


def planned(lab: Lab, project: Project, path: pathlib.Path, **more: t.Any) -> tuple[dict[str, t.Any], str]:
    """Makes a plan, and sees that nothing changed and that the journal got one event."""
    before, events = world(lab), len(journal(project))
    said = project.run("plan", failover_plan=str(path), **more)
    assert world(lab) == before
    assert [event["kind"] for event in journal(project)[events:]] == ["plan_recorded"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, path.with_suffix(".md"))] == [0o600, 0o600]
    return json.loads(path.read_text(encoding="utf-8")), said


def engine_of_its_own(lab: Lab, folder: pathlib.Path) -> Project:
    """The example, for an engine that a hook drives."""
    project = Project(folder, lab.dir, lab.info, site_engine_command=[sys.executable, str(ROOT / "tests" / "lab" / "lab.py")], site_lab=str(lab.dir))
    (folder / "hooks" / "data.yml").write_text(DATA_HOOK, encoding="utf-8")
    definition = folder / "inventory/group_vars/all/failover.yml"
    text = definition.read_text(encoding="utf-8").replace("engine: {kind: native}", "engine: {kind: other}")
    changed = text.replace("    hooks: {dir: ", "    hooks: {plan_safe: [data], dir: ")
    assert changed.count("kind: other") == changed.count("plan_safe") == 1
    definition.write_text(changed, encoding="utf-8")
    return project


def steps_of(plan: t.Mapping[str, t.Any]) -> list[str]:
    return [step["step"] for step in plan["steps"]]


def test_a_plan_is_made_refused_on_a_conflict_applied_and_scored(tmp_path: pathlib.Path) -> None:
    with Lab.start(tmp_path / "lab", lag=0.2) as lab:
        project = engine_of_its_own(lab, tmp_path / "project")
        project.run("arm")
        lab.kill("exch1")
        project.run("monitor", failover_monitor_duration=60)
        choice = {"failover_data_state": "discard_queues", "failover_data_at_risk": "what was queued on exch1"}
        project.run("ack", failover_decision="proceed", failover_reason="exch1 has no power", failover_by="duty officer", **choice)

        made, said = planned(lab, project, tmp_path / "plan.json")
        assert steps_of(made) == [
            *("fence@exch1", "data@exch2", "identity@exch2", "spns", "services@exch2", "databases@exch2", "script@exch2", "dns", "clients", "verify"),
        ]
        assert made["coverage"]["not_observed"] == ["fence@exch1"]
        grades = {change["step"]: change["grade"] for change in made["changes"]}
        assert (grades["dns"], grades["services@exch2"], grades["script@exch2"]) == ("probed", "predicted", "unknown")
        (data,) = [change for change in made["changes"] if change["step"] == "data@exch2"]
        assert (data["grade"], data["detail"]["old_direction"], data["after"]["choice"]) == ("probed", "running", "discard_queues")
        assert made["hash"] in said
        paper = (tmp_path / "plan.md").read_text(encoding="utf-8")
        assert f"Start-Service -Name '{SERVICE}'" in paper
        assert "make sure that exch1 is out" in paper
        secrets = [entry["password"] for entry in lab.info["hosts"].values()] + [lab.info["dns"]["key"]["secret"]]
        assert not any(secret in text for secret in secrets for text in (paper, said, json.dumps(made)))

        start_mode(lab, "disabled")
        refused = project.run("failover", failover_plan=str(tmp_path / "plan.json"), failover_accept={"disk_space": "it is enough"}, expect=2)
        assert SERVICE in refused
        accepted = {"failover_plan": str(tmp_path / "plan.json"), "failover_accept": {"disk_space": "it is enough"}}
        assert outcome(refused) == ("refused", command("plan", "mail", failover_kind="failover", **accepted))
        assert "start_mode disabled" in refused
        assert "run_opened" not in {event["kind"] for event in journal(project)}
        start_mode(lab, "manual")

        project.run("failover", failover_plan=str(tmp_path / "plan.json"))
        assert lab.ask("ws001", "mail.example.com")["answered_by"] == "EXCH2"  # type: ignore[call-overload,index]
        (opened,) = [event for event in journal(project) if event["kind"] == "run_opened"]
        assert opened["data"]["plan"]["hash"] == made["hash"]
        (closed,) = [event for event in journal(project) if event["kind"] == "run_closed"]
        announced, promoted = [event for event in journal(project) if event["step"] == "data@exch2" and event["kind"].startswith("step_")][::2]
        assert (announced["kind"], promoted["kind"], promoted["data"]["evidence"]["did"]) == ("step_intent", "step_outcome", "discard_queues")
        assert promoted["data"]["evidence"]["engine"].endswith(f"for {opened['run']}")
        assert not t.cast("t.Any", lab.state())["replication"]["mail"]["running"]
        score = closed["data"]["score"]
        assert (score["share"], score["differences"]) == (1.0, [])
        assert score["predicted"] == made["coverage"]["probed"] + made["coverage"]["predicted"]

        back, _said = planned(lab, project, tmp_path / "back.json")  # without a kind it is what a run could do next
        assert (back["kind"], back["owner_afterwards"], back["coverage"]["not_observed"]) == (
            "failback",
            "source",
            ["fence@exch1", "identity@exch1", "services@exch1", "databases@exch1"],
        )
        undone = {change["item"]: change["after"] for change in back["changes"] if change["step"] == "dns"}
        assert undone == {change["item"]: change["before"] for change in made["changes"] if change["step"] == "dns"}


def test_a_planned_move_and_a_drill_are_planned_while_the_source_serves(tmp_path: pathlib.Path) -> None:
    with Lab.start(tmp_path / "lab", lag=0.2) as lab:
        project = Project(tmp_path / "project", lab.dir, lab.info)
        project.run("arm")
        move, _said = planned(lab, project, tmp_path / "move.json")
        fenced = [change["item"] for change in move["changes"] if change["step"] == "fence@exch1"]
        assert f"service {SERVICE}" in fenced
        assert move["coverage"]["not_observed"] == []
        assert move["coverage"]["would_stop"] == ["fence@exch1"]
        paper = (tmp_path / "move.md").read_text(encoding="utf-8")
        begins = ["make sure that exch1 is out", "Your hook before_fence", "### Where exch1 does not answer", "### Where exch1 answers", "Stop-Service"]
        begins += ["Remove-NetIPAddress", "Disable-NetAdapter", "is the point of no return", "New-NetIPAddress", "## The way back"]
        assert [paper.find(words) for words in begins] == sorted({paper.index(words) for words in begins})
        again, said = planned(lab, project, tmp_path / "again.json", failover_plan_compare=str(tmp_path / "move.json"))
        assert again["hash"] == move["hash"]
        assert f"The two plans are the same: {move['hash']}" in said

        drill, _said = planned(lab, project, tmp_path / "drill.json", failover_kind="drill")
        there = {change["item"]: (change["before"], change["after"]) for change in drill["changes"] if change["step"] == "dns" and not change["puts_back"]}
        back = {change["item"]: (change["after"], change["before"]) for change in drill["changes"] if change["puts_back"]}
        assert "drill-mail.example.com A" in there
        assert back == there
        assert "fence@exch1" not in steps_of(drill)
