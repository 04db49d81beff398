# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import socket
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import Check, Reached, check_client
from tests.unit.fakes import FakeSession
from tests.unit.shared_fixtures import engine, needs_engine

# Stands in for the cmdlet: it answers from a table, with the errors of the real one.
STUB = r"""
function Resolve-DnsName {
    param([string]$Name, [string]$Type)
    switch ($Name) {
        'mail.example.com' { [pscustomobject]@{ Name = $Name; IPAddress = '127.0.0.1' } }
        'two.example.com' {
            [pscustomobject]@{ Name = $Name; NameHost = 'x' }
            [pscustomobject]@{ Name = 'x'; IPAddress = '127.0.0.1' }
            [pscustomobject]@{ Name = 'x'; IPAddress = '127.0.0.2' }
        }
        'alias.example.com' { [pscustomobject]@{ Name = $Name; NameHost = 'x' } }
        default { throw (New-Object System.ComponentModel.Win32Exception 9003) }
    }
}
"""


@pytest.fixture
def session(tmp_path: pathlib.Path) -> FakeSession:
    """A host whose PowerShell is the test engine."""
    module = tmp_path / "DnsClient"
    module.mkdir()
    (module / "DnsClient.psm1").write_text(STUB, encoding="utf-8")

    def run(command: str, arguments: t.Sequence[str], stdin: bytes) -> ShellResult:
        environment = {"PSModulePath": str(tmp_path), "PWSH_JSON": "5.1", "PATH": "/usr/bin:/bin"}
        ran = subprocess.run([str(engine()), *arguments], input=stdin, capture_output=True, env=environment, timeout=60, check=False)
        return ShellResult(ran.returncode, ran.stdout, ran.stderr.decode())

    return FakeSession("ws001", programs=run)


class Listener:
    """Answers every connection with one line, then waits for the other side to close."""

    def __init__(self, line: bytes) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
        self.thread.start()

    def _serve(self, line: bytes) -> None:
        while True:
            try:
                connection, _peer = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.sendall(line)
                connection.recv(1)

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@needs_engine
def test_the_script_tells_what_the_client_meets(session: FakeSession) -> None:
    good, silent = Listener(b"220 EXCH2 ready\r\nmore\r\n"), Listener(b"")
    closed = free_port()
    try:
        found = check_client(
            session,
            [
                Check("mail.example.com", good.port),
                Check("mail.example.com", closed),
                Check("mail.example.com", silent.port),
                Check("two.example.com"),
                Check("alias.example.com", good.port),
                Check("nowhere.example.com", good.port),
            ],
            60,
            one_check=1.0,
        )
    finally:
        good.close()
        silent.close()
    assert found[0] == Reached("mail.example.com", ("127.0.0.1",), 0, "127.0.0.1", True, 0, "220 EXCH2 ready")
    assert (found[1].connected, found[1].connect_error) == (False, 10061)
    assert (found[2].connected, found[2].connect_error, found[2].banner) == (True, 10060, "")
    assert found[3] == Reached("two.example.com", ("127.0.0.1", "127.0.0.2"), 0, "", False, 0, "")
    assert (found[4].addresses, found[4].resolve_error) == ((), 9501)
    assert (found[5].addresses, found[5].resolve_error) == ((), 9003)
    assert len(session.calls) == 1, "one program for all checks"
    assert BOOTSTRAP


@needs_engine
def test_one_check_is_a_list_too(session: FakeSession) -> None:
    (only,) = check_client(session, [Check("mail.example.com")], 60)
    assert only.addresses == ("127.0.0.1",)
