# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMB shares of one host. Return codes are those of Win32_Share (reference: Microsoft, "Create method of the Win32_Share class")."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.model.world import World

OK, INVALID_NAME, INVALID_PARAMETER, DUPLICATE, UNKNOWN_FOLDER, NOT_FOUND = 0, 9, 21, 22, 24, 25
DEFAULT_DESCRIPTOR = "O:SYG:SYD:(A;;FA;;;BA)"


@dataclass
class Share:
    name: str
    path: str
    description: str = ""
    maximum: int | None = None
    """Users at once; None = as many as like."""
    security_descriptor: str = DEFAULT_DESCRIPTOR
    special: bool = False
    temporary: bool = False
    users: int = 0


class Shares:
    """Names are matched without case."""

    def __init__(self, world: World, host: str, files: Files) -> None:
        self._world = world
        self._host = host
        self._files = files
        self._shares: dict[str, Share] = {}

    def all(self) -> list[Share]:
        return list(self._shares.values())

    def find(self, name: str) -> Share | None:
        return self._shares.get(name.lower())

    def put(self, share: Share) -> None:
        """A share that is simply there."""
        self._shares[share.name.lower()] = share

    def add(self, share: Share) -> int:
        """The path must be a folder of this host."""
        if not share.name or len(share.name) > 80 or any(letter in share.name for letter in '\\/:*?"<>|'):
            return INVALID_NAME
        if share.name.lower() in self._shares:
            return DUPLICATE
        if not self._files.is_folder(share.path):
            return UNKNOWN_FOLDER
        self._shares[share.name.lower()] = share
        self._world.effect(self._host, "share_added", share=share.name, path=share.path)
        return OK

    def remove(self, name: str) -> int:
        """Cuts its users off at once."""
        share = self._shares.pop(name.lower(), None)
        if share is None:
            return NOT_FOUND
        self._world.effect(self._host, "share_removed", share=share.name, users_cut_off=share.users)
        return OK

    def restarted(self) -> None:
        """Temporary shares do not survive."""
        for share in [each for each in self._shares.values() if each.temporary]:
            del self._shares[share.name.lower()]

    def describe(self) -> JSON:
        return {each.name: {"path": each.path, "security_descriptor": each.security_descriptor} for each in self._shares.values() if not each.special}
