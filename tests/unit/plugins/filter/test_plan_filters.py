# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that show a plan are the domain's functions under another name."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.filter.plan_commands import FilterModule as Commands
from ansible_collections.continuity.identity_failover.plugins.filter.plan_difference import FilterModule as Differing
from ansible_collections.continuity.identity_failover.plugins.filter.plan_table import FilterModule as Table
from ansible_collections.continuity.identity_failover.tests.unit.plans import DEFINITION, plan, usual


def test_a_plan_is_shown() -> None:
    table = Table().filters()["plan_table"]
    assert plan()["hash"] in table(plan())
    assert max(map(len, table(plan(), 90).splitlines())) <= 90


def test_two_plans_are_compared() -> None:
    difference = Differing().filters()["plan_difference"]
    assert "the same" in difference(plan(), plan())
    assert "databases@exch2" in difference(plan(), plan(usual()[:3]))


def test_a_plan_is_written_for_people_who_type() -> None:
    assert "Start-Service -Name 'MSExchangeIS'" in Commands().filters()["plan_commands"](plan(), DEFINITION)
