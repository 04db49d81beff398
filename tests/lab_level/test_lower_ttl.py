# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A move that is prepared: TTLs lowered by one playbook, a failover and its failback in between, and the TTLs of before at the end."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome

MAIL, NOTE = Item("mail.example.com", "A"), Item("_failover-ttl.mail.example.com", "TXT")


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    with Lab.start(tmp_path / "lab") as started:
        yield started


def seen(lab: Lab) -> tuple[str, int, bool]:
    """The name's first address and its TTL on the primary, and whether a note stands beside it."""
    one = lab.info["dns"]["servers"][0]
    servers = Servers([Endpoint(one["address"], one["port"], one["name"])], (), SystemClock())
    try:
        found = servers.read(servers.first(), [MAIL, NOTE])
    finally:
        servers.close()
    records = found[MAIL].records
    assert records is not None
    return records.values[0], records.ttl, found[NOTE].records is not None


def test_ttls_are_low_for_the_move_and_as_they_were_behind_it(lab: Lab, tmp_path: pathlib.Path) -> None:
    project = Project(tmp_path / "project", lab.dir, lab.info)
    definition = project.folder / "inventory/group_vars/all/failover.yml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("      ttl: 60\n", "      ttl: 60\n      ttl_ahead: 45\n"), encoding="utf-8")
    source, was, _note = seen(lab)
    project.run("arm")
    said = project.run("lower_ttl")
    assert outcome(said)[0] == "ttl_lowered" and "the old TTLs have run out everywhere at 20" in said
    assert seen(lab) == (source, 45, True) and was > 45
    assert outcome(project.run("lower_ttl", label="restore", failover_ttl_restore=True))[0] == "ttl_restored"
    assert seen(lab) == (source, was, False)
    project.run("lower_ttl", label="once-more")
    lab.kill("exch1")
    project.run("monitor", failover_monitor_duration=60)
    project.run("ack", failover_decision="proceed", failover_reason="planned", failover_by="duty officer")
    project.run("failover")
    target, ttl, note = seen(lab)
    assert (target != source, ttl, note) == (True, 60, True)
    assert outcome(project.run("failback", failover_data_restored="nothing was written in between"))[0] == "failed_back"
    assert seen(lab) == (source, was, False)
