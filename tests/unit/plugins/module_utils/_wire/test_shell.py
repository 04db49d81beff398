# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup, shell
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures, needs_shared


@needs_shared("wsman", "windows")
def test_a_shell_of_an_old_windows() -> None:
    body = markup.body(markup.parse(fixtures("wsman", "windows", "open_shell_v2.xml").read_bytes()))
    assert shell.shell_id(body) == "62DE33F0-8674-43D9-B6A5-3298012CC4CD"


def receive(inner: str) -> shell.Output:
    return shell.output(markup.parse(f"<Body><ReceiveResponse>{inner}</ReceiveResponse></Body>".encode()), "C1")


def done(code: str) -> str:
    return f"<CommandState CommandId='c1' State='http://x/CommandState/Done'>{code}</CommandState>"


def test_chunks_of_another_command_are_left_out() -> None:
    chunks = [("stdout", "C1", "YQ=="), ("stdout", "C2", "Yg=="), ("stderr", "C1", "Yw==")]
    found = receive("".join(f"<Stream Name='{name}' CommandId='{command}'>{data}</Stream>" for name, command, data in chunks))
    assert found == shell.Output(b"a", b"c", False, None)


@pytest.mark.parametrize(("code", "rc"), [("<ExitCode>0</ExitCode>", 0), ("<ExitCode>4294967295</ExitCode>", -1), ("<ExitCode>-5</ExitCode>", -5), ("", -1)])
def test_exit_codes(code: str, rc: int) -> None:
    assert receive(done(code)) == shell.Output(b"", b"", True, rc)


@pytest.mark.parametrize("inner", ["<Stream Name='stdout' CommandId='C1'>!</Stream>", done("<ExitCode>x</ExitCode>")])
def test_broken_answers(inner: str) -> None:
    with pytest.raises(ProtocolError):
        receive(inner)


def test_answers_without_identifiers() -> None:
    for read in (shell.shell_id, shell.command_id):
        with pytest.raises(ProtocolError):
            read(markup.parse(b"<Body/>"))
