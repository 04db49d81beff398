# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of ``make demo``, without a lab: what newcomers see is a plan, a decision, and a failover that is opened on that plan."""

from __future__ import annotations

import argparse
import json
import pathlib
import types
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.tests.demo import demo as module

TOLD = {"hosts": {}, "dns": {"servers": []}}


class Told:
    """A project that only notes which playbooks are run, with what."""

    def __init__(self, folder: pathlib.Path, *more: t.Any) -> None:
        self.ran: list[tuple[str, int, dict[str, t.Any]]] = []
        (folder / "mirror").mkdir(parents=True)
        (folder / "mirror" / "mail.mirror").write_text("", encoding="utf-8")

    def run(self, playbook: str, *, label: str = "", expect: int = 0, **given: t.Any) -> str:
        self.ran.append((playbook, expect, given))
        return ""


def lab(self: module.Demo, *arguments: str) -> str:
    """Its control: clients reach whoever the demo says they reach, and nothing is left behind."""
    if arguments[0] == "start":
        self.lab_folder.mkdir(parents=True)
        (self.lab_folder / "lab.json").write_text(json.dumps(TOLD), encoding="utf-8")
    return "{}"


def test_the_demo_waits_for_a_decision_plans_decides_and_moves_as_planned(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Project", Told)
    monkeypatch.setattr(module.Demo, "lab", lab)
    monkeypatch.setattr(module.Demo, "arrives_at", lambda self, server: None)
    monkeypatch.setattr(module, "snapshot", lambda state: state)
    monkeypatch.setattr(module, "left_behind", lambda before, after: [])
    options = argparse.Namespace(seed=1, drop=0.0, lag=0.0, report=str(tmp_path / "report.html"))
    demo = module.Demo(tmp_path, options)
    demo.run()
    ran = t.cast("t.Any", demo.project).ran
    assert [(playbook, expect) for playbook, expect, _given in ran] == [
        *(("arm", 0), ("monitor", 0), ("failover", 2), ("plan", 0), ("ack", 0), ("failover", 0), ("failover", 0), ("failback", 0), ("report", 0)),
    ]
    plan, decision, moved = (types.SimpleNamespace(**given) for _playbook, _expect, given in ran[3:6])
    assert plan.failover_plan == moved.failover_plan and plan.failover_plan.endswith("mail-plan.json")
    assert (decision.failover_decision, bool(decision.failover_reason)) == ("proceed", True)
