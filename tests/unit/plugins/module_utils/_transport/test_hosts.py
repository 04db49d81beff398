# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeSession


def fake(settings: ConnectionSettings, clock: Clock) -> FakeSession:
    return FakeSession(settings.name)


EXCH1, EXCH2 = ConnectionSettings("exch1", "192.0.2.1", user="u"), ConnectionSettings("exch2", "192.0.2.2", user="u")


def test_one_session_for_each_host_and_thread() -> None:
    hosts = WinrmHosts(EXCH2, [EXCH1, EXCH2], FakeClock(), t.cast("t.Any", fake))
    assert hosts.names() == ["exch1", "exch2"]
    assert hosts.settings("exch1") is EXCH1
    mine = t.cast("FakeSession", hosts.named("exch1"))
    assert hosts.named("exch1") is mine
    assert hosts.target() is hosts.target()
    assert hosts.target() is hosts.named("exch2"), "the journal lies on the target: one logon is enough"
    others: list[t.Any] = []
    thread = threading.Thread(target=lambda: others.append(hosts.named("exch1")))
    thread.start()
    thread.join()
    assert others[0] is not mine
    hosts.close()
    assert (mine.closed, others[0].closed) == (True, True)
    assert hosts.named("exch1") is not mine


def test_other_settings_for_one_name_are_another_session() -> None:
    hosts = WinrmHosts(dataclasses.replace(EXCH2, user="other"), [EXCH2], FakeClock(), t.cast("t.Any", fake))
    assert hosts.target() is not hosts.named("exch2")


def test_what_is_missing_is_named() -> None:
    hosts = WinrmHosts(None, [EXCH1])
    with pytest.raises(InvalidInput, match="no target host"):
        hosts.target()
    with pytest.raises(InvalidInput, match="exch9.*exch1"):
        hosts.named("exch9")


def test_sessions_are_winrm_sessions() -> None:
    hosts = WinrmHosts(EXCH2)
    assert isinstance(hosts.target(), WinrmSession)
    assert hosts.target().name == "exch2"
    hosts.close()
