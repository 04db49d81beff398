# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of one host: typed values below the five hives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

HIVES = {2147483648: "HKCR", 2147483649: "HKCU", 2147483650: "HKLM", 2147483651: "HKU", 2147483653: "HKCC"}
"""hDefKey of StdRegProv (reference: Microsoft, StdRegProv)."""

STRING, EXPANDED, BINARY, DWORD, MULTI, QWORD = 1, 2, 3, 4, 7, 11


@dataclass
class Key:
    name: str
    keys: dict[str, Key] = field(default_factory=dict)
    values: dict[str, tuple[str, int, Any]] = field(default_factory=dict)
    """small name → (name, type, value)"""


class Registry:
    """Names are matched without case and kept as first written."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host
        self._hives = {name: Key(name) for name in HIVES.values()}

    def find(self, hive: str, path: str) -> Key | None:
        key = self._hives[hive]
        for part in _parts(path):
            found = key.keys.get(part.lower())
            if found is None:
                return None
            key = found
        return key

    def create(self, hive: str, path: str) -> Key:
        """As RegCreateKeyEx: all the way down, and it is fine when it is there."""
        key = self._hives[hive]
        for part in _parts(path):
            key = key.keys.setdefault(part.lower(), Key(part))
        return key

    def set(self, hive: str, path: str, name: str, kind: int, value: Any) -> None:
        key = self.create(hive, path)
        kept = key.values.get(name.lower())
        key.values[name.lower()] = (kept[0] if kept else name, kind, value)
        self._world.effect(self._host, "registry_value_set", key=f"{hive}\\{path}", value=name)

    def delete_key(self, hive: str, path: str) -> bool:
        parts = _parts(path)
        parent = self.find(hive, "\\".join(parts[:-1]))
        if not parts or parent is None or parent.keys.pop(parts[-1].lower(), None) is None:
            return False
        self._world.effect(self._host, "registry_key_deleted", key=f"{hive}\\{path}")
        return True

    def delete_value(self, hive: str, path: str, name: str) -> bool:
        key = self.find(hive, path)
        if key is None or key.values.pop(name.lower(), None) is None:
            return False
        self._world.effect(self._host, "registry_value_deleted", key=f"{hive}\\{path}", value=name)
        return True


def _parts(path: str) -> list[str]:
    return [part for part in path.split("\\") if part]
