# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Implements interfaces.CimProvider for one host: checks names, keys and types against the facts, then asks the class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim import facts as known
from ansible_collections.continuity.identity_failover.tests.lab.cim import (
    machine_classes,
    network_classes,
    process_classes,
    registry_classes,
    service_classes,
    share_classes,
    values,
    wql,
)
from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import CimClass, Row, not_capable
from ansible_collections.continuity.identity_failover.tests.lab.cim.facts import ClassFacts, MethodFacts
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import (
    CimFault,
    CimObject,
    CimValue,
    Raw,
    bad_query,
    instance_not_found,
    invalid_parameter,
    selectors_missing,
    selectors_unexpected,
)
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host

_CLASSES: dict[tuple[str, str], CimClass] = {
    (namespace.lower(), each.name.lower()): each
    for module in (machine_classes, network_classes, process_classes, registry_classes, service_classes, share_classes)
    for each in module.CLASSES
    for namespace in (("root/cimv2", "root/default") if each.name == "StdRegProv" else (each.namespace,))
}


def _found(ns: str, class_name: str) -> tuple[ClassFacts, CimClass]:
    facts = known.find(ns, class_name)
    return facts, _CLASSES[(facts.namespace.lower(), facts.name.lower())]


class Provider:
    """The classes of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def get(self, ns: str, class_name: str, keys: Mapping[str, str]) -> CimObject:
        facts, handler = _found(ns, class_name)
        return values.instance(facts, self._row(facts, handler, keys))

    def enumerate(self, ns: str, class_name: str) -> list[CimObject]:
        facts, handler = _found(ns, class_name)
        if handler.slow_rows:
            raise not_capable(f"enumerate {facts.name} without a query")
        return [values.instance(facts, row) for row in handler.rows(self._host)]

    async def query(self, ns: str, wql: str) -> tuple[list[CimObject], bool]:
        parsed = _parse(wql)
        try:
            facts, handler = _found(ns, parsed.class_name)
        except CimFault:
            raise bad_query(f"The specified class does not exist in the given namespace: {parsed.class_name}") from None
        columns = _columns(facts, parsed.columns)
        for name in parsed.names():
            if facts.property(name) is None:
                raise bad_query(f"no property {name} of {facts.name}")
        test = parsed.test({name.lower(): kind for name, kind in facts.properties.items()})
        rows = await handler.rows_for(self._host, parsed.equalities())
        chosen = [row for row in rows if test({name.lower(): content for name, content in row.items()})]
        found = [values.instance(facts, row) for row in chosen]
        if columns:
            found = [CimObject(each.namespace, each.class_name, {name: each.properties[name] for name in columns}, each.keys) for each in found]
        return found, bool(columns)

    async def invoke(self, ns: str, class_name: str, method: str, keys: Mapping[str, str] | None, arguments: Mapping[str, Raw]) -> dict[str, CimValue]:
        facts, handler = _found(ns, class_name)
        what = facts.method(method)
        row = None
        if what.static and keys:
            raise selectors_unexpected(next(iter(keys)))
        if not what.static:
            row = self._row(facts, handler, keys or {})
        result = await handler.invoke(self._host, what.name, row, _arguments(what, arguments))
        await self._host.world.settled()
        return _out(what, result)

    async def put(self, ns: str, class_name: str, keys: Mapping[str, str], properties: Mapping[str, Raw]) -> CimObject:
        facts, handler = _found(ns, class_name)
        row = self._row(facts, handler, keys)
        await handler.put(self._host, row, _properties(facts, properties, row))
        await self._host.world.settled()
        return self.get(ns, class_name, keys)

    async def create(self, ns: str, class_name: str, properties: Mapping[str, Raw]) -> CimObject:
        facts, handler = _found(ns, class_name)
        made = await handler.create(self._host, _properties(facts, properties, {}))
        await self._host.world.settled()
        return values.instance(facts, made)

    async def delete(self, ns: str, class_name: str, keys: Mapping[str, str]) -> None:
        facts, handler = _found(ns, class_name)
        await handler.delete(self._host, self._row(facts, handler, keys))
        await self._host.world.settled()

    def _row(self, facts: ClassFacts, handler: CimClass, keys: Mapping[str, str]) -> Row:
        """The one instance that the selectors name. Raises the faults that Windows gives."""
        wanted = {name.lower(): text for name, text in keys.items()}
        for name in keys:
            if name.lower() not in (key.lower() for key in facts.keys):
                raise selectors_unexpected(name)
        for key in facts.keys:
            if key.lower() not in wanted:
                raise selectors_missing(key)
        for row in handler.rows(self._host):
            if all(_same(facts.properties[key], row.get(key), wanted[key.lower()]) for key in facts.keys):
                return row
        raise instance_not_found(facts.name)


def _parse(text: str) -> wql.Query:
    return wql.parse(text)


def _same(kind: str, actual: Any, wanted: str) -> bool:
    if kind == "string":
        return str(actual if actual is not None else "").lower() == wanted.lower()
    return str(actual) == wanted.strip()


def _columns(facts: ClassFacts, asked: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in asked:
        spelled = facts.property(name)
        if spelled is None:
            raise bad_query(f"no property {name} of {facts.name}")
        if spelled not in found:
            found.append(spelled)
    return found


def _arguments(method: MethodFacts, raw: Mapping[str, Raw]) -> dict[str, Any]:
    """Typed arguments; absent and null ones are left out."""
    found: dict[str, Any] = {}
    for name, content in raw.items():
        spelled = method.parameter(name)
        if spelled is None:
            raise invalid_parameter(name)
        typed = values.typed(spelled, method.parameters[spelled], content)
        if typed is not None:
            found[spelled] = typed
    for name in method.required:
        if name not in found:
            raise invalid_parameter(name)
    return found


def _properties(facts: ClassFacts, raw: Mapping[str, Raw], row: Row) -> dict[str, Any]:
    """Typed properties that differ from the row's."""
    found: dict[str, Any] = {}
    for name, content in raw.items():
        spelled = facts.property(name)
        if spelled is None:
            raise invalid_parameter(name)
        typed = values.typed(spelled, facts.properties[spelled], content)
        if typed != row.get(spelled):
            found[spelled] = typed
    return found


def _out(method: MethodFacts, result: Row) -> dict[str, CimValue]:
    answer = {name: values.value(kind, result.get(name)) for name, kind in method.out.items()}
    answer["ReturnValue"] = values.value("uint32", result["ReturnValue"])
    return answer


def check_complete() -> list[str]:
    """Classes with facts and without behaviour; for a test."""
    return [f"{facts.namespace}:{facts.name}" for facts in known.every() if (facts.namespace.lower(), facts.name.lower()) not in _CLASSES]
