# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A path that a user gives is one from where ansible-playbook was started: modules on the controller work in the playbook's folder."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
FILES = [*sorted((ROOT / "roles").glob("*/tasks/**/*.yml")), *sorted((ROOT / "roles").glob("*/vars/*.yml")), *sorted((ROOT / "playbooks").glob("*.yml"))]
PATHS = ("failover_plan", "failover_plan_compare", "failover_report_path", "failover_roll_call_path", "failover_roll_calls")
#: Where a path is read or written by Ansible itself.
USED = re.compile(rf"(?:dest|path|lookup\([^)]*|that|query\([^)]*): ?.*?\b({'|'.join(PATHS)})\b(.*)|(?:lookup|query)\([^,]*, *\(?({'|'.join(PATHS)})\b(.*)")


def uses(text: str) -> list[tuple[str, str]]:
    """(variable, what follows it) wherever a file is touched under the name that a user gave."""
    found = [USED.search(line) for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [(one.group(1) or one.group(3), one.group(2) or one.group(4)) for one in found if one]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_path_is_made_absolute_before_a_file_is_touched(path: pathlib.Path) -> None:
    assert [name for name, after in uses(path.read_text(encoding="utf-8")) if not after.startswith(" | expanduser | realpath")] == []


def test_every_path_is_among_them() -> None:
    assert {name for path in FILES for name, _after in uses(path.read_text(encoding="utf-8"))} == set(PATHS)


def test_the_roles_take_no_other_path_that_ansible_would_touch_itself() -> None:
    specs = [
        yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"] for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")
    ]
    assert {name for options in specs for name, option in options.items() if option.get("type") == "path"} <= set(PATHS)
