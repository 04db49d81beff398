# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.tickets import Holder, Tickets
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_tickets import read_tickets
from tests.unit.fakes import FakeSession
from tests.unit.shared_fixtures import engine, needs_engine

# A program in klist's place that answers from files: the shape is klist's by its documentation, the words are German ones of our own.
KLIST = """#!/bin/sh
cd "{folder}"
if [ "$1" = sessions ]; then cat sessions; exit 0; fi
if [ -f "$2-$3" ]; then cat "$2-$3"; exit 0; fi
echo "klist ist fehlgeschlagen"; exit 1
"""
SESSIONS = """
Aktuelle Anmelde-ID ist 0:0x51aa
[0] Sitzung 1 0:0x4C111 CORP\\anna Kerberos:Interaktiv
[1] Sitzung 0 0:0x3e7 CORP\\WS001$ Aushandeln:(0)
"""
TICKET = """
#{number}>\tClient: anna @ CORP.TEST
\tServer: {spn} @ CORP.TEST
\tKerbTicket-Verschl.-Typ: AES-256-CTS-HMAC-SHA1-96
\tTicketkennzeichen 0x40a10000 -> forwardable renewable
\tStartzeit : {start} (lokal)
\tEndzeit : 1/2/2040 10:00:00 (lokal)
"""
SPN = "http/mail.example.com"
LONG_AGO = "1/2/2020 03:04:05"


@pytest.fixture
def klist(tmp_path: pathlib.Path) -> t.Callable[..., FakeSession]:
    def made(**files: str) -> FakeSession:
        (tmp_path / "klist.exe").write_text(KLIST.format(folder=tmp_path), encoding="utf-8")
        (tmp_path / "klist.exe").chmod(0o755)
        for name, content in files.items():
            (tmp_path / name.replace("_", "-").removeprefix("x-")).write_text(content, encoding="utf-8")

        def run(command: str, arguments: t.Sequence[str], stdin: bytes) -> ShellResult:
            environment = {"PWSH_JSON": "5.1", "PATH": f"{tmp_path}:/usr/bin:/bin", "PATHEXT": ".EXE"}
            ran = subprocess.run([str(engine()), *arguments], input=stdin, capture_output=True, env=environment, timeout=180, check=False)
            return ShellResult(ran.returncode, ran.stdout, ran.stderr.decode())

        return FakeSession("ws001", programs=run)

    return made


def tickets(*spns: str, start: str = LONG_AGO) -> str:
    return "Zwischengespeicherte Tickets: (9)\n" + "".join(TICKET.format(number=number, spn=spn, start=start) for number, spn in enumerate(spns))


@needs_engine
def test_marks_names_and_times_are_read_in_any_language(klist: t.Callable[..., FakeSession]) -> None:
    session = klist(
        sessions=SESSIONS,
        **{"0x3e7_get": tickets(SPN), "0x4c111_tickets": tickets("krbtgt/CORP.TEST", f"{SPN}.au", "HTTP/Mail.example.com")},
    )
    (found,) = read_tickets(session, [SPN], 60)
    assert found.issued and found.readable
    assert found.age is not None and found.age > 5 * 365 * 86400
    assert [(holder.logon, holder.account) for holder in found.holders] == [("0x4c111", "CORP\\anna")]


@needs_engine
def test_another_name_that_begins_alike_is_no_ticket_of_it(klist: t.Callable[..., FakeSession]) -> None:
    session = klist(sessions=SESSIONS, **{"0x4c111_tickets": tickets(f"{SPN}.au", f"x{SPN}", f"{SPN}:8080")})
    assert read_tickets(session, [SPN], 60) == [Tickets(SPN, False, None, ())]


@needs_engine
def test_a_time_that_can_not_be_read_is_an_unknown_age(klist: t.Callable[..., FakeSession]) -> None:
    session = klist(
        sessions=SESSIONS, **{"0x3e7_get": tickets(SPN, start="neulich"), "0x4c111_tickets": tickets(SPN, start="neulich").replace("1/2/2040", "bald")}
    )
    (found,) = read_tickets(session, [SPN], 60)
    assert found.holders == (Holder("0x4c111", "CORP\\anna", None),)
