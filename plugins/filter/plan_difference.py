# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_difference
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says what differs between two plans
description:
  - Compares a plan with a later one of the same identity and kind.
  - Each difference is V(converged), already as it was planned, V(irrelevant), or V(conflict), as when a run is opened on the first plan.
positional: now, width
options:
  _input:
    description: A plan, as M(continuity.identity_failover.failover_run) returns it.
    type: dict
    required: true
  now:
    description: The later plan.
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
- name: Show what changed since yesterday
  ansible.builtin.debug:
    msg: "{{ (yesterday | continuity.identity_failover.plan_difference(today)).splitlines() }}"
"""

RETURN = r"""
_value:
  description: One line where the plans are the same, else one for each difference.
  type: str
"""

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_text import difference


def plan_difference(document: t.Any, now: t.Any, width: int = 100) -> str:
    """See DOCUMENTATION."""
    return difference(document, now, int(width))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_difference": plan_difference}
