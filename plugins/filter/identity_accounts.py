# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_accounts
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Gives the accounts that a definition names
description:
  - Gives the accounts as M(continuity.identity_failover.failover_preflight) takes them.
  - The roles of this collection use it to hand a definition to their steps.
positional: credentials
options:
  _input:
    description: A definition as P(continuity.identity_failover.identity_definition#filter) returns it.
    type: dict
    required: true
  credentials:
    description: The credentials that the definition names, C(failover_credentials).
    type: dict
    default: {}
seealso:
  - plugin: continuity.identity_failover.identity_definition
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at what a step would be given
  ansible.builtin.debug:
    msg: "{{ failover_definition | continuity.identity_failover.identity_accounts(failover_credentials) }}"
"""

RETURN = r"""
_value:
  description: The accounts.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts


def identity_accounts(definition: t.Any, credentials: t.Any = None) -> t.Any:
    """See DOCUMENTATION."""
    return parts.accounts(definition, credentials or {})


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_accounts": identity_accounts}
