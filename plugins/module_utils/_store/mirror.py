# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The mirror: every line of a journal once more, on the controller, written before the act that the line announces."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, follow, line_hash
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalRewound, StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import append_durably, write_whole


class Mirror:
    """A folder with one file for each identity. It may be behind the store (then it catches up), never ahead."""

    def __init__(self, folder: str, identity: str) -> None:
        self.folder = folder
        self._path = pathlib.Path(folder).expanduser() / f"{identity}.mirror"

    def read(self) -> tuple[list[Event], Head]:
        """Everything that is mirrored; raises JournalBroken when the mirror's own chain does not verify."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return [], Head()
        except OSError as error:
            raise StoreError(f"could not read the mirror {self._path}: {error.strerror or error}") from error
        whole, newline, torn = text.rpartition("\n")
        if torn:
            write_whole(self._path, whole + newline)
        return follow(whole.split("\n") if whole else [], Head())

    def write(self, lines: t.Sequence[str]) -> None:
        if not lines:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            append_durably(self._path, "\n".join(lines) + "\n")
        except OSError as error:
            raise StoreError(f"could not write the mirror {self._path}: {error.strerror or error}") from error

    @staticmethod
    def compare(mirrored: Head, lines: t.Sequence[str], store: Head, place: str) -> None:
        """The store may be ahead of the mirror, by ``lines``; behind it, its journal was rewound."""
        if store.seq < mirrored.seq:
            raise JournalRewound(
                f"the journal in {place} ends at event {store.seq}, its mirror at event {mirrored.seq}: the store was set back "
                "(a snapshot, a restore) and must not be trusted; compare both before anything is done",
                store=store.seq,
                mirror=mirrored.seq,
            )
        if store.seq == mirrored.seq and store.hash != mirrored.hash:
            raise JournalRewound(f"event {store.seq} of the journal in {place} is not the one that was mirrored: the store was replaced", store=store.seq)
        if lines and line_hash(lines[-1]) != store.hash:
            raise StoreError(f"the journal in {place} gave a tail that does not end at its head")
