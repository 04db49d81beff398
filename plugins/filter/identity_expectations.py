# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_expectations
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says what sample clients must find
description:
  - Gives name, port, server identity and addresses that a client must find once one side owns the identity.
  - The roles of this collection use it to hand a definition to their steps.
positional: side, machine
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
  machine:
    description: The computer name of that side.
    type: str
    required: true
seealso:
  - plugin: continuity.identity_failover.identity_definition
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at what a step would be given
  ansible.builtin.debug:
    msg: "{{ failover_definition | continuity.identity_failover.identity_expectations('target', 'EXCH2') }}"
"""

RETURN = r"""
_value:
  description: What to expect of each name.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts


def identity_expectations(definition: t.Any, side: str, machine: str) -> t.Any:
    """See DOCUMENTATION."""
    return parts.expectations(definition, side, machine)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_expectations": identity_expectations}
