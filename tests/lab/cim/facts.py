# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, types, keys and method parameters of the classes that the lab has, from classes.json beside this file.

The facts agree with the public class bindings of Windows Server 2019, apart from DIFFERENCES in the unit test: those bindings call a datetime a string and
leave some enumerations' sizes out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, class_not_found, method_not_found


@dataclass(frozen=True)
class MethodFacts:
    name: str
    static: bool
    parameters: Mapping[str, str]
    """name → type, in order; an array's type ends in []"""
    out: Mapping[str, str]
    required: tuple[str, ...]

    def parameter(self, name: str) -> str | None:
        """The class' own spelling."""
        return spelled(name, self.parameters)


@dataclass(frozen=True)
class ClassFacts:
    namespace: str
    name: str
    keys: tuple[str, ...]
    properties: Mapping[str, str]
    methods: Mapping[str, MethodFacts]

    def method(self, name: str) -> MethodFacts:
        """Raises the fault that Windows gives."""
        found = spelled(name, self.methods)
        if found is None:
            raise method_not_found(f"{self.name}.{name}")
        return self.methods[found]

    def property(self, name: str) -> str | None:
        """The class' own spelling."""
        return spelled(name, self.properties)


def spelled(name: str, names: Mapping[str, object]) -> str | None:
    if name in names:
        return name
    return next((each for each in names if each.lower() == name.lower()), None)


@functools.lru_cache(maxsize=1)
def _all() -> dict[tuple[str, str], ClassFacts]:
    read: dict[str, JSON] = json.loads((Path(__file__).parent / "classes.json").read_text())
    classes: dict[tuple[str, str], ClassFacts] = {}
    for full, described in read.items():
        namespace, _colon, name = full.partition(":")
        source = read[described["same_as"]] if "same_as" in described else described
        methods = {
            method: MethodFacts(method, facts["static"], facts["in"], facts["out"], tuple(facts["required"])) for method, facts in source["methods"].items()
        }
        classes[(namespace.lower(), name.lower())] = ClassFacts(namespace, name, tuple(source["keys"]), source["properties"], methods)
    return classes


def find(namespace: str, name: str) -> ClassFacts:
    """Raises the fault that Windows gives for an unknown class or namespace."""
    found = _all().get((namespace.lower().replace("\\", "/").strip("/"), name.lower()))
    if found is None:
        raise class_not_found(f"{namespace}:{name}")
    return found


def every() -> list[ClassFacts]:
    return list(_all().values())
