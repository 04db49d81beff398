# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's facts about classes against those of a real Windows Server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.cim import facts
from ansible_collections.continuity.identity_failover.tests.lab.cim.provider import check_complete
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures

#: Types that the published bindings do not tell, and what the lab has in their place (Microsoft's class documentation).
UNSIZED = {"DNSClientCache_Section": "uint8", "DNSClientCache_Status": "uint32", "DNSClientCache_Type": "uint16", "SmbShare_": "uint32"}
#: The bindings know no class for these, so they stand there as strings.
ALSO_STRINGS = ("datetime",)


def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fixtures("wsman", "wmi-classes.json").read_text())
    return found


def chain(read: dict[str, Any], each: facts.ClassFacts) -> Iterator[dict[str, Any]]:
    namespace = "root/cimv2" if each.name == "StdRegProv" else each.namespace
    name: str | None = each.name
    while name and f"{namespace}:{name}" in read:
        described = read[f"{namespace}:{name}"]
        yield described
        name = described["parent"]


def same(ours: str, theirs: str) -> bool:
    if theirs.startswith("[]") != ours.endswith("[]"):
        return False
    ours, theirs = ours.removesuffix("[]"), theirs.removeprefix("[]")
    theirs = next((size for start, size in UNSIZED.items() if theirs.startswith(start)), theirs)
    if theirs == "bool":
        return ours == "boolean"
    if theirs == "string":
        return ours == "string" or ours in ALSO_STRINGS
    if theirs.startswith(("Win32_", "MSFT_", "CIM_", "__", "interface")):
        return ours in ("instance", "reference")
    return ours == theirs or ("_" in theirs and ours == "uint16")


@pytest.mark.parametrize("each", facts.every(), ids=lambda each: f"{each.namespace}:{each.name}")
def test_properties_are_those_of_windows(each: facts.ClassFacts) -> None:
    read = published()
    theirs = {name: kind for described in chain(read, each) for name, kind in described["properties"].items()}
    assert set(each.properties) == set(theirs)
    wrong = {name: (kind, theirs[name]) for name, kind in each.properties.items() if not same(kind, theirs[name])}
    assert not wrong


@pytest.mark.parametrize("each", facts.every(), ids=lambda each: f"{each.namespace}:{each.name}")
def test_methods_and_their_parameters_are_those_of_windows(each: facts.ClassFacts) -> None:
    read = published()
    theirs = {name: method for described in chain(read, each) for name, method in described["methods"].items()}
    assert set(each.methods) == set(theirs)
    for name, method in each.methods.items():
        for ours, way in ((method.parameters, "in"), (method.out, "out")):
            described = dict(parameter.split(" ", 1) for parameter in theirs[name][way])
            assert list(ours) == list(described), name
            assert all(same(kind, described[parameter]) for parameter, kind in ours.items()), name


@pytest.mark.parametrize("each", facts.every(), ids=lambda each: f"{each.namespace}:{each.name}")
def test_keys_and_required_parameters_exist(each: facts.ClassFacts) -> None:
    assert set(each.keys) <= set(each.properties)
    for method in each.methods.values():
        assert set(method.required) <= set(method.parameters)


def test_every_class_can_do_something() -> None:
    assert check_complete() == []


def test_names_are_matched_without_case_and_unknown_ones_are_faults() -> None:
    assert facts.find("ROOT\\CIMV2", "win32_service").name == "Win32_Service"
    with pytest.raises(CimFault) as no_class:
        facts.find("root/cimv2", "Win32_Nothing")
    assert no_class.value.code == 2150858752
    with pytest.raises(CimFault) as no_method:
        facts.find("root/cimv2", "Win32_Service").method("Nothing")
    assert no_method.value.code == 2150858753
