# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What is no person's name: nobody, a list, a switch, and what nobody can see. Such a name would count as one more person. Pure."""

from __future__ import annotations

import re
import unicodedata

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import placeholder
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

VARIABLE = "failover_by"
WHERE = f"by ({VARIABLE} in the playbooks)"
#: What Ansible makes of a backslash and a letter in -e name=value (``ansible.parsing.splitter``), and what was typed.
DECODED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
#: Letters and marks that show nothing though they are not of category C: fillers, joiners, variation selectors
#: (Unicode, DerivedCoreProperties, Default_Ignorable_Code_Point), and the Braille pattern without dots.
_SHOWS_NOTHING = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def odd_name(name: str) -> str:
    """Why nobody may decide under this name, in one sentence; empty for the name of somebody."""
    decoded = next((each for each in name if unicodedata.category(each) == "Cc"), "")
    if decoded:
        typed = option(VARIABLE, "".join(DECODED.get(each, "" if unicodedata.category(each) == "Cc" else each) for each in name))
        return f"{WHERE}: {name!r} has the control character {_named(decoded)}; in -e name=value a backslash is decoded, so write {typed}"
    hidden = next((each for each in name if unicodedata.category(each).startswith("C") or _SHOWS_NOTHING.match(each)), "")
    if hidden:
        return f"{WHERE}: {ascii(name)} has the invisible character {_named(hidden)}; type the name anew, without it"
    if not name.strip():
        return f"{WHERE}: a blank name is nobody's; give the name of who decides, or leave it out for the user that runs Ansible"
    if placeholder(name):
        return f"{WHERE}: {name.strip()!r} only stands for a name in the printed command; write the name of who decides"
    if re.fullmatch(r"\s*(\[.*\]|\{.*\}|\(.*\))\s*", name):
        return f"{WHERE}: {name.strip()} is a list or a mapping, and one decision is one person's; give one name as text"
    if several(name):
        return f"{WHERE}: {name.strip()!r} is a list, and one decision is one person's; give one name, which has no comma and no semicolon"
    user = re.split(r"[\\/]", name)[-1].partition("@")[0].strip("\"' ")
    if not user:
        return f"{WHERE}: {name.strip()} names nobody, only a domain; write DOMAIN\\user or user@domain"
    if not any(each.isalnum() for each in user):
        return f"{WHERE}: {name.strip()!r} names nobody, for it has no letter and no digit; give the name of who decides"
    if name.strip().lower() in ("true", "false"):
        return f"{WHERE}: {name.strip()} is a switch and nobody's name; give the name of who decides as text"
    return ""


def several(name: str) -> bool:
    """Whether this lists names: no account of Windows has these characters (Microsoft, "SAM-Account-Name attribute")."""
    return bool(re.search("[,;]", name))


def refuse_odd_name(name: str | None) -> None:
    """Raises InvalidInput for a name under which nobody may decide; None is for whoever runs Ansible."""
    if name is not None and (why := odd_name(name)):
        raise InvalidInput(why)


def _named(character: str) -> str:
    """``U+200B (ZERO WIDTH SPACE)``."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
