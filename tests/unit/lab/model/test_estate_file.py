# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError
from ansible_collections.continuity.identity_failover.tests.lab.model.estate_file import ESTATES, parts_of, read_estate

GOOD: dict[str, Any] = {"name": "small", "hosts": {"a": {"management": "100.1", "services": [{"name": "X"}]}}}


@pytest.mark.parametrize("path", sorted(ESTATES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_estate_that_comes_with_the_lab_is_read(path: Path) -> None:
    assert read_estate(path.stem).name == path.stem


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"clints": {}}, "clints"),
        ({"clients": {"coutn": 3}}, "coutn"),
        ({"hosts": {}}, "no hosts"),
        ({"hosts": {"a": {"managment": "100.1"}}}, "managment"),
        ({"hosts": {"a": {"services": [{"name": "X", "dies": 3}]}}}, "dies"),
        ({"dns": {"zones": [{"name": "x", "update": "any"}]}}, "update"),
        ({"mailbox_databases": [{"nmae": "x"}]}, "nmae"),
    ],
)
def test_a_key_that_is_not_known_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(LabError, match=named):
        read_estate({**GOOD, **change})


def test_a_file_that_is_not_there_or_no_yaml_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="default"):
        read_estate("nothing-like-this")
    broken = tmp_path / "broken.yml"
    broken.write_text("a: [")
    with pytest.raises(LabError, match=r"broken\.yml"):
        read_estate(broken)


@pytest.mark.parametrize("text", ["20", "20.x", "300.1", "20.0", "20.255", ""])
def test_an_address_is_two_numbers(text: str) -> None:
    with pytest.raises(LabError):
        parts_of(text)


def test_an_address_is_read() -> None:
    assert parts_of("20.21") == (20, 21)


def test_an_estate_based_on_another_has_what_that_has_but_for_its_own_sections() -> None:
    base, domain = read_estate("default"), read_estate("active_directory")
    assert domain.hosts == base.hosts and domain.section("directory")["accounts"] == base.section("directory")["accounts"]
    assert domain.section("dns")["servers"] != base.section("dns")["servers"]
    assert (domain.name, "realm" in domain.section("directory"), "realm" in base.section("directory")) == ("active_directory", True, False)
