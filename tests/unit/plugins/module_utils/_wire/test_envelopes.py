# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we send means what Microsoft's own client sends, and what its server was asked in the recordings."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import cim, envelopes, markup
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures, needs_shared
from ansible_collections.continuity.identity_failover.tests.unit.wsman_meaning import meaning

HEADER = envelopes.Header("http://host:5985/wsman", 20.0, "uuid:1")
CIM, WMI = envelopes.Form.CIM, envelopes.Form.WMI


def resource(namespace: str, class_name: str, **keys: t.Any) -> envelopes.Resource:
    return envelopes.Resource(namespace, class_name, keys)


SPOOLER = resource("root/cimv2", "Win32_Service", Name="Spooler")
CACHE = resource("root/StandardCimv2", "MSFT_DNSClientCache")
VARIABLE = {"Name": "A", "UserName": "<SYSTEM>"}
REGISTRY = {"hDefKey": 2147483650, "sSubKeyName": "SOFTWARE\\Continuity\\a & b", "sValueName": "last", "sValue": '<x y="1"/> ü'}

MI_CLIENT: dict[str, t.Callable[[], bytes]] = {
    "get": lambda: envelopes.get(HEADER, SPOOLER, CIM),
    "get-two-keys": lambda: envelopes.get(HEADER, resource("root/StandardCimv2", "MSFT_DNSClientCache", Name="mail.example.com", Entry="mail"), CIM),
    "enumerate": lambda: envelopes.enumerate_instances(HEADER, CACHE, CIM, 1000),
    "wql": lambda: envelopes.query(HEADER, "root/cimv2", "SELECT Name FROM Win32_Service WHERE State='Running'", CIM, 1000),
    "invoke-instance": lambda: envelopes.invoke(HEADER, SPOOLER, "StartService", {}, CIM),
    "invoke-static-no-parameters": lambda: envelopes.invoke(HEADER, CACHE, "Clear", {}, CIM),
    "invoke-static-string": lambda: envelopes.invoke(HEADER, resource("root/cimv2", "Win32_Process"), "Create", {"CommandLine": "notepad.exe"}, CIM),
    "invoke-static-many": lambda: envelopes.invoke(HEADER, resource("root/default", "StdRegProv"), "SetStringValue", REGISTRY, CIM),
    "create": lambda: envelopes.create(HEADER, resource("root/cimv2", "Win32_Environment"), {**VARIABLE, "VariableValue": "b"}, CIM),
    # That client makes a selector of every property it was given, the new value among them.
    "put": lambda: envelopes.put(HEADER, resource("root/cimv2", "Win32_Environment", **VARIABLE, VariableValue="c"), {**VARIABLE, "VariableValue": "c"}, CIM),
    "delete": lambda: envelopes.delete(HEADER, resource("root/cimv2", "Win32_Environment", **VARIABLE), CIM),
}

NUMBER = resource("interop", "X_SmallNumber")
SEVEN = resource("interop", "X_SmallNumber", Number=7)
CIM_NUMBER = cim.cim_uri("X_SmallNumber")
IN_INTEROP = {cim.CIM_NAMESPACE: "interop"}

OMI_SERVER: dict[str, t.Callable[[], bytes]] = {
    "enumerate": lambda: envelopes.enumerate_instances(HEADER, NUMBER, CIM, 5),
    "get": lambda: envelopes.get(HEADER, SEVEN, CIM),
    "get-no-class": lambda: envelopes.get(HEADER, resource("interop", "X_NoSuchClass", Number=7), CIM),
    "get-no-instance": lambda: envelopes.get(HEADER, resource("interop", "X_SmallNumber", Number=9999999), CIM),
    "get-no-key": lambda: envelopes.get(HEADER, NUMBER, CIM),
    "get-no-namespace": lambda: envelopes.get(HEADER, resource("no/such", "X_SmallNumber", Number=7), CIM),
    "invoke-bad-type": lambda: envelopes.invoke(HEADER, NUMBER, "SpellNumber", {"num": "abc"}, CIM),
    "invoke-instance-empty-body": lambda: envelopes.invoke(HEADER, SEVEN, "GetFactors", {}, CIM),
    "invoke-no-key": lambda: envelopes.invoke(HEADER, resource("interop", "X_NumberWorld"), "SpeakLanguage", {"LanguageRequested": "English"}, CIM),
    "invoke-no-method": lambda: envelopes.invoke(HEADER, SEVEN, "NoSuchMethod", {}, CIM),
    "invoke-static": lambda: envelopes.invoke(HEADER, NUMBER, "SpellNumber", {"num": 11}, CIM),
    "pull": lambda: envelopes.pull(HEADER, CIM_NUMBER, IN_INTEROP, "1164378112", 3),
    "pull-bad-context": lambda: envelopes.pull(HEADER, CIM_NUMBER, IN_INTEROP, "999", 3),
    "release": lambda: envelopes.release(HEADER, CIM_NUMBER, IN_INTEROP, "1164378112"),
    "wql": lambda: envelopes.query(HEADER, "interop", "SELECT Number FROM X_SmallNumber WHERE Number=7", CIM, 3),
    "wql-bad": lambda: envelopes.query(HEADER, "interop", "SELECT FROM WHERE", CIM, 3),
    "wql-no-class": lambda: envelopes.query(HEADER, "interop", "SELECT * FROM X_NoSuchClass", CIM, 3),
    "identify": envelopes.identify,
}
#: Requests that were made to see what the server says, and that we never send.
NEVER_SENT = {"invoke-instance": "an empty _INPUT in the DMTF form", "unknown-action": "an action that nobody knows"}


@needs_shared("wsman")
@pytest.mark.parametrize("name", sorted(MI_CLIENT))
def test_means_what_microsofts_client_sends(name: str) -> None:
    assert meaning(MI_CLIENT[name]()) == meaning(fixtures("wsman", "mi-client", f"{name}.request.xml").read_bytes())


@needs_shared("wsman")
@pytest.mark.parametrize("name", sorted(OMI_SERVER))
def test_means_what_the_recorded_server_was_asked(name: str) -> None:
    assert meaning(OMI_SERVER[name]()) == meaning(fixtures("wsman", "omi-server", f"{name}.request.xml").read_bytes())


@needs_shared("wsman")
def test_every_recorded_request_is_compared() -> None:
    def recorded(folder: str) -> set[str]:
        path: pathlib.Path = fixtures("wsman", folder)
        return {file.name.removesuffix(".request.xml") for file in path.glob("*.request.xml")}

    assert recorded("mi-client") == set(MI_CLIENT)
    assert recorded("omi-server") == set(OMI_SERVER) | set(NEVER_SENT)


def test_flushing_a_resolver_cache_in_microsofts_form() -> None:
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/StandardCimv2/MSFT_DNSClientCache"
    assert meaning(envelopes.invoke(HEADER, CACHE, "Clear", {})) == {
        "action": uri + "/Clear",
        "uri": uri,
        "selectors": {},
        "body": [("{" + uri + "}Clear_INPUT", [], "")],
    }


def test_wql_in_microsofts_form_has_no_selector() -> None:
    assert meaning(envelopes.query(HEADER, "root/cimv2", "SELECT 1"))["selectors"] == {}
    assert meaning(envelopes.query(HEADER, "root/cimv2", "SELECT 1"))["uri"] == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*"


def test_the_operation_timeout_is_a_duration_that_is_never_zero() -> None:
    assert envelopes.duration(20) == "PT20.000S"
    assert envelopes.duration(0.25) == "PT0.250S"
    assert envelopes.duration(-1) == "PT0.001S"


@pytest.mark.parametrize("name", ["", "a b", "Name='x'", "a/b", "ü", "1a", "a>"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        envelopes.get(HEADER, envelopes.Resource("root/cimv2", name))
    with pytest.raises(InvalidInput):
        envelopes.get(HEADER, envelopes.Resource("root/cimv2", "Win32_Service", {name: "x"}))
    with pytest.raises(InvalidInput):
        envelopes.invoke(HEADER, CACHE, name, {})
    with pytest.raises(InvalidInput):
        envelopes.invoke(HEADER, CACHE, "Clear", {name: 1})


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.sampled_from("\t\n\r<>&'\""))


@given(TEXT, TEXT)
def test_any_text_arrives_as_it_was(key: str, value: str) -> None:
    sent = meaning(envelopes.put(HEADER, resource("root/cimv2", "Win32_Service", Name=key), {"Caption": value}))
    assert sent["selectors"] == {"Name": key}
    body = markup.body(markup.parse(envelopes.put(HEADER, resource("root/cimv2", "Win32_Service", Name=key), {"Caption": value})))
    assert (body[0][0].text or "") == value


@given(st.sampled_from([chr(code) for code in (0, 1, 8, 11, 12, 31, 0xFFFE, 0xFFFF, 0xD800)]))
def test_what_xml_cannot_carry_is_refused(character: str) -> None:
    with pytest.raises(InvalidInput, match="U\\+"):
        envelopes.get(HEADER, resource("root/cimv2", "Win32_Service", Name="a" + character))
