# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The definition of an identity as Ansible's argument spec, and as its documentation; both from the one table."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_option import Option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_schema import DEFINITION


def definition_spec() -> dict[str, t.Any]:
    """The suboptions of ``definition``: ``{"type": "dict", "required": True, "options": definition_spec()}``.

    Parts of ``drill`` are ``raw``, because they are a word or a dictionary: ``identity_problems`` looks into those.
    """
    return options_spec(DEFINITION)


def options_spec(options: t.Mapping[str, Option] | None) -> dict[str, t.Any]:
    """The same for a part of the table."""
    return {key: _spec(option) for key, option in (options or {}).items()}


def _spec(option: Option) -> dict[str, t.Any]:
    spec: dict[str, t.Any] = {"type": option.type, "no_log": False}  # a definition names credentials and holds none
    if option.elements is not None:
        spec["elements"] = option.elements
    if option.required:
        spec["required"] = True
    if option.default is not None:
        spec["default"] = copy.copy(option.default)
    if option.choices:
        spec["choices"] = list(option.choices)
    if option.options is not None and option.type != "raw":
        spec["options"] = {key: _spec(below) for key, below in option.options.items()}
    if option.filled:
        spec["apply_defaults"] = True
    return spec


def definition_documentation(nested: str) -> dict[str, t.Any]:
    """Every key as documentation. ``nested`` is what keys below a key are called: ``suboptions`` in a module, ``options`` in a role."""
    return {key: _documented(option, nested) for key, option in DEFINITION.items()}


def _documented(option: Option, nested: str) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {"description": _sentences(option), **_spec(option)}
    entry.pop("options", None)
    entry.pop("no_log")
    entry.pop("apply_defaults", None)  # the schemas of documentation and of roles do not have it; a role only checks, so it fills nothing
    if option.options is not None and option.type != "raw":
        entry[nested] = {key: _documented(below, nested) for key, below in option.options.items()}
    return entry


def _sentences(option: Option) -> list[str]:
    found = [part.rstrip(".") + "." for part in option.description.split(". ")]
    bounds = [f"{word} {bound:.12g}" for word, bound in (("at least", option.minimum), ("at most", option.maximum)) if bound is not None]
    if bounds:
        found.append(f"It is {' and '.join(bounds)}.")
    if option.skippable and option.options is not None:
        found.append(f"The dictionary has the keys {', '.join(f'C({key})' for key in option.options)}.")
    return found
