# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Text of Windows PowerShell 5.1 for a person to type: quoting. Pure. What a run sends is never built like this."""

from __future__ import annotations

import re

#: The language's specification, section 2.3.5.2: any of these four ends a text that a single quote began; doubled it stands for itself.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
#: Nothing that is typed on one line can hold these.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def quoted(text: str) -> str:
    """A text as one argument: single quotes, inside of which nothing is expanded. Control characters are added by their number."""
    pieces, place = [], 0
    for found in _CONTROL.finditer(text):
        pieces += [_plain(text[place : found.start()]), f"[char]{ord(found.group())}"]
        place = found.end()
    if not pieces:
        return _plain(text)
    return f"({' + '.join([*pieces, _plain(text[place:])])})"


def _plain(text: str) -> str:
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"


def program_argument(text: str) -> str:
    """An argument of a program. Windows PowerShell puts quotation marks around one with blanks, and guards none that it holds itself:
    they and the backslashes before them are guarded here, by the rules of the C runtime (reference: Microsoft, Parsing C command-line arguments)."""
    if not text:
        return "'\"\"'"
    guarded = re.sub(r'(\\*)"', r'\1\1\\"', text)
    if re.search(r"\s", text):
        guarded = re.sub(r"(\\+)$", r"\1\1", guarded)
    return quoted(guarded)


def program(name: str, *arguments: str) -> str:
    """A call of a program with its arguments; a name with blanks or a path needs the call operator."""
    called = name if re.fullmatch(r"[A-Za-z0-9_.]+", name) else f"& {quoted(name)}"
    return " ".join([called, *(argument if _bare(argument) else program_argument(argument) for argument in arguments)])


def _bare(argument: str) -> bool:
    """What can stand without quotes, and reads better so: letters, digits, and marks that mean nothing to the language there."""
    return re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9_./:=-]*|-[A-Za-z]+", argument) is not None and not re.fullmatch(r"[0-9].*", argument)


def sql_name(text: str) -> str:
    """A name in Transact-SQL: brackets, the closing one doubled."""
    return "[" + text.replace("]", "]]") + "]"


def sql_text(text: str) -> str:
    return "N'" + text.replace("'", "''") + "'"
