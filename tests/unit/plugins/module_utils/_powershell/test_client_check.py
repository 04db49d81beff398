# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import pathlib
import socket
import ssl
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import Check, Reached, check_client
from ansible_collections.continuity.identity_failover.tests.lab.certificates import Authority
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port
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
        environment = {"PSModulePath": str(tmp_path), "PWSH_JSON": "5.1", "PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        ran = subprocess.run([str(engine()), *arguments], input=stdin, capture_output=True, env=environment, timeout=180, check=False)
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


@needs_engine
def test_the_script_tells_what_the_client_meets(session: FakeSession) -> None:
    good, silent = Listener(b"220 EXCH2 ready\r\nmore\r\n"), Listener(b"")
    try:
        with closed_port() as closed:
            checks = [
                Check("mail.example.com", good.port),
                Check("mail.example.com", closed),
                Check("mail.example.com", silent.port),
                Check("two.example.com"),
                Check("alias.example.com", good.port),
                Check("nowhere.example.com", good.port),
            ]
            found = check_client(session, checks, 60, one_check=3.0)
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


class Pages(http.server.BaseHTTPRequestHandler):
    """A server that says who it is: in its page, and in a header."""

    def do_GET(self) -> None:
        status, header, page = {
            "/who": (200, "x", "<html>you reached EXCH2.</html>"),
            "/header": (401, "EXCH2", ""),
            "/other": (200, "x", "<html>my-exch2</html>"),
            "/down": (503, "x", "exch2 is down"),
        }[self.path]
        self.send_response(status)
        self.send_header("X-FEServer", header)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format: str, *args: t.Any) -> None:
        pass


@pytest.fixture(params=["http", "https", "https of an unknown authority"])
def pages(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[tuple[str, int]]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    if request.param != "http":
        authority = Authority()
        (tmp_path / "both.pem").write_bytes(authority.server("mail.example.com", ["127.0.0.1"]))
        (tmp_path / "ca.pem").write_bytes((authority if request.param == "https" else Authority()).pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "both.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield request.param, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(5)


@needs_engine
def test_a_page_names_its_server(session: FakeSession, pages: tuple[str, int]) -> None:
    protocol, port = pages
    paths = ("/who", "/header", "/other", "/down")
    found = check_client(session, [Check("mail.example.com", port, "A", protocol.split()[0], path, "exch2") for path in paths], 60, one_check=3.0)
    assert all(one.connected for one in found)
    if "unknown" in protocol:
        assert [(one.tls_failed, one.http_status) for one in found] == [(True, 0)] * 4
        return
    assert [(one.http_status, one.named) for one in found] == [(200, True), (401, True), (200, False), (503, True)]
    assert found[0].banner == "HTTP/1.0 200 OK" and not any(one.tls_failed for one in found)


@needs_engine
def test_what_speaks_no_http_is_no_page(session: FakeSession) -> None:
    server = Listener(b"220 exch2 ready\r\n")
    try:
        (found,) = check_client(session, [Check("mail.example.com", server.port, "A", "http", "/", "exch2")], 60, one_check=3.0)
    finally:
        server.close()
    assert (found.http_status, found.banner, found.connected) == (0, "220 exch2 ready", True)


@needs_engine
def test_one_check_is_a_list_too(session: FakeSession) -> None:
    (only,) = check_client(session, [Check("mail.example.com")], 60)
    assert only.addresses == ("127.0.0.1",)
