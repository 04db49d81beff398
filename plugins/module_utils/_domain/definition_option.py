# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One row of the definition's table, and the walk over a value along the table."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Option:
    """What one key of a definition may hold.

    ``type`` and ``elements`` are Ansible's words (str, int, float, bool, list, dict). ``names`` says what a string stands
    for, and so how it is checked: host, place (a host or the controller), clients (hosts or groups), credential, address,
    dns_name, record_name, record_type, ssh_key, reason, text (may be empty). ``options`` are the keys of a dict or of each dict of a list; a dict without
    ``options`` has free keys and ``values`` describes what stands below them. ``skippable`` lets the word ``skip`` stand
    for the dict.
    """

    type: str
    description: str
    elements: str | None = None
    required: bool = False
    default: t.Any = None
    choices: tuple[t.Any, ...] = ()
    options: t.Mapping[str, Option] | None = None
    values: Option | None = None
    minimum: float | None = None
    maximum: float | None = None
    names: str = ""
    skippable: bool = False
    filled: bool = False
    """A dict that is there with its defaults even when the definition does not mention it."""

    def element(self) -> Option:
        """What each element of this list is."""
        return dataclasses.replace(self, type=self.elements or "str", elements=None, required=False, default=None)


class Place(t.NamedTuple):
    """A value in a definition, where it stands and which row describes it."""

    path: str
    option: Option
    value: t.Any


def walk(options: t.Mapping[str, Option], value: t.Any, path: str) -> t.Iterator[Place]:
    """Every known value of the right outer kind below ``value``, in the table's order; what does not fit is passed over."""
    if not isinstance(value, t.Mapping):
        return
    for key, option in options.items():
        if value.get(key) is not None:
            yield from _walk_one(option, value[key], f"{path}.{key}")


def _walk_one(option: Option, value: t.Any, path: str) -> t.Iterator[Place]:
    yield Place(path, option, value)
    if option.type == "list":
        members = value if isinstance(value, (list, tuple)) else [value]
        for number, member in enumerate(members):
            yield from _walk_one(option.element(), member, f"{path}[{number}]")
    elif option.options is not None:
        yield from walk(option.options, value, path)
    elif option.values is not None and isinstance(value, t.Mapping):
        for key, member in value.items():
            yield from _walk_one(option.values, member, f"{path}.{key}")
