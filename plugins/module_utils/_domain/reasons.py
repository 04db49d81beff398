# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What is no reason: blanks, switches, bare numbers, what has no letter and no digit, what is no text, and placeholders.

Placeholders are the words that stand for a reason in the commands that this collection prints. Pure.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: Exactly what printed commands and the guides contain where a person is to write a reason.
PLACEHOLDERS = ("...", "say why", "why", "REASON", "reason")
#: What the roles put before a person's word about the data (``steps_opening_reason`` of roles/steps).
BEFORE = ("data restored:", "data discarded:")
#: How YAML, JSON and Ansible spell a boolean, and a number: an option of the type ``str`` gets them as such texts.
SWITCHES = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "t", "f"))
#: What Python and JSON write for a list or a mapping of texts: an option of the type ``str`` gets them as such texts too.
STRUCTURE = re.compile(r"[\[{]\s*['\"].*[\]}]", re.DOTALL)
NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)


def _said(text: str) -> str:
    """Without blanks, and without what the roles put before it."""
    said = text.strip()
    return next((said.removeprefix(words) for words in BEFORE if said.startswith(words)), said).strip()


def placeholder(text: t.Any) -> bool:
    """Whether a printed command was typed as it stands."""
    return isinstance(text, str) and _said(text) in PLACEHOLDERS


def filled(text: t.Any) -> bool:
    """Whether something stands where a person, or a hook, has to say a fact, which may be a number."""
    return bool(str(text or "").strip()) and not placeholder(text)


def says_nothing(text: t.Any) -> bool:
    """Whether something was given that is no text, or a text that a report could not explain anything with. What was not given, or is blank, is neither."""
    if not isinstance(text, str):
        return isinstance(text, (bool, int, float, list, tuple, t.Mapping))  # and not Ansible's mark for an option that is left out
    said = _said(text)
    wordless = bool(said) and not any(each.isalnum() for each in said)
    return wordless or said.lower() in SWITCHES or bool(NUMBER.fullmatch(said) or STRUCTURE.fullmatch(said))


def explains(text: t.Any) -> bool:
    """Whether this can be kept as a reason."""
    return isinstance(text, str) and bool(_said(text)) and not placeholder(text) and not says_nothing(text)


def refusal(option: str, text: t.Any) -> str:
    """The sentence for what stands where a reason belongs and is none; empty for a reason, and for what was not given or is blank."""
    if placeholder(text):
        return f"{option}: {text.strip()!r} only stands for a reason in the printed command; write the reason itself, which every report shows"
    if says_nothing(text):
        return f"{option}: {text!r} says nothing; write the reason in words, which every report shows"
    return ""


def refuse_placeholders(given: t.Mapping[str, t.Any]) -> None:
    """Option -> reason, in which mappings may stand (``accept``). Raises InvalidInput; what was not given or is blank is for others to judge."""
    for option, text in given.items():
        said = {f"{option}.{key}": one for key, one in text.items()} if isinstance(text, t.Mapping) else {option: text}
        for where, one in said.items():
            if why := refusal(where, one):
                raise InvalidInput(why)
