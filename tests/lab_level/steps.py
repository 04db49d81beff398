# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a step's function against a lab, with the defaults of its argument spec; what a playbook printed last, and whom clients reach."""

from __future__ import annotations

import json
import re
import shlex
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

Function = t.Callable[..., Result]


def defaults(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: option.get("default") for name, option in options.items()}


def filled(options: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What AnsibleModule makes of options: defaults everywhere, also within lists of dictionaries."""
    params = {**defaults(options), **given}
    for name, value in given.items():
        inner = options.get(name, {}).get("options")
        if inner and isinstance(value, list):
            params[name] = [filled(inner, entry) for entry in value]
    return params


def run_step(
    lab: Lab, function: Function, spec: ArgumentSpec, target: str | None, *, named: t.Sequence[str] = (), check_mode: bool = False, **given: t.Any
) -> Result:
    """``target`` and ``named`` are the lab's hosts."""
    options = spec.merge(run_spec()).argument_spec
    management = lab.info["hosts"][target]["management"]["address"] if target else None
    hosts = WinrmHosts(lab.settings(target) if target else None, [lab.settings(name) for name in named], SystemClock())
    try:
        return function({**filled(options, given), "host": management}, hosts, SystemClock(), check_mode=check_mode)
    finally:
        hosts.close()


def statuses(result: Result) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in result.outcomes}


#: A task whose result is shown, with its title: ``debug``, and what failed.
SHOWN = re.compile(r"^TASK \[(?:\S+ : )?(.*?)\] \*+$(?:(?!^TASK |^PLAY )[^\n]*\n)*?^(?:ok|changed|fatal|failed): \[[^\n]*=> ?\{?$", re.MULTILINE)


#: What a playbook tells last, as a text of several lines is printed: nothing in it is quoted or broken.
TOLD = re.compile(r"^ +msg: \|-?\n +failover_outcome: (\w+)\n(?: +.*\n)*? +next: (.*)$", re.MULTILINE)


def outcome(output: str) -> tuple[str, str]:
    """(failover_outcome, the next command) as the last thing that a playbook prints; only the failure that says the same may come behind it.
    A command is one that a shell takes as it stands there."""
    behind = output.rpartition("failover_outcome: ")[2]
    assert set(SHOWN.findall(behind)) <= {"Stop"}, behind
    found = TOLD.findall(output)
    assert found, output
    ended, following = found[-1]
    words = shlex.split(following) if following.startswith("ansible-playbook ") else []
    assert all(isinstance(json.loads(word), dict) for word in words if word.startswith("{")), following
    return ended, following


def answered_by(lab: Lab, client: str) -> str:
    return str(lab.control("ask", {"client": client, "name": "mail.example.com"})["answered_by"])


def heal_clients(lab: Lab) -> None:
    for host in lab.info["clients"]:
        lab.heal(host)
