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


def test_a_roll_call_names_its_beginning_and_what_it_waited_for() -> None:
    roll_call = yaml.safe_load((TASKS.parent / "vars" / "main.yml").read_text(encoding="utf-8"))["flush_dns_roll_call"]
    empty = tasks("ran")[-1]["ansible.builtin.set_stats"]["data"]["failover_roll_call"]
    assert all(f"'{key}'" in roll_call and key in empty for key in ("expect", "started"))


@pytest.mark.parametrize("name", ["choose", "main"])
def test_the_roll_call_of_an_earlier_run_is_gone_before_anything_else(name: str) -> None:
    assert tasks(name)[0]["ansible.builtin.import_tasks"] == "forget.yml"
    (forget,) = tasks("forget")
    assert forget["ansible.builtin.file"] == {"path": "{{ failover_roll_call_path }}", "state": "absent"}
    assert worked_out(forget["when"], failover_roll_call_path="/x.json") is True
    assert worked_out(forget["when"]) is False


@pytest.mark.parametrize(("clients", "refused"), [([], True), (["workstations"], False)])
def test_without_clients_nothing_is_added_up(clients: list[str], refused: bool) -> None:
    gates = [task["when"] for task in tasks("total") if "ansible.builtin.include_role" in task]
    assert any(worked_out(gate, flush_dns_roll_calls=[{}], flush_dns_clients=clients) for gate in gates) is refused
