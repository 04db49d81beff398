# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names under which nobody may decide: nobody's, lists, and what nobody can see."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from ansible.parsing.splitter import parse_kv
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import refuse_odd_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput


def refusal(name: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        refuse_odd_name(name)
    return caught.value.message


@pytest.mark.parametrize("name", [None, "bob", "EXAMPLE\\alice", "EXAMPLE/alice", "alice@example.com", "Jürgen Größe", "O'Brien", "4711", " bob "])
def test_a_name_of_somebody_is_taken(name: str | None) -> None:
    refuse_odd_name(name)


@pytest.mark.parametrize("name", ["", " ", "\u00a0\u3000"])
def test_a_blank_name_is_nobodys(name: str) -> None:
    assert refusal(name).startswith("by (failover_by in the playbooks): a blank name is nobody's; give the name")


@pytest.mark.parametrize("name", ["['bob']", '["bob"]', "{'name': 'bob'}", "[]", "('bob',)"])
def test_a_list_is_no_name(name: str) -> None:
    assert "is a list or a mapping, and one decision is one person's; give one name as text" in refusal(name)


@pytest.mark.parametrize("name", ["EXAMPLE\\", "EXAMPLE/ ", "@example.com", "''", "\\"])
def test_a_domain_alone_is_nobody(name: str) -> None:
    assert "names nobody, only a domain" in refusal(name)


@pytest.mark.parametrize("name", ["*", "CORP\\*", "...@example.com", "-", "?!"])
def test_a_name_without_a_letter_or_a_digit_is_nobodys(name: str) -> None:
    assert "names nobody, for it has no letter and no digit" in refusal(name)


@pytest.mark.parametrize("name", [str(True), "true", "False"])
def test_a_switch_is_no_name(name: str) -> None:
    assert "is a switch and nobody's name" in refusal(name)


@pytest.mark.parametrize("name", ["alice, bob", "alice,bob", "alice; bob", "alice,"])
def test_names_in_a_row_are_not_one_person(name: str) -> None:
    assert f"{name!r} is a list, and one decision is one person's" in refusal(name)


@pytest.mark.parametrize("user", ["alice", "bob", "frank", "nora", "robert", "tom", "victor"])
def test_a_backslash_that_ansible_decoded_is_told_with_the_words_to_type(user: str) -> None:
    typed = f"EXAMPLE\\{user}"
    arrived = parse_kv(f"failover_by={typed}")["failover_by"]
    assert arrived != typed
    told = refusal(str(arrived))
    assert "in -e name=value a backslash is decoded" in told
    words = shlex.split(re.split(r"so write ", told)[1])
    assert words[0] == "-e" and json.loads(words[1]) == {"failover_by": typed}


@pytest.mark.parametrize(
    ("name", "what"),
    [("al\u200bice", "U+200B (ZERO WIDTH SPACE)"), ("alice\u202e", "U+202E"), ("alice\ue000", "U+E000"), ("\ufeffalice", "U+FEFF"), ("al\ufe0fice", "U+FE0F")],
)
def test_what_nobody_can_see_is_named(name: str, what: str) -> None:
    told = refusal(name)
    assert f"has the invisible character {what}" in told and told.isascii()


@given(st.text("abc", max_size=4), st.characters(categories=["C"]), st.text("abc", max_size=4))
def test_a_name_with_anything_of_category_c_is_refused(before: str, odd: str, after: str) -> None:
    assert refusal(before + odd + after)
