# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole playbooks while the second name server is silent: the failover goes on, status and report name what it owes, the monitor notes the end."""

from __future__ import annotations

import pathlib
import re

from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import outcome

OWES = r"name server dns2\.example\.com"


def flat(output: str) -> str:
    """Ansible breaks a warning where it is too long for a line."""
    return re.sub(r"\s+", " ", output)


def test_a_silent_name_server_is_a_debt_until_it_was_read(tmp_path: pathlib.Path) -> None:
    with Lab.start(tmp_path / "lab") as lab:
        mail = Project(tmp_path / "project", lab.dir, lab.info)
        definition = mail.folder / "inventory/group_vars/all/failover.yml"
        listed = definition.read_text(encoding="utf-8")
        named = listed.replace('verify_servers: "{{ site_name_servers[1:] }}"', "discover: true")
        # The others ask dns2, and can't be reached by anything while it is silent.
        named = named.replace("flush: [workstations]", "flush: [ws001]").replace("sample: [ws001, ws002]", "sample: [ws001]")
        assert "discover: true" in named and named.count("[ws001]") == 2
        definition.write_text(named, encoding="utf-8")
        assert outcome(mail.run("arm"))[0] == "armed"
        lab.control("kill", {"host": "exch1"})
        lab.control("dns_fault", {"server": "dns2", "kind": "silent"})
        mail.run("monitor", failover_monitor_duration=60)
        mail.run("ack", failover_decision="proceed", failover_reason="no power", failover_by="duty officer")
        moved, _next = outcome(mail.run("failover"))
        assert moved == "failed_over"
        seen = flat(mail.run("status"))
        assert re.search(rf"{OWES} \([^)]*\) owes [^;]*mail\.example\.com A 127", seen), seen
        lab.control("dns_heal", {"server": "dns2"})
        assert "as read now it has all of it" in flat(mail.run("status", label="status-healed"))
        mail.run("report", failover_report_path=str(tmp_path / "report.html"))
        shown = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "Name servers that were not read" in shown and "dns2.example.com" in shown
        mail.run("monitor", label="monitor-after", failover_monitor_duration=0)
        assert not re.search(OWES, flat(mail.run("status", label="status-after")))
