# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.filter import identity_definition as identity_definition_file
from ansible_collections.continuity.identity_failover.plugins.filter import identity_problems as identity_problems_file
from ansible_collections.continuity.identity_failover.plugins.filter.identity_definition import identity_definition
from ansible_collections.continuity.identity_failover.plugins.filter.identity_problems import identity_problems

SMALL = {"source": {"host": "exch1"}, "target": {"host": "exch2"}}
GROUPS = {"all": ["exch1", "exch2"], "mail_servers": ["exch1", "exch2"], "ungrouped": []}


def test_a_good_definition_gives_an_empty_list() -> None:
    assert identity_problems({"mail": SMALL}, "mail", groups=GROUPS) == []


def test_problems_are_sentences() -> None:
    (problem,) = identity_problems({"mail": {**SMALL, "sorce": {}}}, "mail", groups=GROUPS, credentials={})
    assert problem == "failover_identities.mail.sorce is no key of a definition; did you mean 'source'?"


def test_credentials_may_be_the_dictionary_or_its_names() -> None:
    definition = {**SMALL, "databases": [{"name": "DB01", "kind": "exchange", "credential": "ad"}]}
    assert identity_problems({"mail": definition}, "mail", groups=GROUPS, credentials={"ad": {"password": "x"}}) == []
    assert identity_problems({"mail": definition}, "mail", groups=GROUPS, credentials=["ad"]) == []
    (problem,) = identity_problems({"mail": definition}, "mail", groups=GROUPS, credentials={})
    assert problem.endswith("which is not in failover_credentials; there is none")


def test_connection_addresses_are_looked_at() -> None:
    (problem,) = identity_problems({"mail": SMALL}, "mail", groups=GROUPS, addresses={"exch1": "10.0.0.1", "exch2": "10.0.0.1"})
    assert "same connection address" in problem


def test_the_hosts_variables_will_do_for_addresses() -> None:
    hostvars = {"exch1": {"ansible_host": "10.0.0.1"}, "exch2": {"ansible_host": "10.0.0.1"}, "other": None}
    (problem,) = identity_problems({"mail": SMALL}, "mail", groups=GROUPS, addresses=hostvars)
    assert "same connection address 10.0.0.1" in problem
    assert identity_problems({"mail": SMALL}, "mail", groups=GROUPS, addresses={"exch1": {}, "exch2": {}}) == []


@pytest.mark.parametrize("definitions", [None, [], {"mail": None}, {"mail": {"source": "exch1"}}])
def test_a_shapeless_definition_is_a_problem_not_a_crash(definitions: object) -> None:
    assert identity_problems(definitions, "mail", groups=GROUPS, addresses={"exch1": "10.0.0.1"})


@pytest.mark.parametrize("arguments", [{"identity": "mail", "groups": None}, {"identity": None, "groups": GROUPS}])
def test_a_wrong_call_says_what_is_missing(arguments: dict[str, object]) -> None:
    with pytest.raises(AnsibleFilterError, match="identity_problems needs"):
        identity_problems({"mail": SMALL}, **arguments)  # type: ignore[arg-type]


def test_the_definition_gets_its_defaults() -> None:
    assert identity_definition(SMALL)["dns"] is None
    assert identity_definition(SMALL)["monitor"]["missed"] == 5


def test_a_wrong_shape_is_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match="failover_definition.target.host is missing"):
        identity_definition({**SMALL, "target": {}})


@pytest.mark.parametrize("file", [identity_definition_file, identity_problems_file])
def test_the_documentation_names_the_filter(file: object) -> None:
    documentation = yaml.safe_load(file.DOCUMENTATION)  # type: ignore[attr-defined]
    assert list(file.FilterModule().filters()) == [documentation["name"]]  # type: ignore[attr-defined]
