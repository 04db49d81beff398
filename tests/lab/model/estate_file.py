# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate file: what machines there are. Read strictly: a key that is not known is an error that names it.

Addresses are written "20.21" and mean 127.<the lab's octet>.20.21. A file with ``based_on`` has what that estate has, but for its own sections.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError

ESTATES = Path(__file__).parent.parent / "estates"

_TOP = {
    "name",
    "based_on",
    "domain",
    "application_port",
    "dns_port",
    "timing",
    "dns",
    "groups",
    "directory",
    "mailbox_databases",
    "replication",
    "hosts",
    "clients",
    "service_sets",
}
_HOST = {
    "computer_name",
    "site",
    "management",
    "addresses",
    "names",
    "services",
    "application",
    "sql",
    "shares",
    "folders",
    "files",
    "registers",
    "negative_ttl",
    "stubborn",
    "dns",
    "hosts_file",
    "clock_offset",
    "users",
    "role",
}
_SERVICE = {
    "name",
    "display_name",
    "start_mode",
    "delayed",
    "depends_on",
    "account",
    "start_delay",
    "stop_delay",
    "dies_after",
    "hangs",
    "start_code",
    "accepts_stop",
    "accepts_pause",
    "state",
}
_CLIENTS = {"prefix", "count", "dns", "negative_ttl", "group", "services", "drill", "sites"}
_DIRECTORY = {"controllers", "accounts", "realm"}
_REALM = {"account", "port"}
_ACCOUNT = {"name", "kind", "spns", "writers", "enabled"}
_MAILBOX = {"name", "server", "mounted", "mount_at_startup", "file_state", "logs", "mount_time", "sequence", "edb_path", "allow_file_restore"}
_LINK = {"name", "source", "target", "lag", "resumes"}
_DNS = {"servers", "zones", "key", "replication"}
_SERVER = {"name", "address", "follows", "lag", "site"}
_REPLICATION = {"within", "between", "ageing"}
_AGEING = {"no_refresh", "refresh"}
_ZONE = {"name", "updates", "ttl", "negative_ttl", "records"}
_FILE = {"text", "exit_code"}


@dataclass
class EstateFile:
    """The checked content; ``hosts`` in the order written."""

    name: str
    content: Mapping[str, Any]
    hosts: Mapping[str, Mapping[str, Any]]

    def section(self, name: str) -> Mapping[str, Any]:
        return dict(self.content.get(name) or {})

    def entries(self, name: str) -> list[Mapping[str, Any]]:
        return list(self.content.get(name) or [])


def read_estate(source: str | Path | Mapping[str, JSON]) -> EstateFile:
    """source: the name of an estate in tests/lab/estates, a file, or the content itself. Raises LabError."""
    if isinstance(source, Mapping):
        content: Any = source
    else:
        path = Path(source)
        if not path.suffix and not path.exists():
            path = ESTATES / f"{source}.yml"
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = ", ".join(sorted(each.stem for each in ESTATES.glob("*.yml")))
            raise LabError(f"There is no estate {source!r}: give a file, or one of {known}.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise LabError(f"The estate file {path.name} is not YAML: {error}.") from None
    if not isinstance(content, Mapping):
        raise LabError("An estate is a mapping with the key hosts.")
    if content.get("based_on"):
        base = read_estate(str(content["based_on"])).content
        content = {**base, **content, "directory": {**base.get("directory", {}), **content.get("directory", {})}}
    _check(content)
    return EstateFile(str(content.get("name", "unnamed")), content, dict(content["hosts"]))


def _check(content: Mapping[str, Any]) -> None:
    _keys("the estate", content, _TOP)
    if not content.get("hosts"):
        raise LabError("The estate has no hosts.")
    for name, host in content["hosts"].items():
        _keys(f"hosts.{name}", host, _HOST)
        for service in host.get("services") or []:
            if isinstance(service, Mapping):
                _keys(f"hosts.{name}.services", service, _SERVICE)
        for path, file in (host.get("files") or {}).items():
            _keys(f"hosts.{name}.files.{path}", file, _FILE)
    for name, services in (content.get("service_sets") or {}).items():
        for service in services:
            _keys(f"service_sets.{name}", service, _SERVICE)
    _keys("clients", content.get("clients") or {}, _CLIENTS)
    _keys("dns", content.get("dns") or {}, _DNS)
    replication = (content.get("dns") or {}).get("replication") or {}
    _keys("dns.replication", replication, _REPLICATION)
    _keys("dns.replication.ageing", replication.get("ageing") or {}, _AGEING)
    for where, known in (("servers", _SERVER), ("zones", _ZONE)):
        for entry in (content.get("dns") or {}).get(where) or []:
            _keys(f"dns.{where}", entry, known)
    _keys("directory", content.get("directory") or {}, _DIRECTORY)
    _keys("directory.realm", (content.get("directory") or {}).get("realm") or {}, _REALM)
    for account in (content.get("directory") or {}).get("accounts") or []:
        _keys("directory.accounts", account, _ACCOUNT)
    for database in content.get("mailbox_databases") or []:
        _keys("mailbox_databases", database, _MAILBOX)
    for link in content.get("replication") or []:
        _keys("replication", link, _LINK)


def _keys(where: str, content: Any, known: set[str]) -> None:
    if not isinstance(content, Mapping):
        raise LabError(f"{where} must be a mapping.")
    for key in content:
        if key not in known:
            raise LabError(f"{where} has an unknown key {key!r}; there are {', '.join(sorted(known))}.")


def parts_of(address: str) -> tuple[int, int]:
    """ "20.21" → (20, 21). Raises LabError."""
    y, dot, z = str(address).partition(".")
    if not dot or not y.isdigit() or not z.isdigit() or int(y) > 255 or not 0 < int(z) < 255:
        raise LabError(f"{address!r} is no address of the lab: write two numbers in quotation marks, like '20.21'.")
    return int(y), int(z)


def new_password() -> str:
    return "Pw1-" + secrets.token_urlsafe(9)
