# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Is a definition right? ``problems`` says everything that is wrong with it, ``normalise`` gives it with its defaults.

Nothing here connects to anything: what the inventory knows is handed in.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_names import Inventory, name_problems
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_rules import rule_problems
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_schema import DEFINITION
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import kind_of, shape_problems, with_defaults
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

_ROOT = "failover_identities"


def problems(
    definitions: t.Any,
    identity: str,
    inventory_hosts: t.Collection[str],
    inventory_groups: t.Mapping[str, t.Sequence[str]],
    credentials: t.Collection[str] | None,
    addresses: t.Mapping[str, str] | None = None,
) -> list[str]:
    """One sentence for each thing wrong with ``definitions[identity]``, each naming the whole path of its key.

    ``credentials`` are the known names (None: not checked); ``addresses`` the connection address of each host, its own
    name where it is missing. The rules between keys are looked at only when every key by itself is right.
    """
    if not isinstance(definitions, t.Mapping):
        return [f"{_ROOT} must be a dictionary of definitions, not {kind_of(definitions)}"]
    if identity not in definitions:
        known = ", ".join(sorted(str(name) for name in definitions)) or "none at all"
        return [f"{_ROOT} defines no identity {identity!r}; it defines {known}"]
    path = f"{_ROOT}.{identity}"
    definition = definitions[identity]
    inventory = Inventory(frozenset(inventory_hosts), dict(inventory_groups), None if credentials is None else frozenset(credentials), dict(addresses or {}))
    found = shape_problems(DEFINITION, definition, path) + name_problems(DEFINITION, definition, path, inventory)
    return found or rule_problems(with_defaults(DEFINITION, definition), path, inventory)


def normalise(definition: t.Any) -> dict[str, t.Any]:
    """The definition with every key of the table: its value, its default, or None (a key with choices is
    left out instead). Lists are lists, numbers are numbers.

    Raises InvalidInput with the first problem of its shape.
    """
    found = shape_problems(DEFINITION, definition, "failover_definition")
    if found:
        raise InvalidInput(found[0], problems=found)
    return with_defaults(DEFINITION, definition)
