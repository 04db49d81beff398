# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a failback has on paper: the data come back before the source serves, and the source joins."""

from __future__ import annotations

import re

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import ISOLATED, giving_back, plan, said

HOOK = ["before_source_joins"]
JOINS = r"^(\d+)\. At the hypervisor, the BMC or the switch of exch1: give exch1 power and network again"


def there(predictions: list[Prediction], hooks: list[str], *, fenced: bool = False) -> str:
    made = plan(predictions, kind="failback", definition=ISOLATED, hooks=hooks, fenced=fenced)
    return paper(made, ISOLATED).partition("## The way back")[0]


@pytest.mark.parametrize("silent", [True, False])
def test_the_data_come_back_before_and_behind_the_end_of_the_target_and_before_the_source_joins(silent: bool) -> None:
    text = there(giving_back(silent=silent), [*HOOK, "before_quiesce"])
    order = [
        "> **Your hook before_quiesce",
        "1. Where the data are replicated or restored: bring to exch1 what was written on exch2",
        "From the next command on they are cut off",
        "2. On exch2, Exchange Management Shell:",
        "### services@exch2",
        "exch2 takes no more writes now. See that the last of them have come to exch1",
        "### identity@exch2",
        "> **Your hook before_source_joins",
        "### fence@exch1: join",
        "### dns: mail",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


@pytest.mark.parametrize(
    ("silent", "hooks", "fenced", "point"),
    [
        (True, [], False, "joins"),
        (True, [], True, "joins"),  # what it starts by itself, nobody knows
        (True, HOOK, False, "identity@exch2: share archive"),
        (True, HOOK, True, "joins"),
        (False, HOOK, False, "identity@exch2: share archive"),
        (False, HOOK, True, "services@exch1: MSExchangeIS"),
        (False, [], True, "services@exch1: MSExchangeIS"),
    ],
)
def test_the_point_of_no_return_stands_where_the_plan_has_it(silent: bool, hooks: list[str], fenced: bool, point: str) -> None:
    text = there(giving_back(silent=silent), hooks, fenced=fenced)
    (number,) = re.findall(r"\*\*(\d+) is the point of no return\.\*\*", text)
    if point == "joins":
        assert re.findall(JOINS, text, re.MULTILINE) == [number]
    else:
        assert re.search(rf"### {point}[^\n]*\n\n{number}\. ", text)


def test_a_source_that_answers_and_has_something_to_be_released_needs_nobody_to_let_it_join() -> None:
    text = there(giving_back(silent=False), [], fenced=True)
    assert not re.search(JOINS, text, re.MULTILINE) and "fence@exch1: join" not in text


def test_a_source_that_answers_and_was_never_fenced_is_the_point_though_nothing_is_typed() -> None:
    predictions = [said("fence@exch1") if one.step == "fence@exch1" else one for one in giving_back(silent=False)]
    text = there(predictions, [])
    (number,) = re.findall(r"\*\*(\d+) is the point of no return\.\*\*", text)
    assert f"\n{number}. At the hypervisor, the BMC or the switch of exch1: nothing is to be done" in text


def test_the_point_is_named_where_nothing_is_typed_behind_it() -> None:
    text = there([one for one in giving_back(silent=True) if "exch" in one.step], [])
    assert re.findall(JOINS, text, re.MULTILINE) == re.findall(r"\*\*(\d+) is the point of no return\.\*\*", text)


def test_a_failover_lets_nobody_join() -> None:
    text = paper(plan(giving_back(silent=True), definition=ISOLATED, hooks=HOOK), ISOLATED)
    assert "join, and not before" not in text and "bring to exch1 what was written" not in text
