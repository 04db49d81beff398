# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: roll_call_total
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Adds up the roll calls of several slices
description:
  - Takes the roll calls that the playbook C(continuity.identity_failover.flush_dns) published, one for each slice, and makes one of them.
  - Names the slices that were not well, the clients that failed, those that no slice called and those that two called.
  - Where a client failed or was not tried, a later roll call with it takes the place of the first. The command that C(flush_dns) prints makes one.
  - Refuses roll calls that waited for different values, since they are not of one run.
positional: expected, since
options:
  _input:
    description: The roll calls, each as C(failover_roll_call) is published or as its file holds it.
    type: list
    elements: dict
    required: true
  expected:
    description: Every client that some slice had to call. Without it, nobody is missed. A list that names nobody is refused.
    type: list
    elements: str
  since:
    description: A time in ISO 8601 with Z or an offset. A roll call whose slice began before it is refused. Empty where any may be as old as it is.
    type: str
    default: ''
seealso:
  - module: continuity.identity_failover.flush_dns_clients
"""

EXAMPLES = r"""
- name: Were all workstations reached, each once?
  ansible.builtin.assert:
    that: roll_call.complete
    fail_msg: "{{ roll_call.msg }}"
  vars:
    files: "{{ query('ansible.builtin.fileglob', '/var/lib/roll-calls/*.json') }}"
    roll_call: >-
      {{ query('ansible.builtin.file', *files) | map('from_json')
         | continuity.identity_failover.roll_call_total(groups['workstations']) }}
"""

RETURN = r"""
_value:
  description:
    - One roll call with C(expected), C(answered), C(failed) (each with its C(slice)), C(skipped), C(twice), C(again) (who
      answered at a later call), C(missing), C(bad_slices), C(last_after), C(slices), C(complete), and a sentence as C(msg).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.roll_call import total
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput


def roll_call_total(roll_calls: t.Any, expected: t.Any = None, since: str = "") -> dict[str, t.Any]:
    """See DOCUMENTATION."""
    try:
        return total(list(roll_calls), None if expected is None else list(expected), since)
    except InvalidInput as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"roll_call_total": roll_call_total}
