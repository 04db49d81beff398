# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml

from tests.utils import generate


def test_every_made_part_is_up_to_date() -> None:
    names = [str(path.relative_to(generate.ROOT)) for path in generate.stale()]
    assert names == [], "run: python tests/utils/generate.py"


def test_the_part_between_the_markers_is_replaced_at_their_indentation(tmp_path: pathlib.Path) -> None:
    text = "options:\n  # begin\n  old: 1\n  # end\n  kept: 2\n"
    made = generate.between(text, "# begin", "# end", lambda indent: " " * indent + "new: 1\n", tmp_path)
    assert made == "options:\n  # begin\n  new: 1\n  # end\n  kept: 2\n"


@pytest.mark.parametrize("text", ["# begin\n", "# end\n"])
def test_a_marker_without_its_twin_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="x.yml: '# (begin|end)' without"):
        generate.between(text, "# begin", "# end", lambda indent: "", pathlib.Path("x.yml"))


def test_a_role_gets_the_whole_definition(tmp_path: pathlib.Path) -> None:
    role = tmp_path / "roles" / "failover" / "meta" / "argument_specs.yml"
    role.parent.mkdir(parents=True)
    role.write_text("argument_specs:\n  main:\n    options:\n      # definition: begin\n      # definition: end\n", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "modules-and-states.md").write_text("", encoding="utf-8")
    options = yaml.safe_load(generate.stale(tmp_path)[role])["argument_specs"]["main"]["options"]
    assert options["failover_definition"]["options"]["dns"]["options"]["repoint"]["options"]["from"]["required"] is True


def test_the_state_table_has_every_state() -> None:
    table = generate.state_table()
    assert "| `failed_over` |" in table and "protected --> suspect: probes_missed" in table
