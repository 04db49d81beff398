# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.probes import tcp_answers
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port


def test_a_port_that_listens_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert tcp_answers("127.0.0.1", server.getsockname()[1], 5.0) == (True, "")


def test_a_closed_port_is_told_from_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as port:
        assert tcp_answers("127.0.0.1", port, 5.0) == (False, f"port {port} of 127.0.0.1 is closed")

    def silent(address: object, timeout: float) -> socket.socket:
        assert timeout == 0.5
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    assert tcp_answers("127.0.0.1", port, 0.5) == (False, f"port {port} of 127.0.0.1 did not answer: TimeoutError")
