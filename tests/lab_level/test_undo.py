# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The undo playbook from several stopping points of a failover, a failback and a drill: the estate is as it was before each."""

from __future__ import annotations

import json
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.tests.demo.project import EXAMPLE, Project
from ansible_collections.continuity.identity_failover.tests.demo.traces import left_behind, snapshot
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

DISCARD = "the test wrote nothing"


class Stage:
    """A lab with a project, its identity armed. No address moves, so that the source may live and its fence has something to put back."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab = lab
        self.project = Project(folder, lab.dir, lab.info, site_moving_addresses=[])
        definition = folder / "inventory/group_vars/all/failover.yml"
        text = definition.read_text(encoding="utf-8")
        assert "fence: {minimum: 3}" in text
        definition.write_text(text.replace("fence: {minimum: 3}", "fence: {minimum: 2}"), encoding="utf-8")
        self.hooks = folder / "hooks-of-the-test"
        self.project.run("arm")

    def snapshot(self) -> dict[str, t.Any]:
        return snapshot(self.lab.state())

    def stopping_at(self, hook: str) -> str:
        """The example's hooks, and one that fails."""
        shutil.rmtree(self.hooks, ignore_errors=True)
        shutil.copytree(EXAMPLE / "hooks", self.hooks)
        (self.hooks / f"{hook}.yml").write_text(json.dumps([{"name": "Stop here", "ansible.builtin.fail": {"msg": "stopped by the test"}}]), encoding="utf-8")
        return str(self.hooks)

    def decide(self) -> None:
        self.project.run("ack", failover_decision="proceed", failover_reason="a planned move", failover_by="duty officer")

    def stopped(self, playbook: str, hook: str, **more: t.Any) -> str:
        said = " ".join(self.project.run(playbook, label=f"{playbook}-{hook}", expect=2, site_hooks_dir=self.stopping_at(hook), **more).split())
        assert "stopped by the test" in said
        return said

    def undo(self, **more: t.Any) -> str:
        return " ".join(self.project.run("undo", **more).split())

    def shadow(self) -> list[str]:
        """What the drill's own name leads to at the target."""
        one, clock = self.lab.info["dns"]["servers"][0], SystemClock()
        servers, item = Servers([Endpoint(one["address"], one["port"], one["name"])], (), clock), Item("drill-mail.example.com", "A")
        try:
            records = servers.present(servers.first(), [item])[item].records
        finally:
            servers.close()
        return [value for value in records.values if value.endswith(".20.22")] if records else []

    def state(self) -> str:
        events = (self.project.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8").splitlines()
        return str(json.loads(events[-1])["kind"])


@pytest.fixture
def stage(tmp_path: pathlib.Path) -> t.Iterator[Stage]:
    with Lab.start(tmp_path / "lab") as lab:
        yield Stage(lab, tmp_path / "project")


def test_a_failover_is_undone_from_before_and_behind_its_point_of_no_return(stage: Stage) -> None:
    before = stage.snapshot()
    stage.decide()
    stage.stopped("failover", "before_services")
    assert stage.snapshot() != before
    assert "Afterwards the source owns the identity" in stage.undo()
    assert left_behind(before, stage.snapshot()) == []
    assert stage.state() == "run_reverted"
    stage.decide()
    stage.stopped("failover", "after_clients")
    refused = " ".join(stage.project.run("undo", expect=2).split())
    assert "failover_data_restored" in refused and "failover_discard" in refused
    said = stage.undo(failover_discard=DISCARD)
    assert left_behind(before, stage.snapshot()) == []
    assert stage.lab.ask("ws003", "mail.example.com")["answered_by"] == "EXCH1"
    assert "caches" in said
    assert "there is nothing to undo" in stage.undo()


def test_a_failback_is_undone_and_the_target_serves_again(stage: Stage) -> None:
    stage.decide()
    stage.project.run("failover")
    served = stage.snapshot()
    refused = " ".join(stage.project.run("undo", expect=2).split())
    assert "continuity.identity_failover.failback" in refused
    stage.stopped("failback", "after_dns", failover_data_restored="nothing was written")
    assert stage.snapshot() != served
    stage.undo(failover_discard=DISCARD)
    assert left_behind(served, stage.snapshot()) == []
    assert stage.lab.ask("ws003", "mail.example.com")["answered_by"] == "EXCH2"
    stage.project.run("failback", failover_data_restored="nothing was written")
    assert stage.lab.ask("ws003", "mail.example.com")["answered_by"] == "EXCH1"


def test_a_drill_that_stopped_is_undone(stage: Stage) -> None:
    before = stage.snapshot()
    for client in ("ws007", "ws008"):  # a drill runs no hooks: clients that are off stop it once its record is written
        stage.lab.kill(client)
    stage.project.run("drill", expect=2)
    assert stage.shadow()
    stage.undo()
    assert left_behind(before, stage.snapshot()) == []
    assert stage.shadow() == []
    assert stage.state() == "run_reverted"
