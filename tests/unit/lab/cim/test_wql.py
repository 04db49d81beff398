# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql as ours
from ansible_collections.continuity.identity_failover.tests.lab.cim import wql
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault

TYPES = {"name": "string", "number": "uint32", "flag": "boolean", "at": "datetime", "list": "string[]"}
ROW: dict[str, Any] = {"name": "MSExchangeIS", "number": 7, "flag": True, "at": "20260131120000.000000+000", "list": ["a"]}


def holds(condition: str, row: dict[str, Any] | None = None) -> bool | None:
    return wql.parse(f"SELECT * FROM X WHERE {condition}").test(TYPES)(ROW if row is None else row)


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("Name = 'msexchangeis'", True),
        ('Name = "MSExchangeIS"', True),
        ("Name <> 'x'", True),
        ("Name != 'MSExchangeIS'", False),
        ("Number > 6 AND Number < 8", True),
        ("7 <= Number", True),
        ("6 >= Number", False),
        ("Number = '7'", True),
        ("Flag = TRUE", True),
        ("NOT Flag = TRUE OR Number = 7", True),
        ("NOT (Flag = TRUE OR Number = 7)", False),
        ("Name LIKE 'MSEx%'", True),
        ("Name LIKE '_SExchange[HIJ]S'", True),
        ("Name NOT LIKE '%Transport'", True),
        ("Name LIKE '[^M]%'", False),
        ("Name IS NULL", False),
        ("Name IS NOT NULL", True),
        ("Name = NULL", False),
        ("At > '20260131115959.000000+000'", True),
        ("At < '20260131130000.000000+060'", False),
        ("At <= '20260131130000.000000+060'", True),
    ],
)
def test_conditions(condition: str, result: bool) -> None:
    assert holds(condition) is result


def test_a_null_is_neither_equal_nor_different() -> None:
    assert holds("Name = 'x'", {"name": None}) is None
    assert holds("NOT Name = 'x'", {"name": None}) is None
    assert holds("Name = 'x' OR Number = 1", {"name": None, "number": 1}) is True


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT",
        "SELECT * FROM",
        "SELECT FROM X",
        "SELECT * FROM X WHERE",
        "SELECT * FROM X WHERE Name",
        "SELECT * FROM X WHERE Name = ",
        "SELECT * FROM X WHERE Name = 'x",
        "SELECT * FROM X WHERE (Name = 'x'",
        "SELECT * FROM X WHERE Name = 'C:\\x'",
        "SELECT * FROM X WHERE Name = 'x' ORDER BY Name",
        "SELECT * FROM X; DROP",
        "DELETE FROM X",
        "SELECT * FROM X WHERE Name == 'x'",
        "SELECT * FROM X WHERE Name > NULL",
    ],
)
def test_what_is_no_wql_is_a_bad_query(query: str) -> None:
    with pytest.raises(CimFault) as fault:
        wql.parse(query)
    assert fault.value.code == 2150858778


@pytest.mark.parametrize("condition", ["Name = 7", "Number = 'x'", "At = 'today'", "Flag = 'perhaps'", "List = 'a'", "Number LIKE '7%'", "Number = TRUE"])
def test_what_cannot_be_compared_is_a_bad_query(condition: str) -> None:
    with pytest.raises(CimFault) as fault:
        holds(condition)
    assert fault.value.code == 2150858778


def test_very_many_terms_are_over_the_quota() -> None:
    with pytest.raises(CimFault) as fault:
        wql.parse("SELECT * FROM X WHERE " + " OR ".join(f"Number = {number}" for number in range(61)))
    assert fault.value.error_code == 0x8004106C


def test_what_a_query_ties_to_one_value() -> None:
    assert wql.parse("SELECT * FROM P WHERE Address = 'a' AND (Timeout = 5 AND Number > 3)").equalities() == {"address": "a", "timeout": 5}
    assert wql.parse("SELECT * FROM P WHERE Address = 'a' OR Address = 'b'").equalities() == {}


@given(st.text(max_size=30))
def test_what_the_collection_quotes_is_read_back_as_it_was(text: str) -> None:
    query = wql.parse(ours.select("X", ["A"], {"Name": text}))
    assert query.columns == ("A",)
    assert query.test({"name": "string"})({"name": text}) is True
