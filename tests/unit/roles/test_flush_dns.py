# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of the role ``flush_dns`` refuse, read from their files and worked out by Jinja alone."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2
import pytest
import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "flush_dns" / "tasks"


def tasks(name: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = []
    for task in yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8")):
        found += task.get("block", [task])
    return found


def worked_out(expression: str, **variables: t.Any) -> t.Any:
    return jinja2.Environment(autoescape=False).compile_expression(expression)(**variables)


@pytest.mark.parametrize(("expect", "passes"), [([], False), ([{"name": "mail.example.com", "values": ["10.0.1.21"]}], True)])
def test_no_cache_is_cleared_without_values_to_wait_for(expect: list[t.Any], passes: bool) -> None:
    (gate,) = [task["ansible.builtin.assert"]["that"] for task in tasks("main") if "ansible.builtin.assert" in task]
    assert worked_out(gate, flush_dns_expect=expect, failover_flush_expect=expect, flush_dns_definition={"dns": {}}) is passes
