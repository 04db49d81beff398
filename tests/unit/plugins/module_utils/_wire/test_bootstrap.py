# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import bootstrap

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), JSON)
def test_standard_input_is_one_line_of_ascii(script: str, data: t.Any) -> None:
    sent = bootstrap.standard_input(script, data)
    assert sent.endswith(b"\r\n") and sent.count(b"\n") == 1
    assert json.loads(base64.b64decode(sent)) == {"script": script, "data": data}


@given(JSON, st.sampled_from(["", "\ufeff", "WARNING: noise\r\n", "\r\n\r\n"]), st.sampled_from(["", "\r\n", "\r\nmore noise"]))
def test_the_marked_line_is_found_in_noise(value: t.Any, before: str, after: str) -> None:
    answer = {"ok": True, "value": value}
    assert bootstrap.answer_of((before + "continuity:" + json.dumps(answer) + after).encode()) == answer


def test_no_answer_and_broken_answers() -> None:
    assert bootstrap.answer_of(b"") is None
    assert bootstrap.answer_of(b"noise\xff\r\n") is None
    for bad in (b'continuity:{"ok":true}\r\ncontinuity:{"ok":true}', b"continuity:{", b"continuity:[]", b'continuity:{"ok":1}'):
        with pytest.raises(ProtocolError):
            bootstrap.answer_of(bad)


def test_the_command_line_needs_no_quotes() -> None:
    line = bootstrap.arguments('$x = "a b" # \u00fc')
    assert all(set(argument) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-") for argument in line)
    assert base64.b64decode(line[-1]).decode("utf-16-le") == '$x = "a b" # \u00fc'
