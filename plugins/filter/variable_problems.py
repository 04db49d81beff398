# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: variable_problems
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says what is wrong with the variables that were typed for a playbook
description:
  - Looks at variables of this collection's playbooks and returns one sentence for each that can't be meant as it stands. A switch or a number
    where a reason belongs, a word that is no choice, a text where names with reasons belong, or a value that needs another variable.
  - Every sentence names the variable and how it is typed.
options:
  _input:
    description: Variables and their values. Null and an empty text are taken as not given.
    type: dict
    required: true
  asked:
    description: Variables that the playbook cannot do without, of C(failover_decision), C(failover_owner) and C(failover_reason).
    type: list
    elements: str
    default: []
  logons:
    description: What C(failover_logon) may name, the keys of C(failover_credentials) that have a user and a password.
    type: list
    elements: str
    default: []
seealso:
  - plugin: continuity.identity_failover.identity_problems
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse a number of seconds that is none
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ {'failover_lease_seconds': failover_lease_seconds | default('')} | continuity.identity_failover.variable_problems }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem. Empty where all is well.
  type: list
  elements: str
  sample: ["failover_lease_seconds is 'abc': give a number above 0, such as -e failover_lease_seconds=60"]
"""

import collections.abc
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.typed_variables import ASKED, problems


def variable_problems(variables: t.Any, asked: t.Sequence[str] = (), logons: t.Sequence[str] = ()) -> list[str]:
    """See DOCUMENTATION."""
    if not isinstance(variables, collections.abc.Mapping):
        raise AnsibleFilterError("variable_problems needs a dictionary of variables and their values")
    unknown = [name for name in asked if name not in ASKED]
    if unknown:
        raise AnsibleFilterError(f"variable_problems cannot ask for {', '.join(unknown)}: it knows {', '.join(ASKED)}")
    return problems(variables, asked, logons)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"variable_problems": variable_problems}
