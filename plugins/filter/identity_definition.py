# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_definition
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Gives the definition of an identity with all its defaults
description:
  - Returns the definition with every key that a definition can have. A key without a value has its default or
    is null. One that has choices is left out instead, because a module would take null for a wrong choice.
  - Text that stands for a number is a number afterwards, one string that stands for a list is a list.
  - Fails with the first problem of its shape. Use P(continuity.identity_failover.identity_problems#filter) first, which finds all.
options:
  _input:
    description: One definition, C(failover_identities[failover_identity]).
    type: dict
    required: true
seealso:
  - plugin: continuity.identity_failover.identity_problems
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Take the definition with its defaults
  ansible.builtin.set_fact:
    failover_definition: "{{ failover_identities[failover_identity] | continuity.identity_failover.identity_definition }}"
"""

RETURN = r"""
_value:
  description: The whole definition.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput


def identity_definition(definition: t.Any) -> dict[str, t.Any]:
    """See DOCUMENTATION."""
    try:
        return normalise(definition)
    except InvalidInput as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_definition": identity_definition}
