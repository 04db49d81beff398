# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StdRegProv: the registry by static methods. Return values are Win32 errors (reference: Microsoft, StdRegProv)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import CimClass, Row
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import invalid_parameter
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.registry import BINARY, DWORD, EXPANDED, HIVES, MULTI, QWORD, STRING

WRONG_KIND, NOT_FOUND = 1, 2
"""A value that is absent, or of another type, gives 1; a key that is absent gives 2."""
LOCAL_MACHINE = 2147483650
EMPTY: dict[int, Any] = {STRING: "", EXPANDED: "", MULTI: [], BINARY: []}

#: Method's middle → (registry type, name of its parameter).
TYPED = {
    "String": (STRING, "sValue"),
    "ExpandedString": (EXPANDED, "sValue"),
    "MultiString": (MULTI, "sValue"),
    "DWORD": (DWORD, "uValue"),
    "QWORD": (QWORD, "uValue"),
    "Binary": (BINARY, "uValue"),
}


class StdRegProv(CimClass):
    name = "StdRegProv"

    def rows(self, host: Host) -> list[Row]:
        return []

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        hive = HIVES.get(arguments.get("hDefKey", LOCAL_MACHINE))
        if hive is None:
            raise invalid_parameter("hDefKey")
        path = arguments["sSubKeyName"].strip("\\")
        for way in ("Get", "Set"):
            middle = method.removeprefix(way).removesuffix("Value")
            if method.startswith(way) and middle in TYPED:
                return _get(host, hive, path, middle, arguments) if way == "Get" else _set(host, hive, path, middle, arguments)
        if method in ("CreateKey", "DeleteKey", "DeleteValue", "EnumKey", "EnumValues", "CheckAccess"):
            return _other(host, method, hive, path, arguments)
        return await super().invoke(host, method, row, arguments)


def _get(host: Host, hive: str, path: str, middle: str, arguments: Mapping[str, Any]) -> Row:
    kind, out = TYPED[middle]
    key = host.registry.find(hive, path)
    if key is None:
        return {"ReturnValue": NOT_FOUND}
    found = key.values.get(str(arguments.get("sValueName", "")).lower())
    if found is None or found[1] != kind:
        return {"ReturnValue": WRONG_KIND}
    return {"ReturnValue": 0, out: found[2]}


def _set(host: Host, hive: str, path: str, middle: str, arguments: Mapping[str, Any]) -> Row:
    kind, name = TYPED[middle]
    if host.registry.find(hive, path) is None:
        return {"ReturnValue": NOT_FOUND}
    content = arguments.get(name, EMPTY.get(kind))
    if content is None:
        raise invalid_parameter(name)
    host.registry.set(hive, path, str(arguments.get("sValueName", "")), kind, content)
    return {"ReturnValue": 0}


def _other(host: Host, method: str, hive: str, path: str, arguments: Mapping[str, Any]) -> Row:
    key = host.registry.find(hive, path)
    if method == "CreateKey":
        host.registry.create(hive, path)
        return {"ReturnValue": 0}
    if key is None:
        return {"ReturnValue": NOT_FOUND}
    if method == "DeleteKey":
        if key.keys:
            return {"ReturnValue": 5}
        return {"ReturnValue": 0 if host.registry.delete_key(hive, path) else NOT_FOUND}
    if method == "DeleteValue":
        return {"ReturnValue": 0 if host.registry.delete_value(hive, path, str(arguments.get("sValueName", ""))) else NOT_FOUND}
    if method == "EnumKey":
        return {"ReturnValue": 0, "sNames": [each.name for each in key.keys.values()] or None}
    if method == "EnumValues":
        named = list(key.values.values())
        return {"ReturnValue": 0, "sNames": [each[0] for each in named] or None, "Types": [each[1] for each in named] or None}
    return {"ReturnValue": 0, "bGranted": True}


CLASSES = (StdRegProv(),)
