# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Edit
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import Require
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_readback import ReadBack
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers, Verdict
from tests.unit.fakes import FakeClock

MAIL = Item("mail.example.com", "A")
OLD, NEW = RecordSet.of(["10.0.0.21"], 60), RecordSet.of(["10.0.1.21"], 60)


class Lossy(Servers):
    """dns1 has the new value; the answers of dns2 to the first looks get lost."""

    def __init__(self, clock: FakeClock, lost: int) -> None:
        super().__init__([Endpoint("10.0.0.10", name="dns1")], [Endpoint("10.0.1.10", name="dns2")], clock)
        self.lost = lost

    def verify(self, server: NameServer, wanted: t.Mapping[Item, RecordSet | None]) -> dict[Item, Verdict]:
        if server.endpoint.name == "dns2" and self.lost:
            self.lost -= 1
            return {item: Verdict("unreachable", msg="it did not answer") for item in wanted}
        return {item: Verdict("ok", records) for item, records in wanted.items()}


@pytest.mark.parametrize(("lost", "status"), [(0, "ok"), (1, "ok"), (2, "ok"), (3, "unreachable")])
def test_a_server_is_gone_only_after_several_lost_answers_in_a_row(lost: int, status: str) -> None:
    """One in fifty answers lost is a bad network, not a dead server: whoever asks it would go on with the old value, unseen."""
    clock = FakeClock()
    servers = Lossy(clock, lost)
    readback = ReadBack(
        servers, Require("reachable"), clock, "replace", None, lambda server, zone: False, lambda edits, now: {edit.item: edit.after for edit in edits}
    )
    edit = Edit(MAIL, OLD, NEW, "example.com")
    seen = readback.wait([edit], servers.updated[0], 60.0, lambda edits: [(edit.item, "written") for edit in edits])
    assert seen[MAIL].confirmed and servers.lost == lost, "dns2 is not asked while messages are left to send"
    assert readback.wait_for_all({MAIL: NEW}, lambda item: servers.updated[0], 60.0) == {}
    assert readback.report(servers.updated, {})["dns2"]["status"] == status
    assert clock.elapsed < 1.0
