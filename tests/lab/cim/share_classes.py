# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Share and MSFT_SmbShare: two views of the same shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim import facts, values
from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import WBEM_E_NOT_FOUND, CimClass, Row, failed
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.shares import (
    DUPLICATE,
    INVALID_NAME,
    INVALID_PARAMETER,
    NOT_FOUND,
    OK,
    UNKNOWN_FOLDER,
    Share,
)

DISK, SPECIAL = 0, 0x80000000

#: Shares' code → (Win32 error, CIM status): MSFT_SmbShare reports HRESULTs, not Win32_Share's codes.
SMB_ERRORS = {INVALID_NAME: (123, 4), DUPLICATE: (2118, 11), UNKNOWN_FOLDER: (3, 6), NOT_FOUND: (2310, 6)}


class Win32Share(CimClass):
    name = "Win32_Share"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                "Name": share.name,
                "Caption": share.description or share.name,
                "Description": share.description,
                "Path": share.path,
                "Type": SPECIAL if share.special else DISK,
                "AllowMaximum": share.maximum is None,
                "MaximumAllowed": share.maximum,
                "Status": "OK",
            }
            for share in host.shares.all()
        ]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if method == "Create":
            if arguments["Type"] != DISK or "Password" in arguments or "Access" in arguments:
                return {"ReturnValue": INVALID_PARAMETER}
            share = Share(arguments["Name"], arguments["Path"], arguments.get("Description", ""), arguments.get("MaximumAllowed"))
            return {"ReturnValue": host.shares.add(share)}
        if method == "Delete" and row is not None:
            return {"ReturnValue": host.shares.remove(row["Name"])}
        return await super().invoke(host, method, row, arguments)


class SmbShare(CimClass):
    namespace = "root/Microsoft/Windows/SMB"
    name = "MSFT_SmbShare"

    def rows(self, host: Host) -> list[Row]:
        return [_row(share) for share in host.shares.all()]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        known = facts.find(self.namespace, self.name)
        if method == "CreateShare":
            share = _wanted(arguments)
            code = host.shares.add(share)
            if code != OK:
                raise _error(code)
            return {"ReturnValue": 0, "CreatedShare": values.instance(known, _row(share))}
        if method == "GetShare":
            found = host.shares.find(arguments["ShareName"])
            if found is None:
                raise failed("No MSFT_SmbShare objects found", status=6, code=WBEM_E_NOT_FOUND)
            return {"ReturnValue": 0, "Output": values.instance(known, _row(found))}
        if method == "EnumerateShares":
            return {"ReturnValue": 0, "Output": [values.instance(known, each) for each in self.rows(host)]}
        return await super().invoke(host, method, row, arguments)

    async def delete(self, host: Host, row: Row) -> None:
        code = host.shares.remove(row["Name"])
        if code != OK:
            raise _error(code)


def _wanted(arguments: Mapping[str, Any]) -> Share:
    """Without a descriptor everyone may read."""
    if any(arguments.get(name) for name in ("FullAccess", "ChangeAccess", "ReadAccess", "NoAccess")):
        raise failed("The lab's shares take a SecurityDescriptor, no account lists", status=7, code=0x80041024)
    descriptor = arguments.get("SecurityDescriptor") or "O:SYG:SYD:(A;;0x1200a9;;;WD)"
    if "D:" not in descriptor:
        raise failed("The security descriptor structure is invalid. ", status=4, code=0x8007053A)
    limit = arguments.get("ConcurrentUserLimit") or None
    return Share(arguments["Name"], arguments["Path"], arguments.get("Description", ""), limit, descriptor, temporary=arguments.get("Temporary", False))


def _error(code: int) -> CimFault:
    number, status = SMB_ERRORS.get(code, (87, 4))
    return failed(f"The share operation failed with Windows error {number}. ", status=status, code=0x80070000 | number)


def _row(share: Share) -> Row:
    return {
        "Name": share.name,
        "ScopeName": "*",
        "SmbInstance": 0,
        "Path": share.path,
        "Description": share.description,
        "Special": share.special,
        "Temporary": share.temporary,
        "SecurityDescriptor": share.security_descriptor,
        "CurrentUsers": share.users,
        "ConcurrentUserLimit": share.maximum or 0,
        "ShareState": 1,
        "ShareType": 0,
        "CachingMode": 1,
        "FolderEnumerationMode": 1,
        "EncryptData": False,
        "ContinuouslyAvailable": False,
        "Scoped": False,
        "ShadowCopy": False,
        "AvailabilityType": 0,
        "CATimeout": 0,
        "Volume": "",
    }


CLASSES = (Win32Share(), SmbShare())
