# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A remote shell that stays open, and programs in it."""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils import _settings
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded, FailoverError, InvalidInput, NotFound, QuotaExceeded
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import clixml, envelopes, faults, shell

#: cmd.exe takes no longer line, and may fail without saying so.
COMMAND_LINE_LIMIT = 8191
#: Bytes of standard input in one message; base64 makes a third more of it.
CHUNK = 200_000
#: Output that is kept of one program, bytes; more is an error, not a truncation.
OUTPUT_LIMIT = 64 * 1024 * 1024

_FULL_PATH = re.compile(r"[A-Za-z]:\\.*\.exe", re.IGNORECASE)


class Ask(t.Protocol):
    def __call__(
        self, build: t.Callable[[envelopes.Header], bytes], deadline: Deadline, what: str, *, repeatable: bool, operation_timeout: float | None = None
    ) -> ET.Element:
        pass


class Shell:
    """Opened by the first program, ended by ``close``. After an error in the middle of a program it is given up."""

    def __init__(self, ask: Ask, settings: _settings.ConnectionSettings, where: str) -> None:
        self._ask = ask
        self._settings = settings
        self._where = where
        self._id = ""

    def run(self, command: str, arguments: t.Sequence[str], stdin: bytes, deadline: Deadline) -> ShellResult:
        line = " ".join([command, *arguments])
        if len(line) > COMMAND_LINE_LIMIT:
            raise InvalidInput(
                f"the command line for {command} on {self._where} has {len(line)} characters; cmd.exe takes {COMMAND_LINE_LIMIT}: pass data on standard input",
                host=self._settings.name,
            )
        what = f"run {command}"
        command_id = self._start(command, arguments, stdin, deadline, what)
        try:
            self._feed(command_id, stdin, deadline, what)
            result = self._collect(command_id, deadline, what)
        except FailoverError:
            self._abandon(command_id, deadline)
            raise
        self._signal(command_id, "terminate", deadline)
        return result

    def close(self, deadline: Deadline) -> None:
        """Never raises."""
        shell_id, self._id = self._id, ""
        if shell_id:
            try:
                self._ask(lambda header: envelopes.delete_shell(header, shell_id), deadline, "end the shell", repeatable=False)
            except FailoverError:
                return

    def _start(self, command: str, arguments: t.Sequence[str], stdin: bytes, deadline: Deadline, what: str) -> str:
        """Starts the program; in a new shell when the old one is gone or has used up its operations: then nothing was started."""
        if self._id:
            try:
                return self._command(command, arguments, stdin, deadline, what)
            except NotFound as error:
                if faults.UNEXPECTED_SELECTORS not in error.details.get("codes", ()):
                    raise
                self._id = ""
            except QuotaExceeded:
                self.close(deadline)
        self._open(deadline)
        return self._command(command, arguments, stdin, deadline, what)

    def _open(self, deadline: Deadline) -> None:
        options = {"WINRS_NOPROFILE": True, "WINRS_CODEPAGE": 65001}
        body = self._ask(lambda header: envelopes.create_shell(header, options), deadline, "open a shell", repeatable=True)
        self._id = shell.shell_id(body)

    def _command(self, command: str, arguments: t.Sequence[str], stdin: bytes, deadline: Deadline, what: str) -> str:
        skip = _FULL_PATH.fullmatch(command) is not None
        options = {"WINRS_CONSOLEMODE_STDIN": _word(not stdin), "WINRS_SKIP_CMD_SHELL": _word(skip)}
        body = self._ask(lambda header: envelopes.command(header, self._id, command, arguments, options), deadline, what, repeatable=False)
        return shell.command_id(body)

    def _feed(self, command_id: str, stdin: bytes, deadline: Deadline, what: str) -> None:
        for start in range(0, len(stdin), CHUNK):
            chunk = stdin[start : start + CHUNK]
            last = start + CHUNK >= len(stdin)
            self._ask(self._sender(command_id, chunk, last), deadline, what, repeatable=False)

    def _sender(self, command_id: str, chunk: bytes, last: bool) -> t.Callable[[envelopes.Header], bytes]:
        return lambda header: envelopes.send(header, self._id, command_id, chunk, last)

    def _collect(self, command_id: str, deadline: Deadline, what: str) -> ShellResult:
        """Asks for output until the program has ended. Stops a moment before the deadline, to have time for ending the program."""
        reserve = min(1.0, deadline.seconds / 10)
        stdout, stderr, size = [], [], 0
        while True:
            left = deadline.remaining() - reserve
            if left <= 0:
                raise DeadlineExceeded(f"could not {what} on {self._where} within {deadline.seconds:g} s; it was told to stop", host=self._settings.name)
            try:
                body = self._ask(
                    lambda header: envelopes.receive(header, self._id, command_id),
                    deadline,
                    what,
                    repeatable=False,
                    operation_timeout=min(self._settings.operation_timeout, left),
                )
            except faults.OperationTimedOut:
                continue
            found = shell.output(body, command_id)
            stdout.append(found.stdout)
            stderr.append(found.stderr)
            size += len(found.stdout) + len(found.stderr)
            if size > OUTPUT_LIMIT:
                raise InvalidInput(f"{command_id} wrote more than {OUTPUT_LIMIT} bytes", host=self._settings.name)
            if found.done:
                return ShellResult(-1 if found.rc is None else found.rc, b"".join(stdout), clixml.errors_of(b"".join(stderr)))

    def _signal(self, command_id: str, code: str, deadline: Deadline) -> None:
        """Gives the program's slot back. It has ended, so a failure here changes nothing but the shell's use."""
        try:
            self._ask(lambda header: envelopes.signal(header, self._id, command_id, code), deadline, "end the command", repeatable=False)
        except FailoverError:
            self._id = ""

    def _abandon(self, command_id: str, deadline: Deadline) -> None:
        """Ends the program with what time is left, and forgets the shell: what it still says belongs to nobody."""
        self._signal(command_id, "terminate", deadline)
        self.close(deadline)


def _word(value: bool) -> str:
    return "TRUE" if value else "FALSE"
