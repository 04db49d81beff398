# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a class of the lab's hosts can do; each kind of class is a subclass in one of the files beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host

Row = dict[str, Any]
"""Property → Python value; what is not there is null."""

WBEM_E_FAILED = 0x80041001
WBEM_E_NOT_FOUND = 0x80041002
WBEM_E_PROVIDER_NOT_CAPABLE = 0x80041024
WBEM_E_ALREADY_EXISTS = 0x80041019
WBEM_E_METHOD_NOT_IMPLEMENTED = 0x80041055


def not_capable(what: str) -> CimFault:
    """The provider does not do that."""
    return CimFault(0, "w:InternalError", f"Provider is not capable of the attempted operation: {what} ", cim_status=7, error_code=WBEM_E_PROVIDER_NOT_CAPABLE)


def failed(message: str, *, status: int = 1, code: int = WBEM_E_FAILED) -> CimFault:
    """A provider's own error."""
    return CimFault(0, "w:InternalError", message, cim_status=status, error_code=code)


class CimClass:
    """One class on every host; it keeps nothing itself."""

    namespace = "root/cimv2"
    name = ""
    slow_rows = False
    """Its rows come from rows_for alone, and only for a query."""

    def rows(self, host: Host) -> list[Row]:
        """Every instance."""
        raise not_capable(f"enumerate {self.name}")

    async def rows_for(self, host: Host, wanted: Mapping[str, Any]) -> list[Row]:
        """The instances for a query that ties these properties (in small letters) to one value each. They are filtered afterwards."""
        return self.rows(host)

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        """row: the instance, None for a static method. Arguments have their types; those not given are absent. Out parameters and ReturnValue."""
        raise failed(f"{self.name}.{method} is not implemented", status=16, code=WBEM_E_METHOD_NOT_IMPLEMENTED)

    async def put(self, host: Host, row: Row, changes: Mapping[str, Any]) -> None:
        raise not_capable(f"change {self.name}")

    async def create(self, host: Host, properties: Mapping[str, Any]) -> Row:
        raise not_capable(f"create {self.name}")

    async def delete(self, host: Host, row: Row) -> None:
        raise not_capable(f"delete {self.name}")
