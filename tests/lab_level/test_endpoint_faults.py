# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the endpoint as an unmodified client sees it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import requests
import winrm
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.unit.lab.fake_model import LabThread

CACHE = names.WMI_PREFIX + "root/StandardCimv2/MSFT_DNSClientCache"
CLEAR = (
    f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}"><s:Header><a:Action>{CACHE}/Clear</a:Action>'
    f"<a:MessageID>uuid:1</a:MessageID><w:ResourceURI>{CACHE}</w:ResourceURI></s:Header><s:Body/></s:Envelope>"
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabThread]:
    with LabThread(tmp_path) as thread:
        yield thread


def _protocol(lab: LabThread, scheme: str = "https", **changes: Any) -> winrm.Protocol:
    host = lab.lab.host
    options: dict[str, Any] = {"transport": "ntlm", "ca_trust_path": str(lab.lab.ca), "read_timeout_sec": 60, "operation_timeout_sec": 50, **changes}
    return winrm.Protocol(lab.url(scheme), username=host.user, password=host.password, **options)


def _clear(protocol: winrm.Protocol) -> str | None:
    output = fromstring(protocol.send_message(CLEAR)).find(f".//{{{CACHE}}}Clear_OUTPUT")
    assert output is not None
    return output.findtext(f"{{{CACHE}}}ReturnValue")


def _cleared(lab: LabThread) -> int:
    return len(lab.lab.host.cim.calls)


def _connects(lab: LabThread, timeout: float = 0.3) -> str:
    try:
        with socket.create_connection((lab.lab.host.management_address, 5986), timeout):
            return "connected"
    except TimeoutError:
        return "hangs"
    except ConnectionRefusedError:
        return "refused"


def test_refuse_and_heal(lab: LabThread) -> None:
    protocol = _protocol(lab)
    assert _clear(protocol) == "0"
    lab.set_fault("refuse")
    assert _connects(lab) == "refused"
    with pytest.raises(requests.exceptions.ConnectionError):
        _clear(protocol)
    lab.heal()
    assert _clear(_protocol(lab)) == "0"


def test_blackhole_swallows_connections_and_answers(lab: LabThread) -> None:
    protocol = _protocol(lab, read_timeout_sec=4, operation_timeout_sec=2)
    assert _clear(protocol) == "0"
    lab.set_fault("blackhole")
    assert _connects(lab) == "hangs"
    with pytest.raises(requests.exceptions.ReadTimeout):
        _clear(protocol)
    assert _cleared(lab) == 1, "the request was not carried out"
    lab.heal("blackhole")
    assert _clear(_protocol(lab)) == "0"


def test_no_power_is_silence_and_the_return_resets_old_connections(lab: LabThread) -> None:
    address = lab.lab.host.management_address
    with socket.create_connection((address, 5985), 2) as kept, socket.create_connection((address, 5985), 2) as idle:
        for one in (kept, idle):
            # One answered request, so that the connection is surely accepted.
            one.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 405")
        lab.run(lab.lab.network.power("fake1", False))
        assert _connects(lab) == "hangs"
        kept.sendall(b"GET / HTTP/1.1\r\n\r\n")
        kept.settimeout(0.3)
        with pytest.raises(TimeoutError):
            kept.recv(4096)
        lab.run(lab.lab.network.power("fake1", True))
        for one in (kept, idle):
            one.settimeout(5)
            with pytest.raises(ConnectionResetError):
                one.recv(4096)
    assert _clear(_protocol(lab)) == "0"


def test_a_cut_between_controller_and_host(lab: LabThread) -> None:
    lab.call(lambda: lab.lab.network.cut("controller", "fake1"))
    assert _connects(lab) == "hangs"
    lab.call(lambda: lab.lab.network.join("controller", "fake1"))
    assert _clear(_protocol(lab)) == "0"


@pytest.mark.parametrize(("a", "b", "calls"), [("controller", "fake1", 1), ("fake1", "controller", 2)])
def test_a_one_way_cut_loses_requests_or_only_answers(lab: LabThread, a: str, b: str, calls: int) -> None:
    protocol = _protocol(lab, read_timeout_sec=4, operation_timeout_sec=2, transport="basic")
    assert _clear(protocol) == "0"
    lab.call(lambda: lab.lab.network.cut(a, b, one_way=True))
    with pytest.raises(requests.exceptions.ReadTimeout):
        _clear(protocol)
    assert _cleared(lab) == calls and _connects(lab) == "hangs"
    lab.call(lambda: lab.lab.network.join(a, b))
    assert _connects(lab) == "connected"


def test_slow(lab: LabThread) -> None:
    protocol = _protocol(lab)
    _clear(protocol)
    lab.set_fault("slow", ms=200)
    began = time.monotonic()
    assert _clear(protocol) == "0"
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("when", "calls"), [("before", 1), ("after", 2)])
def test_drop_loses_the_request_or_its_answer(lab: LabThread, when: str, calls: int) -> None:
    protocol = _protocol(lab, "https", transport="basic")
    lab.set_fault("drop", after=1, when=when)
    assert _clear(protocol) == "0"
    with pytest.raises(requests.exceptions.ConnectionError):
        _clear(protocol)
    assert _cleared(lab) == calls


def test_idle_close_makes_a_sealed_request_undecryptable(lab: LabThread) -> None:
    lab.set_fault("idle_close", seconds=1.5)
    protocol = _protocol(lab, "http")
    assert _clear(protocol) == "0"
    lab.run(lab.lab.network.drained("fake1"))
    with pytest.raises(WinRMTransportError) as caught:
        _clear(protocol)
    assert caught.value.code == 400


@pytest.mark.parametrize("kind", ["413", "503"])
def test_http_statuses(lab: LabThread, kind: str) -> None:
    lab.set_fault(kind)
    with pytest.raises(WinRMTransportError) as caught:
        _clear(_protocol(lab))
    assert caught.value.code == int(kind)


def test_401(lab: LabThread) -> None:
    lab.set_fault("401")
    with pytest.raises(InvalidCredentialsError):
        _clear(_protocol(lab, transport="basic"))


@pytest.mark.parametrize(
    ("kind", "parameters", "code"),
    [("access_denied", {}, 5), ("access_denied", {"class": "msft_dnsclientcache"}, 5), ("class_missing", {"class": "MSFT_DNSClientCache"}, 2150858752)],
)
def test_soap_faults(lab: LabThread, kind: str, parameters: dict[str, str], code: int) -> None:
    lab.set_fault(kind, **parameters)
    with pytest.raises(WSManFaultError) as caught:
        _clear(_protocol(lab))
    assert caught.value.wsman_fault_code == code and _cleared(lab) == 0


@pytest.mark.parametrize("kind", ["access_denied", "class_missing"])
def test_soap_faults_about_another_class(lab: LabThread, kind: str) -> None:
    lab.set_fault(kind, **{"class": "Win32_Service"})
    assert _clear(_protocol(lab)) == "0"


def test_quota_of_shells_is_a_wmi_error(lab: LabThread) -> None:
    lab.set_fault("quota", shells=1)
    protocol = _protocol(lab)
    shell = protocol.open_shell()
    with pytest.raises(WSManFaultError) as caught:
        protocol.open_shell()
    assert caught.value.wmierror_code == 2150859173
    protocol.close_shell(shell)


def test_return_value_and_empty_output(lab: LabThread) -> None:
    protocol = _protocol(lab)
    lab.set_fault("return_value", value=5, method="clear")
    assert _clear(protocol) == "5" and _cleared(lab) == 0
    lab.heal()
    lab.set_fault("empty_output")
    assert _clear(protocol) is None and _cleared(lab) == 1


def test_split_output(lab: LabThread) -> None:
    lab.set_fault("split_output", bytes=2)
    host = lab.lab.host
    session = winrm.Session(lab.url(), auth=(host.user, host.password), transport="ntlm", ca_trust_path=str(lab.lab.ca))
    assert session.run_cmd("fail").std_err.decode() == "err ü\r\n"
    assert len([one for one in lab.lab.trace.records(kind="wsman") if one["action"] == "Receive"]) >= 6


def test_receive_times_out(lab: LabThread) -> None:
    protocol = _protocol(lab, operation_timeout_sec=3, read_timeout_sec=30)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "wait")
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ("untrusted", "unable to get local issuer|self-signed|certificate verify failed"),
        ("expired", "expired"),
        ("name", "not valid for|doesn't match|mismatch"),
    ],
)
def test_bad_certificates(lab: LabThread, problem: str, text: str) -> None:
    lab.set_fault("bad_certificate", problem=problem)
    context = ssl.create_default_context(cafile=str(lab.lab.ca))
    address = lab.lab.host.management_address
    with socket.create_connection((address, 5986), 5) as raw, pytest.raises(ssl.SSLCertVerificationError, match=text):
        context.wrap_socket(raw, server_hostname=address)
    lab.heal()
    with socket.create_connection((address, 5986), 5) as raw, context.wrap_socket(raw, server_hostname=address) as good:
        assert good.version() == "TLSv1.2"
