# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back on paper: what to type before the point of no return, and what to decide behind it."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import (
    DEFINITION,
    ISOLATED,
    NEW,
    PEACE,
    RUNNING,
    SOURCE,
    STOPPED,
    change,
    giving_back,
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


#: What stands behind the commands, there and back.
TOLD = "### When all of that is done: tell the collection"


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]


def test_before_the_point_only_what_was_done_on_the_source_is_taken_back() -> None:
    there, back = back_of(serving())
    (point,) = map(int, re.findall(r"\*\*(\d+) is the point of no return\.\*\*", there))
    assert f"\n{point}. On exch2:\n\n       New-NetIPAddress" in there
    (first, last) = map(int, re.findall(rf"You are not at {point} yet:\*\* type (\d+) to (\d+)", back)[0])
    early = back.partition(f"### Before {point}: nobody can have written on exch2")[2].partition(TOLD)[0]
    assert numbers(early) == list(range(first, last + 1))
    assert set(re.findall(r"^\d+\. On (?:the console of )?(\w+)", early, re.MULTILINE)) == {"exch1"}
    started = [line for line in typed(early) if line.startswith("Start-Service")]
    assert started == ["Start-Service -Name 'MSExchangeADTopology'", "Start-Service -Name 'MSExchangeIS'"]


def test_behind_the_point_somebody_decides_about_the_data_and_all_of_it_is_taken_back() -> None:
    there, back = back_of(serving())
    (first, last) = map(int, re.findall(r"whether it is brought to exch1, or given up\. Then type (\d+) to (\d+)", back)[0])
    assert numbers(back.partition(TOLD)[0]) == list(range(first, last + 1)) and first == numbers(there)[-1] + 1
    taken = [tuple(map(int, span)) for span in re.findall(r"### Takes back (\d+) (?:and|to) (\d+)", back)]
    assert taken == sorted(taken, reverse=True), "the last one first"
    assert all(end < first for _begin, end in taken)


def test_a_source_that_was_cut_off_gets_its_power_back_when_nothing_of_its_identity_is_elsewhere() -> None:
    _there, back = back_of(usual())
    (first, last) = map(int, re.findall(r"give it power and network back when (\d+) to (\d+) are done, and not before", back)[0])
    lines = re.findall(r"^(\d+)\. On (\w+)", back, re.MULTILINE)
    assert [int(number) for number, where in lines if where == "exch2"][-1] == last and int(lines[0][0]) == first
    assert f"The data are brought at {last + 1}," in back
    assert "is the first command that changes anything" not in back, "the address comes before the point"


def test_a_point_that_is_the_first_command_says_so() -> None:
    _there, back = back_of([usual()[0], *moved()])
    assert re.search(r"Where exch1 did not answer, \d+ is the first command that changes anything: before it there is nothing to take back", back)
    joins = [said("services@exch1", change("MSExchangeIS", STOPPED, RUNNING))]
    _there, alone = back_of(joins, "failback")
    assert "* **You are not at 3 yet:** nothing that is typed before it has a way back." in alone, "the data were brought back before"


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


def headings(text: str) -> list[str]:
    """What is taken back, in order; and where the data come in."""
    return re.findall(r"^### (?:Takes back [^:]*: )?(The data|[\w@]+: [\w. ]+)", text, re.MULTILINE)


def failback(*, silent: bool, hooks: t.Sequence[str] = (), fenced: bool = False) -> str:
    made = plan(giving_back(silent=silent), kind="failback", definition=ISOLATED, hooks=list(hooks), fenced=fenced)
    return paper(made, ISOLATED).partition("## The way back\n")[2]


def test_the_data_are_brought_when_the_target_has_stopped_and_before_the_source_serves() -> None:
    """What users write on exch2 after their data were taken would be lost."""
    _there, back = back_of(serving())
    (number,) = re.findall(r"The data are brought at (\d+), when nothing is written on exch2 any more", back)
    (first,) = re.findall(r"Then type (\d+) to \d+\. From the first of them on users are cut off", back)
    early, late = back.partition(f"\n{number}. Whoever answers for the data: bring to exch1 what users wrote on exch2")[::2]
    assert int(first) == numbers(early)[0] and late
    assert set(re.findall(r"^\d+\. On (exch\d)", early, re.MULTILINE)) == {"exch2"} and "Stop-Service -Name 'MSExchangeIS'" in early
    assert set(re.findall(r"^\d+\. On (?:the console of )?(exch\d)", late, re.MULTILINE)) == {"exch1"}
    (begin, end) = map(int, re.findall(r"If exch1 has no network for that, do (\d+) and (\d+) first", late)[0])
    assert re.search(rf"^{begin}\. On the console of exch1[^\n]*\n\n +Enable-NetAdapter", late, re.MULTILINE) and end == begin + 1


def test_an_address_leaves_the_target_before_the_source_has_a_network_to_bring_the_data_over() -> None:
    """It is added before the point of no return, and the data are brought behind everything of the target's."""
    there, back = back_of(usual())
    (point,) = re.findall(r"\*\*(\d+) is the point of no return", there)
    (data,) = re.findall(r"The data are brought at (\d+),", back)
    (removed,) = re.findall(r"^(\d+)\. On exch2:\n\n +Remove-NetIPAddress", back, re.MULTILINE)
    assert int(removed) < int(data)
    assert re.search(rf"not at {point} yet:\*\* type \d+ to \d+, without {data}\. Nobody has written on exch2", back)
    assert f"Behind the point of no return let nothing serve users on it until {data} is done." in back
    assert "without" not in back_of(serving())[1].partition("### From")[0]


def test_nobody_can_have_written_begins_with_what_was_done_before_the_point_though_the_data_come_behind_it() -> None:
    """The address is added before the services start: whoever is not at the point takes it away all the same."""
    there, back = back_of(usual())
    (point,) = re.findall(r"\*\*(\d+) is the point of no return", there)
    late, _before, early = back.partition(f"### Before {point}: nobody can have written on exch2\n")
    assert headings(late)[-1] == "services@exch2: MSExchangeIS"
    assert headings(early)[:2] == ["identity@exch2: address 10.0.0.21", "The data"]
    (first,) = re.findall(rf"not at {point} yet:\*\* type (\d+) to", back)
    assert numbers(early)[0] == int(first)


@pytest.mark.parametrize(
    ("silent", "hooks", "fenced", "late", "early"),
    [
        (
            False,
            ["before_source_joins"],
            True,
            ["databases@exch1: DB01", "services@exch1: MSExchangeIS", "The data"],
            ["identity@exch1: address 10.0.0.30", "fence@exch1: service MSExchangeIS", "fence@exch1: join", "dns: mail.example.com A"],
        ),
        (
            True,
            [],
            False,
            [
                *("databases@exch1: ledger", "databases@exch1: APP", "databases@exch1: DB01"),
                *("services@exch1: MSExchangeIS", "services@exch1: MSExchangeADTopology", "identity@exch1: address 10.0.0.30"),
                *("The data", "fence@exch1: join", "dns: mail.example.com A", "dns: the other name servers"),
            ],
            ["identity@exch2: address 10.0.0.30"],
        ),
    ],
)
def test_a_failback_goes_back_as_an_undo_does(silent: bool, hooks: list[str], fenced: bool, late: list[str], early: list[str]) -> None:
    """The records behind all that is the source's own, which registers its names until then; its data before it is cut off."""
    back = failback(silent=silent, hooks=hooks, fenced=fenced)
    there, _before, rest = back.partition("### Before ")
    assert headings(there) == late
    assert headings(rest)[: len(early)] == early and headings(rest)[-1] == "databases@exch2: DB01"
    assert "Once exch1 has joined, type all the same what stops anything on it, and what takes back the records" in back


def test_what_started_by_itself_has_no_command_and_is_stopped_before_its_data_are_taken() -> None:
    """Its step was looked at, and everything ran."""
    idle = [said(one.step, as_wanted={"x": {}}) if one.step in SOURCE else one for one in giving_back(silent=False)]
    back = paper(plan(idle, kind="failback", definition=ISOLATED), ISOLATED).partition("## The way back\n")[2]
    assert re.search(r"^\d+\. Whoever answers for the data: stop on exch1 what serves users \(MSExchangeADTopology, MSExchangeIS\)", back, re.MULTILINE)
    assert "stop on exch1" not in failback(silent=False, fenced=True)


def test_before_the_source_has_joined_there_are_no_data_of_its_users() -> None:
    """The point is named as early as an undo asks: no journal tells of the hook."""
    back = failback(silent=True, hooks=["before_source_joins"])
    joins, left_out = re.findall(r"While (\d+) was not done, and exch1 is off or cut off, nobody has written there: leave (\d+) out", back)[0]
    assert f"### Takes back {joins}: fence@exch1: join" in back and f"\n{left_out}. Whoever answers for the data: bring to exch2" in back
    assert "nobody has written there" not in failback(silent=False, fenced=True)


@pytest.mark.parametrize(("kind", "there", "back"), [("failover", "target", "source"), ("failback", "source", "target")])
def test_both_ends_of_the_paper_say_how_the_collection_learns_of_it(kind: str, there: str, back: str) -> None:
    text = paper(plan(serving() if kind == "failover" else giving_back(silent=True), kind=kind), PEACE)
    ends = [part.partition(TOLD)[2] for part in text.partition("## The way back")[::2]]
    for end, owner in zip(ends, (there, back), strict=True):
        assert f'adopt -e failover_identity=mail -e failover_owner={owner} -e \'{{"failover_reason": ' in end
        assert ("identity_failover.arm -e failover_identity=mail" in end) is (owner == "source")
    assert text.rstrip().endswith(ends[1].rstrip()) and text.count(TOLD) == 2
    assert TOLD not in paper(plan(moved(), kind="drill"), DEFINITION)
