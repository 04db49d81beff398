# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/modules-and-states.md names every module with its states, options and results, and nothing else."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import connection_spec, hosts_spec, run_spec, store_spec

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.continuity.identity_failover.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
COMMON = {"changed", "failed", "msg", "reason", "outcomes", "counts", "diff", "timing", "details"}
SHARED = {option for spec in (connection_spec(), hosts_spec(), run_spec(), store_spec()) for option in spec.argument_spec}


def rows() -> dict[str, list[str]]:
    text = (ROOT / "docs" / "modules-and-states.md").read_text(encoding="utf-8").partition("## Modules")[2].partition("## States")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {cell[0].strip("`"): cell[1:] for cell in cells}


def names(cell: str) -> set[str]:
    """The words in backticks; those in brackets are suboptions."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", cell)))


def spec(module: str) -> dict[str, dict[str, t.Any]]:
    made = getattr(importlib.import_module(f"{PACKAGE}.module_utils._module.{module}"), f"{module}_spec")
    return t.cast("dict[str, dict[str, t.Any]]", made().argument_spec)


def returned(module: str) -> set[str]:
    return set(yaml.safe_load(importlib.import_module(f"{PACKAGE}.modules.{module}").RETURN))


def test_the_page_lists_the_modules_that_there_are() -> None:
    assert sorted(rows()) == MODULES
    assert len(MODULES) == 16


@pytest.mark.parametrize("module", MODULES)
def test_the_options_of_a_module_are_those_of_the_page(module: str) -> None:
    stated = names(rows()[module][1])
    verb = names(rows()[module][0]) & {"decision"}
    own = {option for option in spec(module) if option not in SHARED and option != "state"} | (
        set(spec(module)) & {"run"} if module == "failover_run" else set()
    )
    assert own - stated - verb == set(), "not on the page"
    assert stated - set(spec(module)) == set(), "not in the module"


@pytest.mark.parametrize("module", MODULES)
def test_the_states_of_a_module_are_those_of_the_page(module: str) -> None:
    option = spec(module).get("state") or spec(module).get("decision")
    stated = names(rows()[module][0]) - {"decision"}
    assert stated == set(option["choices"] if option else ())


@pytest.mark.parametrize("module", MODULES)
def test_the_results_of_a_module_are_those_of_the_page(module: str) -> None:
    assert returned(module) - COMMON == names(rows()[module][2])
