# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The mirror: every line of a journal once more, on the controller, written before the act that the line announces."""

from __future__ import annotations

import contextlib
import fcntl
import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.integrity import broken, rewound
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import (
    Event,
    Head,
    explained,
    follow,
    from_checkpoint,
    line_hash,
    number,
    origin,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import MirrorUnwritable, StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import append_durably, write_whole

#: The first word behind the name of a mirror whose identity was disarmed.
DISARMED = "disarmed"


class Mirror:
    """A folder with one file for each identity. It may be behind the store (then it catches up), never ahead."""

    def __init__(self, folder: str, identity: str) -> None:
        self.folder = folder
        self.place = f"the mirror {folder}"
        self.half = 0  #: the number of an event that was only half written, once that was found
        self._path = pathlib.Path(folder).expanduser() / f"{identity}.mirror"

    def read(self, *, whole: bool = True) -> tuple[list[Event], Head]:
        """What is mirrored, or of that from the last checkpoint on; raises JournalBroken when its chain does not verify."""
        with self._locked():
            lines = self._lines()
        if not whole:
            lines = lines[from_checkpoint(lines) :]
        events, head = follow(lines, origin(lines, Head()), self.place)
        if whole:
            explained(events, self.place)
        return events, head

    def lines(self) -> list[str]:
        """Every line as it lies there, verified by nobody."""
        with self._locked():
            return self._lines()

    def write(self, lines: t.Sequence[str]) -> None:
        """Appends what is not there yet. Several processes share a mirror: each has read the lines from the same store.

        Raises JournalRewound where another process has mirrored other lines: the store was set back between the two.
        """
        if not lines:
            return
        with self._locked():
            there = self._lines()
            last = number(there[-1]) if there else 0
            self.agree(there, lines, self.place)
            new = [line for line in lines if number(line) > last]
            if there and new and number(new[0]) != last + 1:
                raise StoreError(f"the mirror {self._path} ends at event {last}, and event {number(new[0])} is to follow: it was shortened meanwhile")
            if new:
                append_durably(self._path, "\n".join(new) + "\n")

    def probe(self) -> None:
        """Raises MirrorUnwritable where a line could not be written now; a full disk shows only when something is written."""
        with self._locked():
            probe = self._path.with_name(f"{self._path.name}.probe")
            write_whole(probe, "probe\n")
            probe.unlink()

    def set_aside(self, why: str = "broken") -> pathlib.Path:
        """Keeps a mirror that does not verify or can't be continued under another name, so that a new one can be written."""
        with self._locked():
            kept = self._path.with_name(f"{self._path.name}.{why}")
            if self._path.exists():
                self._path.replace(kept)
            return kept

    def disarmed(self) -> tuple[Head, str]:
        """The end of the longest journal of the identity that was disarmed and kept here, and its file's name; empty where none was."""
        found = (Head(), "")
        with self._locked():
            for kept in sorted(self._path.parent.glob(f"{self._path.name}.{DISARMED}-*")):
                lines = kept.read_text(encoding="utf-8", errors="replace").splitlines()
                if lines and number(lines[-1]) > found[0].seq:
                    found = (Head(number(lines[-1]), line_hash(lines[-1])), kept.name)
        return found

    def _lines(self) -> list[str]:
        if not self._path.exists():
            return []
        whole, newline, torn = self._path.read_bytes().decode("utf-8", "replace").rpartition("\n")
        lines = whole.split("\n") if whole else []
        if torn:
            write_whole(self._path, whole + newline)
            self.half = (number(lines[-1]) if lines else 0) + 1
        return lines

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[None]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._path.with_name(f"{self._path.name}.lock"), "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise MirrorUnwritable(f"could not use the mirror {self._path}: {error.strerror or error}") from error

    @staticmethod
    def agree(there: t.Sequence[str], lines: t.Sequence[str], place: str) -> None:
        """Lines that are mirrored already must be the same ones."""
        if not there:
            return
        first = number(there[0])
        for line in lines:
            at = number(line) - first
            if 0 <= at < len(there) and there[at] != line:
                raise rewound("replaced", number(line), number(line) - 1, place, mirror=number(there[-1]))

    @staticmethod
    def compare(mirrored: Head, store: Head, place: str) -> None:
        """The store may be ahead of the mirror; behind it, its journal was rewound."""
        if store.seq != mirrored.seq and store.hash == mirrored.hash and mirrored.seq:
            raise broken("miscounted", mirrored.seq, 0, place)
        if store.seq < mirrored.seq:
            raise rewound("rewound", store.seq + 1, store.seq, place, store=store.seq, mirror=mirrored.seq)
        if store.seq == mirrored.seq and store.hash != mirrored.hash:
            raise rewound("replaced", store.seq, store.seq - 1, place, store=store.seq, mirror=mirrored.seq)


class SpareMirror(Mirror):
    """A mirror that may fail: the journal goes on without it, and ``lost`` says why. The next task tries it again, and it catches up."""

    def __init__(self, folder: str, identity: str) -> None:
        super().__init__(folder, identity)
        self.lost = ""
        self.warn: t.Callable[[str], None] | None = None

    def read(self, *, whole: bool = True) -> tuple[list[Event], Head]:
        try:
            return super().read(whole=whole)
        except MirrorUnwritable as error:
            self._lose(error)
            return [], Head()

    def write(self, lines: t.Sequence[str]) -> None:
        if self.lost:
            return  # a line must not follow on one that is missing
        try:
            super().write(lines)
        except MirrorUnwritable as error:
            self._lose(error)

    def set_aside(self, why: str = "broken") -> pathlib.Path:
        try:
            return super().set_aside(why)
        except MirrorUnwritable as error:
            self._lose(error)
            return self._path

    def disarmed(self) -> tuple[Head, str]:
        try:
            return super().disarmed()
        except MirrorUnwritable as error:
            self._lose(error)
            return Head(), ""

    def probe(self) -> None:
        try:
            super().probe()
        except MirrorUnwritable as error:
            self._lose(error)

    def _lose(self, error: MirrorUnwritable) -> None:
        first, self.lost = not self.lost, error.message
        if first and self.warn is not None:
            self.warn(without(error.message))


def without(why: str) -> str:
    """For people: what it means that a mirror is lost."""
    return f"{why}: the journal is written to its store alone, so that a store that is set back would not be noticed"
