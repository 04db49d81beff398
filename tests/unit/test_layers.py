# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports point one way: the layers of the architecture, held by reading the code."""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
MODULE_UTILS = PLUGINS / "module_utils"
OURS = "ansible_collections.continuity.identity_failover.plugins."
BASE = {"_errors", "_clock", "_secrets", "_settings", "_domain"}

# layer: what of ours it may import, besides itself
MAY_IMPORT: dict[str, set[str]] = {
    "_errors": set(),
    "_clock": {"_errors"},
    "_secrets": {"_errors"},
    "_settings": {"_errors", "_secrets"},
    "_argspec": {"_errors", "_secrets", "_settings"},
    "_definition_spec": {"_errors", "_argspec", "_domain"},
    "_domain": {"_errors"},
    "_wire": {"_errors"},
    "_powershell": {"_errors"},
    "_transport": BASE | {"_wire"},
    "_windows": BASE | {"_wire", "_powershell", "_transport"},
    "_store": BASE | {"_wire", "_powershell", "_transport", "_windows"},
    "_module": BASE | {"_argspec", "_definition_spec", "_wire", "_powershell", "_transport", "_windows", "_store"},
    "modules": {"_argspec", "_definition_spec", "_errors", "_module"},
}

# What a decision or a text transformation has no use for: Ansible, input and output, the network, threads, the clock.
IMPURE = {
    "ansible", "asyncio", "dns", "http", "io", "os", "pathlib", "pypsrp", "random", "requests", "select", "shutil", "socket", "spnego", "ssl", "subprocess",
    "tempfile", "threading", "time", "urllib3", "winrm",
}  # fmt: skip
PURE_LAYERS = ("_domain", "_wire", "_powershell")


class Import(t.NamedTuple):
    file: str
    line: int
    name: str
    inside: bool  # a function or class, so not done when the file is loaded

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.name}"


def imports_of(path: pathlib.Path) -> list[Import]:
    found: list[Import] = []
    file = path.relative_to(PLUGINS.parent).as_posix()

    def visit(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend(Import(file, child.lineno, alias.name, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                found.append(Import(file, child.lineno, "." * child.level + (child.module or ""), inside))
                if child.module and (child.module + ".") in (OURS, OURS + "module_utils."):
                    found.extend(Import(file, child.lineno, f"{child.module}.{alias.name}", inside) for alias in child.names)
            visit(child, inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)))

    visit(ast.parse(path.read_text(encoding="utf-8")), inside=False)
    return found


def layer_of(path: pathlib.Path) -> str:
    return path.relative_to(MODULE_UTILS).parts[0].removesuffix(".py") if path.is_relative_to(MODULE_UTILS) else path.relative_to(PLUGINS).parts[0]


def imported_layer(name: str) -> str | None:
    """The layer of ours that an import reaches, or None when it is not ours."""
    if not (name + ".").startswith(OURS):
        return None
    parts = name.removeprefix(OURS).split(".")
    return parts[1] if parts[0] == "module_utils" and len(parts) > 1 else parts[0]


def layered_files() -> list[pathlib.Path]:
    return [path for folder in (MODULE_UTILS, PLUGINS / "modules") for path in sorted(folder.rglob("*.py")) if path != MODULE_UTILS / "__init__.py"]


def test_imports_point_one_way() -> None:
    wrong = [
        str(found)
        for path in layered_files()
        for found in imports_of(path)
        if (reached := imported_layer(found.name)) not in (None, "module_utils", layer_of(path)) and reached not in MAY_IMPORT.get(layer_of(path), set())
    ]
    assert wrong == []


def test_every_layer_is_named_in_the_rule() -> None:
    assert {layer_of(path) for path in layered_files()} - MAY_IMPORT.keys() == set()


@pytest.mark.parametrize("layer", PURE_LAYERS)
def test_pure_layers_stay_pure(layer: str) -> None:
    files = (MODULE_UTILS / layer).rglob("*.py")
    assert [str(found) for path in files for found in imports_of(path) if found.name.split(".")[0] in IMPURE] == []


def test_our_own_imports_are_absolute_and_static() -> None:
    """The zip that Ansible sends is built by reading imports: one inside a function is found too, but hides what a file needs."""
    wrong = []
    for path in sorted(PLUGINS.rglob("*.py")):
        found = imports_of(path)
        wrong += [str(one) for one in found if one.name.startswith(".") or (one.inside and imported_layer(one.name))]
        wrong += [str(one) for one in found if one.name == "importlib" and path.is_relative_to(MODULE_UTILS)]
    assert wrong == []


def test_module_utils_import_nothing_that_runs_on_the_controller_only() -> None:
    wrong = [
        str(found)
        for path in layered_files()
        for found in imports_of(path)
        if imported_layer(found.name) in {"action", "plugin_utils", "filter"}
        or (found.name.startswith("ansible.") and not found.name.startswith("ansible.module_utils."))
    ]
    assert wrong == []


def test_two_files_beneath_the_modules_know_ansible() -> None:
    """What leaves the other layers the same on every ansible-core: .ci/run tests those on the oldest and on the newest Python, not on every core."""
    knowing = {
        path.relative_to(MODULE_UTILS).as_posix()
        for path in layered_files()
        if layer_of(path) != "modules" and any(found.name.split(".")[0] == "ansible" for found in imports_of(path))
    }
    assert knowing == {"_secrets.py", "_module/_guard.py"}


def test_every_package_has_an_empty_init() -> None:
    """A re-export would put the whole package into the zip of every module."""
    folders = {MODULE_UTILS, *(path.parent for path in MODULE_UTILS.rglob("*.py"))}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file() or (folder / "__init__.py").stat().st_size] == []


def test_no_powershell_file_ships() -> None:
    assert [str(path) for path in PLUGINS.rglob("*.ps1")] == []
