# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of real Windows and of OMI become instances; values survive the way out and back."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import cim, envelopes, markup
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures, needs_shared

XSI = f"xmlns:xsi='{markup.XSI}'"


def recorded_pages(name: str, class_name: str) -> list[cim.Page]:
    files = sorted(fixtures("wsman", "windows").glob(f"2012_{name}_*.xml"))
    return [cim.page(markup.body(markup.parse(file.read_bytes())), class_name) for file in files]


def element(inner: str, name: str = "X") -> t.Any:
    return markup.parse(f"<p:{name} xmlns:p='{cim.wmi_uri('root/cimv2', 'X')}' xmlns:cim='{markup.CIM}' {XSI}>{inner}</p:{name}>".encode())


@needs_shared("wsman", "windows")
@pytest.mark.parametrize("kind", ["star", "all"])
def test_services_of_a_real_windows(kind: str) -> None:
    pages = recorded_pages(f"Win32_Service_{kind}", "Win32_Service")
    services = [item for page in pages for item in page.items]
    assert [bool(page.context) for page in pages] == [True, True, True, False]
    assert len(services) == 131
    by_name = {service["Name"]: service for service in services}
    alg = by_name["ALG"]
    assert alg["Started"] is False
    assert alg["ProcessId"] == 0
    assert alg["ExitCode"] == 1077
    assert alg["InstallDate"] is None
    assert alg["StartName"] == "NT AUTHORITY\\LocalService"
    assert {type(service["Name"]) for service in services} == {str}


@needs_shared("wsman", "windows")
@pytest.mark.parametrize("kind", ["star", "all"])
def test_operating_system_of_a_real_windows(kind: str) -> None:
    [page] = recorded_pages(f"Win32_OperatingSystem_{kind}", "Win32_OperatingSystem")
    [system] = page.items
    assert page.context == ""
    assert system["LastBootUpTime"].endswith("Z")
    assert system["InstallDate"] == "2013-03-09T02:57:32Z"
    assert (system["Locale"], system["BuildNumber"], system["CountryCode"]) == ("0409", "9200", "1")
    assert system["MUILanguages"] == ["en-US"]
    assert system["MaxProcessMemorySize"] == 8589934464
    assert (system["Primary"], system["Description"], system["PAEEnabled"]) == (True, "", None)


@needs_shared("wsman", "windows")
@pytest.mark.parametrize("kind", ["star", "all"])
def test_adapters_of_a_real_windows(kind: str) -> None:
    pages = recorded_pages(f"Win32_NetworkAdapterConfiguration_{kind}", "Win32_NetworkAdapterConfiguration")
    adapters = [item for page in pages for item in page.items]
    enabled = [adapter for adapter in adapters if adapter["IPEnabled"]]
    assert enabled
    if kind == "star":  # this Windows left every list out of a projection
        assert [adapter["IPAddress"] for adapter in enabled] == [["10.30.40.193"]]
        assert isinstance(enabled[0]["DNSServerSearchOrder"], list)
    else:
        assert "IPAddress" not in enabled[0]
    assert all(adapter["DHCPServer"] is None for adapter in adapters if not adapter["DHCPEnabled"])


def omi(name: str) -> t.Any:
    return markup.body(markup.parse(fixtures("wsman", "omi-server", f"{name}.response.xml").read_bytes()))


@needs_shared("wsman", "omi-server")
def test_answers_of_omi() -> None:
    assert cim.instance(omi("get"), "X_SmallNumber") == {"Description": None, "Number": 7, "SpelledNumber": "seven"}
    first, then, found = cim.page(omi("enumerate")), cim.page(omi("pull")), cim.page(omi("wql"))
    assert [item["Number"] for item in first.items] == [0, 2, 4, 6, 8]
    assert first.context == then.context == "1164378112"
    assert [item["Number"] for item in then.items] == [10, 12, 14]
    assert (found.items, found.context) == ([{"Number": 7}], "")
    for name in ("invoke-instance", "invoke-instance-empty-body"):
        assert cim.output(omi(name), "X_SmallNumber", "GetFactors") == {"ReturnValue": 1, "numbers": 7, "spelled_numbers": "seven"}
    assert cim.output(omi("invoke-static"), "X_SmallNumber", "SpellNumber") == {"ReturnValue": "eleven"}
    assert len(omi("release")) == 0
    identified = markup.find(omi("identify"), "IdentifyResponse")
    assert identified is not None
    assert cim.decode(identified)["ProductVendor"] == "Open Management Infrastructure"


def test_an_empty_output_is_success() -> None:
    body = markup.parse(b"<Body><CLEAR_output/></Body>")
    assert cim.output(body, "MSFT_DNSClientCache", "Clear") == {"ReturnValue": 0}
    assert cim.output(markup.parse(b"<Body/>"), "MSFT_DNSClientCache", "Clear") == {"ReturnValue": 0}
    with pytest.raises(ProtocolError):
        cim.output(markup.parse(b"<Body><Other/></Body>"), "MSFT_DNSClientCache", "Clear")


def test_values_of_an_answer() -> None:
    inner = (
        "<p:A xsi:nil='true'/><p:B><cim:Datetime>2026-03-01T13:00:00+01:00</cim:Datetime></p:B><p:C>1</p:C><p:C>2</p:C><p:D>true</p:D><p:E>007</p:E>"
        "<p:Name>12</p:Name>"
        "<p:F xsi:type='cim:cimString'>12</p:F><p:G>-3</p:G><p:H><cim:Interval>P1DT2H</cim:Interval></p:H><p:I>20260301130000.500000+060</p:I><p:J></p:J>"
    )
    assert cim.decode(element(inner)) == {
        "A": None,
        "B": "2026-03-01T12:00:00Z",
        "C": [1, 2],
        "D": True,
        "E": "007",
        "Name": "12",
        "F": "12",
        "G": -3,
        "H": "P1DT2H",
        "I": "2026-03-01T12:00:00.500000Z",
        "J": "",
    }


def test_an_embedded_instance_and_a_reference() -> None:
    reference = cim.Reference("root/cimv2", "Win32_Service", {"Name": "a & b"})
    embedded = cim.Embedded("root/cimv2", "Win32_ProcessStartup", {"ShowWindow": 0, "EnvironmentVariables": ["a=1"], "Title": "12"})
    markup_text = cim.elements({"Antecedent": reference, "Startup": embedded, "Again": [embedded, embedded]})
    found = cim.decode(element(markup_text))
    assert found["Antecedent"] == reference
    assert found["Startup"] == {"ShowWindow": 0, "EnvironmentVariables": ["a=1"], "Title": "12"}
    assert found["Again"] == [found["Startup"], found["Startup"]]


def test_a_reference_in_the_other_uri_form() -> None:
    selectors = cim.selector_set({cim.CIM_NAMESPACE: "root/StandardCimv2", "Name": "x"}).replace("w:", "")
    inner = f"<p:R><Address/><ReferenceParameters><ResourceURI>{cim.cim_uri('MSFT_NetAdapter')}</ResourceURI>{selectors}</ReferenceParameters></p:R>"
    assert cim.decode(element(inner))["R"] == cim.Reference("root/StandardCimv2", "MSFT_NetAdapter", {"Name": "x"})


def test_lists_that_depend_on_the_method() -> None:
    body = markup.parse(b"<Body><GetMultiStringValue_OUTPUT><ReturnValue>0</ReturnValue><sValue>1</sValue></GetMultiStringValue_OUTPUT></Body>")
    assert cim.output(body, "StdRegProv", "GetMultiStringValue")["sValue"] == ["1"]
    assert cim.output(body, "StdRegProv", "GetStringValue")["sValue"] == "1"


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        cim.elements({"When": datetime.datetime(2026, 1, 1)})
    with pytest.raises(InvalidInput, match="object"):
        cim.elements({"What": object()})


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.datetimes(min_value=datetime.datetime(1900, 1, 1), timezones=st.just(datetime.timezone.utc))
)


@given(st.dictionaries(st.from_regex(r"\AZ[A-Za-z0-9]{0,8}\Z"), SCALARS | st.lists(SCALARS, min_size=2, max_size=4), max_size=5))
def test_values_come_back(values: dict[str, t.Any]) -> None:
    def expected(value: t.Any) -> t.Any:
        if isinstance(value, list):
            return [expected(item) for item in value]
        return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime.datetime) else value

    assert cim.decode(element(cim.elements(values))) == {name: expected(value) for name, value in values.items()}


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")))
def test_a_string_property_stays_a_string(value: str) -> None:
    found = cim.decode(element(cim.elements({"Name": value})))["Name"]
    assert found == value or cim.utc(value) == found


@needs_shared("wsman", "wmi-classes.json")
def test_the_shipped_types_agree_with_the_published_schema() -> None:
    import json

    from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import value_types

    kinds: dict[str, set[str]] = {}
    for facts in json.loads(fixtures("wsman", "wmi-classes.json").read_text()).values():
        for name, kind in facts["properties"].items():
            kinds.setdefault(name.lower(), set()).add(kind)
        for method in facts["methods"].values():
            for parameter in method["out"]:
                name, kind = parameter.split(" ", 1)
                kinds.setdefault(name.lower(), set()).add(kind)
    for name, found in kinds.items():
        if found == {"string"}:
            assert value_types.is_string(name), name
        if all(kind.startswith("[]") for kind in found):
            assert value_types.is_list(name, ""), name
        if not any("string" in kind for kind in found):
            assert not value_types.is_string(name), name


def test_a_header_has_an_identity_of_its_own() -> None:
    assert envelopes.Header("x").message_id != envelopes.Header("x").message_id
