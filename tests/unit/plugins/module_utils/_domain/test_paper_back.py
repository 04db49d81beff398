# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back on paper: what to type before the point of no return, and what to decide behind it."""

from __future__ import annotations

import re

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import (
    DEFINITION,
    NEW,
    PEACE,
    RUNNING,
    STOPPED,
    change,
    moved,
    plan,
    said,
    serving,
    typed,
    usual,
)


def back_of(predictions: list[Prediction], kind: str = "failover") -> tuple[str, str]:
    """The paper before its way back, and that."""
    there, _title, back = paper(plan(predictions, kind=kind), PEACE).partition("## The way back\n")
    return there, back


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]


def test_before_the_point_only_what_was_done_on_the_source_is_taken_back() -> None:
    there, back = back_of(serving())
    (point,) = map(int, re.findall(r"\*\*(\d+) is the point of no return\.\*\*", there))
    assert f"\n{point}. On exch2:\n\n       New-NetIPAddress" in there
    (first, last) = map(int, re.findall(rf"You are not at {point} yet:\*\* type (\d+) to (\d+)", back)[0])
    early = back.partition(f"### Before {point}: nobody can have written on exch2")[2]
    assert numbers(early) == list(range(first, last + 1))
    assert set(re.findall(r"^\d+\. On (?:the console of )?(\w+)", early, re.MULTILINE)) == {"exch1"}
    started = [line for line in typed(early) if line.startswith("Start-Service")]
    assert started == ["Start-Service -Name 'MSExchangeADTopology'", "Start-Service -Name 'MSExchangeIS'"]


def test_behind_the_point_somebody_decides_about_the_data_and_all_of_it_is_taken_back() -> None:
    there, back = back_of(serving())
    (first, last) = map(int, re.findall(r"somebody writes down that it is given up\. Then type (\d+) to (\d+)", back)[0])
    assert numbers(back) == list(range(first, last + 1)) and first == numbers(there)[-1] + 1
    taken = [tuple(map(int, span)) for span in re.findall(r"### Takes back (\d+) (?:and|to) (\d+)", back)]
    assert taken == sorted(taken, reverse=True), "the last one first"
    assert all(end < first for _begin, end in taken)


def test_a_source_that_was_cut_off_gets_its_power_back_when_nothing_of_its_identity_is_elsewhere() -> None:
    _there, back = back_of(usual())
    (first, last) = map(int, re.findall(r"give it power and network back when (\d+) to (\d+) are done, and not before", back)[0])
    lines = re.findall(r"^(\d+)\. On (\w+)", back, re.MULTILINE)
    assert [int(number) for number, where in lines if where == "exch2"][-1] == last and int(lines[0][0]) == first
    assert "is the first command that changes anything" not in back, "the address comes before the point"


def test_a_point_that_is_the_first_command_says_so() -> None:
    _there, back = back_of([usual()[0], *moved()])
    assert re.search(r"Where exch1 did not answer, \d+ is the first command that changes anything: before it there is nothing to take back", back)
    joins = [said("services@exch1", change("MSExchangeIS", STOPPED, RUNNING))]
    _there, alone = back_of(joins, "failback")
    assert "**1 is the first command that changes anything:** there is no way back on which no data are at stake" in alone and "not at 1 yet" not in alone


def test_what_was_done_to_the_data_before_the_point_is_not_passed_over() -> None:
    handed = said("data@exch2", change("data", None, {"state": "promoted", "choice": "discard_queues"}, grade="unknown"))
    there, back = back_of([usual()[0], handed, *moved()])
    (first, last) = re.findall(r"### data@exch2.*?\n(\d+)\. On exch2.*?\n(\d+)\. On exch2", there, re.DOTALL)[0]
    assert "is the first command that changes anything" not in back
    assert f"* What {first} and {last} did to the data on exch2 stays: turn the replication round" in back and "hook data" not in back
    definition = {**PEACE, "fence": {"minimum": 1}, "services": []}
    off = said("fence@exch1", as_wanted={"registration Ethernet": {"registers": False}})
    leads = said("dns", change("mail.example.com A", None, NEW, detail={"zone": "example.com"}))
    assert "nothing that is typed before it has a way back" in paper(plan([off, handed, leads]), definition)


def test_the_sentence_of_the_point_is_true_of_the_plan() -> None:
    there, _back = back_of(serving())
    assert "identity@exch2 leads clients there and gives them shares: from here on" in there
    there, _back = back_of(usual())
    assert "services@exch2 starts what serves clients, and they are led there: from here on" in there


def test_without_a_point_nothing_is_left_behind() -> None:
    there, back = back_of([said("spns", change("http/mail", {"account": "EXCH1$"}, {"account": "EXCH2$"}))])
    assert "point of no return" not in there + back
    assert "going back leaves nothing behind there" in back and "setspn.exe -S http/mail 'EXCH1$'" in typed(back)


def test_what_no_command_takes_back_is_told() -> None:
    there, back = back_of(usual())
    assert "What the script D:\\dr\\post.ps1 did stays as it is" in back
    (cleared,) = re.findall(r"^(\d+)\. On any host:\n\n +Invoke-Command", there, re.MULTILINE)
    assert f"Clear the clients' caches once more when the records lead back: type {cleared} again." in back


def test_a_drill_has_its_way_back_in_itself() -> None:
    assert "The way back" not in paper(plan(moved(), kind="drill"), DEFINITION)
