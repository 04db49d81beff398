# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_commands
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Writes a plan as commands that a person can type
description:
  - Gives the plan as numbered commands for Windows PowerShell, each with the answer to expect, for the night when nothing else works.
  - Holds no secret. The text is Markdown.
positional: definition
options:
  _input:
    description: A plan, as M(continuity.identity_failover.failover_run) returns it.
    type: dict
    required: true
  definition:
    description: The definition that the plan was made for, as P(continuity.identity_failover.identity_definition#filter) returns it.
    type: dict
    required: true
seealso:
  - module: continuity.identity_failover.failover_run
"""

EXAMPLES = r"""
- name: Keep a plan on paper
  ansible.builtin.copy:
    content: "{{ plan | continuity.identity_failover.plan_commands(failover_definition) }}"
    dest: mail.md
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper


def plan_commands(document: t.Any, definition: t.Any) -> str:
    """See DOCUMENTATION."""
    return paper(document, definition)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_commands": plan_commands}
