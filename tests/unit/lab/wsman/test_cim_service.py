# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, Put, Create, Delete, Enumerate, Pull, Release, Invoke: both URI forms, paging, and what Microsoft's own client sends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault, CimObject, CimValue
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.cim_service import CimService, target_of
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import Request, parse
from ansible_collections.continuity.identity_failover.tests.unit.lab.fake_model import FakeCim
from ansible_collections.continuity.identity_failover.tests.unit.lab.recordings import FOLDER, local, needs_recordings

WMI = names.WMI_PREFIX
SERVICE = WMI + "root/cimv2/Win32_Service"
WQL = f'<w:Filter xmlns:w="{names.WSMAN}" Dialect="{names.WQL_DIALECT}">%s</w:Filter>'


def _service(cim: FakeCim) -> CimService:
    return CimService(cim, "http://127.0.0.1:5985/wsman", lambda class_name, method: None, lambda class_name, method: False)


def _ask(service: CimService, request: Request) -> Element:
    async def work() -> bytes:
        target = target_of(request)
        assert target is not None
        return await service.handle(request, target)

    envelope = fromstring(asyncio.run(work()))
    assert envelope.findtext(f".//{{{names.ADDRESSING}}}Action") == request.action + "Response"
    body = envelope.find(f"{{{names.SOAP}}}Body")
    assert body is not None
    return body


def _request(action: str, resource: str = SERVICE, selectors: dict[str, str] | None = None, body: str = "", envelope: int = 153600) -> Request:
    return Request(action, resource, "uuid:1", selectors=selectors or {}, max_envelope=envelope, body=fromstring(body) if body else None)


def _enumerate(extra: str = "", resource: str = SERVICE, envelope: int = 153600) -> Request:
    body = f'<n:Enumerate xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}">{extra}</n:Enumerate>'
    return _request(names.ENUMERATE, resource, body=body, envelope=envelope)


def _pull(context: str, limit: str = "", envelope: int = 153600) -> Request:
    body = f'<n:Pull xmlns:n="{names.ENUMERATION}"><n:EnumerationContext>{context}</n:EnumerationContext>{limit}</n:Pull>'
    return _request(names.PULL, body=body, envelope=envelope)


def _fault(service: CimService, request: Request) -> tuple[int, str]:
    with pytest.raises(CimFault) as caught:
        _ask(service, request)
    return caught.value.code, caught.value.subcode


def _names(body: Element) -> list[str]:
    return [node.text or "" for item in _find(body, "Items") for node in item if local(node.tag) == "Name"]


def _find(body: Element, name: str) -> list[Element]:
    return [child for node in body.iter() if local(node.tag) == name for child in node]


def _has(body: Element, name: str) -> bool:
    return any(local(node.tag) == name for node in body.iter())


def _context(body: Element) -> str:
    return next((node.text or "" for node in body.iter() if local(node.tag) == "EnumerationContext"), "")


def test_get_in_both_forms() -> None:
    service = _service(FakeCim())
    for uri, selectors in ((SERVICE, {"name": "spooler"}), (names.CIM_PREFIX + "Win32_Service", {"__cimnamespace": "root/cimv2", "Name": "Spooler"})):
        [item] = _ask(service, _request(names.GET, uri, selectors))
        assert item.tag == f"{{{uri}}}Win32_Service"
        assert item.findtext(f"{{{uri}}}State") == "Running"


@pytest.mark.parametrize(
    ("resource", "selectors", "expected"),
    [
        (SERVICE, {}, (2150858842, "w:InvalidSelectors")),
        (SERVICE, {"Name": "Spooler", "X": "1"}, (2150858843, "w:InvalidSelectors")),
        (SERVICE, {"Name": "nope"}, (2150858752, "a:DestinationUnreachable")),
        (WMI + "root/cimv2/Nope", {}, (2150858752, "a:DestinationUnreachable")),
    ],
)
def test_get_faults(resource: str, selectors: dict[str, str], expected: tuple[int, str]) -> None:
    assert _fault(_service(FakeCim()), _request(names.GET, resource, selectors)) == expected


@pytest.mark.parametrize("uri", ["", "http://example.com/x", WMI + "Win32_Service", WMI, names.CIM_PREFIX, names.SHELL_CMD])
def test_uris_of_no_class(uri: str) -> None:
    assert target_of(Request("x", uri)) is None


def test_the_standard_form_without_namespace_means_hardware() -> None:
    target = target_of(Request("x", names.CIM_PREFIX + "CIM_Sensor"))
    assert target is not None and target.namespace == "root/hardware"


def test_static_and_instance_invoke() -> None:
    cim = FakeCim()
    service = _service(cim)
    uri = WMI + "root/StandardCimv2/MSFT_DNSClientCache"
    [output] = _ask(service, _request(uri + "/Clear", uri))
    assert output.tag == f"{{{uri}}}Clear_OUTPUT" and output.findtext(f"{{{uri}}}ReturnValue") == "0"
    [output] = _ask(service, _request(SERVICE + "/StopService", SERVICE, {"Name": "Spooler"}, f'<m:StopService_INPUT xmlns:m="{SERVICE}"/>'))
    assert local(output.tag) == "StopService_OUTPUT"
    assert cim.calls == [("MSFT_DNSClientCache", "Clear", None, {}), ("Win32_Service", "StopService", {"Name": "Spooler"}, {})]
    assert cim.get("root/cimv2", "Win32_Service", {"Name": "Spooler"}).properties["State"].value == "Stopped"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (SERVICE + "/Nope", (2150858753, "a:ActionNotSupported")),
        ("http://example.com/Clear", (2150858753, "a:ActionNotSupported")),
        (SERVICE + "/", (2150858753, "a:ActionNotSupported")),
    ],
)
def test_invoke_faults(action: str, expected: tuple[int, str]) -> None:
    assert _fault(_service(FakeCim()), _request(action)) == expected


def test_an_invoke_longer_than_the_operation_timeout_is_timed_out() -> None:
    cim = FakeCim()
    cim.hold.clear()
    request = _request(WMI + "root/cimv2/Win32_Process/Create", WMI + "root/cimv2/Win32_Process")
    request.timeout = 0.01
    assert _fault(_service(cim), request) == (2150858793, "w:TimedOut")


def test_faked_and_empty_results() -> None:
    cim = FakeCim()
    uri = WMI + "root/StandardCimv2/MSFT_DNSClientCache"
    faked = CimService(cim, "", lambda class_name, method: {"ReturnValue": CimValue("uint32", 5)}, lambda class_name, method: False)
    assert _ask(faked, _request(uri + "/Clear", uri))[0].findtext(f"{{{uri}}}ReturnValue") == "5"
    assert cim.calls == []
    empty = CimService(cim, "", lambda class_name, method: None, lambda class_name, method: True)
    assert list(_ask(empty, _request(uri + "/Clear", uri))[0]) == []
    assert len(cim.calls) == 1


def test_create_put_delete() -> None:
    cim = FakeCim()
    service = _service(cim)
    uri = WMI + "root/cimv2/Win32_Environment"
    whole = f'<p:Win32_Environment xmlns:p="{uri}"><p:Name>A</p:Name><p:UserName>u</p:UserName></p:Win32_Environment>'
    made = _ask(service, _request(names.CREATE, uri, body=whole))
    selectors = {node.get("Name"): node.text for node in made.iter(f"{{{names.WSMAN}}}Selector")}
    assert selectors == {"__cimnamespace": "root/cimv2", "Name": "A", "UserName": "u"}
    keys = {"Name": "A", "UserName": "u"}
    part = f'<p:Win32_Environment xmlns:p="{uri}"><p:VariableValue>v</p:VariableValue></p:Win32_Environment>'
    [changed] = _ask(service, _request(names.PUT, uri, keys, part))
    assert changed.findtext(f"{{{uri}}}VariableValue") == "v"
    assert list(_ask(service, _request(names.DELETE, uri, keys))) == []
    assert _fault(service, _request(names.GET, uri, keys))[0] == 2150858752
    assert _fault(service, _request(names.PUT, uri, keys))[1] == "w:SchemaValidationError"


@given(st.integers(2, 40), st.integers(1, 50), st.booleans(), st.integers(3000, 20000))
def test_paging_gives_every_row_once(rows: int, limit: int, optimize: bool, room: int) -> None:
    service = _service(FakeCim(rows))
    maximum = f"<w:MaxElements>{limit}</w:MaxElements>"
    body = _ask(service, _enumerate(f"<w:OptimizeEnumeration/>{maximum}" if optimize else "", envelope=6000 + room))
    seen = _names(body)
    assert _has(body, "Items") is optimize
    while not _has(body, "EndOfSequence"):
        limit_text = f'<n:MaxElements xmlns:n="{names.ENUMERATION}">{limit}</n:MaxElements>'
        context = _context(body)
        body = _ask(service, _pull(context, limit_text, envelope=6000 + room))
        assert 1 <= len(_names(body)) <= limit and len(tostring(body)) <= 3000 + room // 2 + 1500
        seen += _names(body)
    assert seen == ["Spooler", "Dnscache", *(f"Service{number:04}" for number in range(rows - 2))]
    if context_left := _context(body):
        assert _fault(service, _pull(context_left))[0] == 2150858779


def test_the_first_page_holds_one_row_unless_asked_for_more() -> None:
    assert len(_names(_ask(_service(FakeCim(5)), _enumerate("<w:OptimizeEnumeration/>")))) == 1


def test_a_row_that_fits_no_envelope() -> None:
    assert _fault(_service(FakeCim()), _enumerate("<w:OptimizeEnumeration/>", envelope=4100)) == (2150858824, "w:EncodingLimit")
    assert _fault(_service(FakeCim()), _request(names.GET, selectors={"Name": "Spooler"}, envelope=500)) == (2150858824, "w:EncodingLimit")


def test_release() -> None:
    service = _service(FakeCim())
    context = _context(_ask(service, _enumerate()))
    request = _pull(context)
    request.action = names.RELEASE
    assert list(_ask(service, request)) == []
    assert _fault(service, _pull(context)) == (2150858779, "n:InvalidEnumerationContext")


def test_wql_projection_and_star() -> None:
    service = _service(FakeCim())
    everything = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>"
    body = _ask(service, _enumerate(everything + WQL % "SELECT Name, State FROM Win32_Service WHERE State='Running'", WMI + "root/cimv2/*"))
    [items] = [node for node in body.iter() if local(node.tag) == "Items"]
    assert items[0].tag == f"{{{names.WSMAN}}}XmlFragment" and [child.tag for child in items[0]] == ["Name", "State"]
    body = _ask(service, _enumerate(everything + WQL % "SELECT * FROM Win32_Service", WMI + "root/cimv2/*"))
    [items] = [node for node in body.iter() if local(node.tag) == "Items"]
    assert items[0].tag == f"{{{SERVICE}}}Win32_Service"


@pytest.mark.parametrize(
    ("filter_", "resource", "expected"),
    [
        (WQL % "SELECT nonsense", WMI + "root/cimv2/*", (2150858778, "n:CannotProcessFilter")),
        (WQL % "SELECT * FROM Nope", WMI + "root/cimv2/*", (2150858778, "n:CannotProcessFilter")),
        (WQL % "SELECT * FROM Win32_Service", SERVICE, (2150859003, "a:DestinationUnreachable")),
        ('<w:Filter Dialect="x">y</w:Filter>', WMI + "root/cimv2/*", (2150858777, "n:FilterDialectRequestedUnavailable")),
        ("", WMI + "root/cimv2/*", (2150858831, "n:FilteringRequired")),
        ("<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>", SERVICE, (2150858886, "w:UnsupportedFeature")),
    ],
)
def test_enumerate_faults(filter_: str, resource: str, expected: tuple[int, str]) -> None:
    assert _fault(_service(FakeCim()), _enumerate(filter_, resource)) == expected


@needs_recordings
@pytest.mark.parametrize("path", sorted((FOLDER / "mi-client").glob("*.request.xml")), ids=lambda path: path.name)
def test_requests_of_microsofts_client(path: Path) -> None:
    """Every recorded request is understood: it is answered, in the form that it asked, or reaches the provider with its arguments."""
    cim = FakeCim()
    service = _service(cim)
    _ask(service, _request(names.CREATE, WMI + "root/cimv2/Win32_Environment", body="<a><Name>A</Name><UserName>&lt;SYSTEM&gt;</UserName></a>"))
    entry = {"Name": CimValue("string", "mail.example.com"), "Entry": CimValue("string", "mail")}
    cim.rows["msft_dnsclientcache"].append(CimObject("root/StandardCimv2", "MSFT_DNSClientCache", entry))
    request = parse(path.read_bytes())
    if path.name.startswith("put"):
        # The recording's tool marked every property as a key; a property that is none is an unexpected selector.
        assert _fault(service, request) == (2150858843, "w:InvalidSelectors")
        del request.selectors["VariableValue"]
    body = _ask(service, request)
    kind = path.name.removesuffix(".request.xml")
    if kind.startswith("invoke"):
        [output] = body
        assert output.tag == f"{{{request.resource}}}{request.action.rpartition('/')[2]}_OUTPUT"
        assert cim.calls[0][1] == request.action.rpartition("/")[2]
    if kind == "invoke-static-string":
        assert cim.calls[0][3] and all(isinstance(value, str) for value in cim.calls[0][3].values())
    if kind == "wql":
        assert _names(body) == ["Spooler", "Service0000"]


def test_reset_forgets_enumerations() -> None:
    service = _service(FakeCim())
    context = _context(_ask(service, _enumerate()))
    service.reset()
    assert _fault(service, _pull(context))[0] == 2150858779
