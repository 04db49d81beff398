# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/dns-pitfalls.md: none of the pitfalls is missing, and each names tests that exist."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "dns-pitfalls.md"


def rows() -> dict[int, list[str]]:
    """Number -> the tests in its last column."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    return {int(row[0]): re.findall(r"`(test_\w+)`", row[-1]) for row in cells}


def test_every_pitfall_is_there_with_a_test() -> None:
    found = rows()
    assert list(found) == list(range(1, 22))
    assert [number for number, tests in found.items() if not tests] == []


def test_every_test_that_is_named_exists() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for folder in ("unit", "real_servers") for path in (ROOT / "tests" / folder).rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    assert {name for tests in rows().values() for name in tests} <= there
