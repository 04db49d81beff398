# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults have the shape of the recorded ones."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, fromstring

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault, access_denied, bad_query, class_not_found, invalid_parameter
from ansible_collections.continuity.identity_failover.tests.lab.wsman import faults, names
from ansible_collections.continuity.identity_failover.tests.unit.lab.recordings import FOLDER, needs_recordings, shape


def _fault(fault: CimFault, resource: str = "") -> Element:
    found = fromstring(faults.fault_envelope(fault, "uuid:1", "127.0.0.1", resource)).find(f".//{{{names.SOAP}}}Fault")
    assert found is not None
    return found


def _recorded(path: str) -> Element:
    """The last recorded fault of a file."""
    text = (FOLDER / "windows" / path).read_text(encoding="utf-8")
    envelope = re.findall(r"<s:Envelope(?:(?!<s:Envelope).)*<s:Fault>.*?</s:Envelope>", text, re.DOTALL)[0]
    found = fromstring(re.sub(r">\s+<", "><", envelope)).find(f".//{{{names.SOAP}}}Fault")
    assert found is not None
    return found


@needs_recordings
@pytest.mark.parametrize(
    ("path", "fault"),
    [("winrs_operation_timeout.yml", faults.timed_out()), ("winrs_bad_cmd_id.yml", faults.unknown_command()), ("wmi_error_v2.xml", faults.too_many_shells(30))],
)
def test_recorded_faults_are_written_alike(path: str, fault: CimFault) -> None:
    ours, theirs = _fault(fault), _recorded(path)
    assert shape(ours) == shape(theirs)
    for ours_node, theirs_node in zip(ours.iter(), theirs.iter(), strict=True):
        # What the fault says of this machine and the sentences' blanks may differ; codes and types may not.
        assert {**ours_node.attrib, "Machine": ""} == {**theirs_node.attrib, "Machine": ""}
        if ours_node.tag.rpartition("}")[2] not in ("Text", "Message", "error_WindowsErrorMessage"):
            assert (ours_node.text or "").strip() == (theirs_node.text or "").strip()


@pytest.mark.parametrize(
    ("fault", "value", "subcode", "code"),
    [
        (class_not_found("X"), "s:Sender", "a:DestinationUnreachable", "2150858752"),
        (bad_query("x"), "s:Sender", "n:CannotProcessFilter", "2150858778"),
        (access_denied("x"), "s:Sender", "w:AccessDenied", "5"),
        (faults.timed_out(), "s:Receiver", "w:TimedOut", "2150858793"),
        (CimFault(995, "w:InternalError", "x"), "s:Receiver", "w:InternalError", "995"),
    ],
)
def test_codes(fault: CimFault, value: str, subcode: str, code: str) -> None:
    found = _fault(fault)
    assert [node.text for node in found.iter(f"{{{names.SOAP}}}Value")] == [value, subcode]
    detail = next(node for node in found.iter() if node.tag.endswith("}WSManFault"))
    assert detail.get("Code") == code


def test_wmi_errors_live_in_the_namespace_of_the_resource() -> None:
    found = _fault(invalid_parameter("X"), names.WMI_PREFIX + "root/StandardCimv2/MSFT_NetIPAddress")
    error = next(node for node in found.iter() if node.tag.endswith("}MSFT_WmiError"))
    assert error.tag == "{http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/MSFT_WmiError}MSFT_WmiError"
    assert next(node.text for node in error if node.tag.endswith("}CIMStatusCode")) == "4"
    assert not [node for node in found.iter() if node.tag.endswith("}WSManFault")]
