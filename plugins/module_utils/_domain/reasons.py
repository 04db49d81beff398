# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What is no reason: blanks, and the words that stand for one in the commands that this collection prints. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: Exactly what printed commands and the guides contain where a person is to write a reason.
PLACEHOLDERS = ("...", "say why", "why", "REASON", "reason")
#: What the roles put before a person's word about the data (``steps_opening_reason`` of roles/steps).
BEFORE = ("data restored:", "data discarded:")


def placeholder(text: t.Any) -> bool:
    """Whether a printed command was typed as it stands."""
    if not isinstance(text, str):
        return False
    said = text.strip()
    return next((said.removeprefix(words) for words in BEFORE if said.startswith(words)), said).strip() in PLACEHOLDERS


def explains(text: t.Any) -> bool:
    """Whether this can be kept as a reason."""
    return bool(str(text or "").strip()) and not placeholder(text)


def refuse_placeholders(given: t.Mapping[str, t.Any]) -> None:
    """Option -> reason, in which mappings may stand (``accept``). Raises InvalidInput; what was not given or is blank is for others to judge."""
    for option, text in given.items():
        if isinstance(text, t.Mapping):
            refuse_placeholders({f"{option}.{key}": one for key, one in text.items()})
        elif placeholder(text):
            raise InvalidInput(f"{option}: {text.strip()!r} only stands for a reason in the printed command; write the reason itself, which every report shows")
