# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelopes: parsing as lenient as Windows, answers that are XML again."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import duration, envelope, escape, parse


@pytest.mark.parametrize(("text", "seconds"), [("PT20S", 20), ("PT60.000S", 60), ("PT1M30S", 90), ("P0DT0H0M0S", 0), ("P1DT2H3M4.5S", 93784.5)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["PT-1S", "", "20", "P", "PT", "PT1X"])
def test_bad_durations_are_the_fault_of_the_header(text: str) -> None:
    with pytest.raises(CimFault) as caught:
        duration(text)
    assert (caught.value.code, caught.value.subcode) == (2150858767, "a:InvalidMessageInformationHeader")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a",
        b"<a/>",
        b"\xff\xfe",
        b'<!DOCTYPE x><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>',
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>',
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    with pytest.raises(CimFault) as caught:
        parse(data)
    assert (caught.value.code, caught.value.subcode) == (2150858819, "w:SchemaValidationError")


def test_pywinrm_header_with_attributes_in_no_namespace() -> None:
    request = parse(
        f'''<env:Envelope xmlns:env="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}"><env:Header>
      <a:To>http://windows-host:5985/wsman</a:To><w:MaxEnvelopeSize mustUnderstand="true">153600</w:MaxEnvelopeSize><a:MessageID>uuid:1</a:MessageID>
      <w:Locale mustUnderstand="false" xml:lang="en-US"/><w:OperationTimeout>PT20S</w:OperationTimeout><w:ResourceURI mustUnderstand="true">r</w:ResourceURI>
      <a:Action mustUnderstand="true">act</a:Action><w:SelectorSet><w:Selector Name="ShellId">X</w:Selector></w:SelectorSet>
      <w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">FALSE</w:Option></w:OptionSet></env:Header><env:Body><x/></env:Body></env:Envelope>'''.encode()
    )
    assert (request.action, request.resource, request.message_id, request.timeout, request.max_envelope) == ("act", "r", "uuid:1", 20, 153600)
    assert request.selectors == {"ShellId": "X"} and request.options == {"WINRS_SKIP_CMD_SHELL": "FALSE"}
    assert request.body is not None and request.body.tag == "x"


@given(st.text())
def test_every_text_becomes_xml_that_can_be_read_again(text: str) -> None:
    carried = "".join(char for char in text if char in "\t\n\r" or 0x20 <= ord(char) <= 0xD7FF or 0xE000 <= ord(char) <= 0xFFFD or ord(char) > 0xFFFF)
    read = fromstring(f'<a b="{escape(text)}">{escape(text)}</a>'.encode())
    assert (read.text or "") == carried.replace("\r\n", "\n").replace("\r", "\n")


def test_an_answer_names_its_request() -> None:
    answer = fromstring(envelope("s a n w", names.PULL + "Response", "uuid:A<B", "<n:PullResponse/>"))
    assert answer.findtext(f".//{{{names.ADDRESSING}}}RelatesTo") == "uuid:A<B"
    assert answer.findtext(f".//{{{names.ADDRESSING}}}Action") == names.PULL + "Response"
    assert answer.find(f"{{{names.SOAP}}}Body/{{{names.ENUMERATION}}}PullResponse") is not None
