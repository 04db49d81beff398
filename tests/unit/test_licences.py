# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each file says whose it is and under which licence: module_utils may be reused by anyone, everything else is GPL."""

from __future__ import annotations

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPYRIGHT = "# Copyright (c) 2026, the continuity.identity_failover contributors"
CODE = ("plugins", "tests", "docs", "extensions")
SUFFIXES = (".py", ".sh", ".ps1")


def expected_licence(path: pathlib.Path) -> str:
    return "BSD-2-Clause" if path.is_relative_to(ROOT / "plugins" / "module_utils") else "GPL-3.0-or-later"


def code_files() -> list[pathlib.Path]:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES and "output" not in path.parts]
    return sorted(path for path in [*files, ROOT / ".ci" / "run"] if path.is_file() and path.stat().st_size)


def test_every_code_file_has_its_licence() -> None:
    wrong = []
    for path in code_files():
        head = [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()[:8]]
        licences = [line.split(":", 1)[1].strip() for line in head if line.startswith("# SPDX-License-" + "Identifier:")]
        if licences != [expected_licence(path)] or COPYRIGHT not in head:
            wrong.append(f"{path.relative_to(ROOT)}: {licences}, expected {expected_licence(path)} and the copyright line")
    assert wrong == []


@pytest.mark.parametrize("name", ["GPL-3.0-or-later", "BSD-2-Clause"])
def test_the_texts_are_here(name: str) -> None:
    assert len((ROOT / "LICENSES" / f"{name}.txt").read_text(encoding="utf-8")) > 1000
