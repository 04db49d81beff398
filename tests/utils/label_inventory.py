# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a Sphinx inventory with the labels of Ansible's own documentation that antsibull-docs refers to, so that no network is needed.

Usage: label_inventory.py FILE
"""

from __future__ import annotations

import pathlib
import sys
import zlib

LABELS = (
    "action_plugins",
    "ansible_configuration_settings",
    "ansible_variable_precedence",
    "check_mode_dry",
    "common_return_values",
    "diff_mode",
    "filter_plugins",
    "lookup_plugins",
    "playbooks_delegation",
    "playbooks_filters",
    "using_collections",
)
#: Pages of plugins that ours refer to, as COLLECTION.NAME_TYPE.
PLUGINS = (
    "ansible.builtin.psrp_connection",
    "ansible.builtin.winrm_connection",
    "ansible.windows.win_powershell_module",
    "ansible.windows.win_service_module",
    "microsoft.ad.computer_module",
)


def inventory(labels: tuple[str, ...], plugins: tuple[str, ...]) -> bytes:
    header = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{label} std:label -1 {label}.html#{label.replace('_', '-')} {label}\n" for label in labels)
    lines += "".join(f"ansible_collections.{plugin} std:label -1 collections/{plugin.replace('.', '/')}.html {plugin}\n" for plugin in plugins)
    return header.encode() + zlib.compress(lines.encode())


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_bytes(inventory(LABELS, PLUGINS))
