# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is refused before an identity is chosen is published as refused."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "steps" / "tasks"


def tasks(name: str) -> list[dict[str, t.Any]]:
    return list(yaml.safe_load((TASKS / name).read_text(encoding="utf-8")))


def test_nothing_is_refused_without_a_published_outcome() -> None:
    silent = [task["name"] for task in tasks("select.yml") if {"ansible.builtin.assert", "ansible.builtin.fail"} & set(task)]
    refusals = [task for task in tasks("select.yml") if task.get("ansible.builtin.include_tasks") == "refuse.yml"]
    assert (silent, len(refusals)) == ([], 3)
    assert all({"steps_refusal", "steps_mend"} <= set(task["vars"]) and task["when"] for task in refusals)


def test_a_refusal_is_published_before_it_fails() -> None:
    published, failed = tasks("refuse.yml")
    assert published["ansible.builtin.set_stats"]["data"]["failover_outcome"] == "refused"
    assert "steps_refusal" in published["ansible.builtin.set_stats"]["data"]["failover_reason"]
    assert "steps_refusal" in failed["ansible.builtin.fail"]["msg"]
