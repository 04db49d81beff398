# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A vote's signature: whose it is, and whether it holds. Checked when the vote is written and again when the run is opened."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People, Person
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import NAMESPACE, VoteRefused, parse_statement
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import ssh_keygen
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.ssh_signature import signing_key


def signer(text: str, signature: str, people: People) -> Person:
    """Who signed ``text``. Raises VoteRefused for a key that nobody lists, and for a signature that does not verify."""
    key = signing_key(signature)
    person = people.with_key(key)
    if person is None:
        raise VoteRefused(f"the signature is of the key {key[:40]}..., which nobody in approvals.people lists", because="unknown_key")
    if not ssh_keygen.verifies(text, signature, key, NAMESPACE):
        raise VoteRefused(f"the signature of {person.name} does not verify: the statement was changed, or was signed for another use", because="bad_signature")
    said = parse_statement(text)
    if not set(people.marks(said["by"])) & set(people.marks(person.name)):
        raise VoteRefused(
            f"the statement is {said['by']}'s, but the key that signed it is {person.name}'s: say who decides with {option('failover_by', person.name)}, "
            "so that a new statement is written in that name, or sign with a key of that person",
            because="other_person",
        )
    return person


def forged(votes: t.Iterable[t.Mapping[str, t.Any]], people: People) -> dict[int, str]:
    """Number of a vote's event -> why its signature does not hold. One that can not be verified here does not hold either."""
    found = {}
    for vote in votes:
        if vote.get("how") == "signature":
            try:
                signer(str(vote["statement"]), str(vote["signature"]), people)
                _same(vote)
            except FailoverError as error:
                found[int(vote["seq"])] = error.message
    return found


def _same(vote: t.Mapping[str, t.Any]) -> None:
    """The journal's own words must be those that were signed."""
    said = parse_statement(str(vote["statement"]))
    for key in ("decision", "reason", "intent", "expires_at"):
        if vote[key] != said[key]:
            raise VoteRefused(f"its {key} in the journal is not the one that was signed", because="other_words")
