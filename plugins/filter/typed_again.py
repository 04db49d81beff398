# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: typed_again
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: The command of a playbook that refused what was typed, for whoever mends it
description:
  - Keeps every variable that was right, so that nothing of it is lost when the command is typed again.
  - Three dots stand where a value can't be meant. The playbooks refuse them too.
options:
  _input:
    description: Variables and their values. Null and an empty text are taken as not given.
    type: dict
    required: true
  playbook:
    description: The playbook, without the name of the collection.
    type: str
    required: true
  identity:
    description: The name of the identity.
    type: str
    required: true
  asked:
    description: Variables that the playbook cannot do without, as for P(continuity.identity_failover.variable_problems#filter).
    type: list
    elements: str
    default: []
  logons:
    description: What C(failover_logon) may name.
    type: list
    elements: str
    default: []
seealso:
  - plugin: continuity.identity_failover.variable_problems
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show how the decision is typed again
  ansible.builtin.debug:
    msg: "{{ {'failover_reason': failover_reason} | continuity.identity_failover.typed_again('ack', 'mail', asked=['failover_decision']) }}"
"""

RETURN = r"""
_value:
  description: The command for a shell.
  type: str
  sample: ansible-playbook continuity.identity_failover.ack -e failover_identity=mail -e failover_decision=decline
"""

import collections.abc
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import typed_variables
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command


def typed_again(variables: t.Any, playbook: str, identity: str, asked: t.Sequence[str] = (), logons: t.Sequence[str] = ()) -> str:
    """See DOCUMENTATION."""
    if not isinstance(variables, collections.abc.Mapping):
        raise AnsibleFilterError("typed_again needs a dictionary of variables and their values")
    unknown = [name for name in asked if name not in typed_variables.ASKED]
    if unknown:
        raise AnsibleFilterError(f"typed_again cannot ask for {', '.join(unknown)}: it knows {', '.join(typed_variables.ASKED)}")
    return command(playbook, identity, **typed_variables.typed_again(variables, asked, logons))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"typed_again": typed_again}
