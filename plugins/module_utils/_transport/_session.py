# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the layers above may ask of a Windows host. ``winrm`` implements it; unit tests have a fake of their own."""

from __future__ import annotations

import dataclasses
import typing as t

#: A CIM value after decoding: None, bool, int, float, str (also date-times, ISO 8601 in UTC), nested instance, or a list.
Value = t.Any
#: Property or parameter name (as the host spells it) -> value.
Instance = dict[str, Value]


@dataclasses.dataclass(frozen=True)
class ShellResult:
    """What a process left behind. ``stderr`` is plain text: CLIXML is already decoded to its error records."""

    rc: int
    stdout: bytes
    stderr: str


class Session(t.Protocol):
    """One host, one connection, one thread. Every call takes seconds for *everything* it does and raises
    TransportError or RemoteError; it never returns half an answer.

    ``namespace`` is written as Microsoft does, ``root/cimv2``; names of classes, properties and keys are matched
    without case. Repeats after a lost connection happen at most once and only where ``idempotent`` is true; reads
    always are.
    """

    name: str
    """The inventory's name of the host, for messages."""

    before_change: t.Callable[[], None] | None
    """Asked before each call that may change something and carries no fence (invoke, put, create, delete); may raise."""

    def identify(self, timeout: float) -> Instance:
        pass

    def get(self, namespace: str, class_name: str, keys: t.Mapping[str, Value], timeout: float) -> Instance:
        pass

    def enumerate(self, namespace: str, class_name: str, timeout: float) -> list[Instance]:
        """Every instance of the class; of subclasses too."""

    def query(self, namespace: str, wql: str, timeout: float) -> list[Instance]:
        """A WQL query. Build its literals with ``_wire.wql.literal``, never by formatting."""

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: t.Mapping[str, Value],
        timeout: float,
        *,
        keys: t.Mapping[str, Value] | None = None,
        idempotent: bool = False,
    ) -> Instance:
        """Calls a method, static without ``keys``. Out parameters by name, ``ReturnValue`` (int) always: an empty
        answer is 0."""

    def put(self, namespace: str, class_name: str, keys: t.Mapping[str, Value], properties: t.Mapping[str, Value], timeout: float) -> Instance:
        pass

    def create(self, namespace: str, class_name: str, properties: t.Mapping[str, Value], timeout: float) -> Instance:
        pass

    def delete(self, namespace: str, class_name: str, keys: t.Mapping[str, Value], timeout: float) -> None:
        pass

    def run(self, command: str, arguments: t.Sequence[str], stdin: bytes, timeout: float) -> ShellResult:
        """Runs a program in a shell that is kept open until ``close``; ``arguments`` are passed as they stand."""

    def close(self) -> None:
        """Ends the shell and the connection; never raises."""


class Hosts(t.Protocol):
    """The hosts that a task may reach: its target, and those that its options name."""

    def target(self) -> Session:
        """The play's (or the delegated) host. Raises InvalidInput for a task without one."""

    def named(self, name: str) -> Session:
        """A host that an option named, by its name in the inventory. The same object for the same name and thread."""

    def names(self) -> list[str]:
        pass

    def settings(self, name: str) -> t.Any:
        """The ConnectionSettings of a named host."""

    def close(self) -> None:
        pass
