# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM values as XML: the recorded answers of a real Windows Server 2012 are written again from their values and must have the same shape."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimObject, CimValue
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names, values
from ansible_collections.continuity.identity_failover.tests.unit.lab.recordings import FOLDER, local, needs_recordings, shape

NIL = f"{{{names.XSI}}}nil"


def _items(path: str) -> list[Element]:
    envelope = fromstring((FOLDER / "windows" / path).read_bytes())
    return [item for items in envelope.iter() if local(items.tag) == "Items" for item in items]


def _object(item: Element, class_name: str) -> CimObject:
    """The values of a recorded item; a repeated element is an array."""
    properties: dict[str, CimValue] = {}
    for node in item:
        name = local(node.tag)
        if len(node):
            value = CimValue("datetime", node[0].text)
        else:
            value = CimValue("string", None if node.get(NIL) else node.text or "")
        if name in properties:
            old = properties[name]
            properties[name] = CimValue(old.type, [*(old.value if old.array else [old.value]), value.value], True)
        else:
            properties[name] = value
    return CimObject("root/cimv2", class_name, properties)


@needs_recordings
@pytest.mark.parametrize("class_name", ["Win32_OperatingSystem", "Win32_Service", "Win32_NetworkAdapterConfiguration"])
@pytest.mark.parametrize("kind", ["star", "all"])
def test_recorded_items_are_written_alike(class_name: str, kind: str) -> None:
    count = 0
    for path in sorted((FOLDER / "windows").glob(f"2012_{class_name}_{kind}_*.xml")):
        for item in _items(path.name):
            # An enumeration is polymorphic: a row of a derived class is written as that class.
            obj = _object(item, local(item.tag))
            uri = f"{names.WMI_PREFIX}root/cimv2/{obj.class_name}"
            text = values.instance(obj, uri) if kind == "star" else values.fragment(obj)
            written = fromstring(text)
            assert shape(written, values=True) == shape(item, values=True)
            assert written.attrib == item.attrib
            count += 1
    assert count > 0


@pytest.mark.parametrize(
    ("value", "xml"),
    [
        (CimValue("string", None), '<A xsi:nil="true"/>'),
        (CimValue("string", ""), "<A></A>"),
        (CimValue("boolean", False), "<A>false</A>"),
        (CimValue("uint32", 0), "<A>0</A>"),
        (CimValue("string", [], True), ""),
        (CimValue("string", None, True), ""),
        (CimValue("string", ["1", "2"], True), "<A>1</A><A>2</A>"),
        (CimValue("datetime", "20130415162843.488171+000"), "<A><Datetime>2013-04-15T16:28:43.488171Z</Datetime></A>"),
        (CimValue("datetime", "20130415162843.500000-090"), "<A><Datetime>2013-04-15T16:28:43.5-01:30</Datetime></A>"),
        (CimValue("datetime", "00000001020304.000000:000"), "<A><Interval>P1DT2H3M4S</Interval></A>"),
    ],
)
def test_single_values(value: CimValue, xml: str) -> None:
    assert values.element("A", value, "") == xml


def _arguments(xml: str) -> object:
    return values.raw_children(
        fromstring(
            f'<m:X_INPUT xmlns:m="u" xmlns:cim="{names.CIM}" xmlns:xsi="{names.XSI}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}">{xml}</m:X_INPUT>'
        )
    )


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<m:A>x</m:A><m:B/>", {"A": "x", "B": ""}),
        ('<m:A xsi:nil="true"/>', {"A": None}),
        ("<m:A>1</m:A><m:A>2</m:A><m:A>3</m:A>", {"A": ["1", "2", "3"]}),
        ("<m:T><cim:Datetime>2026-01-01T00:00:00Z</cim:Datetime></m:T>", {"T": "2026-01-01T00:00:00Z"}),
        ('<m:E xsi:type="m:Win32_Trustee_Type"><m:Name>n</m:Name></m:E>', {"E": {"Name": "n", "__class": "Win32_Trustee"}}),
        (
            '<m:R><a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>u</w:ResourceURI><w:SelectorSet><w:Selector Name="N">v</w:Selector>'
            "</w:SelectorSet></a:ReferenceParameters></m:R>",
            {"R": {"__resource": "u", "__selectors": {"N": "v"}}},
        ),
    ],
)
def test_arguments(xml: str, expected: object) -> None:
    assert _arguments(xml) == expected


_texts = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=20)


@given(st.dictionaries(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,10}\Z"), st.one_of(st.none(), _texts, st.lists(_texts, min_size=2, max_size=4)), max_size=6))
def test_what_is_written_can_be_read(arguments: dict[str, object]) -> None:
    content = values.output("M", "u", {name: CimValue("string", value, isinstance(value, list)) for name, value in arguments.items()})
    assert values.raw_children(fromstring(content)) == arguments


def test_nested_instances_and_references() -> None:
    inner = CimObject("root/cimv2", "Win32_Share", {"Name": CimValue("string", "data")}, ("Name",))
    text = values.output("M", "u", {"I": CimValue("instance", inner), "R": CimValue("reference", inner)})
    read = values.raw_children(fromstring(text.replace("<p:M_OUTPUT ", f'<p:M_OUTPUT xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}" ', 1)))
    assert read["I"] == {"Name": "data", "__class": "Win32_Share"}
    assert read["R"] == {"__resource": names.WMI_PREFIX + "root/cimv2/Win32_Share", "__selectors": {"__cimnamespace": "root/cimv2", "Name": "data"}}
