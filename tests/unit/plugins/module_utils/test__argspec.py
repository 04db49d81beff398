# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import (
    ArgumentSpec,
    connection_spec,
    hosts_spec,
    run_spec,
    store_spec,
)
from ansible_collections.continuity.identity_failover.tests.unit.module_arguments import run_main

FRAGMENTS = "ansible_collections.continuity.identity_failover.plugins.doc_fragments"
SPECS = {"_connection": connection_spec(), "_hosts": hosts_spec(), "_run": run_spec(), "_store": store_spec()}


def test_merging_keeps_all_options_and_rules_of_both() -> None:
    one = ArgumentSpec({"a": {}}, [("a", "x")], [("a", "y")], [("a", "z")], [("a", 1, ["x"])], {"a": ["x"]})
    two = ArgumentSpec({"b": {}}, [("b", "x")], [("b", "y")], [("b", "z")], [("b", 1, ["x"])], {"a": ["q"], "b": ["x"]})
    assert one.merge(two).to_kwargs() == {
        "argument_spec": {"a": {}, "b": {}},
        "mutually_exclusive": [["a", "x"], ["b", "x"]],
        "required_together": [["a", "y"], ["b", "y"]],
        "required_one_of": [["a", "z"], ["b", "z"]],
        "required_if": [["a", 1, ["x"]], ["b", 1, ["x"]]],
        "required_by": {"a": ["x", "q"], "b": ["x"]},
    }
    assert one.to_kwargs()["argument_spec"] == {"a": {}}


def test_an_option_in_both_is_refused() -> None:
    with pytest.raises(ValueError, match="'host'"):
        connection_spec().merge(ArgumentSpec({"host": {}}))


def test_what_is_handed_out_is_a_copy() -> None:
    spec = hosts_spec()
    spec.to_kwargs()["argument_spec"]["hosts"]["options"].clear()
    assert spec.to_kwargs()["argument_spec"]["hosts"]["options"]


def test_all_shared_specs_fit_together_and_ansible_takes_them() -> None:
    spec = connection_spec().merge(hosts_spec()).merge(run_spec()).merge(store_spec())
    made: list[dict[str, t.Any]] = []

    def main() -> None:
        module = AnsibleModule(supports_check_mode=True, **spec.to_kwargs())
        made.append(module.params)
        module.exit_json()

    run = {"id": "r1", "identity": "mail", "kind": "drill", "epoch": "3", "holder": "h", "lease_seconds": "60", "store": {"host": "exch2"}, "mirror": "~/m"}
    run_main(main, {"host": "192.0.2.5", "transport": "ntlm,basic", "hosts": [{"name": "a", "host": "b", "port": "5985"}], "run": run})
    params = made[0]
    assert params["run"]["epoch"] == 3 and params["run"]["mode"] == "execute" and params["run"]["store"]["kind"] == "target"
    assert "~" not in params["run"]["mirror"]
    assert params["transport"] == ["ntlm", "basic"]
    assert params["hosts"][0]["port"] == 5985 and params["hosts"][0]["operation_timeout"] == 20.0
    assert (params["on_item_failure"], params["details"], params["store"]) == ("continue", "all", None)


def test_only_secret_leaves_of_hosts_are_marked() -> None:
    """no_log on the whole would make a secret of every host name and mask all results."""
    hosts = hosts_spec().argument_spec["hosts"]
    assert "no_log" not in hosts
    assert [name for name, option in hosts["options"].items() if option.get("no_log")] == ["password"]


def as_spec(documented: dict[str, t.Any]) -> dict[str, t.Any]:
    """What a documented option means, in the form of an argument spec."""
    spec = {key: documented[key] for key in ("type", "elements", "choices", "default", "required") if key in documented}
    if "suboptions" in documented:
        spec["options"] = {name: as_spec(option) for name, option in documented["suboptions"].items()}
    return spec


def without_no_log(option: dict[str, t.Any]) -> dict[str, t.Any]:
    spec = {key: value for key, value in option.items() if key not in ("no_log", "options")}
    if "options" in option:
        spec["options"] = {name: without_no_log(inner) for name, inner in option["options"].items()}
    return spec


@pytest.mark.parametrize("name", SPECS)
def test_the_documentation_says_what_the_spec_says(name: str) -> None:
    fragment = yaml.safe_load(importlib.import_module(f"{FRAGMENTS}.{name}").ModuleDocFragment.DOCUMENTATION)
    assert {option: as_spec(text) for option, text in fragment["options"].items()} == {
        option: without_no_log(spec) for option, spec in SPECS[name].argument_spec.items()
    }


def test_every_attribute_is_described_once() -> None:
    fragment = importlib.import_module(f"{FRAGMENTS}._attributes").ModuleDocFragment
    parts = {name: yaml.safe_load(text)["attributes"] for name, text in vars(fragment).items() if name.isupper()}
    assert sorted(parts["DOCUMENTATION"]) == ["check_mode", "diff_mode", "idempotent"]
    assert sorted(parts["CONTROLLER"]) == ["async", "become", "connection", "delegation", "platform"]
    assert {name for name, part in parts.items() if set(part) == {"action_group"}} == {"TARGETED", "STEP", "TARGETED_STEP"}
