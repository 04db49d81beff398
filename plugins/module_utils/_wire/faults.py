# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Faults of WS-Management and what they mean, decided on codes, never on text.

Codes are from [MS-WSMV], winerror.h and recorded answers of Windows and OMI. What is not in the table is a RemoteError.
"""

from __future__ import annotations

import dataclasses
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, NotFound, QuotaExceeded, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup

RESOURCE_NOT_FOUND = 2150858752
ACTION_NOT_SUPPORTED = 2150858753
OPERATION_TIMED_OUT = 2150858793
UNEXPECTED_SELECTORS = 2150858843

_ACCESS_DENIED = frozenset({5, 0x80070005, 0x80041003})
_NOT_FOUND = frozenset(
    {
        RESOURCE_NOT_FOUND,
        ACTION_NOT_SUPPORTED,
        UNEXPECTED_SELECTORS,  # also an unknown shell or command
        0x80041002,  # WBEM_E_NOT_FOUND
        0x8004100E,  # WBEM_E_INVALID_NAMESPACE
        0x80041010,  # WBEM_E_INVALID_CLASS
        0x8004102E,  # WBEM_E_INVALID_METHOD
        0x80041055,  # WBEM_E_METHOD_NOT_IMPLEMENTED
        0x80070002,  # no such program for a shell without cmd.exe
    }
)
_QUOTA = frozenset({2150859173, 2150859174})
#: CIMStatusCode, DSP0223: 2 access denied, 3 invalid namespace, 5 invalid class, 6 not found, 16 and 17 method not available and not found.
_CIM_ACCESS_DENIED = 2
_CIM_NOT_FOUND = frozenset({3, 5, 6, 16, 17})
#: The instance is missing, the class is there: asking in the other URI form is no use.
_INSTANCE_NOT_FOUND = frozenset({0x80041002})
_CIM_INSTANCE_NOT_FOUND = 6


class OperationTimedOut(RemoteError):
    """Private to the transport: OperationTimeout passed. A Receive that had nothing to say is asked again."""

    reason = "operation_timed_out"


@dataclasses.dataclass(frozen=True)
class Fault:
    """``codes``: WSManFault codes from the outside in, and a WMI error_Code; ``text`` may be empty."""

    codes: tuple[int, ...] = ()
    cim_status: int | None = None
    role: str = ""
    subcode: str = ""
    fault_detail: str = ""
    text: str = ""
    provider: str = ""

    @property
    def timed_out(self) -> bool:
        return OPERATION_TIMED_OUT in self.codes or (not self.codes and self.subcode == "TimedOut")

    @property
    def no_such_resource(self) -> bool:
        """Neither class nor URI is known to the host: the other URI form may be."""
        if self.cim_status == _CIM_INSTANCE_NOT_FOUND or _INSTANCE_NOT_FOUND.intersection(self.codes):
            return False
        return RESOURCE_NOT_FOUND in self.codes or self.subcode == "DestinationUnreachable"


def parse(body: ET.Element) -> Fault | None:
    """The fault in a SOAP body; None when the body holds an answer."""
    found = markup.find(body, "Fault")
    if found is None:
        return None
    outer = markup.every(found, "WSManFault")
    codes = [_number(markup.attribute(element, "Code")) for element in outer]
    error = next((child for name in ("MSFT_WmiError", "OMI_Error") for child in markup.every(found, name)), None)
    cim_status = None
    if error is not None:
        codes.append(_number(markup.text(markup.find(error, "error_Code"))))
        cim_status = _number(markup.text(markup.find(error, "CIMStatusCode")))
    codes += [_number(markup.text(element)) for element in markup.every(found, "StatusCode")]
    return Fault(
        codes=tuple(code for code in codes if code),
        cim_status=cim_status,
        role=_tail(markup.text(markup.find(found, "Code", "Value")), ":"),
        subcode=_tail(markup.text(markup.find(found, "Code", "Subcode", "Value")), ":"),
        fault_detail=_tail(next((markup.text(element) for element in markup.every(found, "FaultDetail")), ""), "/"),
        text=_sentence(found, outer, error),
        provider=next((markup.attribute(element, "provider") or "" for element in markup.every(found, "ProviderFault")), ""),
    )


def _number(text: str | None) -> int | None:
    """Codes are written unsigned, signed or in hexadecimal; always returned unsigned."""
    try:
        value = int(text or "", 0)
    except ValueError:
        return None
    return value & 0xFFFFFFFF


def _tail(text: str, separator: str) -> str:
    return text.rpartition(separator)[2]


def _sentence(fault: ET.Element, outer: list[ET.Element], error: ET.Element | None) -> str:
    """The text nearest to the cause: the provider's, else the error object's, else the service's reason."""
    candidates = [markup.text(markup.find(element, "Message")) for element in reversed(outer)]
    if error is not None:
        candidates.append(markup.text(markup.find(error, "Message")))
    candidates.append(markup.text(markup.find(fault, "Reason", "Text")))
    return next((" ".join(text.split()) for text in candidates if text), "")


def kind_of(fault: Fault) -> type[RemoteError]:
    codes = set(fault.codes)
    if fault.timed_out:
        return OperationTimedOut
    if codes & _ACCESS_DENIED or fault.cim_status == _CIM_ACCESS_DENIED or fault.subcode == "AccessDenied":
        return AccessDenied
    if codes & _QUOTA or fault.subcode == "QuotaLimit":
        return QuotaExceeded
    if codes & _NOT_FOUND or fault.cim_status in _CIM_NOT_FOUND:
        return NotFound
    if not codes and fault.cim_status is None and fault.subcode in ("DestinationUnreachable", "ActionNotSupported"):
        return NotFound
    return RemoteError


_REMEDIES: dict[type[RemoteError], str] = {
    AccessDenied: "; give the account the right (local administrator, or Remote Enable and Execute Methods on the WMI namespace)",
    QuotaExceeded: "; close other sessions of this account, or raise the quota (winrm get winrm/config/winrs)",
}


def error_of(fault: Fault, what: str, where: str, host: str) -> RemoteError:
    """The error to raise for ``could not ⟨what⟩ on ⟨where⟩``. All codes are in its details."""
    kind = kind_of(fault)
    cause = fault.text.rstrip(". ") or f"the host gave no reason (subcode {fault.subcode or 'none'})"
    codes = ", ".join(f"{code} (0x{code:08X})" for code in dict.fromkeys(fault.codes))
    if fault.cim_status is not None:
        codes += f"{', ' if codes else ''}CIM status {fault.cim_status}"
    message = f"could not {what} on {where}: {cause}{f'; code {codes}' if codes else ''}{_REMEDIES.get(kind, '')}"
    details: dict[str, t.Any] = {
        "wsman_code": fault.codes[0] if fault.codes else None,
        "codes": list(fault.codes),
        "cim_status": fault.cim_status,
        "subcode": fault.subcode,
        "text": fault.text,
        "provider": fault.provider,
        "no_such_resource": fault.no_such_resource,
    }
    return kind(message, host=host, **details)
