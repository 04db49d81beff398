# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import WORDS, Require, read_require, refuse_too_many
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

STATUSES = st.sampled_from(["ok", "wrong", "unreachable", "not_authoritative"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("reachable", Require("reachable")), (" ALL ", Require("all")), ("primary", Require("primary")), ("2", Require("", 2)), (1, Require("", 1))],
)
def test_words_and_numbers_are_taken(value: t.Any, expected: Require) -> None:
    assert read_require(value) == expected


@pytest.mark.parametrize("value", ["most", "", 0, -1, "1.5", "\u0661", "two", None])
def test_anything_else_is_one_sentence(value: t.Any) -> None:
    with pytest.raises(InvalidInput, match=f"^require: '{value}' is neither reachable, all, primary nor a number of name servers from 1 on$"):
        read_require(value)


def test_more_servers_than_a_zone_has_are_refused_by_its_name() -> None:
    refuse_too_many(Require("", 2), {"example.com": ["dns1", "dns2"]})
    refuse_too_many(Require("all"), {"example.com": []})
    sentence = r"3 name servers shall have the records, and only 2 are known for zone example.com \(dns1, dns2\); list more in verify_servers or ask for fewer"
    with pytest.raises(InvalidInput, match=sentence):
        refuse_too_many(Require("", 3), {"example.com": ["dns1", "dns2"]})


@given(statuses=st.lists(STATUSES, min_size=1, max_size=6), gone=st.booleans(), rule=st.sampled_from([*WORDS, 1, 2, 3]))
def test_what_is_enough_was_read_somewhere(statuses: list[str], gone: bool, rule: t.Any) -> None:
    """The first is the server that was written. Whatever is asked for, nobody succeeds on what no server was seen to have."""
    require = read_require(rule)
    said = dict(enumerate(statuses))
    enough = require.enough(said, statuses[0], lambda server: gone)
    right = statuses.count("ok")
    if rule == "primary":
        assert enough is (statuses[0] == "ok")
    elif rule == "all":
        assert enough is (right == len(statuses))
    elif rule == "reachable":
        assert enough is (right > 0 and "wrong" not in statuses and (gone or "unreachable" not in statuses))
    else:
        assert enough is (right >= rule and statuses[0] != "wrong")
    assert not enough or right > 0
