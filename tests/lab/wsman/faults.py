# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP faults in the shapes that Windows sends: WSManFault, or MSFT_WmiError where WMI or a quota speaks."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import envelope, escape

_RECEIVER = {"w:TimedOut", "w:InternalError", "w:EncodingLimit", "a:EndpointUnavailable"}
_XSI = f'xmlns:xsi="{names.XSI}"'
_CIM_STATUS_CATEGORY = {2: 18, 4: 5, 5: 6, 6: 13, 11: 20, 16: 7, 17: 7}
"""CIMStatusCode → error_Category, modelled on the one recorded answer (27 → 30) and PowerShell's ErrorCategory numbers."""

TIMED_OUT = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "


def timed_out() -> CimFault:
    """Nothing to Receive within OperationTimeout."""
    return CimFault(2150858793, "w:TimedOut", TIMED_OUT)


def unknown_command() -> CimFault:
    """An unknown CommandId."""
    message = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
        "Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return CimFault(2150858843, "w:InvalidSelectors", message, detail="UnexpectedSelectors")


def unknown_shell() -> CimFault:
    """An unknown ShellId, or somebody else's."""
    return CimFault(
        2150858843,
        "w:InvalidSelectors",
        "The request for the Windows Remote Shell failed because the shell was not found on the server. ",
        detail="UnexpectedSelectors",
    )


def too_many_shells(limit: int) -> CimFault:
    """MaxShellsPerUser: only a MSFT_WmiError, no WSManFault."""
    return CimFault(
        0,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} concurrent "
        "shells, which has been exceeded. Close existing shells or raise the quota for this user. ",
        cim_status=27,
        error_code=2150859173,
    )


def too_many_operations(limit: int) -> CimFault:
    """MaxConcurrentOperationsPerUser."""
    return CimFault(
        0,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} concurrent "
        "operations, which has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
        cim_status=27,
        error_code=2150859174,
    )


def too_many_commands(limit: int) -> CimFault:
    """MaxProcessesPerShell."""
    return CimFault(2150859241, "w:QuotaLimit", f"The WS-Management service cannot process the request: this shell may run {limit} commands at a time. ")


def answer_too_large() -> CimFault:
    """The answer does not fit the MaxEnvelopeSize that the client asked for."""
    return CimFault(
        2150858824,
        "w:EncodingLimit",
        "The response that the WS-Management service computed exceeds the maximum envelope size in the request. ",
        detail="MaxEnvelopeSizeExceeded",
    )


def unsupported_action(action: str) -> CimFault:
    """An action that the resource does not know."""
    return CimFault(
        2150858753,
        "a:ActionNotSupported",
        f"The WS-Management service cannot process the request: the action {action} is not supported. ",
        detail="InvalidAction",
    )


def unknown_resource(uri: str) -> CimFault:
    """A resource URI that nobody serves."""
    return CimFault(2150858752, "a:DestinationUnreachable", f"The resource URI ({uri}) was not found in the catalog. ", detail="InvalidResourceURI")


def _wmi_error(fault: CimFault, namespace: str) -> str:
    message = escape(fault.message)
    nil = "".join(f'<p:{name} xsi:nil="true" xsi:type="cim:cimString"/>' for name in ("OtherErrorSourceFormat", "OtherErrorType", "OwningEntity"))
    status = fault.cim_status or 0
    category = 30 if status == 27 else _CIM_STATUS_CATEGORY.get(status, 0)
    code = fault.error_code
    return (
        f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" xmlns:cim="{names.CIM}" '
        f'xmlns:p="{namespace}" xsi:type="p:MSFT_WmiError_Type" {_XSI}>'
        f'<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">{status}</p:CIMStatusCode>'
        '<p:CIMStatusCodeDescription xsi:nil="true" xsi:type="cim:cimString"/><p:ErrorSource xsi:nil="true" xsi:type="cim:cimString"/>'
        '<p:ErrorSourceFormat xsi:type="cim:cimUnsignedShort">0</p:ErrorSourceFormat><p:ErrorType xsi:type="cim:cimUnsignedShort">0</p:ErrorType>'
        f'<p:Message xsi:type="cim:cimString">{message}</p:Message><p:MessageID xsi:type="cim:cimString">HRESULT 0x{code:08x}</p:MessageID>{nil}'
        '<p:PerceivedSeverity xsi:type="cim:cimUnsignedShort">0</p:PerceivedSeverity><p:ProbableCause xsi:type="cim:cimUnsignedShort">0</p:ProbableCause>'
        '<p:ProbableCauseDescription xsi:nil="true" xsi:type="cim:cimString"/>'
        f'<p:error_Category xsi:type="cim:cimUnsignedInt">{category}</p:error_Category><p:error_Code xsi:type="cim:cimUnsignedInt">{code}</p:error_Code>'
        f'<p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type><p:error_WindowsErrorMessage xsi:type="cim:cimString">{message}'
        "</p:error_WindowsErrorMessage></p:MSFT_WmiError>"
    )


def _action(subcode: str) -> str:
    if subcode.startswith("a:"):
        return names.ADDRESSING_FAULT
    return names.ENUMERATION_FAULT if subcode.startswith("n:") else names.WSMAN_FAULT


def fault_envelope(fault: CimFault, relates_to: str, machine: str, resource: str = "") -> bytes:
    """The whole fault message. machine: what WSManFault names; resource: tells the namespace of a MSFT_WmiError."""
    value = "s:Receiver" if fault.subcode in _RECEIVER else "s:Sender"
    detail = f"<w:FaultDetail>{names.FAULT_DETAIL}{escape(fault.detail)}</w:FaultDetail>" if fault.detail else ""
    if fault.cim_status is not None:
        namespace = names.CIM_PREFIX + "MSFT_WmiError"
        if fault.cim_status != 27 and resource.startswith(names.WMI_PREFIX):
            namespace = resource.rpartition("/")[0].lower() + "/MSFT_WmiError"
        detail += _wmi_error(fault, namespace)
    else:
        detail += (
            f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{fault.code}" Machine="{escape(machine)}">'
            f"<f:Message>{escape(fault.message)}</f:Message></f:WSManFault>"
        )
    body = (
        f"<s:Fault><s:Code><s:Value>{value}</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(fault.message)}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
    )
    return envelope("s a x e n w p", _action(fault.subcode), relates_to, body)
