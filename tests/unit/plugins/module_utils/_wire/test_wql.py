# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql


def test_a_query_from_names_and_values() -> None:
    query = wql.select("Win32_Service", ["Name", "State"], {"Name": ["a'b", "c\\d"], "Started": True, "PathName": None, "ProcessId": 0})
    assert query == "SELECT Name, State FROM Win32_Service WHERE (Name = 'a\\'b' OR Name = 'c\\\\d') AND Started = TRUE AND PathName IS NULL AND ProcessId = 0"
    assert wql.select("Win32_Service") == "SELECT * FROM Win32_Service"


def test_a_date_time_is_written_as_wmi_does() -> None:
    moment = datetime.datetime(2026, 3, 1, 13, 0, 0, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    assert wql.literal(moment) == "'20260301120000.000005+000'"


@given(st.text())
def test_no_text_gets_out_of_its_quotes(value: str) -> None:
    literal = wql.literal(value)
    assert re.fullmatch(r"'(?:\\.|[^'\\])*'", literal, re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL) == value
    assert wql.class_of(wql.select("Win32_Share", ["Name"], {"Name": value})) == "Win32_Share"


@pytest.mark.parametrize("value", [object(), datetime.datetime(2026, 1, 1), 1.5])
def test_values_without_a_literal_are_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        wql.literal(value)


def test_names_and_empty_lists_are_refused() -> None:
    with pytest.raises(InvalidInput):
        wql.select("Win32_Service WHERE 1=1")
    with pytest.raises(InvalidInput):
        wql.select("Win32_Service", ["Name FROM x"])
    with pytest.raises(InvalidInput):
        wql.select("Win32_Service", where={"Name = 'x' OR Name": 1})
    with pytest.raises(InvalidInput):
        wql.select("Win32_Service", where={"Name": []})


def test_the_class_is_not_taken_from_a_literal() -> None:
    assert wql.class_of("SELECT * FROM A WHERE x = ' FROM B'") == "A"
    assert wql.class_of("nonsense") == ""
