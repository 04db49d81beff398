# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failover on paper begins with the source, whether it answers or not; the whole paper of both kinds of plan is in ``papers``."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import HOOKS, ISOLATED, PEACE, giving_back, moved, plan, said, serving, typed, usual

PAPERS = pathlib.Path(__file__).parent / "papers"
SILENT = [usual()[0], *moved()]


def written(predictions: list[Prediction], **definition: t.Any) -> str:
    """The plan's hash is of no paper's own making."""
    document = plan(predictions, hooks=HOOKS)
    return paper(document, {**PEACE, **definition}).replace(document["hash"][:16], "0123456789abcdef")


def test_the_whole_paper_of_a_failback_is_as_it_was_read_last() -> None:
    document = plan(giving_back(silent=True), kind="failback", definition=ISOLATED, hooks=["before_source_joins", "before_quiesce"])
    text = paper(document, ISOLATED).replace(document["hash"][:16], "0123456789abcdef")
    assert text == (PAPERS / "failback_silent.md").read_text(encoding="utf-8")


def first_part(text: str) -> str:
    return text.partition("## First: make sure that exch1 is out")[2].partition("## Then: exch2 takes over")[0]


@pytest.mark.parametrize(("name", "predictions"), [("source_serves", serving()), ("source_silent", SILENT)])
def test_the_whole_paper_is_as_it_was_read_last(name: str, predictions: list[Prediction]) -> None:
    """Whoever changes a word of it reads the whole, as somebody frightened would at night."""
    assert written(predictions) == (PAPERS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("predictions", [serving(), SILENT, usual()[1:]], ids=["serves", "silent", "no fence"])
def test_every_failover_begins_with_two_branches_and_the_one_says_what_of_the_other_to_skip(predictions: list[Prediction]) -> None:
    text = written(predictions)
    assert text.index("make sure that exch1 is out") < text.index("\n1. ")
    part = first_part(text)
    (first, last, then) = map(int, re.findall(r"\*\*Then skip (\d+) to (\d+), and go on with (\d+)\.\*\*", part)[0])
    silent, answers = part.split("### Where exch1 does not answer")[1].split("### Where exch1 answers")
    assert re.findall(r"^(\d+)\. At the hypervisor", silent, re.MULTILINE) == [str(first - 1)]
    assert [int(number) for number in re.findall(r"^(\d+)\. On ", answers, re.MULTILINE)] == list(range(first, last + 1))
    assert then == last + 1
    assert f"\n{then}. On exch2:" in text.partition("## Then: exch2 takes over")[2]
    assert all("On exch1" not in line for line in text.partition("## Then:")[2].partition("## The way back")[0].splitlines())


@pytest.mark.parametrize("predictions", [serving(), SILENT], ids=["serves", "silent"])
def test_an_address_leaves_the_source_before_the_target_gets_it_and_comes_back_behind_that(predictions: list[Prediction]) -> None:
    text = written(predictions)
    places = [(found[0], found[1]) for found in re.findall(r"\d+\. On (exch\d)[^\n]*:\n\n +(New|Remove)-NetIPAddress -IPAddress '10.0.0.30'", text)]
    assert places == [("exch1", "Remove"), ("exch2", "New"), ("exch2", "Remove"), ("exch1", "New")]


def test_a_source_that_is_dead_in_the_plan_is_fenced_by_what_the_definition_lists() -> None:
    lines = typed(first_part(written(SILENT)))
    stopped = [line for line in lines if line.startswith("Stop-Service")]
    assert stopped == ["Stop-Service -Name 'MSExchangeIS'", "Stop-Service -Name 'MSExchangeADTopology'"], "the last started is stopped first"
    assert "Get-DnsClient | Set-DnsClient -RegisterThisConnectionsAddress $false" in lines
    listed = typed(first_part(written(SILENT, fence={"minimum": 3, "services": ["W3SVC"]})))
    assert [line for line in listed if line.startswith("Stop-Service")] == ["Stop-Service -Name 'W3SVC'"]


@pytest.mark.parametrize(
    ("minimum", "demanded", "typed_there", "seen"),
    [
        (4, "grade 4 (powered_off)", "Stop-Computer -Force", "off"),
        (
            3,
            "grade 3 (isolated)",
            "Get-NetAdapter | Disable-NetAdapter -Confirm:$false",
            "off; or each of its switch ports shut, and silence in each place in 1 and 2",
        ),
        (2, "grade 2 (services_disabled)", "", "off; or each of its switch ports shut, and silence in each place in 1 and 2"),
        (1, "grade 1 (unreachable)", "", "content with silence in each place, of which one reaches other hosts"),
        (0, "grade 0 (none)", "", "content with silence in each place, of which one reaches other hosts"),
    ],
)
def test_the_grade_that_the_definition_demands_decides_what_is_done_and_seen(minimum: int, demanded: str, typed_there: str, seen: str) -> None:
    part = first_part(written(serving(), fence={"minimum": minimum}))
    assert demanded in part
    lines = typed(part)
    for command in ("Stop-Computer -Force", "Get-NetAdapter | Disable-NetAdapter -Confirm:$false"):
        assert (command in lines) == (command == typed_there)
    silent = part.partition("### Where exch1 does not answer")[2].partition("**Then skip")[0]
    shown = re.search(r"You see: (.*)", silent)
    assert shown is not None and shown.group(1).endswith(seen)
    assert ("type 1 and 2 once more" in part) == (minimum >= 3)
    assert ("it goes on answering, and is out all the same" in part) == (minimum < 3)


def test_a_source_without_services_is_isolated_where_their_end_was_to_prove_something() -> None:
    assert "Disable-NetAdapter" in first_part(written(SILENT, services=[], fence={"minimum": 2}))


def test_the_word_of_the_plan_on_its_fence_and_the_one_that_accepts_less_are_there() -> None:
    part = first_part(written(serving(), fence={"minimum": 3, "accept_unfenced": "the archive only."}))
    assert "a run would have stopped here: the source is fenced to grade 2 (services_disabled), 3 (isolated) is needed." in part
    assert "It accepts less, for this reason: the archive only. Whoever" in part
    assert "exch1 did not answer when this plan was made" in first_part(written(SILENT))


def test_a_source_that_is_fenced_as_demanded_already_needs_no_command() -> None:
    off = {"state": "Stopped", "start_mode": "disabled"}
    fence = said("fence@exch1", as_wanted={"service MSExchangeIS": off, "registration Ethernet": {"registers": False}})
    text = written([fence, *usual()[2:]], fence={"minimum": 2})
    assert "nothing is to be typed" in first_part(text) and "**Then go on with 4.**" in text
    assert not any(line.startswith(("Stop-", "Set-Service")) for line in typed(first_part(text)))


def test_a_fence_that_nothing_was_decided_of_is_made_from_the_definition() -> None:
    running = {"state": "Running", "start_mode": "auto"}
    msg = "exch1 has no MSExchange: nothing was touched. Give key names"
    refused = Prediction("fence@exch1", "exch1", [], {}, "unknown_service", msg, found={"service MSExchangeIS": running}, stops_at={"service MSExchange": "no"})
    part = first_part(written([refused, *moved()]))
    assert "a run would have stopped here: exch1 has no MSExchange: nothing was touched." in part
    assert "Stop-Service -Name 'MSExchangeIS'" in typed(part)


def test_two_places_ask_and_neither_of_them_is_the_source_or_the_machine_that_is_gone() -> None:
    assert first_part(written(serving())).count("On exch2 and on wit1") == 3
    alone = first_part(written(serving(), monitor={"vantage_points": [{"host": "controller"}, {"host": "exch1"}]}))
    assert "1. On exch2 and on another host in another place:" in alone


def test_a_failback_and_a_drill_do_not_begin_with_it() -> None:
    for kind in ("failback", "drill"):
        assert "make sure" not in paper(plan(moved(), kind=kind), PEACE)
