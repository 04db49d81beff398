# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import socket
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.tests.unit.local_server import udp_and_tcp


def test_a_port_that_is_taken_for_tcp_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[socket.socket] = []
    create = socket.create_server

    def taken_twice(address: tuple[str, int], **options: t.Any) -> socket.socket:
        if len(held) < 2:
            held.append(create(address))
        return create(address, **options)

    monkeypatch.setattr(socket, "create_server", taken_twice)
    udp, tcp = udp_and_tcp()
    with udp, tcp:
        assert udp.getsockname() == tcp.getsockname()
        assert udp.getsockname() not in [one.getsockname() for one in held]
    for one in held:
        one.close()


def test_another_failure_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(address: tuple[str, int], **options: t.Any) -> socket.socket:
        raise OSError(errno.EACCES, "not allowed")

    monkeypatch.setattr(socket, "create_server", refused)
    with pytest.raises(PermissionError):
        udp_and_tcp()
