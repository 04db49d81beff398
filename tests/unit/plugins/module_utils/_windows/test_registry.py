# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import registry
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

KEY = r"SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"


def answering(method: str, answer: dict[str, t.Any]) -> FakeSession:
    return FakeSession("exch2", methods={("StdRegProv", method): lambda session, keys, arguments: answer})


@pytest.mark.parametrize(("answer", "value"), [({"uValue": 0}, 0), ({"uValue": 1}, 1), ({"ReturnValue": 1}, None), ({"ReturnValue": 2}, None)])
def test_absent_is_not_zero(answer: dict[str, t.Any], value: int | None) -> None:
    assert registry.read_dword(answering("GetDWORDValue", answer), KEY, "DisableStrictNameChecking", 5.0) == value


@pytest.mark.parametrize(
    ("answer", "value"), [({"sValue": ["A", "B"]}, ["A", "B"]), ({"sValue": "A"}, ["A"]), ({}, []), ({"sValue": None}, []), ({"ReturnValue": 2}, None)]
)
def test_strings_are_a_list_whatever_the_answer_made_of_them(answer: dict[str, t.Any], value: list[str] | None) -> None:
    assert registry.read_strings(answering("GetMultiStringValue", answer), KEY, "OptionalNames", 5.0) == value


def test_writing_sends_type_and_place() -> None:
    session = answering("SetMultiStringValue", {})
    registry.write_strings(session, KEY, "OptionalNames", ["A"], 5.0)
    assert session.calls_of("invoke")[0][4] == {"hDefKey": 0x80000002, "sSubKeyName": KEY, "sValueName": "OptionalNames", "sValue": ["A"]}


def test_no_strings_remove_the_value_and_removing_twice_is_fine() -> None:
    session = answering("DeleteValue", {"ReturnValue": 2})
    registry.write_strings(session, KEY, "OptionalNames", [], 5.0)
    assert session.calls_of("invoke")[0][3] == "DeleteValue"


@pytest.mark.parametrize(("code", "kind"), [(5, AccessDenied), (1450, RemoteError)])
def test_refusals_have_their_class(code: int, kind: type[RemoteError]) -> None:
    with pytest.raises(kind, match="OptionalNames on exch2"):
        registry.read_strings(answering("GetMultiStringValue", {"ReturnValue": code}), KEY, "OptionalNames", 5.0)
    with pytest.raises(kind, match="OptionalNames on exch2"):
        registry.write_strings(answering("SetMultiStringValue", {"ReturnValue": code}), KEY, "OptionalNames", ["A"], 5.0)
