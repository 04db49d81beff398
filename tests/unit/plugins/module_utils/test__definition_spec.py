# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_documentation, definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from tests.unit.plugins.module_utils._domain.test_definition import DOCUMENTED, FULL


def validated(definition: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    validator = ArgumentSpecValidator({"definition": {"type": "dict", "required": True, "options": definition_spec()}})
    result = validator.validate({"definition": definition})
    return result.validated_parameters["definition"], list(result.error_messages)


def test_ansible_fills_in_what_normalise_does() -> None:
    for text in (DOCUMENTED, FULL):
        given, errors = validated(yaml.safe_load(text))
        assert errors == []
        for service in given["services"]:
            if service["start_mode"] is None:
                del service["start_mode"]
        # Ansible does not look into the raw parts of the drill.
        assert normalise(given) == normalise(yaml.safe_load(text))
        given.pop("drill")
        assert given == {key: value for key, value in normalise(yaml.safe_load(text)).items() if key != "drill"}


def test_ansible_takes_what_normalise_gives() -> None:
    for text in (DOCUMENTED, FULL, "{source: {host: a}, target: {host: b}, services: [{name: x}]}"):
        assert validated(normalise(yaml.safe_load(text)))[1] == []


def test_ansible_names_a_misspelt_key_deep_down() -> None:
    definition = yaml.safe_load(DOCUMENTED)
    definition["dns"]["repoint"]["form"] = definition["dns"]["repoint"].pop("from")
    error = validated(definition)[1][-1]
    assert "definition.dns.repoint.form" in error


def test_two_specs_share_nothing() -> None:
    definition_spec()["accept"]["default"]["x"] = 1
    assert definition_spec()["accept"]["default"] == {}


def test_documentation_and_spec_agree() -> None:
    def compare(documented: t.Any, spec: t.Any) -> None:
        assert documented.keys() == spec.keys()
        for key, option in spec.items():
            entry = documented[key]
            assert entry["description"]
            for word in ("type", "elements", "required", "default", "choices"):
                assert entry.get(word) == option.get(word), (key, word)
            compare(entry.get("suboptions", {}), option.get("options", {}))

    compare(definition_documentation("suboptions"), definition_spec())
