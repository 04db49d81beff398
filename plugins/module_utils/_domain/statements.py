# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The statement that a person signs: one decision on one intent, as text that people can read. Pure.

It is JSON with sorted keys in ASCII, so that no two statements look alike. A nonce makes each good for one decision only.
"""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import parse_moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, DECISIONS
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState

#: The first key of every statement; ``ssh-keygen -n`` takes NAMESPACE, so that a signature for anything else is worth nothing here.
VERSION = "continuity.identity_failover decision 1"
NAMESPACE = "continuity-identity-failover"
KEYS = ("statement", "by", "decision", "reason", "data_at_risk", "intent", "expires_at", "nonce")
#: Seconds by which the clocks of two controllers may differ.
SKEW = 300.0

Statement = dict[str, t.Any]


class VoteRefused(WrongState):
    """This decision may not be recorded; ``details['because']`` says why as a word."""

    reason = "vote_refused"


def statement_text(fields: t.Mapping[str, t.Any]) -> str:
    """What is signed, byte for byte, ending in a newline."""
    return json.dumps({"statement": VERSION, **fields}, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def parse_statement(text: str) -> Statement:
    """Raises InvalidInput for anything that ``statement_text`` would not write; line ends of Windows are taken."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"statement: this is no statement of this collection: {error}") from error
    if not isinstance(found, dict) or found.get("statement") != VERSION:
        raise InvalidInput(f"statement: this is no statement of this collection: it does not say {VERSION!r}")
    if set(found) != set(KEYS) or not isinstance(found["intent"], dict) or statement_text(found) != text.replace("\r\n", "\n"):
        raise InvalidInput("statement: it was not written by failover_ack, or was edited since; let failover_ack write a new one")
    _require_words(found)
    return found


def _require_words(said: Statement) -> None:
    """A signature says who wrote the words, not that they mean anything. Raises InvalidInput."""
    for key in KEYS:
        if key != "intent" and not isinstance(said[key], str):
            raise InvalidInput(f"statement: {key} is no text; let failover_ack write a new one")
    if said["decision"] not in DECISIONS:
        raise InvalidInput(f"statement: {said['decision']!r} is no decision, which is one of {', '.join(DECISIONS)}; let failover_ack write a new one")
    if said["intent"].get("data_state") not in DATA_STATES:
        raise InvalidInput(f"statement: data_state is none of {', '.join(DATA_STATES)}; let failover_ack write a new one")
    if not explains(said["reason"]) or not said["nonce"].strip():
        raise InvalidInput("statement: it has no reason or no nonce; let failover_ack write a new one")
    try:
        aware = parse_moment(said["expires_at"]).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise InvalidInput(f"statement: expires_at {said['expires_at']!r} is no moment with a time zone; let failover_ack write a new one")


def check_statement(
    said: Statement, intent: t.Mapping[str, t.Any], now: datetime.datetime, expires: float, used: t.Collection[str], given: t.Mapping[str, t.Any]
) -> None:
    """Raises VoteRefused unless the statement is about ``intent``, still holds, was not used before, and says what was ``given``."""
    for key, value in given.items():
        if value and value != said[key]:
            raise VoteRefused(f"{key} is {value!r}, but the signed statement says {said[key]!r}: sign a new one, or leave {key} out", because="other_words")
    for key, value in intent.items():
        if str(said["intent"].get(key)) != str(value):
            raise VoteRefused(
                f"the signed statement is about {key} {said['intent'].get(key) or 'none'}, and now that is {value or 'none'}: a new one is needed",
                because="other_intent",
            )
    until = parse_moment(said["expires_at"])
    if until <= now:
        raise VoteRefused(f"the signed statement expired at {said['expires_at']}: let failover_ack write a new one", because="expired")
    if until > now + datetime.timedelta(seconds=expires + SKEW):
        raise VoteRefused(f"the signed statement holds until {said['expires_at']}, longer than the {expires:g} s that the definition gives", because="too_long")
    if said["nonce"] in used:
        raise VoteRefused("the signed statement was used before: each is good for one decision; let failover_ack write a new one", because="replay")
