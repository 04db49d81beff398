# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seam: what carries messages out may be something else than dynamic updates, such as one day Windows' own DNS classes."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import update_dns as module_function
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_updater import Updater
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, one_port, task


class Console:
    """Sets records in the server's own store, as an administrator at its console would."""

    stays = False

    def __init__(self, server: DnsServer, call: Call, survey: Survey) -> None:
        self.messages: dict[NameServer, int] = {}
        self.carried: list[Message] = []
        self._server, self._call, self._survey = server, call, survey

    def carry_out(self, message: Message) -> str:
        holder = self._survey.holder(message.zone)
        self.messages[holder] = self.messages.get(holder, 0) + 1
        self.carried.append(message)
        for name, rdtype in dict.fromkeys((line.name, line.type) for line in (*message.deleted, *message.added)):
            added = [line for line in message.added if (line.name, line.type) == (name, rdtype)]
            self._call(self._server.replace, name, rdtype, [line.value for line in added], added[0].ttl if added else 0)
        return ""

    def carry_through(self, message: Message, seconds: float) -> str:
        return self.carry_out(message)

    def passes_on(self, server: NameServer, zone: str) -> bool:
        return False


def test_a_step_works_with_another_updater_there_and_back(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a run's marker, the reading back, and no dynamic update at all."""
    dns1, seen, made = example.primary(), [], []
    dns1._trace = lambda kind, name, **data: seen.append(data.get("opcode"))
    with one_port(dns1) as call:

        def console(_servers: t.Any, survey: Survey, *_rest: t.Any) -> Updater:
            made.append(Console(dns1, call, survey))
            return made[-1]

        monkeypatch.setattr(module_function, "DynamicUpdates", console)
        run = runs.started(tmp_path, SystemClock())
        moved = task([entry(dns1)], run=run)
        assert (moved.failed, moved.changed, moved.extra["servers"]["dns1"]["messages"]) == (False, True, sum(made[0].messages.values())), moved.msg
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"] and dns1.lookup("_failover-mail.example.com", "TXT") != []
        back = task([entry(dns1)], run=run, state="reverted", revert_run="run1")
        assert not back.failed and dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
    assert "QUERY" in seen and "UPDATE" not in seen and all(one.carried for one in made)
