# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, adapters and the DNS client in root/StandardCimv2.

The four-part key with empty class and system names is what Windows' own object paths show; what stands in Name is opaque there and here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import dns.rdatatype

from ansible_collections.continuity.identity_failover.tests.lab.cim import facts, values
from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import WBEM_E_ALREADY_EXISTS, CimClass, Row, failed
from ansible_collections.continuity.identity_failover.tests.lab.model.addresses import PREFERRED, Adapter, OwnedAddress
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host

IPV4 = 2
LOOPBACK = Adapter(1, "Loopback Pseudo-Interface 1", "", registers=False)
ERROR_INVALID_PARAMETER = 87
ERROR_NOT_FOUND = 1168
DNS_SERVICE = "Dnscache"
ESTABLISHED = 5


def _keyed(name: str) -> Row:
    return {"Name": name, "CreationClassName": "", "SystemCreationClassName": "", "SystemName": "", "InstanceID": name}


def _system_error(number: int, message: str, *, status: int) -> Exception:
    """As the NetTCPIP provider reports a Win32 error: as an HRESULT."""
    return failed(message, status=status, code=0x80070000 | number)


class NetIPAddress(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_NetIPAddress"

    def rows(self, host: Host) -> list[Row]:
        """The active store, as Windows answers without a PolicyStore."""
        loopback = OwnedAddress("127.0.0.1", 8, LOOPBACK, state=PREFERRED)
        return [_address_row(each) for each in [*host.ip.all(), loopback]]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if method != "Create":
            return await super().invoke(host, method, row, arguments)
        adapter = _adapter(host, arguments)
        address, prefix = _address(arguments)
        if any(key in arguments for key in ("AddressState", "PrefixOrigin", "SuffixOrigin")):
            raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
        if host.ip.find(address) is not None:
            raise failed("Instance MSFT_NetIPAddress already exists", status=11, code=WBEM_E_ALREADY_EXISTS)
        store = arguments.get("PolicyStore", "")
        if store.lower() not in ("", "activestore", "persistentstore"):
            raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
        owned = host.ip.add(
            address,
            prefix,
            adapter,
            skip_as_source=arguments.get("SkipAsSource", False),
            active=store.lower() != "persistentstore",
            persistent=store.lower() != "activestore",
        )
        known = facts.find(self.namespace, self.name)
        return {"ReturnValue": 0, "CmdletOutput": [values.instance(known, _address_row(owned))]}

    async def put(self, host: Host, row: Row, changes: Mapping[str, Any]) -> None:
        owned = _owned(host, row)
        if set(changes) - {"SkipAsSource", "PrefixLength"}:
            raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
        owned.skip_as_source = changes.get("SkipAsSource", owned.skip_as_source)
        owned.prefix_length = changes.get("PrefixLength", owned.prefix_length)
        host.world.effect(host.name, "address_changed", address=owned.address, skip_as_source=owned.skip_as_source)

    async def delete(self, host: Host, row: Row) -> None:
        owned = _owned(host, row)
        host.ip.remove(owned)
        if owned.address == host.management_address:
            await host.world.network.power(host.name, False)


def _owned(host: Host, row: Row) -> OwnedAddress:
    found = host.ip.find(row["IPAddress"])
    if found is None:
        raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
    return found


def _address_row(owned: OwnedAddress) -> Row:
    return {
        **_keyed(f";{owned.adapter.index};{owned.address};{1 if owned.active else 0};"),
        "IPAddress": owned.address,
        "IPv4Address": owned.address,
        "AddressFamily": IPV4,
        "PrefixLength": owned.prefix_length,
        "Type": 1,
        "PrefixOrigin": 3 if owned.adapter.dhcp else 1,
        "SuffixOrigin": 3 if owned.adapter.dhcp else 1,
        "AddressState": owned.state,
        "SkipAsSource": owned.skip_as_source,
        "InterfaceIndex": owned.adapter.index,
        "InterfaceAlias": owned.adapter.alias,
        "Store": 1 if owned.active else 0,
        "ValidLifetime": values.FOREVER,
        "PreferredLifetime": values.FOREVER,
    }


def _address(arguments: Mapping[str, Any]) -> tuple[str, int]:
    try:
        address = str(ipaddress.IPv4Address(arguments["IPAddress"]))
    except ValueError:
        raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4) from None
    prefix = int(arguments.get("PrefixLength", 32))
    if not 0 < prefix <= 32 or arguments.get("AddressFamily", IPV4) != IPV4 or arguments.get("Type", 1) != 1:
        raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
    return address, prefix


def _adapter(host: Host, arguments: Mapping[str, Any]) -> Adapter:
    if "InterfaceIndex" not in arguments and "InterfaceAlias" not in arguments:
        raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
    found = host.ip.adapter(index=arguments.get("InterfaceIndex"), alias=arguments.get("InterfaceAlias"))
    if found is None:
        raise _system_error(ERROR_NOT_FOUND, "Element not found. ", status=6)
    return found


class NetIPInterface(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_NetIPInterface"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                **_keyed(f";{each.index};{IPV4};"),
                "InterfaceIndex": each.index,
                "InterfaceAlias": each.alias,
                "AddressFamily": IPV4,
                "Dhcp": 1 if each.dhcp else 0,
                "ConnectionState": 1 if each.enabled else 0,
                "DadTransmits": 3,
                "DadRetransmitTime": 1000,
                "Store": 1,
            }
            for each in [*host.ip.adapters, LOOPBACK]
            if each.enabled
        ]


class NetAdapter(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_NetAdapter"

    def rows(self, host: Host) -> list[Row]:
        return [_adapter_row(host, each) for each in host.ip.adapters]

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if row is None or method not in ("Enable", "Disable"):
            return await super().invoke(host, method, row, arguments)
        adapter = host.ip.adapter(index=row["InterfaceIndex"])
        assert adapter is not None
        host.ip.set_enabled(adapter, method == "Enable")
        if method == "Disable" and any(each.adapter is adapter and each.address == host.management_address for each in host.ip.all()):
            await host.world.network.power(host.name, False)
        known = facts.find(self.namespace, self.name)
        return {"ReturnValue": 0, "CmdletOutput": values.instance(known, _adapter_row(host, adapter))}


def _adapter_row(host: Host, adapter: Adapter) -> Row:
    guid = f"{{{adapter.index:08X}-0000-4000-8000-{adapter.mac.replace('-', '')}}}"
    return {
        "DeviceID": guid,
        "CreationClassName": "MSFT_NetAdapter",
        "SystemCreationClassName": "CIM_NetworkPort",
        "SystemName": host.fqdn,
        "Name": adapter.alias,
        "InterfaceName": f"ethernet_{adapter.index}",
        "InterfaceDescription": "Lab Ethernet Adapter",
        "InterfaceIndex": adapter.index,
        "InterfaceGuid": guid,
        "PermanentAddress": adapter.mac.replace("-", ""),
        "InterfaceType": 6,
        "State": 2 if adapter.enabled else 3,
        "InterfaceAdminStatus": 1 if adapter.enabled else 2,
        "InterfaceOperationalStatus": 1 if adapter.enabled else 2,
        "MediaConnectState": 1 if adapter.enabled else 0,
        "Virtual": False,
        "HardwareInterface": True,
        "ConnectorPresent": True,
        "Hidden": False,
    }


class DnsClient(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_DNSClient"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                **_keyed(f"{each.index}"),
                "InterfaceIndex": each.index,
                "InterfaceAlias": each.alias,
                "ConnectionSpecificSuffix": each.suffix,
                "ConnectionSpecificSuffixSearchList": [],
                "RegisterThisConnectionsAddress": each.registers,
                "UseSuffixWhenRegistering": each.use_suffix,
                "Hostname": host.computer_name.lower(),
            }
            for each in host.ip.adapters
            if each.enabled
        ]

    async def put(self, host: Host, row: Row, changes: Mapping[str, Any]) -> None:
        if set(changes) - {"RegisterThisConnectionsAddress", "UseSuffixWhenRegistering", "ConnectionSpecificSuffix"}:
            raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
        if any(content is None for content in changes.values()):
            raise _system_error(ERROR_INVALID_PARAMETER, "The parameter is incorrect. ", status=4)
        adapter = host.ip.adapter(index=row["InterfaceIndex"])
        assert adapter is not None
        adapter.use_suffix = changes.get("UseSuffixWhenRegistering", adapter.use_suffix)
        adapter.suffix = changes.get("ConnectionSpecificSuffix", adapter.suffix)
        if "RegisterThisConnectionsAddress" in changes:
            adapter.registers = changes["RegisterThisConnectionsAddress"]
            host.world.effect(host.name, "registration_switched", interface=adapter.alias, on=adapter.registers)
            if adapter.registers:
                host.plan_registration()

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if method != "Register":
            return await super().invoke(host, method, row, arguments)
        host.plan_registration()
        return {"ReturnValue": 0}


class DnsClientCache(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_DNSClientCache"

    def rows(self, host: Host) -> list[Row]:
        now = host.world.now()
        rows: list[Row] = []
        for entry in host.resolver.entries():
            same = {"Entry": entry.name, "Status": entry.status, "TimeToLive": entry.remaining(now)}
            if not entry.records:
                rows.append({**same, "Name": "", "Type": int(entry.type)})
            for record in entry.records:
                length = 4 if record.type == dns.rdatatype.A else 8
                rows.append({**same, "Name": record.name, "Type": int(record.type), "Data": record.data, "DataLength": length, "Section": 1})
        return rows

    async def invoke(self, host: Host, method: str, row: Row | None, arguments: Mapping[str, Any]) -> Row:
        if method != "Clear":
            return await super().invoke(host, method, row, arguments)
        service = host.services.find(DNS_SERVICE)
        if service is not None and not host.services.running(DNS_SERVICE):
            raise _system_error(1062, "The service has not been started. ", status=1)
        host.resolver.clear()
        return {"ReturnValue": 0}


class DnsClientServerAddress(CimClass):
    namespace = "root/StandardCimv2"
    name = "MSFT_DNSClientServerAddress"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                **_keyed(f"{each.index},{family}"),
                "InterfaceIndex": each.index,
                "InterfaceAlias": each.alias,
                "AddressFamily": family,
                "ServerAddresses": list(each.dns_servers) if family == IPV4 else [],
            }
            for each in [*host.ip.adapters, LOOPBACK]
            for family in (IPV4, 23)
            if each.enabled
        ]


class NetTCPConnection(CimClass):
    """The connections of users' programs; those of the lab's own sockets are not among them."""

    namespace = "root/StandardCimv2"
    name = "MSFT_NetTCPConnection"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                "InstanceID": f"{host.management_address}++{49152 + number}++{each.address}++{each.port}",
                "LocalAddress": host.management_address,
                "LocalPort": 49152 + number,
                "RemoteAddress": each.address,
                "RemotePort": each.port,
                "State": ESTABLISHED,
                "OwningProcess": each.process,
                "CreationTime": values.dmtf(host.now()),
            }
            for number, each in enumerate(host.users_at_it.connections)
        ]


CLASSES = (NetIPAddress(), NetIPInterface(), NetAdapter(), DnsClient(), DnsClientCache(), DnsClientServerAddress(), NetTCPConnection())
