# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock as the roles ask for it, where no account of the domain is there to set it: a plan says so and goes on. test_locked_names.py has the lock itself."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab


def test_a_plan_takes_the_lock_where_the_definition_asks_for_it(tmp_path: pathlib.Path) -> None:
    with Lab.start(tmp_path / "lab") as lab:
        project = Project(tmp_path / "project", lab.dir, lab.info)
        definition = project.folder / "inventory/group_vars/all/failover.yml"
        asked = definition.read_text(encoding="utf-8").replace(
            "      ttl: 60\n    clients:", "      ttl: 60\n      lock: {account: 'EXCH1$', domain_controllers: [{address: 127.0.0.1, port: 1}]}\n    clients:"
        )
        definition.write_text(asked, encoding="utf-8")
        project.run("arm")
        project.run("plan", failover_plan=str(tmp_path / "plan.json"))
        (lock,) = [step for step in json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["steps"] if step["step"] == "dns_lock"]
        assert lock["reason"] == "bad_credentials" and "kerberos is missing" in lock["msg"]
