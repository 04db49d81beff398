# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.stubborn import held_open
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.connections import OpenConnection


@pytest.mark.parametrize(
    ("program", "process", "helps", "who"),
    [
        ("OUTLOOK.EXE", 4120, "restart Outlook", "OUTLOOK.EXE (process 4120)"),
        ("w3wp.exe", 800, "recycle the application pool", "w3wp.exe"),
        ("java.exe", 801, "networkaddress.cache.ttl", "java.exe"),
        ("", 4, "net use", "System (process 4)"),
        ("billing.exe", 7, "restart billing.exe", "billing.exe (process 7)"),
        ("", 7, "look again", "a program that has ended meanwhile (process 7)"),
    ],
)
def test_who_holds_a_connection_is_named_with_what_frees_it(program: str, process: int, helps: str, who: str) -> None:
    found = held_open("ws001", OpenConnection("10.0.0.21", 443, process, program))
    assert helps in found.help and found.evidence.startswith(who) and "10.0.0.21 port 443" in found.evidence
    assert found.as_dict()["kind"] == "open_connection"
