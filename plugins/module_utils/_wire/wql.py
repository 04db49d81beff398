# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""WQL text from names and values. Nothing else builds a query: a value never becomes part of the language."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.cim import check_name

_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


def literal(value: t.Any) -> str:
    """A WQL literal: quoted text with backslash escapes, TRUE, FALSE, NULL or a number. Date-times need a time zone."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise InvalidInput(f"the date-time {value.isoformat()} has no time zone")
        return "'" + value.astimezone(datetime.timezone.utc).strftime("%Y%m%d%H%M%S.%f") + "+000'"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    raise InvalidInput(f"a value of type {type(value).__name__} cannot stand in a WQL query")


def _condition(name: str, value: t.Any) -> str:
    check_name(name)
    if value is None:
        return f"{name} IS NULL"
    if isinstance(value, (list, tuple)):
        if not value:
            raise InvalidInput(f"the query for {name} names no value")
        return "(" + " OR ".join(_condition(name, item) for item in value) + ")"
    return f"{name} = {literal(value)}"


def select(class_name: str, properties: t.Sequence[str] = (), where: t.Mapping[str, t.Any] | None = None) -> str:
    """``SELECT … FROM class WHERE a = 'x' AND (b = 1 OR b = 2)``. All properties without ``properties``; a list in ``where`` is any of it."""
    columns = ", ".join(check_name(name) for name in properties) or "*"
    conditions = " AND ".join(_condition(name, value) for name, value in (where or {}).items())
    return f"SELECT {columns} FROM {check_name(class_name)}" + (f" WHERE {conditions}" if conditions else "")


def class_of(query: str) -> str:
    """The class that a query asks, "" if it cannot be told."""
    found = _FROM.search(re.sub(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "''", query, flags=re.DOTALL))
    return found[1] if found else ""
