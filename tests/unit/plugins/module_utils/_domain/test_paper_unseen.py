# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failback whose source was silent when it was planned has commands for it, made from the definition."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_unseen import unseen
from ansible_collections.continuity.identity_failover.tests.unit.plans import ISOLATED, SOURCE, giving_back, plan, typed

SILENT = giving_back(silent=True)


def written(**definition: t.Any) -> str:
    return paper(plan(SILENT, kind="failback", definition={**ISOLATED, **definition}), {**ISOLATED, **definition})


def test_each_step_of_the_source_has_its_commands_at_its_place() -> None:
    text = written().partition("## The way back")[0]
    places = [text.index(f"### {step}: not looked at when the plan was made") for step in SOURCE]
    parts = [text[start:end] for start, end in zip(places, [*places[1:], text.index("### dns: mail")], strict=True)]
    assert all("What follows is made from the definition" in part and "has no commands for it" not in part for part in parts)
    released, addresses, services, databases = map(typed, parts)
    assert released[1] == "Set-Service -Name 'MSExchangeADTopology' -StartupType (Read-Host 'StartType of MSExchangeADTopology in peace time')"
    assert released[-1].endswith("-RegisterThisConnectionsAddress $true")
    assert addresses[0].startswith("Get-NetIPAddress -IPAddress '10.0.0.30'") and "-PrefixLength (Read-Host" in addresses[1]
    assert [line for line in services if line.startswith("Start-")] == ["Start-Service -Name 'MSExchangeADTopology'", "Start-Service -Name 'MSExchangeIS'"]
    assert databases[0] == "Mount-Database -Identity 'DB01'" and "[pay]]roll] SET ONLINE" in databases[2] and databases[4].startswith("& 'D:\\my db\\up.exe'")


def test_the_way_back_stops_what_was_started() -> None:
    back = typed(written().partition("## The way back")[2])
    stops = [
        "Dismount-Database -Identity 'DB01' -Confirm:$false",
        "Stop-Service -Name 'MSExchangeIS'",
        "Remove-NetIPAddress -IPAddress '10.0.0.30' -Confirm:$false",
    ]
    assert [back.index(line) for line in stops] == sorted(back.index(line) for line in stops)


def test_a_prefix_that_the_definition_states_is_not_asked_for() -> None:
    text = written(addresses=[{"address": "10.0.0.30", "prefix_length": 26}])
    assert "New-NetIPAddress -IPAddress '10.0.0.30' -PrefixLength 26 -InterfaceAlias (Read-Host 'InterfaceAlias in peace time')" in typed(text)


def test_the_services_of_the_fence_are_those_that_it_stops() -> None:
    text = written(fence={"minimum": 2, "services": ["W3SVC"]})
    assert "Get-Service -Name 'W3SVC' | Format-Table -Property Name, Status, StartType" in typed(text)


@pytest.mark.parametrize("step", ["services@exch2", "spns", "dns", "clients"])
def test_nothing_is_made_up_for_others(step: str) -> None:
    assert unseen({"step": step, "reason": "unreachable", "changes": 0}, ISOLATED) == []


@pytest.mark.parametrize(("reason", "changes"), [("", 0), ("unknown_service", 0), ("unreachable", 1)])
def test_what_the_plan_has_seen_is_not_made_anew(reason: str, changes: int) -> None:
    assert unseen({"step": "services@exch1", "reason": reason, "changes": changes}, ISOLATED) == []


def test_a_definition_without_a_workload_has_only_the_registration_to_release() -> None:
    empty = {**ISOLATED, "services": [], "databases": [], "addresses": []}
    (deed,) = unseen({"step": "fence@exch1", "reason": "unreachable", "changes": 0}, empty)
    assert [line.text.partition(" ")[0] for line in deed.lines] == ["Get-DnsClient", "Set-DnsClient"]
    assert all(not unseen({"step": step, "reason": "unreachable", "changes": 0}, empty) for step in SOURCE[1:])
