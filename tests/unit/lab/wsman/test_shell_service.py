# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell: the recorded conversations of real Windows, quotas, and the faults of its table."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Coroutine
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names, shell_service
from ansible_collections.continuity.identity_failover.tests.lab.wsman.shell_service import ShellService
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import Request, parse
from ansible_collections.continuity.identity_failover.tests.unit.lab.fake_model import FakeHost
from ansible_collections.continuity.identity_failover.tests.unit.lab.recordings import FOLDER, needs_recordings, shape

RSP = f'xmlns:rsp="{names.SHELL}"'


class _Client:
    """Speaks to a ShellService as one user."""

    def __init__(self, *, limit: int = 30, split: int = 0, user: str = "Administrator") -> None:
        self.host = FakeHost("exch1", "127.0.0.1")
        self.limit, self.split, self.user = limit, split, user
        self.service = ShellService(self.host, "http://127.0.0.1:5985/wsman", shell_limit=lambda: self.limit, split_output=lambda: self.split)
        self.shell = ""

    async def send(self, action: str, body: str, *, shell: str | None = None, options: dict[str, str] | None = None, timeout: float = 5.0) -> Element:
        name = self.shell if shell is None else shell
        request = Request(
            action,
            names.SHELL_CMD,
            "uuid:1",
            selectors={"ShellId": name} if name else {},
            options=options or {},
            timeout=timeout,
            body=fromstring(body) if body else None,
            max_envelope=153600,
        )
        return fromstring(await self.service.handle(request, self.user, "127.0.0.1"))

    async def open(self) -> str:
        body = f'<rsp:Shell {RSP}><rsp:Environment><rsp:Variable Name="A">b</rsp:Variable></rsp:Environment></rsp:Shell>'
        answer = await self.send(names.CREATE, body, shell="")
        self.shell = answer.findtext(f".//{{{names.SHELL}}}ShellId") or ""
        return self.shell

    async def run(self, line: str, *arguments: str, options: dict[str, str] | None = None) -> str:
        words = "".join(f"<rsp:Arguments>{word}</rsp:Arguments>" for word in arguments)
        body = f"<rsp:CommandLine {RSP}><rsp:Command>{line}</rsp:Command>{words}</rsp:CommandLine>"
        answer = await self.send(names.COMMAND, body, options=options)
        return answer.findtext(f".//{{{names.SHELL}}}CommandId") or ""

    async def receive(self, command: str, timeout: float = 5.0) -> Element:
        body = f'<rsp:Receive {RSP}><rsp:DesiredStream CommandId="{command}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
        return await self.send(names.RECEIVE, body, timeout=timeout)

    async def write(self, command: str, data: bytes, *, end: bool) -> None:
        text = base64.b64encode(data).decode()
        last = ' End="true"' if end else ""
        await self.send(names.SEND, f'<rsp:Send {RSP}><rsp:Stream Name="stdin" CommandId="{command}"{last}>{text}</rsp:Stream></rsp:Send>')

    async def signal(self, command: str, code: str) -> None:
        await self.send(names.SIGNAL, f'<rsp:Signal {RSP} CommandId="{command}"><rsp:Code>{names.SHELL}/signal/{code}</rsp:Code></rsp:Signal>')


def _play(work: Callable[[_Client], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def play() -> None:
        client = _Client(**options)
        await client.open()
        await work(client)

    asyncio.run(play())


def _streams(answer: Element) -> dict[str, bytes]:
    found = {"stdout": b"", "stderr": b""}
    for node in answer.iter(f"{{{names.SHELL}}}Stream"):
        found[node.get("Name", "")] += base64.b64decode(node.text or "")
    return found


def _state(answer: Element) -> tuple[str, str | None]:
    node = next(answer.iter(f"{{{names.SHELL}}}CommandState"))
    return node.get("State", "").rpartition("/")[2], node.findtext(f"{{{names.SHELL}}}ExitCode")


async def _fault(work: Coroutine[Any, Any, Any]) -> tuple[int, str]:
    with pytest.raises(CimFault) as caught:
        await work
    return caught.value.code or caught.value.error_code, caught.value.subcode


def test_a_command_with_both_streams_and_a_code() -> None:
    async def work(client: _Client) -> None:
        answer = await client.receive(await client.run("fail"))
        assert _streams(answer) == {"stdout": b"out\r\n", "stderr": "err ü\r\n".encode()} and _state(answer) == ("Done", "3")
        assert client.host.started == [("fail", [], {"A": "b", "LAB_LOGON": "Administrator"})]

    _play(work)


def test_stdin_is_collected_until_its_end() -> None:
    async def work(client: _Client) -> None:
        command = await client.run("cat")
        await client.write(command, b"one ", end=False)
        assert await _fault(client.receive(command, timeout=0.01)) == (2150858793, "w:TimedOut")
        await client.write(command, b"two", end=True)
        assert _streams(await client.receive(command))["stdout"] == b"one two"
        assert (await _fault(client.write(command, b"x", end=False)))[0] == 87

    _play(work)


@pytest.mark.parametrize("split", [0, 7000])
def test_large_output_comes_in_pieces(split: int) -> None:
    async def work(client: _Client) -> None:
        command = await client.run("big")
        total, pieces = b"", 0
        while True:
            answer = await client.receive(command)
            data = _streams(answer)["stdout"]
            assert len(data) <= (split or 153600)
            total, pieces = total + data, pieces + 1
            if _state(answer)[0] == "Done":
                break
        assert total == b"x" * 200_000 and pieces == (29 if split else 4)

    _play(work, split=split)


def test_a_waiting_receive_is_aborted_by_signal_and_delete() -> None:
    async def work(client: _Client) -> None:
        for end in ("ctrl_c", "terminate", "delete"):
            command = await client.run("wait")
            waiting = asyncio.ensure_future(client.receive(command))
            await asyncio.sleep(0)
            assert await _fault(client.receive(command)) == (170, "w:InternalError")
            if end == "delete":
                await client.send(names.DELETE, "")
            else:
                await client.signal(command, end)
            assert await _fault(waiting) == (995, "w:InternalError")  # type: ignore[arg-type]

    _play(work)


def test_after_terminate_the_command_is_unknown() -> None:
    async def work(client: _Client) -> None:
        command = await client.run("hi")
        await client.receive(command)
        await client.signal(command, "terminate")
        assert await _fault(client.receive(command)) == (2150858843, "w:InvalidSelectors")
        assert await _fault(client.signal(command, "terminate")) == (2150858843, "w:InvalidSelectors")

    _play(work)


def test_unknown_foreign_and_missing_shells() -> None:
    async def work(client: _Client) -> None:
        body = f"<rsp:CommandLine {RSP}><rsp:Command>hi</rsp:Command></rsp:CommandLine>"
        assert await _fault(client.send(names.COMMAND, body, shell="4283CBDC")) == (2150858843, "w:InvalidSelectors")
        assert await _fault(client.send(names.COMMAND, body, shell="")) == (2150858842, "w:InvalidSelectors")
        client.user = "Guest"
        assert await _fault(client.run("hi")) == (2150858843, "w:InvalidSelectors")

    _play(work)


def test_quotas() -> None:
    async def work(client: _Client) -> None:
        for _shell in range(29):
            await client.open()
        assert await _fault(client.open()) == (2150859173, "w:QuotaLimit")
        await client.send(names.DELETE, "")
        client.user = "Guest"
        await client.open()
        for _process in range(shell_service.MAX_PROCESSES_PER_SHELL):
            await client.run("hi")
        assert (await _fault(client.run("hi")))[1] == "w:QuotaLimit"
        client.service.reset()
        assert client.service.open_shells == 0

    _play(work)


def test_limits_of_the_command_line() -> None:
    async def work(client: _Client) -> None:
        skip = {"WINRS_SKIP_CMD_SHELL": "TRUE"}
        answer = await client.receive(await client.run("hi", "x" * 8189))
        assert _streams(answer)["stderr"] == b"The command line is too long.\r\n" and _state(answer) == ("Done", "1")
        assert client.host.started == []
        assert _streams(await client.receive(await client.run("hi", "x" * 8188)))["stdout"] == b"hi\r\n"
        assert _streams(await client.receive(await client.run("hi", "x" * 32000, options=skip)))["stdout"] == b"hi\r\n"
        assert await _fault(client.run("hi", "x" * 32767, options=skip)) == (2147942606, "w:InternalError")
        assert await _fault(client.run("missing.exe", options=skip)) == (2147942402, "w:InternalError")

    _play(work)


def test_a_defect_of_the_model_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(client: _Client) -> None:
        answer = await client.receive(await client.run("powershell", "not-base64!"))
        assert _state(answer) == ("Done", str(0xC0000005)) and b"The lab failed" in _streams(answer)["stderr"]

    _play(work)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("action", "body", "subcode"),
    [
        (names.COMMAND, "", "w:SchemaValidationError"),
        (names.RECEIVE, "", "w:SchemaValidationError"),
        (names.SIGNAL, "", "w:SchemaValidationError"),
        (names.GET, "", "a:ActionNotSupported"),
        (names.SIGNAL, f'<rsp:Signal {RSP} CommandId="x"/>', "w:InvalidSelectors"),
    ],
)
def test_bad_messages(action: str, body: str, subcode: str) -> None:
    async def work(client: _Client) -> None:
        assert (await _fault(client.send(action, body)))[1] == subcode

    _play(work)


@needs_recordings
@pytest.mark.parametrize(("path", "line"), [("winrs_standard.yml", "hi"), ("winrs_stderr_rc.yml", "fail")])
def test_recorded_conversations_have_the_same_shape(path: str, line: str) -> None:
    """The recorded requests are sent to our shell (with its own identifiers); every answer has the recorded names, attributes and order."""
    text = (FOLDER / "windows" / path).read_text(encoding="utf-8")
    requests = re.findall(r"- request: (<s:Envelope.*?</s:Envelope>)(?:\n|$)", text)
    responses = re.findall(r"  response: (<s:Envelope.*?</s:Envelope>)(?:\n|$)", text)
    assert len(requests) == len(responses) >= 5

    async def work(client: _Client) -> None:
        renamed: dict[str, str] = {}
        for sent, recorded in zip(requests, responses, strict=True):
            for old, new in renamed.items():
                sent = sent.replace(old, new)
            sent = re.sub(r"(<rsp:Command>).*?(</rsp:CommandLine>)", rf"\1{line}</rsp:Command>\2", sent)
            answer = fromstring(await client.service.handle(parse(sent.encode()), "vagrant", "127.0.0.1"))
            assert shape(_without_activity(answer)) == shape(_without_activity(fromstring(recorded)))
            for name in ("ShellId", "CommandId"):
                old_id, new_id = (one.findtext(f".//{{{names.SHELL}}}{name}") for one in (fromstring(recorded), answer))
                if old_id and new_id:
                    renamed[old_id] = new_id

    _play(work)


def _without_activity(envelope: Element) -> Element:
    """p:ActivityId comes with newer Windows only."""
    header = envelope.find(f"{{{names.SOAP}}}Header")
    assert header is not None
    for node in [node for node in header if node.tag.endswith("}ActivityId")]:
        header.remove(node)
    return envelope
