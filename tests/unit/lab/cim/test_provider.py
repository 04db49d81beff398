# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts of the default estate answer to CIM calls, and the faults that wrong calls get."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.cim.provider import Provider
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault, CimObject, CimValue
from ansible_collections.continuity.identity_failover.tests.lab.model.estate import LabEstate, load_estate
from ansible_collections.continuity.identity_failover.tests.lab.model.world import ManualScheduler
from ansible_collections.continuity.identity_failover.tests.unit.lab.model.support import ListTrace, MemoryNetwork

V2 = "root/cimv2"
STANDARD = "root/StandardCimv2"
SMB = "root/Microsoft/Windows/SMB"
EMPTY_KEYS = {"CreationClassName": "", "SystemCreationClassName": "", "SystemName": ""}


class Bench:
    """One estate without sockets, and time by hand."""

    def __init__(self) -> None:
        self.network, self.trace, self.clock = MemoryNetwork(), ListTrace(), ManualScheduler()
        self.estate: LabEstate = load_estate("default", clients=1, network=self.network, trace=self.trace, scheduler=self.clock, engine=None)

    def cim(self, host: str = "exch2") -> Provider:
        found = self.estate.hosts[host].cim
        assert isinstance(found, Provider)
        return found

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def invoke(
        self, class_name: str, method: str, keys: dict[str, str] | None = None, *, ns: str = V2, host: str = "exch2", **arguments: Any
    ) -> dict[str, CimValue]:
        found: dict[str, CimValue] = self.run(self.cim(host).invoke(ns, class_name, method, keys, arguments))
        return found

    def code(self, *call: Any, **options: Any) -> int:
        return int(self.invoke(*call, **options)["ReturnValue"].value)

    def query(self, wql: str, *, ns: str = V2, host: str = "exch2") -> list[dict[str, Any]]:
        rows: list[CimObject]
        rows, _projected = self.run(self.cim(host).query(ns, wql))
        return [{name: value.value for name, value in row.properties.items()} for row in rows]

    def advance(self, seconds: float) -> None:
        async def later() -> None:
            self.clock.advance(seconds)
            await self.estate.world.settled()

        self.run(later())


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    shutil.rmtree(made.estate.folder, ignore_errors=True)


def fault_of(call: Callable[[], Any]) -> CimFault:
    with pytest.raises(CimFault) as raised:
        call()
    return raised.value


def test_a_service_is_read_by_its_key_whatever_the_case(bench: Bench) -> None:
    found = bench.cim().get("ROOT/CIMV2", "win32_service", {"name": "msexchangeis"})
    assert found.class_name == "Win32_Service"
    assert found.properties["Name"].value == "MSExchangeIS"
    assert found.properties["State"].value == "Stopped"
    assert found.properties["StartMode"].value == "Manual"


@pytest.mark.parametrize(
    ("keys", "code"), [({}, 2150858842), ({"Name": "x", "Other": "y"}, 2150858843), ({"Nmae": "x"}, 2150858843), ({"Name": "nothing"}, 2150858752)]
)
def test_wrong_selectors(bench: Bench, keys: dict[str, str], code: int) -> None:
    assert fault_of(lambda: bench.cim().get(V2, "Win32_Service", keys)).code == code


def test_unknown_class_namespace_and_method(bench: Bench) -> None:
    assert fault_of(lambda: bench.cim().enumerate(V2, "Win32_Nothing")).code == 2150858752
    assert fault_of(lambda: bench.cim().enumerate("root/nothing", "Win32_Service")).code == 2150858752
    assert fault_of(lambda: bench.invoke("Win32_Service", "Nothing", {"Name": "Dnscache"})).code == 2150858753


@pytest.mark.parametrize("arguments", [{"StartMode": "Automatic", "Other": "x"}, {"startmode": ["a", "b"]}, {}, {"StartMode": None}, {"StartMode": {"x": "y"}}])
def test_wrong_parameters_are_an_invalid_parameter(bench: Bench, arguments: dict[str, Any]) -> None:
    fault = fault_of(lambda: bench.invoke("Win32_Service", "ChangeStartMode", {"Name": "MSExchangeIS"}, **arguments))
    assert (fault.code, fault.cim_status, fault.error_code) == (0, 4, 0x80041008)


@pytest.mark.parametrize("value", ["x", "256", "-1", "1.5", "1_0", ""])
def test_numbers_must_be_numbers_of_their_size(bench: Bench, value: str) -> None:
    arguments = {"InterfaceIndex": "7", "IPAddress": "127.77.20.50", "PrefixLength": value}
    assert fault_of(lambda: bench.invoke("MSFT_NetIPAddress", "Create", ns=STANDARD, **arguments)).cim_status == 4


def test_an_instance_method_needs_selectors_and_a_static_one_takes_none(bench: Bench) -> None:
    assert fault_of(lambda: bench.invoke("Win32_Service", "StartService")).code == 2150858842
    assert fault_of(lambda: bench.invoke("MSFT_DNSClientCache", "Clear", {"Name": "x"}, ns=STANDARD)).code == 2150858843


def test_services_start_with_what_they_need_and_stop_in_order(bench: Bench) -> None:
    assert bench.code("Win32_Service", "StartService", {"Name": "MSExchangeIS"}) == 0
    assert bench.code("Win32_Service", "StartService", {"Name": "MSExchangeIS"}) == 10
    bench.advance(2.0)
    states = {row["Name"]: row["State"] for row in bench.query("SELECT Name, State FROM Win32_Service WHERE Name LIKE 'MSEx%'")}
    assert states == {"MSExchangeADTopology": "Running", "MSExchangeIS": "Running", "MSExchangeTransport": "Stopped"}
    assert bench.code("Win32_Service", "StopService", {"Name": "MSExchangeADTopology"}) == 3
    assert bench.code("Win32_Service", "StopService", {"Name": "MSExchangeIS"}) == 0
    bench.advance(1.0)
    assert bench.code("Win32_Service", "StopService", {"Name": "MSExchangeIS"}) == 5


def test_a_disabled_service_says_14(bench: Bench) -> None:
    assert bench.code("Win32_Service", "ChangeStartMode", {"Name": "MSExchangeIS"}, StartMode="Disabled") == 0
    assert bench.code("Win32_Service", "StartService", {"Name": "MSExchangeIS"}) == 14


def test_the_graph_of_services_has_references(bench: Bench) -> None:
    links = bench.query("SELECT * FROM Win32_DependentService")
    named = {(link["Dependent"].properties["Name"].value, link["Antecedent"].properties["Name"].value) for link in links}
    assert ("MSExchangeIS", "MSExchangeADTopology") in named


def test_an_address_is_added_tested_and_served_then_deleted(bench: Bench) -> None:
    out = bench.invoke("MSFT_NetIPAddress", "Create", ns=STANDARD, InterfaceIndex="7", IPAddress="127.77.20.50", PrefixLength="24", SkipAsSource="true")
    assert out["ReturnValue"].value == 0
    assert out["CmdletOutput"].value[0].properties["AddressState"].value == 1
    bench.advance(3.0)
    row = bench.query("SELECT * FROM MSFT_NetIPAddress WHERE IPAddress = '127.77.20.50'", ns=STANDARD)[0]
    assert (row["AddressState"], row["SkipAsSource"], row["PrefixLength"]) == (4, True, 24)
    bench.run(bench.cim().delete(STANDARD, "MSFT_NetIPAddress", {**EMPTY_KEYS, "Name": row["Name"]}))
    assert bench.query("SELECT * FROM MSFT_NetIPAddress WHERE IPAddress = '127.77.20.50'", ns=STANDARD) == []


def test_the_address_of_another_living_machine_is_a_duplicate(bench: Bench) -> None:
    bench.invoke("MSFT_NetIPAddress", "Create", ns=STANDARD, InterfaceAlias="Ethernet", IPAddress="127.77.20.21", PrefixLength="24")
    bench.advance(3.0)
    assert bench.query("SELECT AddressState FROM MSFT_NetIPAddress WHERE IPAddress = '127.77.20.21'", ns=STANDARD) == [{"AddressState": 2}]
    events = bench.query("SELECT EventCode FROM Win32_NTLogEvent WHERE Logfile = 'System' AND EventCode = 4199")
    assert events == [{"EventCode": 4199}]


def test_an_address_that_is_there_already_and_wrong_ones_are_faults(bench: Bench) -> None:
    def create(**arguments: str) -> Callable[[], Any]:
        return lambda: bench.invoke("MSFT_NetIPAddress", "Create", ns=STANDARD, **{"InterfaceIndex": "7", "IPAddress": "127.77.20.50", **arguments})

    assert fault_of(create(IPAddress="127.77.20.12")).cim_status == 11
    assert fault_of(create(IPAddress="300.1.1.1")).error_code == 0x80070057
    assert fault_of(create(InterfaceIndex="99")).cim_status == 6
    assert fault_of(create(PolicyStore="Somewhere")).cim_status == 4
    assert fault_of(create(PrefixLength="33")).cim_status == 4


def test_the_resolver_cache_is_cleared_by_a_static_call(bench: Bench) -> None:
    assert bench.code("MSFT_DNSClientCache", "Clear", ns=STANDARD, host="ws001") == 0
    assert len([record for record in bench.trace.records if record.get("effect") == "cache_cleared"]) == 1


def test_a_cache_without_its_service_is_not_cleared(bench: Bench) -> None:
    bench.estate.hosts["ws001"].services.die("Dnscache")
    fault = fault_of(lambda: bench.code("MSFT_DNSClientCache", "Clear", ns=STANDARD, host="ws001"))
    assert fault.error_code == 0x80070426


def test_registration_is_switched_off_by_put(bench: Bench) -> None:
    row = bench.query("SELECT * FROM MSFT_DNSClient WHERE InterfaceAlias = 'Ethernet'", ns=STANDARD, host="exch1")[0]
    keys = {**EMPTY_KEYS, "Name": row["Name"]}
    changed = bench.run(bench.cim("exch1").put(STANDARD, "MSFT_DNSClient", keys, {"RegisterThisConnectionsAddress": "false"}))
    assert changed.properties["RegisterThisConnectionsAddress"].value is False
    assert bench.estate.hosts["exch1"].names_to_register() == {}


def test_name_servers_of_a_client_are_those_of_its_row(bench: Bench) -> None:
    rows = bench.query("SELECT * FROM MSFT_DNSClientServerAddress WHERE AddressFamily = 2 AND InterfaceAlias = 'Ethernet'", ns=STANDARD, host="ws001")
    assert rows[0]["ServerAddresses"] == ["127.77.53.1"]


KEY = {"hDefKey": "2147483650", "sSubKeyName": "SOFTWARE\\Microsoft\\Lab"}


@pytest.mark.parametrize("ns", [V2, "root/default"])
@pytest.mark.parametrize(
    ("kind", "name", "value", "read"),
    [
        ("String", "sValue", "text", "text"),
        ("ExpandedString", "sValue", "%x%", "%x%"),
        ("MultiString", "sValue", ["a", "b"], ["a", "b"]),
        ("MultiString", "sValue", "a", ["a"]),
        ("DWORD", "uValue", "4294967295", 4294967295),
        ("QWORD", "uValue", "18446744073709551615", 18446744073709551615),
        ("Binary", "uValue", ["1", "255"], [1, 255]),
    ],
)
def test_registry_values_have_types(bench: Bench, ns: str, kind: str, name: str, value: Any, read: Any) -> None:
    assert bench.code("StdRegProv", f"Set{kind}Value", ns=ns, **KEY, sValueName="V", **{name: value}) == 2
    assert bench.code("StdRegProv", "CreateKey", ns=ns, **KEY) == 0
    assert bench.code("StdRegProv", f"Get{kind}Value", ns=ns, **KEY, sValueName="v") == 1
    assert bench.code("StdRegProv", f"Set{kind}Value", ns=ns, **KEY, sValueName="V", **{name: value}) == 0
    out = bench.invoke("StdRegProv", f"Get{kind}Value", ns=ns, **KEY, sValueName="v")
    assert (out["ReturnValue"].value, out[name].value) == (0, read)
    other = "DWORD" if kind != "DWORD" else "String"
    assert bench.code("StdRegProv", f"Get{other}Value", ns=ns, **KEY, sValueName="V") == 1
    names = bench.invoke("StdRegProv", "EnumValues", ns=ns, **KEY)
    assert names["sNames"].value == ["V"]
    assert bench.code("StdRegProv", "DeleteValue", ns=ns, **KEY, sValueName="V") == 0
    assert bench.code("StdRegProv", "DeleteValue", ns=ns, **KEY, sValueName="V") == 2


def test_shares_are_seen_by_both_classes(bench: Bench) -> None:
    assert bench.code("Win32_Share", "Create", Path="D:\\archive", Name="archive", Type="0") == 0
    assert bench.code("Win32_Share", "Create", Path="D:\\archive", Name="ARCHIVE", Type="0") == 22
    assert bench.code("Win32_Share", "Create", Path="D:\\nowhere", Name="other", Type="0") == 24
    assert bench.code("Win32_Share", "Create", Path="D:\\archive", Name="a/b", Type="0") == 9
    assert [row["Name"] for row in bench.query("SELECT Name FROM MSFT_SmbShare WHERE Special = FALSE", ns=SMB)] == ["archive"]
    assert bench.code("Win32_Share", "Delete", {"Name": "archive"}) == 0
    assert fault_of(lambda: bench.code("Win32_Share", "Delete", {"Name": "archive"})).code == 2150858752


def test_a_share_with_a_descriptor(bench: Bench) -> None:
    out = bench.invoke("MSFT_SmbShare", "CreateShare", ns=SMB, Name="x", Path="D:\\archive", SecurityDescriptor="O:BAG:BAD:(A;;FA;;;BA)")
    assert out["CreatedShare"].value.properties["SecurityDescriptor"].value == "O:BAG:BAD:(A;;FA;;;BA)"
    assert fault_of(lambda: bench.invoke("MSFT_SmbShare", "CreateShare", ns=SMB, Name="x", Path="D:\\archive")).error_code == 0x80070846


def test_ping_needs_power_and_a_way(bench: Bench) -> None:
    def status(address: str) -> Any:
        return bench.query(f"SELECT StatusCode FROM Win32_PingStatus WHERE Address = '{address}' AND Timeout = 500")[0]["StatusCode"]

    assert status("127.77.20.11") == 0
    assert status("127.77.20.250") == 11010
    bench.network.cut("exch1", "exch2")
    assert status("127.77.20.11") == 11010
    bench.network.join("exch1", "exch2")
    bench.run(bench.estate.control("kill", {"host": "exch1"}))
    assert status("127.77.20.11") == 11010
    assert fault_of(lambda: bench.query("SELECT * FROM Win32_PingStatus")).code == 2150858778


def test_the_machine_tells_who_it_is_and_when_it_started(bench: Bench) -> None:
    host = bench.estate.hosts["exch1"]
    before = bench.query("SELECT * FROM Win32_OperatingSystem", host="exch1")[0]["LastBootUpTime"]
    assert bench.query("SELECT UUID FROM Win32_ComputerSystemProduct", host="exch1") == [{"UUID": host.uuid.upper()}]
    assert bench.query("SELECT Name FROM Win32_ComputerSystem", host="exch1") == [{"Name": "EXCH1"}]

    async def restart() -> None:
        await bench.estate.control("kill", {"host": "exch1"})
        await bench.estate.control("return", {"host": "exch1"})

    bench.run(restart())
    assert bench.query("SELECT * FROM Win32_OperatingSystem", host="exch1")[0]["LastBootUpTime"] > before


def test_a_program_is_started_without_a_session(bench: Bench) -> None:
    async def flush() -> dict[str, CimValue]:
        found = await bench.cim("ws001").invoke(V2, "Win32_Process", "Create", None, {"CommandLine": "ipconfig.exe /flushdns"})
        await bench.estate.world.idle()
        return found

    out = bench.run(flush())
    assert out["ReturnValue"].value == 0 and out["ProcessId"].value > 0
    assert [record["effect"] for record in bench.trace.records if record["kind"] == "effect"] == ["process_started", "cache_cleared", "process_ended"]
    assert bench.code("Win32_Process", "Create", CommandLine="nothing.exe") == 9


def test_an_event_is_written_by_eventcreate(bench: Bench) -> None:
    async def write() -> None:
        line = 'eventcreate.exe /L APPLICATION /SO lab /ID 101 /T ERROR /D "it failed"'
        await bench.cim().invoke(V2, "Win32_Process", "Create", None, {"CommandLine": line})
        await bench.estate.world.idle()

    bench.run(write())
    rows = bench.query("SELECT SourceName, Message, EventType FROM Win32_NTLogEvent WHERE Logfile = 'Application' AND EventCode = 101")
    assert rows == [{"SourceName": "lab", "Message": "it failed", "EventType": 1}]


def test_a_query_of_an_unknown_class_or_property_is_a_bad_query(bench: Bench) -> None:
    assert fault_of(lambda: bench.query("SELECT * FROM Win32_Nothing")).code == 2150858778
    assert fault_of(lambda: bench.query("SELECT Nothing FROM Win32_Service")).code == 2150858778
    assert fault_of(lambda: bench.query("SELECT * FROM Win32_Service WHERE Nothing = 1")).code == 2150858778


def test_every_class_is_read_on_every_kind_of_host(bench: Bench) -> None:
    from ansible_collections.continuity.identity_failover.tests.lab.cim import facts

    for host in ("exch1", "dc1", "ws001"):
        for each in facts.every():
            if each.name == "Win32_PingStatus":
                continue
            for found in bench.cim(host).enumerate(each.namespace, each.name):
                assert set(found.properties) == set(each.properties)
                if each.keys and each.name != "Win32_DependentService":
                    keys = {key: str(found.properties[key].value if found.properties[key].value is not None else "") for key in each.keys}
                    assert bench.cim(host).get(each.namespace, each.name, keys).properties.keys() == found.properties.keys()
