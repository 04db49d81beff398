# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shell that stays open: how many messages a program costs, and what happens when the host has forgotten it."""

from __future__ import annotations

import base64
import typing as t
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, NotFound, QuotaExceeded, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import winrm_shell
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import envelopes, markup
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.wsman_meaning import meaning, options

SETTINGS = ConnectionSettings("exch1", "192.0.2.1", user="u")
ANSWERS = {
    "Create": "<Shell><ShellId>S{n}</ShellId></Shell>",
    "Command": "<CommandId>C</CommandId>",
    "Receive": "<CommandState CommandId='C' State='x/CommandState/Done'><ExitCode>3</ExitCode></CommandState>",
}
GONE = NotFound("gone", codes=[2150858843])


class Host:
    """Answers each message; ``failures`` holds what the next messages of an action raise instead."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sent: list[bytes] = []
        self.repeatable: dict[str, bool] = {}
        self.failures: dict[str, list[Exception]] = {}
        self.shells = 0
        self.shell = winrm_shell.Shell(self.ask, SETTINGS, "exch1 (192.0.2.1:5986)")

    def ask(
        self, build: t.Callable[[envelopes.Header], bytes], deadline: Deadline, what: str, *, repeatable: bool, operation_timeout: float | None = None
    ) -> ET.Element:
        message = build(envelopes.Header("x"))
        self.sent.append(message)
        action = meaning(message)["action"].rpartition("/")[2]
        self.repeatable[action] = repeatable
        if self.failures.get(action):
            raise self.failures[action].pop(0)
        self.shells += action == "Create"
        return markup.parse(f"<Body>{ANSWERS.get(action, '').format(n=self.shells)}</Body>".encode())

    def run(self, command: str = "cmd.exe", arguments: t.Sequence[str] = (), stdin: bytes = b"") -> int:
        return self.shell.run(command, arguments, stdin, Deadline(self.clock, 10)).rc

    @property
    def actions(self) -> list[str]:
        return [meaning(message)["action"].rpartition("/")[2] for message in self.sent]


def test_the_second_program_needs_no_new_shell() -> None:
    host = Host()
    assert host.run() == 3
    assert host.actions == ["Create", "Command", "Receive", "Signal"]
    host.sent.clear()
    host.run(stdin=b"x")
    assert host.actions == ["Command", "Send", "Receive", "Signal"]
    assert {meaning(message)["selectors"]["ShellId"] for message in host.sent} == {"S1"}
    host.shell.close(Deadline(host.clock, 1))
    host.shell.close(Deadline(host.clock, 1))
    assert host.actions[4:] == ["Delete"]


def test_nothing_that_starts_or_moves_data_is_repeatable() -> None:
    host = Host()
    host.run(stdin=b"x")
    assert host.repeatable == {"Create": True, "Command": False, "Send": False, "Receive": False, "Signal": False}


@pytest.mark.parametrize(("failure", "more"), [(GONE, []), (QuotaExceeded("too many operations"), ["Delete"])])
def test_a_shell_that_is_gone_or_used_up_is_replaced(failure: RemoteError, more: list[str]) -> None:
    host = Host()
    host.run()
    host.failures["Command"] = [failure]
    host.sent.clear()
    assert host.run() == 3
    assert host.actions == ["Command", *more, "Create", "Command", "Receive", "Signal"]
    assert meaning(host.sent[-1])["selectors"] == {"ShellId": "S2"}


def test_a_program_that_is_not_there_is_not_tried_twice() -> None:
    host = Host()
    host.run()
    host.failures["Command"] = [NotFound("no such file", codes=[2147942402])]
    with pytest.raises(NotFound):
        host.run()
    host.failures["Command"] = [GONE, GONE]
    with pytest.raises(NotFound):
        host.run()
    assert host.shells == 2


def test_a_shell_is_given_up_after_a_loss() -> None:
    host = Host()
    host.failures["Receive"] = [ConnectionLost("lost")]
    with pytest.raises(ConnectionLost):
        host.run()
    assert host.actions == ["Create", "Command", "Receive", "Signal", "Delete"]
    assert host.run() == 3
    assert host.shells == 2


def test_a_failed_clean_up_does_not_hide_the_result() -> None:
    host = Host()
    host.failures["Signal"] = [ConnectionLost("lost")]
    assert host.run() == 3
    assert host.run() == 3
    assert host.shells == 2


@given(st.binary(max_size=50), st.integers(1, 20))
def test_standard_input_arrives_in_order_with_one_end(data: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winrm_shell, "CHUNK", size)
        host = Host()
        host.run(stdin=data)
    streams = [stream for message in host.sent for stream in markup.every(markup.parse(message), "Stream")]
    assert b"".join(base64.b64decode(stream.text or "") for stream in streams) == data
    assert [markup.attribute(stream, "End") for stream in streams] == ["false"] * (len(streams) - 1) + ["true"] * bool(streams)


@pytest.mark.parametrize(("command", "skip"), [("cmd.exe", "false"), ("C:\\Windows\\System32\\cmd.exe", "true"), ("C:\\a.cmd", "false")])
def test_only_a_full_path_starts_without_cmd(command: str, skip: str) -> None:
    host = Host()
    host.run(command)
    assert options(host.sent[1]) == {"WINRS_CONSOLEMODE_STDIN": "true", "WINRS_SKIP_CMD_SHELL": skip}
    host.run(command, stdin=b"x")
    assert options(host.sent[4]) == {"WINRS_CONSOLEMODE_STDIN": "false", "WINRS_SKIP_CMD_SHELL": skip}
