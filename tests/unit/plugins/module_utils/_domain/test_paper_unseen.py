# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan could not look at: commands of a silent source, made from the definition; and the point of no return, which may be such a step."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_unseen import unseen
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import ORDER, key_of
from ansible_collections.continuity.identity_failover.tests.unit.plans import (
    DEFINITION,
    ISOLATED,
    PEACE,
    RUNNING,
    SOURCE,
    giving_back,
    plan,
    said,
    serving,
    typed,
    usual,
)

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


#: Without anything else that could be the point: no addresses, no databases.
BARE: dict[str, t.Any] = {**DEFINITION, "addresses": [], "databases": [], "post_script": {}}
HOOK = ["before_source_joins"]
NO_RETURN = re.compile(r"\*\*(\d+) is the point of no return\.\*\*")


def with_unseen(predictions: list[Prediction], steps: t.Collection[str]) -> list[Prediction]:
    return [said(one.step, reason="unreachable", msg="no answer") if one.step in steps else one for one in predictions]


def points_by_step(text: str) -> t.Iterator[tuple[str, int]]:
    """The step of each point, in order; a point of none has the words of its heading."""
    step = ""
    for heading, number in re.findall(r"^(?:### ([^:\n]+).*|(\d+)\. .*)$", text, re.MULTILINE):
        step = heading or step
        if number:
            yield step, int(number)


@pytest.mark.parametrize(
    ("predictions", "kind", "definition", "hooks", "fenced"),
    [
        (usual(), "failover", DEFINITION, [], False),
        (serving(), "failover", PEACE, [], False),
        ([usual()[0], said("services@exch2", as_wanted={"MSExchangeIS": RUNNING}), *usual()[5:]], "failover", BARE, [], False),
        (giving_back(silent=False), "failback", ISOLATED, [], True),
        (giving_back(silent=True), "failback", ISOLATED, [], False),
        (giving_back(silent=True), "failback", ISOLATED, HOOK, False),
        (giving_back(silent=False), "failback", ISOLATED, HOOK, True),
    ],
    ids=["dead", "serves", "bare", "fenced", "silent", "silent, hook", "fenced, hook"],
)
def test_the_point_of_no_return_is_announced_before_the_first_point_of_its_step_whatever_was_not_looked_at(
    predictions: list[Prediction], kind: str, definition: dict[str, t.Any], hooks: list[str], fenced: bool
) -> None:
    keys = [key_of(step, side, definition) for step, side in ORDER[kind]]
    steps = [one.step for one in predictions]
    for steps_unseen in itertools.chain.from_iterable(itertools.combinations(steps, size) for size in range(len(steps) + 1)):
        document = plan(with_unseen(predictions, steps_unseen), kind=kind, definition=definition, hooks=hooks, fenced=fenced)
        there, _title, back = paper(document, definition).partition("## The way back\n")
        announced, told = NO_RETURN.findall(there), document["point_of_no_return"]
        assert len(announced) == bool(told), steps_unseen
        assert ("going back leaves nothing behind there" in back) <= (told is None), steps_unseen
        if told:
            since = keys.index(told["step"])
            first = next(number for step, number in points_by_step(there) if step in keys[since:])
            assert int(announced[0]) == first, steps_unseen
            assert there.index(f"**{first} is the point") < there.index(f"\n{first}. "), steps_unseen


def test_a_point_of_no_return_without_commands_is_a_point_of_its_own_which_the_way_back_takes_back() -> None:
    """Who has done it by hand is at it."""
    document = plan(with_unseen(usual(), ["services@exch2"]))
    there, _title, back = paper(document, DEFINITION).partition("## The way back\n")
    (number,) = NO_RETURN.findall(there)
    assert re.search(rf"### services@exch2: by hand: [^\n]*\n\n{number}\. On exch2: change what you found", there)
    late, _before, early = back.partition(f"### Before {number}: nobody can have written on exch2")
    assert f"### Takes back {number}: services@exch2: by hand" in late and "\n### Takes back" in early
    nothing_else = paper(plan(with_unseen([usual()[0], usual()[5]], ["dns"]), definition=BARE), BARE)
    (number,) = NO_RETURN.findall(nothing_else)
    assert f"\n{number}. On a host with the DNS server tools: change what you found" in nothing_else


def test_what_is_not_the_point_of_no_return_stays_a_sentence() -> None:
    text = paper(plan(with_unseen(usual(), ["spns", "identity@exch2", "dns"])), DEFINITION)
    assert "find out here what is to be changed" in text and ": by hand" not in text.replace(" by hand\n", "")


def test_a_point_of_no_return_behind_which_nothing_is_typed_is_announced_at_the_end() -> None:
    """A hook is the point, and the plan has no step behind it."""
    document = plan([said("identity@exch2", as_wanted={"share archive": {}})], kind="failback", definition=ISOLATED, hooks=HOOK)
    there = paper(document, ISOLATED).partition("## The way back\n")[0]
    assert there.index(NO_RETURN.findall(there)[0] + " is the point") < there.index("tell the collection")
