# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified clients against the lab's endpoint: pywinrm, pypsrp, Ansible's winrm connection, plain HTTPS."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import winrm
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import OFFER
from ansible_collections.continuity.identity_failover.tests.unit.lab.fake_model import LabThread

IDENTIFY = (f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:wsmid="{names.IDENTITY}"><s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>').encode()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabThread]:
    with LabThread(tmp_path, services=60) as thread:
        yield thread


def _session(lab: LabThread, scheme: str, transport: str, **changes: Any) -> winrm.Session:
    host, folder = lab.lab.host, lab.lab.ca.parent
    options: dict[str, Any] = {"transport": transport, "ca_trust_path": str(lab.lab.ca), "read_timeout_sec": 15, "operation_timeout_sec": 5}
    if transport == "certificate":
        certificate, key = lab.lab.authority.client(host.user)
        (folder / "client.pem").write_bytes(certificate)
        (folder / "client_key.pem").write_bytes(key)
        options.update(cert_pem=str(folder / "client.pem"), cert_key_pem=str(folder / "client_key.pem"))
    options.update(changes)
    return winrm.Session(lab.url(scheme), auth=(host.user, host.password), **options)


def _envelope(action: str, resource: str, body: str = "", timeout: str = "PT20S") -> str:
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}" xmlns:n="{names.ENUMERATION}"><s:Header>'
        f"<a:To>http://windows-host:5985/wsman</a:To><a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID>"
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout><w:ResourceURI>{resource}</w:ResourceURI></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


CACHE = names.WMI_PREFIX + "root/StandardCimv2/MSFT_DNSClientCache"


@pytest.mark.parametrize(("scheme", "transport"), [("http", "ntlm"), ("https", "ntlm"), ("https", "basic"), ("https", "certificate")])
def test_pywinrm(lab: LabThread, scheme: str, transport: str) -> None:
    session = _session(lab, scheme, transport)
    result = session.run_cmd("fail", ["now"])
    assert (result.status_code, result.std_out, result.std_err.decode()) == (3, b"out\r\n", "err ü\r\n")
    assert len(session.run_cmd("big").std_out) == 200_000
    assert session.run_ps("Get-Date").std_out == b"ran 8 characters\r\n"
    answer = fromstring(session.protocol.send_message(_envelope(CACHE + "/Clear", CACHE)))
    assert answer.findtext(f".//{{{CACHE}}}ReturnValue") == "0"
    assert lab.lab.endpoint.shells.open_shells == 0, "every shell was deleted"
    assert [record["method"] for record in lab.lab.trace.records(kind="wsman") if record["action"] == "Invoke"] == ["Clear"]


def test_pywinrm_sees_faults_by_code(lab: LabThread) -> None:
    protocol = _session(lab, "https", "ntlm").protocol
    with pytest.raises(WSManFaultError) as caught:
        protocol.send_message(_envelope(names.GET, names.WMI_PREFIX + "root/cimv2/Nope"))
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (2150858752, "a:DestinationUnreachable")
    with pytest.raises(WSManFaultError) as caught:
        protocol.send_message(_envelope(CACHE + "/Clear", CACHE, timeout="PT-1S"))
    assert caught.value.wsman_fault_code == 2150858767


@pytest.mark.parametrize(("scheme", "transport"), [("http", "ntlm"), ("https", "ntlm"), ("https", "basic")])
def test_wrong_password(lab: LabThread, scheme: str, transport: str) -> None:
    lab.lab.host.users = {**lab.lab.host.users, "Administrator": "another"}
    with pytest.raises(InvalidCredentialsError):
        _session(lab, scheme, transport).run_cmd("hi")
    assert {"status": 401, "kind": "http"}.items() <= lab.lab.trace.records()[-1].items()


def test_basic_over_http_is_an_empty_500(lab: LabThread) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        _session(lab, "http", "basic").run_cmd("hi")
    assert caught.value.code == 500


def test_plain_soap_over_http_is_an_empty_500(lab: LabThread) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        _session(lab, "http", "ntlm", message_encryption="never").run_cmd("hi")
    assert caught.value.code == 500


def test_an_unknown_authority_is_refused_by_the_client(lab: LabThread, tmp_path: Path) -> None:
    other = type(lab.lab.authority)()
    (tmp_path / "other.pem").write_bytes(other.pem)
    with pytest.raises(Exception, match="certificate verify failed"):
        _session(lab, "https", "ntlm", ca_trust_path=str(tmp_path / "other.pem")).run_cmd("hi")


@pytest.mark.parametrize(
    ("tls", "auth", "encryption"),
    [(False, "ntlm", "auto"), (False, "negotiate", "auto"), (True, "ntlm", "auto"), (True, "basic", "never"), (True, "negotiate", "always")],
)
def test_pypsrp(lab: LabThread, tls: bool, auth: str, encryption: str) -> None:
    shells = pytest.importorskip("pypsrp.shell", reason="pypsrp is not installed")
    from pypsrp.wsman import WSMan

    host = lab.lab.host
    wsman = WSMan(
        host.management_address,
        port=5986 if tls else 5985,
        ssl=tls,
        username=host.user,
        password=host.password,
        auth=auth,
        encryption=encryption,
        cert_validation=str(lab.lab.ca),
    )
    with wsman, shells.WinRS(wsman) as shell:
        process = shells.Process(shell, "fail")
        process.invoke()
        process.signal(shells.SignalCode.CTRL_C)
        assert (process.rc, process.stdout, process.stderr.decode()) == (3, b"out\r\n", "err ü\r\n")
        process = shells.Process(shell, "cat")
        process.begin_invoke()
        process.send(b"typed")
        process.poll_invoke()
        assert process.stdout == b"typed"
    assert lab.lab.endpoint.shells.open_shells == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_ansible_raw(lab: LabThread, tmp_path: Path, scheme: str) -> None:
    host = lab.lab.host
    (tmp_path / "inventory.ini").write_text(
        f"fake ansible_connection=winrm ansible_host={host.management_address} ansible_port={5986 if scheme == 'https' else 5985} ansible_user={host.user} "
        f"ansible_password={host.password} ansible_winrm_transport=ntlm ansible_winrm_ca_trust_path={lab.lab.ca}\n",
        encoding="utf-8",
    )
    program = str(Path(sys.executable).parent / "ansible")
    command = [program, "all", "-i", str(tmp_path / "inventory.ini"), "-m", "ansible.builtin.raw", "-a", "ipconfig /flushdns"]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=environment, check=False)
    assert done.returncode == 0 and "ran 18 characters" in done.stdout, done.stdout + done.stderr


def _connection(lab: LabThread) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(lab.lab.host.management_address, 5986, context=ssl.create_default_context(cafile=str(lab.lab.ca)), timeout=10)


def test_identify_without_logon(lab: LabThread) -> None:
    connection = _connection(lab)
    connection.request("POST", "/wsman", IDENTIFY, {"WSMANIDENTIFY": "unauthenticated"})
    answer = connection.getresponse()
    assert answer.status == 200 and b"Microsoft Corporation" in answer.read()
    connection.close()


def test_what_the_first_request_is_told(lab: LabThread) -> None:
    connection = _connection(lab)
    connection.request("POST", "/wsman", IDENTIFY)
    answer = connection.getresponse()
    assert answer.status == 401 and answer.read() == b""
    assert [("WWW-Authenticate", value) for value in answer.headers.get_all("WWW-Authenticate") or []] == list(OFFER)
    connection.request("POST", "/wsman", b"", {"Authorization": "Negotiate " + base64.b64encode(_ntlm_negotiate()).decode()})
    answer = connection.getresponse()
    [challenge] = answer.headers.get_all("WWW-Authenticate") or []
    assert answer.status == 401 and challenge.startswith("Negotiate TlRMTVNTUAAC")
    answer.read()
    connection.close()


def _ntlm_negotiate() -> bytes:
    import spnego

    return spnego.client("u", "p", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm).step() or b""


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/wsman", 405), ("POST", "/other", 404)])
def test_other_requests(lab: LabThread, method: str, path: str, status: int) -> None:
    connection = _connection(lab)
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()


def test_a_request_over_the_limit_is_413(lab: LabThread) -> None:
    """Before the body was read, so only its announcement is sent: whoever writes on meets a closed connection."""
    connection = _connection(lab)
    connection.putrequest("POST", "/wsman")
    connection.putheader("Content-Length", str(500 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
