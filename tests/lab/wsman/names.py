# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, actions and resource URIs of WS-Management as Windows uses them ([MS-WSMV] 1.9, 2.2.1; DSP0226)."""

from __future__ import annotations

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ANONYMOUS = ADDRESSING + "/role/anonymous"

WMI_PREFIX = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
CIM_PREFIX = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
SHELL_CMD = SHELL + "/cmd"
WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
DEFAULT_CIM_NAMESPACE = "root/hardware"
"""What Windows takes for the standard's URI form when the selector __cimnamespace is missing."""

GET = TRANSFER + "/Get"
PUT = TRANSFER + "/Put"
CREATE = TRANSFER + "/Create"
DELETE = TRANSFER + "/Delete"
ENUMERATE = ENUMERATION + "/Enumerate"
PULL = ENUMERATION + "/Pull"
RELEASE = ENUMERATION + "/Release"
COMMAND = SHELL + "/Command"
SEND = SHELL + "/Send"
RECEIVE = SHELL + "/Receive"
SIGNAL = SHELL + "/Signal"

ADDRESSING_FAULT = ADDRESSING + "/fault"
WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ENUMERATION_FAULT = ENUMERATION + "/fault"
FAULT_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
