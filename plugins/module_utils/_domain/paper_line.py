# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a plan on paper is made of: commands, deeds of several commands, and the points that number them. Pure."""

from __future__ import annotations

import typing as t


class Line(t.NamedTuple):
    """What is typed, what it answers, and in which shell where that is not Windows PowerShell as administrator.

    ``by_eye``: nothing is typed; ``text`` says what to do or to look at, and ``answer`` what is seen.
    """

    text: str
    answer: str
    shell: str = ""
    by_eye: bool = False


class Deed(t.NamedTuple):
    """One change: of what (``identity@exch2: address 10.0.0.21``), what is done, its commands in order, those that take it back (none: nothing does)."""

    what: str
    do: str
    where: str
    lines: t.Sequence[Line]
    back: t.Sequence[Line] = ()


class Done(t.NamedTuple):
    """A deed that is on the paper, and the numbers of its points; ``last`` is below ``first`` where it has none."""

    deed: Deed
    first: int
    last: int


class Points:
    """The points of a paper, numbered as they are written, with what is said between them.

    ``no_return``: the number of the first from which on clients may write on the side that takes over; 0 = none yet.
    """

    def __init__(self, first: int = 1) -> None:
        self.parts: list[str] = []
        self.first = self.next = first
        self.no_return = 0

    def say(self, text: str) -> None:
        self.parts.append(f"{text}\n")

    def point(self, where: str, line: Line) -> None:
        shell = f", {line.shell}" if line.shell else ""
        if line.by_eye:
            self.parts.append(f"{self.next}. {where}: {line.text}\n\n   You see: {line.answer}\n")
        else:
            self.parts.append(f"{self.next}. On {where}{shell}:\n\n       {line.text}\n\n   Answers: {line.answer}\n")
        self.next += 1

    def deed(self, deed: Deed) -> Done:
        first = self.next
        self.say(f"### {deed.what}: {deed.do}")
        for line in deed.lines:
            self.point(deed.where, line)
        return Done(deed, first, self.next - 1)

    def take(self, others: Points) -> None:
        """Points that were written with numbers behind these."""
        self.parts += others.parts
        self.next = others.next

    def text(self) -> str:
        return "\n".join(self.parts)


def span(first: int, last: int) -> str:
    """``5``, ``5 and 6``, ``5 to 7``."""
    return str(first) if first == last else f"{first} {'and' if last == first + 1 else 'to'} {last}"
