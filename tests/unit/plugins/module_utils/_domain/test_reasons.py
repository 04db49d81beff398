# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no reason: blanks, and what the printed commands contain instead of one."""

from __future__ import annotations

import json
import shlex
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import way_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import BY_STATE, accepting, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains, placeholder, refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        "...",
        " ... ",
        "say why",
        "why",
        "REASON",
        "reason",
        "data restored: ...",
        "data discarded: why",
        "true",
        "1",
        "Yes",
        "4711",
        "0.5",
        ".",
        "--",
        "?!",
        "{'a': 'b'}",
        '["a"]',
        "{}",
    ],
)
def test_what_explains_nothing(text: str | None) -> None:
    assert not explains(text)


#: What Ansible takes for a boolean.
SWITCHES = ("true", "false", "yes", "no", "on", "off", "y", "n", "t", "f")
CASES = st.sampled_from((str.lower, str.upper, str.title))
BLANKS = st.text(" \t\n", max_size=2)
SPELT = st.builds(lambda word, case: case(word), st.sampled_from(SWITCHES), CASES)
NUMBERS = st.one_of(st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(str), st.from_regex(r"[0-9]{1,6},[0-9]{1,3}", fullmatch=True))
BARE = st.builds(lambda before, word, after: before + word + after, BLANKS, st.one_of(SPELT, NUMBERS), BLANKS)
NO_TEXT = st.one_of(st.booleans(), st.integers(), st.floats(), st.lists(st.text()))
NO_WORD = st.text(".-/?!*(), ", min_size=1).filter(lambda text: bool(text.strip()) and text.strip() != "...")
STRUCTURES = st.one_of(st.dictionaries(st.text(min_size=1), st.text(), min_size=1), st.lists(st.text(), min_size=1)).flatmap(
    lambda made: st.sampled_from([str(made), json.dumps(made)])
)


@given(
    st.one_of(
        BARE, NO_TEXT, NO_WORD, STRUCTURES, st.builds(lambda words, text: f"{words} {text}", st.sampled_from(("data restored:", "data discarded:")), BARE)
    )
)
def test_a_switch_or_a_bare_number_is_no_reason_anywhere(said: t.Any) -> None:
    assert not explains(said)
    for given_so in ({"take_over": said}, {"accept": {"check_failed": said}}):
        option = "take_over" if "take_over" in given_so else "accept.check_failed"
        with pytest.raises(InvalidInput, match=f"^{option}: .* says nothing"):
            refuse_placeholders(given_so)
    with pytest.raises(InvalidInput, match=r"accept\.check_failed has no reason"):
        reasons({"check_failed": said})


@pytest.mark.parametrize(
    "text",
    [
        "why not",
        "the reason is ticket 4711",
        "no power ...",
        "Say why?",
        "because",
        "data restored: from the backup",
        "4711 says so",
        "yes, as agreed",
        "CHG-17",
        "[CHG-17]",
        "n/a",
        "停電",
    ],
)
def test_what_a_person_wrote_is_a_reason_whatever_it_says(text: str) -> None:
    assert explains(text)
    refuse_placeholders({"reason": text, "accept": {"baseline_missing": text}, "from_observation": None, "break_glass": " "})


def test_a_mapping_is_no_reason() -> None:
    assert not explains({"a": "b"})
    with pytest.raises(InvalidInput, match=r"^accept\.check_failed: \{'a': 'b'\} says nothing"):
        refuse_placeholders({"accept": {"check_failed": {"a": "b"}}})


def test_the_option_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"accept.baseline_missing: 'say why' only stands for a reason"):
        refuse_placeholders({"reason": "because", "accept": {"baseline_missing": "say why"}})
    with pytest.raises(InvalidInput, match="accept.baseline_missing has no reason"):
        reasons({"baseline_missing": "..."})


def unapproved(state: str) -> str:
    with pytest.raises(WrongState) as caught:
        opening(Fold(state=state), "mail", "failover")
    return str(caught.value.message).rpartition("first: ")[2]


def reasons_in(command: str) -> list[t.Any]:
    """The values of the variables that a person writes a reason into."""
    said = [json.loads(word) if word.startswith("{") else dict([word.split("=", 1)]) for word in shlex.split(command) if word.startswith("{") or "=" in word]
    values = [value for one in said for key, value in one.items() if key not in ("failover_identity", "failover_decision")]
    return [text for value in values for text in (value.values() if isinstance(value, dict) else [value])]


def test_what_printed_commands_contain_is_on_the_list() -> None:
    commands = [next_command(state, "mail") for state in BY_STATE] + [accepting("failover", "mail", ["spns"]), unapproved("unarmed"), unapproved("pending")]
    commands.append("ansible-playbook " + way_out("mail", "failover").rpartition("ansible-playbook ")[2].rstrip("."))
    found = [text for command in commands for text in reasons_in(command)]
    assert len(found) >= 8 and all(placeholder(text) for text in found), found
