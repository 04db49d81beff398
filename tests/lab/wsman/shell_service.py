# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell (WinRS): Create, Command, Send, Receive, Signal, Delete with Windows' quotas and faults ([MS-WSMV] 3.1.4.5, 3.1.4.11-14)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LOGON, CimFault, HostModel, Process
from ansible_collections.continuity.identity_failover.tests.lab.wsman import faults, names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import Request, bad_xml, envelope, escape, new_id

MAX_SHELLS_PER_USER = 30
MAX_PROCESSES_PER_SHELL = 25
MAX_TIMEOUT = 60.0
IDLE_TIMEOUT = 7200.0
CMD_LIMIT = 8191
CREATE_PROCESS_LIMIT = 32767
TOO_LONG = b"The command line is too long.\r\n"
_PREFIXES = "s a x w rsp p"
_RECEIVE_PREFIXES = "s a w rsp p"
_RSP = f"{{{names.SHELL}}}"


@dataclass
class Command:
    """One started command of a shell."""

    process: Process | None
    stdin: bytearray = field(default_factory=bytearray)
    stdin_ended: bool = False
    output: dict[str, bytes] = field(default_factory=dict)
    exit_code: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: bool = False
    receiving: bool = False
    task: asyncio.Task[None] | None = None


@dataclass
class Shell:
    """One open shell."""

    owner: str
    environment: dict[str, str]
    commands: dict[str, Command] = field(default_factory=dict)
    touched: float = field(default_factory=time.monotonic)


class ShellService:
    """All shells of one host."""

    def __init__(self, host: HostModel, address: str, *, shell_limit: Callable[[], int], split_output: Callable[[], int]) -> None:
        """shell_limit(): shells per user just now; split_output(): the largest piece of a stream in one answer in bytes, 0 = as much as fits."""
        self._host = host
        self._address = address
        self._shell_limit = shell_limit
        self._split_output = split_output
        self._shells: dict[str, Shell] = {}

    @property
    def open_shells(self) -> int:
        """How many shells are open now."""
        return len(self._shells)

    def reset(self) -> None:
        """Everything ends, as when the power goes."""
        for shell in self._shells.values():
            for command in shell.commands.values():
                _abort(command)
        self._shells.clear()

    async def handle(self, request: Request, user: str, peer: str) -> bytes:
        """The answer to a request on a shell resource."""
        if request.action == names.CREATE:
            return self._create(request, user, peer)
        shell = self._shell(request, user)
        shell.touched = time.monotonic()
        if request.action == names.DELETE:
            del self._shells[request.selectors["ShellId"].upper()]
            for command in shell.commands.values():
                _abort(command)
            return envelope("s a x w p", names.DELETE + "Response", request.message_id, "")
        if request.action == names.COMMAND:
            return self._command(request, shell)
        if request.action == names.SEND:
            return self._send(request, shell)
        if request.action == names.RECEIVE:
            return await self._receive(request, shell)
        if request.action == names.SIGNAL:
            return self._signal(request, shell)
        raise faults.unsupported_action(request.action)

    def _shell(self, request: Request, user: str) -> Shell:
        if "ShellId" not in request.selectors:
            raise CimFault(2150858842, "w:InvalidSelectors", "The request lacks the selector ShellId. ", detail="InsufficientSelectors")
        shell = self._shells.get(request.selectors["ShellId"].upper())
        if shell is None or shell.owner != user:
            raise faults.unknown_shell()
        return shell

    def _create(self, request: Request, user: str, peer: str) -> bytes:
        if request.body is None or request.body.tag != _RSP + "Shell":
            raise bad_xml("The body lacks rsp:Shell.")
        if request.resource.lower() != names.SHELL_CMD:
            raise faults.unknown_resource(request.resource)
        self._drop_idle()
        limit = self._shell_limit()
        if sum(shell.owner == user for shell in self._shells.values()) >= limit:
            raise faults.too_many_shells(limit)
        environment = {one.get("Name", ""): one.text or "" for one in request.body.iter(_RSP + "Variable")}
        directory = request.body.findtext(_RSP + "WorkingDirectory")
        if directory:
            environment.setdefault("CD", directory)
        name = (request.body.get("ShellId") or new_id()).upper()
        self._shells[name] = Shell(user, environment)
        answer = (
            f"<x:ResourceCreated><a:Address>{escape(self._address)}</a:Address><a:ReferenceParameters><w:ResourceURI>{names.SHELL_CMD}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{escape(name)}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
            f'<rsp:Shell xmlns:rsp="{names.SHELL}"><rsp:ShellId>{escape(name)}</rsp:ShellId><rsp:ResourceUri>{names.SHELL_CMD}</rsp:ResourceUri>'
            f"<rsp:Owner>{escape(user)}</rsp:Owner><rsp:ClientIP>{peer}</rsp:ClientIP><rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
            "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
        )
        return envelope(_PREFIXES, names.CREATE + "Response", request.message_id, answer)

    def _drop_idle(self) -> None:
        limit = time.monotonic() - IDLE_TIMEOUT
        for name in [name for name, shell in self._shells.items() if shell.touched < limit]:
            for command in self._shells.pop(name).commands.values():
                _abort(command)

    def _command(self, request: Request, shell: Shell) -> bytes:
        body = request.body
        line = body.findtext(_RSP + "Command") if body is not None else None
        if body is None or line is None:
            raise bad_xml("The body lacks rsp:CommandLine.")
        if len(shell.commands) >= MAX_PROCESSES_PER_SHELL:
            raise faults.too_many_commands(MAX_PROCESSES_PER_SHELL)
        arguments = [one.text or "" for one in body.findall(_RSP + "Arguments")]
        skip = request.options.get("WINRS_SKIP_CMD_SHELL", "").strip().lower() in ("true", "1")
        length = len(" ".join([line, *arguments]))
        if skip and length > CREATE_PROCESS_LIMIT:
            raise CimFault(2147942606, "w:InternalError", "The filename or extension is too long. ")
        name = (body.get("CommandId") or new_id()).upper()
        if not skip and length > CMD_LIMIT:
            command = Command(None, output={"stdout": b"", "stderr": TOO_LONG}, exit_code=1)
            command.done.set()
        else:
            try:
                process = self._host.start_process(line, arguments, {**shell.environment, LOGON: shell.owner}, skip_cmd_shell=skip)
            except FileNotFoundError:
                raise CimFault(2147942402, "w:InternalError", "The system cannot find the file specified. ") from None
            command = Command(process)
            if not process.wants_stdin:
                _run(command)
        shell.commands[name] = command
        answer = f"<rsp:CommandResponse><rsp:CommandId>{escape(name)}</rsp:CommandId></rsp:CommandResponse>"
        return envelope(_PREFIXES, names.COMMAND + "Response", request.message_id, answer)

    def _send(self, request: Request, shell: Shell) -> bytes:
        for stream in request.body.findall(_RSP + "Stream") if request.body is not None else ():
            command = shell.commands.get(stream.get("CommandId", "").upper())
            if command is None:
                raise faults.unknown_command()
            if stream.get("Name") != "stdin" or command.stdin_ended:
                raise CimFault(87, "w:InternalError", "The parameter is incorrect. ")
            try:
                command.stdin += base64.b64decode(stream.text or "", validate=False)
            except binascii.Error:
                raise bad_xml("A stream is not Base64.") from None
            if stream.get("End", "").lower() in ("true", "1"):
                command.stdin_ended = True
                if command.task is None and command.process is not None:
                    _run(command)
        return envelope(_PREFIXES, names.SEND + "Response", request.message_id, "<rsp:SendResponse/>")

    async def _receive(self, request: Request, shell: Shell) -> bytes:
        desired = request.body.find(_RSP + "DesiredStream") if request.body is not None else None
        if desired is None:
            raise bad_xml("The body lacks rsp:DesiredStream.")
        asked = desired.get("CommandId", "")
        command = shell.commands.get(asked.upper())
        if command is None:
            raise faults.unknown_command()
        if command.receiving:
            raise CimFault(170, "w:InternalError", "The requested resource is in use. ")
        command.receiving = True
        try:
            await asyncio.wait_for(command.done.wait(), min(request.timeout, MAX_TIMEOUT))
        except asyncio.TimeoutError:
            raise faults.timed_out() from None
        finally:
            command.receiving = False
        if command.aborted:
            raise CimFault(995, "w:InternalError", "The I/O operation has been aborted because of either a thread exit or an application request. ")
        streams = (desired.text or "stdout stderr").split()
        return envelope(_RECEIVE_PREFIXES, names.RECEIVE + "Response", request.message_id, self._output(request, command, streams, escape(asked)))

    def _output(self, request: Request, command: Command, streams: list[str], name: str) -> str:
        room = self._split_output() or max(1024, (request.max_envelope // 2 - 4000) * 3 // 4)
        pieces: list[str] = []
        for stream in streams:
            data = command.output.get(stream, b"")[:room]
            if data:
                command.output[stream] = command.output[stream][len(data) :]
                room -= len(data)
                pieces.append(f'<rsp:Stream Name="{stream}" CommandId="{name}">{base64.b64encode(data).decode()}</rsp:Stream>')
        state = names.SHELL + "/CommandState/"
        if any(command.output.get(stream) for stream in streams):
            pieces.append(f'<rsp:CommandState CommandId="{name}" State="{state}Running"></rsp:CommandState>')
        else:
            pieces += [f'<rsp:Stream Name="{stream}" CommandId="{name}" End="true"></rsp:Stream>' for stream in streams]
            pieces.append(f'<rsp:CommandState CommandId="{name}" State="{state}Done"><rsp:ExitCode>{command.exit_code}</rsp:ExitCode></rsp:CommandState>')
        return f"<rsp:ReceiveResponse>{''.join(pieces)}</rsp:ReceiveResponse>"

    def _signal(self, request: Request, shell: Shell) -> bytes:
        body = request.body
        if body is None:
            raise bad_xml("The body lacks rsp:Signal.")
        name = body.get("CommandId", "").upper()
        command = shell.commands.get(name)
        if command is None:
            raise faults.unknown_command()
        code = (body.findtext(_RSP + "Code") or "").strip().lower().rpartition("/")[2]
        if code not in ("terminate", "ctrl_c", "ctrl_break"):
            raise CimFault(2150858810, "w:InvalidParameter", "The signal is not known. ")
        if code == "terminate":
            del shell.commands[name]
        if not command.done.is_set():
            _abort(command)
        return envelope(_PREFIXES, names.SIGNAL + "Response", request.message_id, "<rsp:SignalResponse/>")


def _run(command: Command) -> None:
    command.task = asyncio.ensure_future(_communicate(command))


async def _communicate(command: Command) -> None:
    assert command.process is not None
    try:
        out, err, code = await command.process.communicate(bytes(command.stdin))
        command.output, command.exit_code = {"stdout": out, "stderr": err}, code
    except Exception as error:  # a defect of the model must not look like a program that succeeded
        traceback.print_exc()
        command.output, command.exit_code = {"stderr": f"The lab failed: {type(error).__name__}: {error}\r\n".encode()}, 0xC0000005
    finally:
        command.done.set()


def _abort(command: Command) -> None:
    """End the process; a Receive that waits gets 995."""
    if command.done.is_set():
        return
    command.aborted = True
    if command.process is not None:
        command.process.terminate()
    if command.task is not None:
        command.task.cancel()
    command.done.set()
