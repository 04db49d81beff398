# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example's playbooks are each one play: the collection's of the same name. Held here, because ansible-lint leaves them out (.ansible-lint says why)."""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "project"
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def test_the_example_has_every_playbook_and_no_other() -> None:
    assert sorted(path.stem for path in EXAMPLE.glob("*.yml") if path.stem != "vault.example") == PLAYBOOKS


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_of_the_example_is_the_collections(name: str) -> None:
    (play,) = yaml.safe_load((EXAMPLE / f"{name}.yml").read_text(encoding="utf-8"))
    assert play["ansible.builtin.import_playbook"] == f"continuity.identity_failover.{name}"
    assert play["name"][0].isupper()
    assert set(play) == {"name", "ansible.builtin.import_playbook"}


def test_ansible_lint_leaves_out_no_other_file_of_the_example() -> None:
    excluded = yaml.safe_load((ROOT / ".ansible-lint").read_text(encoding="utf-8"))["exclude_paths"]
    assert [path for path in excluded if path.startswith("examples")] == [f"examples/project/{name}.yml" for name in PLAYBOOKS]
