# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity that the crash runs move: the example project's, with every part of a drill switched on."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise, problems
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab

IDENTITY = "mail"
SCRIPT = r"D:\dr\post_failover.ps1"


def credentials(lab: MemoryLab) -> dict[str, dict[str, str]]:
    key = lab.estate.description()["dns"]["key"]
    return {"dns": dict(key), "exchange": dict(lab.estate.credentials["exchange"])}


def definition(lab: MemoryLab, *, planned: bool, repeatable: bool = False) -> dict[str, t.Any]:
    """``planned``: the source lives, so that it is fenced by its services and keeps its addresses."""
    servers = lab.estate.description()["dns"]["servers"]
    named = [{"address": one["address"], "port": one["port"], "name": one["name"]} for one in servers]
    address = lab.network.address
    script = {"path": SCRIPT, "arguments": ["-Role", "Primary"], "timeout": 60, "repeatable": repeatable}
    moving = [] if planned else [{"address": address(20, 30), "prefix_length": 16, "interface": "Ethernet"}]
    identity = {
        "source": {"host": "exch1", "site": "berlin"},
        "target": {"host": "exch2", "site": "hamburg"},
        "engine": {"kind": "native"},
        "monitor": {
            "interval": 0.5,
            "missed": 5,
            "vantage_points": [{"host": "controller"}, {"host": "exch2"}, {"host": "wit1"}],
            "probes": [{"kind": "tcp", "port": lab.estate.application_port, "address": address(20, 21)}, {"kind": "wsman"}],
        },
        "approvals": {"required": 1, "expires": 36000},
        "fence": {"minimum": 2 if planned else 3},
        "directory": {"domain_controllers": ["dc1"]},
        "addresses": moving,
        "shares": [
            {"name": "archive", "path": r"D:\archive", "description": "Mail archive", "security_descriptor": "O:SYG:SYD:(A;;FA;;;BA)(A;;0x1301bf;;;AU)"}
        ],
        "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/mail.example.com", "http/autodiscover.example.com"]}],
        "services": [{"name": name, "start_mode": "auto"} for name in ("NetTcpPortSharing", "MSExchangeADTopology", "MSExchangeIS", "MSExchangeTransport")],
        "databases": [
            {"kind": "exchange", "from": "DB01", "to": "DB01-DR", "credential": "exchange"},
            {"kind": "sqlserver", "name": "ERP", "instance": "MSSQLSERVER"},
        ],
        "post_script": script,
        "dns": {
            "servers": named[:1],
            "verify_servers": named[1:],
            "credential": "dns",
            "repoint": {"from": [address(20, 21)], "to": [address(20, 22)], "names": ["mail.example.com", "autodiscover.example.com"]},
            "ttl": 60,
        },
        "clients": {
            "flush": ["ws001", "ws002"],
            "sample": ["ws001", "ws002"],
            "port": lab.estate.application_port,
            "resolver_port": servers[0]["port"],
        },
        "drill": {
            "dns": {"names": {"mail.example.com": "drill-mail.example.com"}},
            "clients": {"flush": ["ws007"]},
            "services": {"services": [{"name": "SQLSERVERAGENT", "start_mode": "manual"}]},
            "databases": "skip",
            "script": {"path": SCRIPT, "arguments": ["-Role", "Drill"], "timeout": 60, "repeatable": repeatable},
            "addresses": {"addresses": [{"address": address(20, 40), "prefix_length": 16, "interface": "Ethernet"}]},
            "spns": {"spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/drill-mail.example.com"]}]},
        },
    }
    addresses = {name: host.management_address for name, host in lab.estate.hosts.items()}
    wrong = problems({IDENTITY: identity}, IDENTITY, list(lab.estate.hosts), {"all": list(lab.estate.hosts)}, list(credentials(lab)), addresses)
    if wrong:
        raise AssertionError("; ".join(wrong))
    return normalise(identity)
