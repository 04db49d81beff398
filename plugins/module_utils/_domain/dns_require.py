# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What success of a DNS change needs: ``require`` as the user writes it, and whether what the name servers say is enough. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

REACHABLE, ALL, PRIMARY = "reachable", "all", "primary"
WORDS = {REACHABLE: "every name server that answers", ALL: "every name server", PRIMARY: "the name server that was written"}


@dataclasses.dataclass(frozen=True)
class Require:
    """``rule`` is a word of WORDS, or empty where ``number`` name servers are enough."""

    rule: str
    number: int = 0

    @property
    def words(self) -> str:
        if self.rule:
            return WORDS[self.rule]
        return "one name server" if self.number == 1 else f"{self.number} name servers"

    @property
    def with_resolvers(self) -> bool:
        """Whether the clients' resolvers have to have the new value too."""
        return self.rule in (REACHABLE, ALL)

    def enough(self, statuses: t.Mapping[t.Any, str], primary: str, gone: t.Callable[[t.Any], bool]) -> bool:
        """Whether one record set is settled. ``statuses``: server -> its verdict's status, ``primary``: that of the server that was
        written, ``gone``: whether a server that does not answer may be passed over."""
        if self.rule == PRIMARY:
            return primary == "ok"
        right = sum(status == "ok" for status in statuses.values())
        if self.number:
            # Another value at the server that was written reaches the others next, however many have ours now.
            return right >= self.number and primary != "wrong"
        if self.rule == ALL:
            return right == len(statuses)
        return right > 0 and all(status != "wrong" and (status != "unreachable" or gone(server)) for server, status in statuses.items())


def read_require(value: t.Any, where: str = "require") -> Require:
    """Raises InvalidInput."""
    text = str(value).strip().lower()
    if text in WORDS:
        return Require(text)
    if text.isascii() and text.isdigit() and int(text) > 0:
        return Require("", int(text))
    raise InvalidInput(f"{where}: '{value}' is neither {', '.join(WORDS)} nor a number of name servers from 1 on")


def refuse_too_many(require: Require, known: t.Mapping[str, t.Sequence[str]], where: str = "require") -> None:
    """Raises InvalidInput where a number can never be reached. ``known``: zone -> labels of its name servers."""
    for zone, labels in known.items():
        if require.number > len(labels):
            there = f"{len(labels)} {'is' if len(labels) == 1 else 'are'} known for zone {zone} ({', '.join(labels) or 'none'})"
            raise InvalidInput(f"{where}: {require.number} name servers shall have the records, and only {there}; list more in verify_servers or ask for fewer")
