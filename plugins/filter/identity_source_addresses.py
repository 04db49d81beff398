# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_source_addresses
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Gives the addresses that the source had in peace time
description:
  - Gives the addresses of the definition as the baseline saw them on the source.
  - The roles of this collection use it to hand a definition to their steps.
positional: baseline
options:
  _input:
    description: A definition as P(continuity.identity_failover.identity_definition#filter) returns it.
    type: dict
    required: true
  baseline:
    description: The baseline, as M(continuity.identity_failover.failover_run) returns it.
    type: dict
    required: true
seealso:
  - plugin: continuity.identity_failover.identity_definition
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at what a step would be given
  ansible.builtin.debug:
    msg: "{{ failover_definition | continuity.identity_failover.identity_source_addresses(opened.baseline) }}"
"""

RETURN = r"""
_value:
  description: The addresses.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts


def identity_source_addresses(definition: t.Any, baseline: t.Any) -> t.Any:
    """See DOCUMENTATION."""
    return parts.source_addresses(definition, baseline)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_source_addresses": identity_source_addresses}
