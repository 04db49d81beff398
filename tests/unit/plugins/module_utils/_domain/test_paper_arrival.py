# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sample client answers on paper: the very addresses of the plan."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_arrival import arrival
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.tests.unit.plans import DEFINITION, NEW, OLD, change, plan, said

OLD_STILL = "this client, or the name server that it asks, has the old answer still"
ZONE = {"zone": "example.com"}


def answer(predictions: list[Prediction], kind: str = "failover", **definition: t.Any) -> str:
    return arrival(plan(predictions, kind=kind), {**DEFINITION, **definition})[0].answer


def test_the_answer_is_the_address_that_the_plan_writes() -> None:
    there = [said("dns", change("mail.example.com A", OLD, {"values": ["10.0.1.21", "10.0.1.22"], "ttl": 60}, detail=ZONE))]
    assert answer(there) == f"10.0.1.21 and 10.0.1.22. 10.0.0.21: {OLD_STILL}"
    back = [said("dns", change("mail.example.com A", NEW, OLD, detail=ZONE))]
    assert answer(back, "failback") == f"10.0.0.21. 10.0.1.21: {OLD_STILL}"


def test_a_record_that_is_as_wanted_already_answers_what_it_has() -> None:
    assert answer([said("dns", as_wanted={"mail.example.com A": {"values": ["10.0.1.29"], "ttl": 60}})]) == "10.0.1.29"


@pytest.mark.parametrize(
    ("definition", "wanted"),
    [
        ({}, "10.0.1.21"),
        ({"dns": None, "clients": {"expect": [{"name": "mail.example.com", "addresses": ["10.0.1.9"]}]}}, "10.0.1.9"),
        ({"dns": None, "clients": {"expect": [{"name": "mail.example.com"}]}}, "10.0.0.21"),
        ({"dns": None, "addresses": [], "clients": {"expect": [{"name": "mail.example.com"}]}}, "an address of exch2"),
    ],
    ids=["repoint", "stated", "moving address", "nobody knows"],
)
def test_without_a_record_in_the_plan_the_definition_tells(definition: dict[str, t.Any], wanted: str) -> None:
    assert answer([], **definition) == wanted


def test_a_drill_asks_for_the_names_of_its_records() -> None:
    records = [{"name": "drill.example.com", "type": "A", "values": ["10.0.1.21"]}]
    (line,) = arrival(plan([], kind="drill"), {**DEFINITION, "dns": {**DEFINITION["dns"], "repoint": None, "records": records}, "clients": {"sample": ["ws1"]}})
    assert line.text == "(Resolve-DnsName -Name 'drill.example.com' -DnsOnly).IPAddress" and line.answer == "10.0.1.21"
