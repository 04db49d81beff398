# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole identity through a day of virtual time: armed, its source dead, moved by every step of the role, and then the source gets its power back.

The model's host registers its names itself, as it starts; nobody tells it to.
"""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import Setting, credentials, definition
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.chaos.sequences import Controller

HOUR = 3600.0
MAIL = "mail.example.com"


class Identity:
    def __init__(self, lab: MemoryLab, folder: pathlib.Path) -> None:
        self.lab = lab
        self.controller = Controller(lab, definition(lab, Setting()), credentials(lab), folder / "mirror", "duty officer")
        self.old, self.new = lab.network.address(20, 21), lab.network.address(20, 22)

    def fail_over(self) -> None:
        self.controller.arm()
        self.lab.control("kill", host="exch1")
        self.controller.count_down()
        self.controller.decide()
        assert self.controller.failover() == "done"

    def look(self) -> Result:
        monitor = self.controller.definition["monitor"]
        options = {key: monitor[key] for key in ("vantage_points", "probes", "interval", "missed", "trigger")}
        return self.controller.journal("failover_monitor", self.controller.definition, source="exch1", duration=0.0, **options)

    def given(self) -> set[tuple[str, ...]]:
        return {tuple(server.lookup(MAIL, "A")) for server in self.lab.estate.dns.values()}

    def repair(self) -> None:
        """As the playbook repair_dns does."""
        repairs = self.controller.journal("failover_status", self.controller.definition).extra["repairs"]
        assert {one["name"] for one in repairs} == {MAIL, "autodiscover.example.com"}
        self.controller.names("present", self.controller.definition["dns"], {}, records=repairs, on_conflict="replace")


@pytest.fixture
def identity(tmp_path: pathlib.Path) -> t.Iterator[Identity]:
    with MemoryLab(tmp_path) as lab:
        yield Identity(lab, tmp_path)


def test_a_source_that_gets_its_power_back_takes_its_names_and_everybody_is_told(identity: Identity) -> None:
    identity.fail_over()
    for _hour in range(5):
        identity.lab.clock.sleep(HOUR)
        assert (identity.look().extra["state"], identity.given()) == ("failed_over", {(identity.new,)})

    identity.lab.control("return", host="exch1")
    identity.lab.clock.sleep(HOUR)
    assert identity.given() == {(identity.old,)}
    seen = identity.look()
    wrong = {(one["of"], one["name"], *one["values"], *one["wanted"]) for one in seen.extra["threats"] if one.get("finding") == "dns_record_changed"}
    assert {entry for entry in wrong if entry[1] == f"{MAIL} A"} == {(server, f"{MAIL} A", identity.old, identity.new) for server in ("dns1", "dns2")}
    assert (seen.extra["state"], ".repair_dns " in seen.extra["next"]) == ("threatened", True)

    identity.repair()
    identity.lab.clock.sleep(HOUR)
    assert identity.given() == {(identity.new,)}
    assert not [one for one in identity.look().extra["threats"] if one["kind"] == "dns"]

    identity.lab.control("kill", host="exch1")
    for _hour in range(17):
        identity.lab.clock.sleep(HOUR)
        assert (identity.look().extra["state"], identity.given()) == ("failed_over", {(identity.new,)})
