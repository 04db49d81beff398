# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine itself: operating system, computer system, product, disks, clock, event log, ping."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim.classes import CimClass, Row
from ansible_collections.continuity.identity_failover.tests.lab.cim.values import dmtf
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import bad_query
from ansible_collections.continuity.identity_failover.tests.lab.model.event_log import TYPES
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import SUCCESS

GIB = 1024**3
SERVER_CAPTION, CLIENT_CAPTION = "Microsoft Windows Server 2019 Standard", "Microsoft Windows 11 Pro"
PING_TIMED_OUT = 11010
HOST_NOT_FOUND = 11001


class OperatingSystem(CimClass):
    name = "Win32_OperatingSystem"

    def rows(self, host: Host) -> list[Row]:
        server = host.machine.is_server
        caption = SERVER_CAPTION if server else CLIENT_CAPTION
        build = "17763" if server else "22631"
        return [
            {
                "Name": f"{caption}|C:\\Windows|\\Device\\Harddisk0\\Partition2",
                "Caption": caption,
                "Version": f"10.0.{build}",
                "BuildNumber": build,
                "BuildType": "Multiprocessor Free",
                "CSName": host.computer_name,
                "CreationClassName": "Win32_OperatingSystem",
                "CSCreationClassName": "Win32_ComputerSystem",
                "LastBootUpTime": dmtf(host.booted + host.clock_offset),
                "LocalDateTime": dmtf(host.now()),
                "InstallDate": dmtf(1_600_000_000),
                "CurrentTimeZone": 0,
                "ProductType": 3 if server else 1,
                "OSType": 18,
                "OSLanguage": 1033,
                "Locale": "0409",
                "CountryCode": "1",
                "CodeSet": "1252",
                "OSArchitecture": "64-bit",
                "Manufacturer": "Microsoft Corporation",
                "Primary": True,
                "Status": "OK",
                "SystemDirectory": "C:\\Windows\\system32",
                "WindowsDirectory": "C:\\Windows",
                "SystemDrive": "C:",
                "BootDevice": "\\Device\\HarddiskVolume1",
                "MUILanguages": ["en-US"],
                "ServicePackMajorVersion": 0,
                "ServicePackMinorVersion": 0,
                "NumberOfProcesses": 80,
                "NumberOfUsers": 1,
                "TotalVisibleMemorySize": 16 * 1024**2,
                "FreePhysicalMemory": 8 * 1024**2,
                "OperatingSystemSKU": 7 if server else 48,
            }
        ]


class ComputerSystem(CimClass):
    name = "Win32_ComputerSystem"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                "Name": host.computer_name,
                "Caption": host.computer_name,
                "DNSHostName": host.computer_name.lower(),
                "Domain": host.machine.domain,
                "PartOfDomain": True,
                "DomainRole": 3 if host.machine.is_server else 1,
                "Manufacturer": "Lab",
                "Model": "Simulated Machine",
                "CreationClassName": "Win32_ComputerSystem",
                "NumberOfProcessors": 1,
                "NumberOfLogicalProcessors": 4,
                "TotalPhysicalMemory": 16 * GIB,
                "SystemType": "x64-based PC",
                "Status": "OK",
                "CurrentTimeZone": 0,
                "HypervisorPresent": True,
                "BootupState": "Normal boot",
            }
        ]


class ComputerSystemProduct(CimClass):
    name = "Win32_ComputerSystemProduct"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                "UUID": host.uuid.upper(),
                "Name": "Simulated Machine",
                "Vendor": "Lab",
                "Version": "1",
                "IdentifyingNumber": f"LAB-{host.uuid[:8].upper()}",
                "Caption": "Computer System Product",
                "Description": "Computer System Product",
            }
        ]


class LogicalDisk(CimClass):
    name = "Win32_LogicalDisk"

    def rows(self, host: Host) -> list[Row]:
        return [
            {
                "DeviceID": drive,
                "Name": drive,
                "Caption": drive,
                "DriveType": 3,
                "FileSystem": "NTFS",
                "Size": size * GIB,
                "FreeSpace": free * GIB,
                "VolumeName": label,
                "CreationClassName": "Win32_LogicalDisk",
                "SystemCreationClassName": "Win32_ComputerSystem",
                "SystemName": host.computer_name,
                "MediaType": 12,
                "Compressed": False,
                "Description": "Local Fixed Disk",
            }
            for drive, size, free, label in (("C:", 100, 60, "System"), ("D:", 500, 300, "Data"))
        ]


class UtcTime(CimClass):
    name = "Win32_UTCTime"

    def rows(self, host: Host) -> list[Row]:
        now = datetime.datetime.fromtimestamp(host.now(), datetime.timezone.utc)
        return [
            {
                "Year": now.year,
                "Month": now.month,
                "Day": now.day,
                "Hour": now.hour,
                "Minute": now.minute,
                "Second": now.second,
                "DayOfWeek": (now.weekday() + 1) % 7,
                "Quarter": (now.month + 2) // 3,
                "WeekInMonth": (now.day + 6) // 7,
            }
        ]


class QuickFixEngineering(CimClass):
    name = "Win32_QuickFixEngineering"

    def rows(self, host: Host) -> list[Row]:
        return [
            {"HotFixID": "KB5000001", "ServicePackInEffect": "", "Description": "Security Update", "CSName": host.computer_name, "InstalledOn": "1/15/2026"}
        ]


class NTLogEvent(CimClass):
    name = "Win32_NTLogEvent"

    def rows(self, host: Host) -> list[Row]:
        """The newest first, as Windows answers."""
        return [
            {
                "Logfile": event.logfile,
                "RecordNumber": event.number,
                "SourceName": event.source,
                "EventCode": event.code,
                "EventIdentifier": event.code,
                "EventType": TYPES[event.kind],
                "Type": event.kind.title(),
                "Message": event.message,
                "ComputerName": host.fqdn,
                "TimeGenerated": dmtf(event.at),
                "TimeWritten": dmtf(event.at),
                "Category": 0,
                "InsertionStrings": [event.message],
            }
            for event in reversed(host.events.events)
        ]


class PingStatus(CimClass):
    """Answers only a query that names one Address; that machine must have power and the way there and back must be open."""

    name = "Win32_PingStatus"
    slow_rows = True

    async def rows_for(self, host: Host, wanted: Mapping[str, Any]) -> list[Row]:
        target = wanted.get("address")
        if not isinstance(target, str) or not target:
            raise bad_query("Win32_PingStatus needs one Address")
        timeout = int(wanted.get("timeout", 1000))
        row: Row = {
            "Address": target,
            "Timeout": timeout,
            "BufferSize": int(wanted.get("buffersize", 32)),
            "PrimaryAddressResolutionStatus": 0,
            "TimeToLive": 80,
        }
        address = await _resolved(host, target)
        if address is None:
            return [{**row, "PrimaryAddressResolutionStatus": HOST_NOT_FOUND}]
        if not host.answers_ping(address):
            return [{**row, "ProtocolAddress": "", "StatusCode": PING_TIMED_OUT}]
        return [
            {**row, "ProtocolAddress": address, "StatusCode": 0, "ResponseTime": 1, "ReplySize": 32, "ResponseTimeToLive": 128, "ReplyInconsistency": False}
        ]


async def _resolved(host: Host, target: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(target))
    except ValueError:
        pass
    answer = await host.resolver.ask(target)
    return answer.addresses()[0] if answer.status == SUCCESS and answer.addresses() else None


CLASSES = (OperatingSystem(), ComputerSystem(), ComputerSystemProduct(), LogicalDisk(), UtcTime(), QuickFixEngineering(), NTLogEvent(), PingStatus())
