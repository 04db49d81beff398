# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What databases of every kind share: the error that refuses, and the items that clients wrote."""

from __future__ import annotations

from dataclasses import dataclass, field


class DatabaseError(Exception):
    """number: JET's (negative) or SQL Server's; 0 = neither."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


@dataclass
class Data:
    """Numbered items that clients wrote."""

    sequence: int = 0
    items: set[int] = field(default_factory=set)

    def accept(self, item: int) -> int:
        self.items.add(item)
        self.sequence += 1
        return self.sequence

    def copy(self) -> Data:
        return Data(self.sequence, set(self.items))
