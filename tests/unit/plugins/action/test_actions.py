# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each action says of itself, and that the lists of modules elsewhere agree."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.plugin_utils._controller import ControllerActionBase
from ansible_collections.continuity.identity_failover.tests.unit.actions import Estate

ROOT = pathlib.Path(__file__).resolve().parents[4]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if path.stem != "__init__")
UNTARGETED = {"directory_spns", "update_dns", "flush_dns_clients", "verify_clients"}

INVENTORY = {
    "all": {
        "vars": {"ansible_connection": "winrm", "ansible_user": "admin", "ansible_password": "Canary-Word"},
        "children": {
            "workstations": {"hosts": {"ws001": {}, "ws002": {}}},
            "domain_controllers": {"hosts": {"dc1": {}}},
            "drill_clients": {"hosts": {"ws009": {}}},
        },
        "hosts": {"exch1": {}, "exch2": {}, "wit1": {}, "keeper": {}, "watched": {}},
    }
}
DEFINITION = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "monitor": {"vantage_points": [{"host": "controller"}, {"host": "wit1"}]},
    "directory": {"domain_controllers": ["dc1"]},
    "clients": {"flush": ["workstations"], "sample": ["ws001"]},
    "drill": {"clients": {"flush": ["drill_clients"]}},
    "store": {"host": "keeper"},
}
#: Everything that any module takes: each must find in it exactly the hosts that are its own.
ARGUMENTS: dict[str, t.Any] = {
    "run": {"store": {"host": "exch2"}},
    "store": {"host": "exch1"},
    "source": "watched",
    "vantage_points": [{"host": "controller"}, {"host": "wit1"}],
    "domain_controllers": ["domain_controllers"],
    "clients": ["workstations"],
    "definition": DEFINITION,
}
RUN = {"exch2"}
EXPECTED: dict[str, set[str]] = {
    "failover_status": RUN | {"exch1", "dc1"},
    "failover_monitor": RUN | {"exch1", "wit1", "dc1", "watched"},
    "failover_ack": RUN | {"exch1"},
    "failover_run": RUN | {"exch1", "wit1", "dc1"},
    "failover_journal": {"exch1"},
    "failover_preflight": RUN | {"exch1", "wit1", "dc1", "ws001", "ws002", "keeper"},
    "fence_source": RUN | {"wit1"},
    "app_services": RUN,
    "mount_databases": RUN,
    "server_identity": RUN,
    "directory_spns": RUN | {"dc1"},
    "run_post_script": RUN,
    "promote_data": RUN,
    "update_dns": RUN,
    "flush_dns_clients": RUN | {"ws001", "ws002"},
    "verify_clients": RUN | {"ws001", "ws002"},
}


def action_of(module: str) -> type[ControllerActionBase]:
    found: type[ControllerActionBase] = importlib.import_module(f"ansible_collections.continuity.identity_failover.plugins.action.{module}").ActionModule
    return found


def test_there_is_an_action_for_every_documented_module() -> None:
    page = (ROOT / "docs" / "modules-and-states.md").read_text(encoding="utf-8")
    table = page.partition("## Modules")[2].partition("##")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == MODULES == sorted(EXPECTED)


@pytest.mark.parametrize("module", MODULES)
def test_an_action_finds_the_hosts_that_are_its_own(module: str, tmp_path: pathlib.Path) -> None:
    started = Estate(tmp_path, INVENTORY).action(action_of(module), "exch1", ARGUMENTS, name=module)
    assert set(started.entries()) == EXPECTED[module]


@pytest.mark.parametrize(("clients", "found"), [({"flush": ["drill_clients"]}, {"ws009"}), ("skip", set()), ({}, set())])
def test_a_drill_is_checked_with_the_clients_of_the_drill(clients: t.Any, found: set[str], tmp_path: pathlib.Path) -> None:
    args = {"kind": "drill", "definition": {**DEFINITION, "drill": {"clients": clients}}}
    entries = Estate(tmp_path, INVENTORY).action(action_of("failover_preflight"), "exch1", args, name="failover_preflight").entries()
    assert {name for name in entries if name.startswith("ws")} == found


@pytest.mark.parametrize("module", MODULES)
def test_an_action_merges_the_connection_only_where_there_is_a_target(module: str, tmp_path: pathlib.Path) -> None:
    arguments = Estate(tmp_path, INVENTORY).action(action_of(module), "exch1", {}, name=module).arguments()
    assert ("host" in arguments) is (module not in UNTARGETED)
    assert action_of(module).TARGET == ("none" if module in UNTARGETED else "required")


@pytest.mark.parametrize("module", MODULES)
def test_no_action_takes_async_and_all_take_check_mode(module: str) -> None:
    assert not action_of(module)._supports_async and action_of(module)._supports_check_mode


@pytest.mark.parametrize("module", MODULES)
def test_an_action_does_what_its_module_does(module: str) -> None:
    work = action_of(module).WORK
    main = importlib.import_module(f"ansible_collections.continuity.identity_failover.plugins.modules.{module}")
    assert work is not None and (work.arguments, work.function) == (main.arguments, getattr(main, module))


def test_the_action_groups_hold_what_their_options_fit() -> None:
    """A default for a connection option would be an unknown option of the modules without a target."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    groups = runtime["action_groups"]
    assert runtime["requires_ansible"] == ">=2.16.0"
    assert set(groups["connection"]) == set(MODULES) - UNTARGETED
    assert set(groups["run"]) == {module for module in MODULES if not module.startswith("failover_")}
