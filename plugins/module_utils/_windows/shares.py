# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""SMB shares of a Windows host. Created by ``MSFT_SmbShare``, because it takes the security descriptor as SDDL; removed
by ``Win32_Share``, whose only key is the name."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import NotFound, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql

NAMESPACE = "root/Microsoft/Windows/SMB"
CLASS = "MSFT_SmbShare"

#: ReturnValue of Win32_Share.Delete and MSFT_SmbShare.CreateShare, as far as documented.
CODES = {
    2: "access is denied",
    8: "Windows reports an unknown failure",
    9: "the name is not valid",
    10: "the level is not valid",
    21: "a parameter is not valid",
    22: "the name is shared already",
    24: "there is no such folder",
    25: "there is no such share",
}

#: Other spellings of the same trustees and rights in SDDL.
TRUSTEES = {"S-1-1-0": "WD", "S-1-5-32-544": "BA", "S-1-5-32-545": "BU", "S-1-5-18": "SY", "S-1-5-11": "AU", "S-1-5-7": "AN", "S-1-3-0": "CO", "S-1-5-4": "IU"}
RIGHTS = {"FA": 0x1F01FF, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200A0, "GA": 0x10000000, "GR": 0x80000000, "GW": 0x40000000, "GX": 0x20000000}


@dataclasses.dataclass(frozen=True)
class Share:
    """One share. ``security_descriptor`` is SDDL as the host writes it; ``special`` marks administrative shares."""

    name: str
    path: str
    description: str
    security_descriptor: str
    special: bool

    def image(self) -> dict[str, str]:
        return {"path": self.path, "description": self.description, "security_descriptor": self.security_descriptor}


def read_shares(session: Session, names: list[str], timeout: float) -> dict[str, Share | None]:
    """The named shares; None where there is none."""
    if not names:
        return {}
    known: dict[str, Share] = {}
    for instance in session.query(NAMESPACE, wql.select(CLASS, where={"Name": names}), timeout):
        share = Share(
            name=values.text(instance, "Name"),
            path=values.text(instance, "Path"),
            description=values.text(instance, "Description"),
            security_descriptor=values.text(instance, "SecurityDescriptor"),
            special=values.flag(instance, "Special"),
        )
        known[share.name.lower()] = share
    return {name: known.get(name.lower()) for name in names}


def create_share(session: Session, name: str, path: str, description: str, security_descriptor: str | None, timeout: float) -> None:
    """Shares a folder. Without a descriptor Windows lets everyone read."""
    arguments = {"Name": name, "Path": path, "Description": description}
    if security_descriptor:
        arguments["SecurityDescriptor"] = security_descriptor
    _require(session, "create", name, values.number(session.invoke(NAMESPACE, CLASS, "CreateShare", arguments, timeout), "ReturnValue"))


def remove_share(session: Session, name: str, timeout: float) -> None:
    """Ends a share; users that have files open in it are cut off."""
    try:
        code = values.number(session.invoke("root/cimv2", "Win32_Share", "Delete", {}, timeout, keys={"Name": name}), "ReturnValue")
    except NotFound:
        return
    if code != 25:
        _require(session, "remove", name, code)


def _require(session: Session, verb: str, name: str, code: int) -> None:
    if code != 0:
        cause = CODES.get(code, "Windows gave no known reason")
        raise RemoteError(f"could not {verb} share {name} on {session.name}: {cause} (code {code})", host=session.name, code=code)


def same_path(one: str, other: str) -> bool:
    """Windows takes no notice of letter case, of the slash's direction and of one at the end."""
    return one.replace("/", "\\").rstrip("\\").lower() == other.replace("/", "\\").rstrip("\\").lower()


def same_access(one: str, other: str) -> bool:
    """Do two descriptors grant the same? Compares the entries of their DACLs in order; owner, group and audit do not matter for a share."""
    return _entries(one) == _entries(other)


def _entries(sddl: str) -> list[tuple[str, ...]]:
    text = re.sub(r"\s+", "", sddl)
    found = re.search(r"D:([^(]*)((?:\([^()]*\))*)", text, re.IGNORECASE)
    return [_entry(entry.split(";")) for entry in re.findall(r"\(([^()]*)\)", found[2])] if found else []


def _entry(parts: list[str]) -> tuple[str, ...]:
    """An entry in one spelling: flags, rights as a number, trustee by its alias."""
    fields = [part.upper() for part in parts]
    if len(fields) >= 6:
        fields[2] = _rights(fields[2])
        fields[5] = TRUSTEES.get(fields[5], fields[5])
    return tuple(fields)


def _rights(text: str) -> str:
    if text.startswith("0X"):
        return str(int(text, 16))
    codes = [text[index : index + 2] for index in range(0, len(text), 2)]
    if codes and all(code in RIGHTS for code in codes):
        total = 0
        for code in codes:
            total |= RIGHTS[code]
        return str(total)
    return text
