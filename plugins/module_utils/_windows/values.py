# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""CIM values as the types that the classes' schema gives them, whatever an answer made of them."""

from __future__ import annotations

import typing as t


def field(instance: t.Mapping[str, t.Any], name: str) -> t.Any:
    """A property by its name without regard to letter case, None when the answer left it out."""
    if name in instance:
        return instance[name]
    return next((value for known, value in instance.items() if known.lower() == name.lower()), None)


def text(instance: t.Mapping[str, t.Any], name: str) -> str:
    value = field(instance, name)
    return "" if value is None else str(value)


def number(instance: t.Mapping[str, t.Any], name: str) -> int:
    value = field(instance, name)
    return 0 if value in (None, "") else int(value)


def flag(instance: t.Mapping[str, t.Any], name: str) -> bool:
    value = field(instance, name)
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def strings(instance: t.Mapping[str, t.Any], name: str) -> list[str]:
    """An array property; an empty array is left out of an answer and a single element may come without its list."""
    value = field(instance, name)
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
