# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab writes for others: lab.json (everything) and inventory.yml (an Ansible inventory whose winrm connection works)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from ansible_collections.continuity.identity_failover.tests.lab.certificates import write_private
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, HostModel
from ansible_collections.continuity.identity_failover.tests.lab.wsman.endpoint import HTTP_PORT, HTTPS_PORT

EVERY_NTH_OVER_HTTP = 4
"""Every fourth host of the inventory is reached over http with NTLM message encryption, the others over https."""


def host_entry(host: HostModel, extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """A host's part of lab.json."""
    return {
        **extra,
        "management": {"address": host.management_address, "https_port": HTTPS_PORT, "http_port": HTTP_PORT},
        "addresses": list(host.addresses),
        "user": host.user,
        "password": host.password,
        "accounts": dict(host.users),
        "uuid": host.uuid,
        "computer_name": host.computer_name,
    }


def write_lab_json(path: Path, info: Mapping[str, JSON]) -> None:
    """Written privately, since it holds passwords, and put in place in one step, since others wait for it."""
    unfinished = path.with_suffix(".new")
    write_private(unfinished, json.dumps(info, indent=1).encode())
    unfinished.replace(path)


def _variables(number: int, host: HostModel) -> dict[str, JSON]:
    variables: dict[str, JSON] = {"ansible_host": host.management_address, "ansible_user": host.user, "ansible_password": host.password}
    if number % EVERY_NTH_OVER_HTTP == EVERY_NTH_OVER_HTTP - 1:
        variables.update(ansible_port=HTTP_PORT, ansible_winrm_scheme="http")
    return variables


def write_inventory(path: Path, hosts: Mapping[str, HostModel], groups: Mapping[str, list[str]], ca: Path, group_variables: Mapping[str, JSON]) -> None:
    """hosts in the estate's order; groups: name → hosts; group_variables: what the model adds to the group windows, such as the name servers."""
    common = {
        "ansible_connection": "winrm",
        "ansible_port": HTTPS_PORT,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": ["ntlm"],
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": str(ca),
        "ansible_winrm_operation_timeout_sec": 20,
        "ansible_winrm_read_timeout_sec": 30,
        **group_variables,
    }
    # Not at `all`: the controller is in that group too, and is no Windows host.
    windows = {"hosts": {name: _variables(number, host) for number, (name, host) in enumerate(hosts.items())}, "vars": common}
    inventory = {"all": {"children": {"windows": windows, **{group: {"hosts": {name: {} for name in members}} for group, members in groups.items()}}}}
    write_private(path, b"---\n" + yaml.dump(inventory, Dumper=_DUMPER, sort_keys=False).encode())


_DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
