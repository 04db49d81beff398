# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole conversations with a real Windows, played back through WinrmSession: each of our messages means the recorded one."""

from __future__ import annotations

import base64
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded, NotFound
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import winrm_connection, winrm_shell
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import fixtures, needs_shared
from ansible_collections.continuity.identity_failover.tests.unit.wsman_meaning import meaning, options

pytestmark = needs_shared("wsman", "windows")


class Recording:
    """In place of pywinrm's transport: serves the recorded answers in their order, faults as pywinrm raises them."""

    def __init__(self, name: str, clock: FakeClock) -> None:
        self.messages = yaml.safe_load(fixtures("wsman", "windows", f"winrs_{name}.yml").read_text())["messages"]
        self.encryption = object()
        self.clock = clock
        self.sent: list[bytes] = []

    def build_session(self) -> None:
        pass

    def close_session(self) -> None:
        pass

    def send_message(self, message: bytes) -> bytes:
        import winrm.exceptions

        self.sent.append(message)
        answer: str = self.messages[len(self.sent) - 1]["response"]
        if ":Fault>" in answer:
            if "TimedOut" in answer:
                asked = markup.text(markup.find(markup.parse(message), "Header", "OperationTimeout"))
                self.clock.advance(float(asked.removeprefix("PT").removesuffix("S")))
            raise winrm.exceptions.WinRMTransportError("http", 500, answer)
        return answer.encode("utf-8")

    def recorded(self, name: str) -> list[t.Any]:
        """Elements of the recorded requests."""
        return [found for message in self.messages for found in markup.every(markup.parse(message["request"].encode()), name)]

    def check(self, *, ignore: t.Container[str] = ()) -> None:
        assert len(self.sent) == len(self.messages)
        for ours, message in zip(self.sent, self.messages, strict=True):
            theirs = message["request"].encode("utf-8")
            assert simplified(ours, ignore) == simplified(theirs, ignore)
            given = options(ours)
            for name, value in options(theirs).items():
                assert given[name] == value


def simplified(message: bytes, ignore: t.Container[str]) -> t.Any:
    """Also without letter case of End, and without the choice of signal: ctrl_c there, terminate here."""

    def clean(node: t.Any) -> t.Any:
        tag, attributes, content = node
        name = tag.rpartition("}")[2]
        if name == "Code":
            content = content.rpartition("/")[0]
        kept = [(key, value.lower() if key == "End" else value) for key, value in attributes if key not in ignore]
        return (tag, kept, [clean(child) for child in content] if isinstance(content, list) else content)

    found = meaning(message)
    found["body"] = [clean(node) for node in found["body"]]
    return found


def play(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Recording, WinrmSession, str, list[str], bytes]:
    clock = FakeClock()
    recording = Recording(name, clock)
    monkeypatch.setattr(winrm_connection.Connection, "_build", lambda self, method, limits: recording)
    session = WinrmSession(ConnectionSettings("exch1", "192.0.2.1", 5985, "http", "u", "p"), clock)
    program = recording.recorded("Command")[0].text
    arguments = [element.text for element in recording.recorded("Arguments")]
    stdin = b"".join(base64.b64decode(element.text) for element in recording.recorded("Stream"))
    return recording, session, program, arguments, stdin


@pytest.mark.parametrize(
    ("name", "rc", "stdout", "stderr"),
    [
        ("standard", 0, b"hi\r\n", ""),
        ("stderr_rc", 1, b"out \r\n", "err \r\n"),
        ("unicode", 0, "こんにちは\n".encode(), ""),
        ("operation_timeout", 0, b"hi\nhi again\n", ""),
        ("send", 0, b"output 1\noutput 2\n", ""),
    ],
)
def test_a_program_on_a_real_windows(name: str, rc: int, stdout: bytes, stderr: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, session, program, arguments, stdin = play(name, monkeypatch)
    if stdin:
        monkeypatch.setattr(winrm_shell, "CHUNK", len(stdin) // 2)
    result = session.run(program, arguments, stdin, 100)
    session.close()
    assert (result.rc, result.stdout, result.stderr) == (rc, stdout, stderr)
    recording.check()


def test_a_command_that_the_host_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    recording, session, program, arguments, stdin = play("bad_cmd_id", monkeypatch)
    with pytest.raises(NotFound, match="command identifier that does not exist") as caught:
        session.run(program, arguments, stdin, 100)
    assert caught.value.details["wsman_code"] == 2150858843
    session.close()
    recording.check(ignore={"CommandId"})  # the recording asks for another one on purpose


def test_every_recorded_conversation_is_played() -> None:
    names = {file.stem.removeprefix("winrs_") for file in fixtures("wsman", "windows").glob("winrs_*.yml")}
    assert names == {"standard", "stderr_rc", "unicode", "operation_timeout", "send", "bad_cmd_id"}


def test_a_silent_program_ends_with_the_calls_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time-out fault takes as long as was asked for. What is left at the end goes into ending the program."""
    recording, session, program, arguments, stdin = play("operation_timeout", monkeypatch)
    with pytest.raises(DeadlineExceeded, match="within 30 s; it was told to stop"):
        session.run(program, arguments, stdin, 30)
    assert recording.clock.elapsed == 29
    actions = [meaning(message)["action"].rpartition("/")[2] for message in recording.sent]
    assert actions == ["Create", "Command", "Receive", "Receive", "Receive", "Signal", "Delete"]
