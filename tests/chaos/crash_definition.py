# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity that the crash runs move: the example project's, with every part of a drill switched on. And the stories in which it is moved."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise, problems
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.lab.model.sql_server import SqlDatabase

IDENTITY = "mail"
SCRIPT = r"D:\dr\post_failover.ps1"
#: Names that the source registers by itself.
HOST_NAMES = ("mail.example.com", "autodiscover.example.com")
#: A name that no host registers.
FURTHER = "smtp.example.com"
#: Everything that is written in DNS.
NAMES = (*HOST_NAMES, FURTHER, "drill-mail.example.com")
#: A copy for a drill alone, beside the databases of the estate.
DRILL_DATABASE = "ERP-DRILL"


@dataclasses.dataclass(frozen=True)
class Setting:
    """``planned``: the source lives, so that it is fenced by its services, keeps its addresses, and needs no hook to join again; the TTLs were lowered
    ahead. ``directory``: the zones are in a directory, whose domain controllers lock the names. ``choice``: what people say becomes of the data, which
    then have an engine that a hook tells."""

    acts: tuple[str, ...] = ("failover", "failback", "drill")
    planned: bool = False
    directory: bool = False
    choice: str = ""

    @property
    def estate(self) -> str:
        return "active_directory" if self.directory else "default"


#: Name -> what is done and crashed, in this order, and in which surroundings.
STORIES = {
    "source dead": Setting(),
    "planned": Setting(acts=("failover", "failback"), planned=True, choice="apply_queues"),
    "directory": Setting(directory=True, choice="discard_queues"),
}


def credentials(lab: MemoryLab) -> dict[str, dict[str, str]]:
    told = lab.estate.description()
    domain = told.get("active_directory")
    signer = {key: domain[key] for key in ("principal", "password")} if domain else dict(told["dns"]["key"])
    return {"dns": signer, "exchange": dict(lab.estate.credentials["exchange"])}


def _directory(lab: MemoryLab, identity: dict[str, t.Any]) -> None:
    """What only a directory has, and a database for the drill, so that every task of the roles is there."""
    identity["dns"]["lock"] = {"account": "EXCH1$", "domain_controllers": lab.estate.description()["active_directory"]["controllers"]}
    identity["dns"]["static"] = True
    identity["drill"]["databases"] = {"databases": [{"kind": "sqlserver", "name": DRILL_DATABASE, "instance": "MSSQLSERVER"}]}
    lab.estate.hosts["exch2"].sql["MSSQLSERVER"].databases.append(SqlDatabase(DRILL_DATABASE, state="OFFLINE"))


def definition(lab: MemoryLab, setting: Setting, *, repeatable: bool = False) -> dict[str, t.Any]:
    planned = setting.planned
    servers = lab.estate.description()["dns"]["servers"]
    named = [{"address": one["address"], "port": one["port"], "name": one["name"]} for one in servers]
    address = lab.network.address
    script = {"path": SCRIPT, "arguments": ["-Role", "Primary"], "timeout": 60, "repeatable": repeatable}
    moving = [] if planned else [{"address": address(20, 30), "prefix_length": 16, "interface": "Ethernet"}]
    identity: dict[str, t.Any] = {
        "source": {"host": "exch1", "site": "berlin"},
        "target": {"host": "exch2", "site": "hamburg"},
        "engine": {"kind": "other" if setting.choice else "native"},
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
            "ttl_ahead": 30,
            "records": [{"name": FURTHER, "type": "A", "values": [address(20, 22)]}] if planned or setting.directory else [],
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
    if setting.directory:
        _directory(lab, identity)
    addresses = {name: host.management_address for name, host in lab.estate.hosts.items()}
    wrong = problems({IDENTITY: identity}, IDENTITY, list(lab.estate.hosts), {"all": list(lab.estate.hosts)}, list(credentials(lab)), addresses)
    if wrong:
        raise AssertionError("; ".join(wrong))
    return normalise(identity)
