# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of the role ``steps`` decide, read from their files and worked out by Jinja alone."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2
import pytest
import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "steps" / "tasks"


def task(name: str, title: str) -> dict[str, t.Any]:
    (found,) = [one for one in yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8")) if one["name"] == title]
    return t.cast("dict[str, t.Any]", found)


def worked_out(expression: str, **variables: t.Any) -> t.Any:
    return jinja2.Environment(autoescape=False).compile_expression(expression)(**variables)


def test_an_undo_takes_the_word_that_its_own_refusal_asks_for() -> None:
    options = task("undo_open", "Resume the open run in order to undo it")["continuity.identity_failover.failover_run"]
    assert "failover_from_observation" in options["from_observation"] and "failover_accept" in options["accept"]


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ({}, False),
        ({"failover_data_restored": "by hand"}, True),
        ({"failover_discard": "nothing was written"}, True),
        ({"steps_gate_hooks": ["before_quiesce"]}, True),
        ({"steps_gate_status": {"active_run": {"kind": "failback"}}}, True),
        ({"steps_gate_status": {"active_run": {"kind": "failover"}}}, False),
        ({"steps_gate_status": {"active_run": None}}, False),
        ({"steps_gate_status": {"failed": True, "msg": "no store answers"}}, False),
    ],
)
def test_a_failback_asks_for_the_data_unless_it_was_told_when_it_was_opened(said: dict[str, t.Any], passes: bool) -> None:
    gate = task("failback_gates", "Refuse to lose what was written since the failover")["ansible.builtin.assert"]["that"]
    assert worked_out(gate, **{"steps_gate_hooks": [], "steps_gate_status": {}, **said}) is passes
