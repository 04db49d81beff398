# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Which machine it is, whatever name or address it is reached by."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Machine:
    """``uuid`` is the firmware's (SMBIOS), ``name`` the computer name."""

    uuid: str
    name: str

    def same_as(self, other: Machine) -> bool:
        """The same UUID and the same computer name; letter case means nothing in either."""
        return self.uuid.lower() == other.uuid.lower() and self.name.lower() == other.name.lower()

    def __str__(self) -> str:
        return f"{self.name} ({self.uuid})"
