# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.continuity.identity_failover.plugins.plugin_utils._compiled import CompiledFinder, keep_compiled

OURS = "ansible_collections.continuity.identity_failover.plugins.module_utils"

#: What a playbook does with the first task of ours; then: of each module of ours, which kind of loader it has and where its compiled code is kept.
LOADED_BY_ANSIBLE = """
import json, sys
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
action_loader.get("continuity.identity_failover.update_dns", class_only=True)
ours = {name: module for name, module in sys.modules.items() if "identity_failover.plugins" in name}
print(json.dumps({name: [type(module.__loader__).__name__, getattr(module.__spec__, "cached", None)] for name, module in ours.items()}))
"""


def test_ansible_loads_what_an_action_needs_with_its_compiled_code() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    said = subprocess.run([sys.executable, "-c", LOADED_BY_ANSIBLE], env=environment, capture_output=True, text=True, check=True).stdout
    loaded = {name.partition(".plugins.")[2]: facts for name, facts in json.loads(said).items()}
    beneath = {name: facts for name, facts in loaded.items() if name.startswith(("module_utils.", "plugin_utils."))}
    assert len(beneath) > 100
    beneath.pop("plugin_utils._compiled")  # it is what the others are found by
    assert {loader for loader, _cached in beneath.values()} == {"SourceFileLoader"}
    assert [name for name, (_loader, cached) in beneath.items() if not pathlib.Path(cached).is_file()] == []


def test_only_our_own_packages_are_found_and_only_where_ansible_found_the_one_above_them(tmp_path: pathlib.Path) -> None:
    (tmp_path / "one.py").write_text("SAID = 1\n", encoding="ascii")
    finder = CompiledFinder()
    assert finder.find_spec("one", [str(tmp_path)]) is None
    assert finder.find_spec("ansible_collections.community.general.plugins.module_utils.one", [str(tmp_path)]) is None
    assert finder.find_spec(f"{OURS}.other", [str(tmp_path)]) is None
    assert finder.find_spec(f"{OURS}.one") is None
    spec = finder.find_spec(f"{OURS}.one", ["/nowhere", str(tmp_path)])
    assert spec is not None and spec.loader is not None and spec.origin == str(tmp_path / "one.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.SAID == 1


class _AnsibleCollectionFinder:
    """Ansible's, by its name."""


def test_it_stands_once_and_right_in_front_of_ansibles_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    first, ansibles, last = object(), _AnsibleCollectionFinder(), object()
    monkeypatch.setattr(sys, "meta_path", [first, ansibles, last])
    keep_compiled()
    keep_compiled()
    assert [type(finder) for finder in sys.meta_path] == [object, CompiledFinder, _AnsibleCollectionFinder, object]


def test_without_ansibles_finder_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    finders = [object()]
    monkeypatch.setattr(sys, "meta_path", list(finders))
    keep_compiled()
    assert sys.meta_path == finders
