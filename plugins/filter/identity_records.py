# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_records
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says which records clients must see
description:
  - Gives name, type and values of the records once one side owns the identity.
  - The roles of this collection use it to hand a definition to their steps.
positional: side
options:
  _input:
    description: A definition as P(continuity.identity_failover.identity_definition#filter) returns it.
    type: dict
    required: true
  side:
    description: Where the identity goes.
    type: str
    choices: [source, target]
    required: true
seealso:
  - plugin: continuity.identity_failover.identity_definition
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at what a step would be given
  ansible.builtin.debug:
    msg: "{{ failover_definition | continuity.identity_failover.identity_records('target') }}"
"""

RETURN = r"""
_value:
  description: The records.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts


def identity_records(definition: t.Any, side: str) -> t.Any:
    """See DOCUMENTATION."""
    return parts.records(definition, side)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_records": identity_records}
