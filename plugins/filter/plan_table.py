# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_table
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Shows a plan as a table
description:
  - Gives everything of a plan that a person decides on, in lines for a terminal.
  - Findings, changes with their grades, steps with their hosts and expected durations, the point of no return, and what the plan cannot know.
positional: width
options:
  _input:
    description: A plan, as M(continuity.identity_failover.failover_run) returns it.
    type: dict
    required: true
  width:
    description: The longest line, in characters.
    type: int
    default: 100
seealso:
  - module: continuity.identity_failover.failover_run
"""

EXAMPLES = r"""
- name: Show a plan that was written to a file
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'mail.json') | from_json | continuity.identity_failover.plan_table).splitlines() }}"
"""

RETURN = r"""
_value:
  description: The table.
  type: str
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_text import table


def plan_table(document: t.Any, width: int = 100) -> str:
    """See DOCUMENTATION."""
    return table(document, int(width))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_table": plan_table}
