# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every recorded fault is understood, and every code of the table maps to the error it should."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils import _errors
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import faults, markup
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures, needs_shared


def parsed(data: bytes) -> faults.Fault:
    fault = faults.parse(markup.body(markup.parse(data)))
    assert fault is not None
    return fault


def recorded(*path: str) -> faults.Fault:
    return parsed(fixtures("wsman", *path).read_bytes())


RECORDED = {
    ("windows", "soap_fault_v2.xml"): (_errors.RemoteError, (2150858778, 2150858778), "The specified class does not exist in the given namespace."),
    ("windows", "wmi_error_v2.xml"): (_errors.QuotaExceeded, (2150859173,), "maximum number of 30 concurrent shells"),
    ("windows", "fault_max_concurrent.xml"): (_errors.QuotaExceeded, (2150859174,), "maximum number of 15 concurrent operations"),
    ("omi-server", "get-no-class.response.xml"): (_errors.NotFound, (), "The specified class does not exist."),
    ("omi-server", "get-no-instance.response.xml"): (_errors.NotFound, (), "cannot be found"),
    ("omi-server", "get-no-key.response.xml"): (_errors.RemoteError, (), "instance name parameter is missing"),
    ("omi-server", "get-no-namespace.response.xml"): (_errors.NotFound, (), "The target namespace does not exist."),
    ("omi-server", "invoke-bad-type.response.xml"): (_errors.RemoteError, (), "A general error occurred"),
    ("omi-server", "invoke-no-key.response.xml"): (_errors.RemoteError, (), "A general error occurred"),
    ("omi-server", "invoke-no-method.response.xml"): (_errors.RemoteError, (), "A general error occurred"),
    ("omi-server", "pull-bad-context.response.xml"): (_errors.NotFound, (), "Enumeration context not found"),
    ("omi-server", "unknown-action.response.xml"): (_errors.RemoteError, (), ""),
    ("omi-server", "wql-bad.response.xml"): (_errors.RemoteError, (), "not valid for the specified query language"),
    ("omi-server", "wql-no-class.response.xml"): (_errors.NotFound, (), "The specified class does not exist."),
}


@needs_shared("wsman")
@pytest.mark.parametrize("path", sorted(RECORDED), ids="/".join)
def test_recorded_fault(path: tuple[str, str]) -> None:
    kind, codes, text = RECORDED[path]
    fault = recorded(*path)
    assert (faults.kind_of(fault), fault.codes) == (kind, codes)
    assert text in fault.text
    error = faults.error_of(fault, "read it", "exch1 (10.0.0.1:5986)", "exch1")
    assert error.message.startswith("could not read it on exch1 (10.0.0.1:5986): ")
    assert error.host == "exch1"


@needs_shared("wsman")
def test_every_recorded_fault_is_in_the_table() -> None:
    found = set()
    for folder in ("windows", "omi-server"):
        for file in fixtures("wsman", folder).glob("*.xml"):
            data = file.read_bytes()
            if data and ".request." not in file.name and faults.parse(markup.body(markup.parse(data))) is not None:
                found.add((folder, file.name))
    assert found == set(RECORDED)


@needs_shared("wsman")
def test_which_faults_are_worth_the_other_uri_form() -> None:
    assert recorded("omi-server", "get-no-class.response.xml").no_such_resource
    assert recorded("omi-server", "get-no-namespace.response.xml").no_such_resource
    assert not recorded("omi-server", "get-no-instance.response.xml").no_such_resource
    assert not recorded("windows", "wmi_error_v2.xml").no_such_resource


def made(code: int | None = None, subcode: str = "w:InternalError", detail: str = "", text: str = "no", inner: int | None = None) -> faults.Fault:
    provider = f"<f:ProviderFault provider='WMI'><f:WSManFault Code='{inner}'><f:Message>inside</f:Message></f:WSManFault></f:ProviderFault>"
    nested = provider if inner is not None else text
    wsman = f"<f:WSManFault xmlns:f='x' Code='{code}'><f:Message>{nested}</f:Message></f:WSManFault>" if code is not None else ""
    return parsed(
        f"<s:Envelope xmlns:s='{markup.SOAP}'><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f"<s:Reason><s:Text>{text}</s:Text></s:Reason><s:Detail>{wsman}{detail}</s:Detail></s:Fault></s:Body></s:Envelope>".encode()
    )


def wmi_error(cim_status: int, code: int | None = None) -> str:
    extra = f"<e:error_Code>{code}</e:error_Code>" if code is not None else ""
    namespace = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/MSFT_WmiError"
    return f"<e:MSFT_WmiError xmlns:e='{namespace}'><e:CIMStatusCode>{cim_status}</e:CIMStatusCode>{extra}</e:MSFT_WmiError>"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (made(2150858793, "w:TimedOut"), faults.OperationTimedOut),
        (made(2150858843, "w:InvalidSelectors"), _errors.NotFound),
        (made(2150858842, "w:InvalidSelectors"), _errors.RemoteError),
        (made(2150858752, "a:DestinationUnreachable"), _errors.NotFound),
        (made(2150858753, "a:ActionNotSupported"), _errors.NotFound),
        (made(2150858778, "n:CannotProcessFilter"), _errors.RemoteError),
        (made(2150859003, "a:DestinationUnreachable"), _errors.RemoteError),
        (made(2150858819, "w:SchemaValidationError"), _errors.RemoteError),
        (made(2150859174, "w:QuotaLimit"), _errors.QuotaExceeded),
        (made(170), _errors.RemoteError),
        (made(995), _errors.RemoteError),
        (made(2147942402), _errors.NotFound),
        (made(2147942606), _errors.RemoteError),
        (made(5, "w:AccessDenied"), _errors.AccessDenied),
        (made(2150858752, inner=0x80041003), _errors.AccessDenied),
        (made(None, "w:AccessDenied"), _errors.AccessDenied),
        (made(None, detail=wmi_error(2)), _errors.AccessDenied),
        (made(None, detail=wmi_error(6, 0x80041002)), _errors.NotFound),
        (made(None, detail=wmi_error(4, 2147749896)), _errors.RemoteError),
        (made(None, "a:ActionNotSupported"), _errors.NotFound),
        (made(-2144108544, "a:DestinationUnreachable"), _errors.NotFound),
    ],
)
def test_codes_decide(fault: faults.Fault, kind: type[_errors.RemoteError]) -> None:
    assert faults.kind_of(fault) is kind


def test_the_text_nearest_to_the_cause_is_told() -> None:
    assert made(2150858752, inner=0x80041002).text == "inside"


def test_a_fault_without_a_text_makes_a_sentence() -> None:
    message = faults.error_of(made(None, text=""), "stop it", "exch1 (x:1)", "exch1").message
    assert message == "could not stop it on exch1 (x:1): the host gave no reason (subcode InternalError)"


def test_details_hold_every_code() -> None:
    details: dict[str, t.Any] = faults.error_of(made(2150858752, "a:DestinationUnreachable", inner=5), "x", "y", "z").details
    assert details["codes"] == [2150858752, 5]
    assert details["wsman_code"] == 2150858752
    assert details["subcode"] == "DestinationUnreachable"


def test_an_answer_is_no_fault() -> None:
    assert faults.parse(markup.parse(b"<Body><X/></Body>")) is None
