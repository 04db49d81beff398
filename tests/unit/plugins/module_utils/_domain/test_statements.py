# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signed statement: a signature says who wrote the words, these tests that the words mean something."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import parse_statement, statement_text
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

WORDS: dict[str, t.Any] = {
    "by": "chief",
    "decision": "proceed",
    "reason": "no power",
    "data_at_risk": "",
    "intent": {"identity": "mail", "data_state": "apply_queues"},
    "expires_at": "2026-11-22T21:00:00.000Z",
    "nonce": "00ff",
}


def test_what_was_written_is_read_back() -> None:
    assert {key: parse_statement(statement_text(WORDS))[key] for key in WORDS} == WORDS


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("decision", "foo", "'foo' is no decision, which is one of proceed, decline, withdraw, acknowledge"),
        ("decision", None, "decision is no text"),
        ("intent", {"identity": "mail", "data_state": "lose_it"}, "data_state is none of"),
        ("intent", {"identity": "mail"}, "data_state is none of"),
        ("expires_at", "tomorrow", "expires_at 'tomorrow' is no moment"),
        ("expires_at", "2026-11-22T21:00:00", "is no moment with a time zone"),
        ("expires_at", 5, "expires_at is no text"),
        ("reason", " ", "no reason"),
        ("reason", "...", "no reason"),
        ("nonce", "", "no nonce"),
    ],
)
def test_words_that_mean_nothing_are_refused(key: str, value: t.Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_statement(statement_text({**WORDS, key: value}))
