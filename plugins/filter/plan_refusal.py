# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_refusal
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says why a plan's file can not be used
description:
  - Looks at the files that a person names for a plan before anything else is done, and says in one sentence which variable, which file, what is wrong
    and how to mend it.
  - A relative path is one from the directory in which Ansible was started.
positional: identity, kind
options:
  _input:
    description: The value of C(failover_plan). Empty where none was given.
    type: str
    required: true
  identity:
    description: The name of the identity.
    type: str
    required: true
  kind:
    description: The kind of the run that the plan is for.
    type: str
    required: true
    choices: [failover, failback, drill]
  writing:
    description: Whether a plan is to be written to the file, rather than read from it.
    type: bool
    default: false
  compare:
    description: The value of C(failover_plan_compare), the file of another plan.
    type: str
    default: ""
seealso:
  - plugin: continuity.identity_failover.plan_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse a file that is no plan for this
  ansible.builtin.assert:
    that: refusal.msg | length == 0
    fail_msg: "{{ refusal.msg }}"
  vars:
    refusal: "{{ './mail-plan.json' | continuity.identity_failover.plan_refusal('mail', 'failover') }}"
"""

RETURN = r"""
_value:
  description:
    - C(msg), the sentence, and C(next), the command that mends it. Both are empty where the files can be used.
  type: dict
"""

import os
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import read
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: The ending of the commands for people, which are written beside the document.
FOR_PEOPLE = ".md"


def plan_refusal(given: t.Any, identity: str, kind: str, writing: bool = False, compare: t.Any = "") -> dict[str, str]:
    """See DOCUMENTATION."""
    given, compare = str(given or ""), str(compare or "")
    wrong = (_unwritable if writing else _unreadable)(_absolute(given), identity, kind) if given else ""
    if wrong:
        after = _planning(identity, kind, _better(given, identity)) if writing or not _twin(given) else command(kind, identity, failover_plan=_twin(given))
        return {"msg": f"failover_plan is {_absolute(given)}, {wrong}", "next": after}
    wrong = _unreadable(_absolute(compare), identity, kind) if compare else ""
    if wrong:
        return {"msg": f"failover_plan_compare is {_absolute(compare)}, {wrong}", "next": _planning(identity, kind, given)}
    return {"msg": "", "next": ""}


def _absolute(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))


def _unreadable(path: str, identity: str, kind: str) -> str:
    """Why there is no plan to read, as a clause."""
    if os.path.isdir(path):
        return "which is a folder: name the file that the plan playbook wrote"
    if not os.path.exists(path):
        return "and there is no such file on the controller: name the file that the plan playbook wrote, or leave the variable out"
    try:
        with open(path, encoding="utf-8") as file:
            read(file.read(), identity, kind)
    except (OSError, UnicodeDecodeError) as error:
        return f"which can not be read ({getattr(error, 'strerror', None) or 'it is no text'}): name the file that the plan playbook wrote"
    except InvalidInput as error:
        hint = ": the commands for people have this ending, and the plan is the file beside it" if path.endswith(FOR_PEOPLE) else ""
        return f"and {error.message.removeprefix('plan: ')}{hint}"
    return ""


def _unwritable(path: str, identity: str, kind: str) -> str:
    """Why no plan can be written there, as a clause."""
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        return "which is a folder: name a file in it"
    if path.endswith(FOR_PEOPLE):
        return f"and the ending {FOR_PEOPLE} is that of the commands for people, which are written beside the plan: give the plan another one, such as .json"
    if not os.path.isdir(folder):
        return "and its folder is not there: make it, or name another file"
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        return "which may not be written: name another file, or let this account write it"
    return ""


def _twin(given: str) -> str:
    """The plan beside the commands for people, where those were given; else empty."""
    twin = f"{os.path.splitext(given)[0]}.json"
    return twin if given.endswith(FOR_PEOPLE) and os.path.isfile(_absolute(twin)) else ""


def _better(given: str, identity: str) -> str:
    """A name that a plan can be written to: the given one where only the file is missing."""
    if not os.path.exists(_absolute(given)) and os.path.isdir(os.path.dirname(_absolute(given))):
        return f"{os.path.splitext(given)[0]}.json" if given.endswith(FOR_PEOPLE) else given
    return f"./{identity}-plan.json"


def _planning(identity: str, kind: str, given: str) -> str:
    return command("plan", identity, failover_kind=kind, **({"failover_plan": given} if given else {}))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_refusal": plan_refusal}
