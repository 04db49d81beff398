# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line on the default estate: start, control, errors in one sentence, stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import winrm

from ansible_collections.continuity.identity_failover.tests.lab.testing import COMMAND, Lab


def _lab(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(COMMAND), *words, "--dir", str(folder)], capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab.start(tmp_path / "lab", idle_minutes=2) as running:
        yield running


def test_a_whole_life(lab: Lab) -> None:
    pid = lab.info["pid"]
    again = _lab(lab.dir, "start")
    assert again.returncode == 1 and again.stderr.startswith(f"A lab already runs in {lab.dir} (process {pid})")
    status = json.loads(_lab(lab.dir, "status").stdout)
    assert status["pid"] == pid and set(status["hosts"]) == set(lab.info["hosts"])
    stopped = _lab(lab.dir, "stop")
    assert stopped.stdout == f"The lab (process {pid}) has ended.\n"
    assert not (lab.dir / "lab.json").exists() and not (lab.dir / "lab.pid").exists()
    with pytest.raises(ConnectionError):
        lab.status()
    gone = _lab(lab.dir, "status")
    assert gone.returncode == 1 and gone.stderr.startswith(f"No lab runs in {lab.dir}")


def test_faults_and_trace(lab: Lab) -> None:
    told = _lab(lab.dir, "fault", "exch2", "slow", "ms=30")
    assert json.loads(told.stdout) == {"host": "exch2", "kind": "slow", "parameters": {"ms": 30}}
    for words, text in (
        (("fault", "nope", "slow"), "There is no host 'nope'"),
        (("fault", "exch2", "slow", "ms"), "'ms' is no parameter"),
        (("heal", "exch2", "x"), "There is no fault 'x'"),
        (("cut", "exch1", "x"), "There is no place 'x'"),
    ):
        wrong = _lab(lab.dir, *words)
        assert wrong.returncode == 1 and wrong.stderr.startswith(text) and "Traceback" not in wrong.stderr
    assert lab.state("exch2")["endpoint"]["faults"] == {"slow": {"ms": 30}}
    lines = _lab(lab.dir, "trace", "--kind", "control").stdout.splitlines()
    assert [json.loads(line)["verb"] for line in lines] == ["fault"]
    assert lab.heal("exch2") == {"host": "exch2", "healed": ["slow"]}


def test_a_lab_that_died_is_cleared_away(tmp_path: Path) -> None:
    first = Lab.start(tmp_path)
    os.kill(first.info["pid"], signal.SIGKILL)
    told = _lab(tmp_path, "status")
    assert told.returncode == 1 and "has ended without cleaning up" in told.stderr
    with Lab.start(tmp_path) as second:
        assert second.info["pid"] != first.info["pid"]


def test_an_estate_that_is_none(tmp_path: Path) -> None:
    told = _lab(tmp_path, "start", "--estate", "nope")
    assert told.returncode == 1 and "nope" in told.stderr and "Traceback" not in told.stderr
    assert not (tmp_path / "lab.pid").exists()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_management_address_leads_to_its_own_machine(lab: Lab, scheme: str) -> None:
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_ComputerSystem"
    for name, entry in lab.info["hosts"].items():
        settings = lab.settings(name, scheme=scheme)
        protocol = winrm.Protocol(
            f"{scheme}://{settings.host}:{settings.port}/wsman",
            transport="ntlm",
            username=settings.user,
            password=settings.password,
            ca_trust_path=settings.ca_file,
        )
        query = '<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">SELECT Name FROM Win32_ComputerSystem</w:Filter>'
        answer = protocol.send_message(
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><s:Header>'
            "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action><a:MessageID>uuid:1</a:MessageID>"
            f"<w:ResourceURI>{uri.rpartition('/')[0]}/*</w:ResourceURI></s:Header><s:Body><n:Enumerate><w:OptimizeEnumeration/>{query}</n:Enumerate></s:Body>"
            "</s:Envelope>"
        ).decode()
        assert f"<Name>{entry['computer_name']}</Name>" in answer
        protocol.transport.close_session()
