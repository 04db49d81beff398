# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The store in a directory of the controller: the same transaction with a file lock instead of a mutex."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import json
import os
import pathlib
import time
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import GENESIS, Head, from_checkpoint, line_hash, number
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import KeptLease, after_restart, grant, judge, lease_state
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request


def boot_id() -> str:
    """Differs after every start of this machine; empty where the system does not tell."""
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_whole(path: pathlib.Path, text: str) -> None:
    """Replaces a file at once and durably: after a crash it holds the old text or the new."""
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="utf-8", opener=_private) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def kept_lease(content: bytes, boot: str) -> KeptLease | None:
    """The lease that a file holds; None where it holds none, as after a crash of the machine."""
    try:
        there = json.loads(content)
        kept = KeptLease(**{"boot": boot, **{field.name: there[field.name] for field in dataclasses.fields(KeptLease) if field.name in there}})
    except (ValueError, TypeError):
        return None
    numbers = (kept.epoch, kept.seconds, kept.granted, kept.longest, kept.settling)
    return kept if isinstance(there, dict) and all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers) else None


def _private(path: str, flags: int) -> int:
    """What a journal tells of an estate is nobody else's business."""
    return os.open(path, flags, 0o600)


def append_durably(path: pathlib.Path, text: str) -> None:
    with open(path, "a", encoding="utf-8", opener=_private) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


class DirectoryStore:
    """A store in ``path``, for tests and for estates whose target can't keep one. Same rules as the one on the target."""

    def __init__(self, path: str, uptime: t.Callable[[], float] = time.monotonic, boot: t.Callable[[], str] = boot_id) -> None:
        self._folder = pathlib.Path(path)
        self._uptime = uptime
        self._boot = boot
        self.place = f"{path} on this controller"

    def transact(self, request: Request, timeout: float) -> Reply:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(request.identity, timeout):
                return self._transact(request)
        except OSError as error:
            raise StoreError(f"could not use the journal in {self._folder}: {error.strerror or error}") from error

    @contextlib.contextmanager
    def _locked(self, identity: str, timeout: float) -> t.Iterator[None]:
        end = time.monotonic() + timeout
        with open(self._folder / f"{identity}.lock", "w", encoding="ascii") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise StoreError(f"another transaction has held the journal in {self._folder} for {timeout:g} s") from None
                    time.sleep(min(0.05, timeout))
            yield

    def _transact(self, request: Request) -> Reply:
        journal = self._folder / f"{request.identity}.journal"
        lines, torn = self._read(journal)
        base = max(0, number(lines[0]) - 1) if lines else 0
        head = Head(base + len(lines), line_hash(lines[-1]) if lines else GENESIS)
        uptime, boot = self._uptime(), self._boot()
        kept, damaged = self._read_lease(request.identity, uptime, boot)
        lease = lease_state(kept, uptime)
        mark = self._read_mark(request.identity)
        verdict = judge(request.lease, lease, request.expect, head)
        if not request.aside and (mark.seq > head.seq or (mark.seq == head.seq and mark.hash != head.hash)):
            verdict = "rewound"
        if request.actor:
            verdict = "actor_mismatch"  # nobody logs on to a directory, so no vote can be of a Windows account
        first = max(0, request.after - base)
        tail = tuple(lines[from_checkpoint(lines, first) if request.checkpoint else first :])
        if verdict == "ok":
            if request.lines:
                head = self._write(journal, request, head)
            if request.lease is not None:
                kept = grant(request.lease, kept, uptime, boot, stamp(datetime.datetime.now(datetime.timezone.utc)))
                self._keep_lease(request.identity, kept)
                lease = lease_state(kept, uptime)
        return Reply(verdict=verdict, head=head, lines=tail, lease=lease, mark=mark, torn=torn, damaged=damaged)

    def _write(self, journal: pathlib.Path, request: Request, head: Head) -> Head:
        text = "\n".join(request.lines) + "\n"
        if request.aside:
            # Without the mark first: a crash must not leave one that the new journal is behind.
            journal.with_suffix(".head").unlink(missing_ok=True)
            kept = journal.with_name(f"{journal.name}.{request.aside}")
            kept.unlink(missing_ok=True)
            if journal.exists():
                os.link(journal, kept)
            write_whole(journal, text)
            head = Head(number(request.lines[0]) - 1)
        else:
            append_durably(journal, text)
        head = Head(head.seq + len(request.lines), line_hash(request.lines[-1]))
        # Behind the journal, so that a crash between the two leaves a mark that is behind and says nothing.
        write_whole(journal.with_suffix(".head"), json.dumps(head._asdict()))
        return head

    def _read_mark(self, identity: str) -> Head:
        try:
            kept = json.loads((self._folder / f"{identity}.head").read_text(encoding="utf-8"))
            return Head(int(kept["seq"]), str(kept["hash"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return Head()

    def _read(self, journal: pathlib.Path) -> tuple[list[str], str]:
        if not journal.exists():
            return [], ""
        text = journal.read_bytes().decode("utf-8", "replace")
        whole, newline, torn = text.rpartition("\n")
        if torn:
            # Half a line: its writer died before anybody was told that it was written.
            append_durably(journal.with_name(journal.name + ".torn"), torn + "\n")
            write_whole(journal, whole + newline)
        return (whole.split("\n") if whole else []), torn

    def _read_lease(self, identity: str, uptime: float, boot: str) -> tuple[KeptLease, bool]:
        """The lease, and whether its file was damaged: then it was set aside, and the lease is nobody's."""
        path = self._folder / f"{identity}.lease"
        if not path.exists():
            return KeptLease(boot=boot), False
        there = kept_lease(path.read_bytes(), boot)
        if there is None:
            path.replace(path.with_name(f"{path.name}.damaged"))
            return KeptLease(boot=boot), True
        kept = after_restart(there, uptime, boot)
        if kept != there:
            self._keep_lease(identity, kept)
        return kept, False

    def _keep_lease(self, identity: str, kept: KeptLease) -> None:
        write_whole(self._folder / f"{identity}.lease", json.dumps(dataclasses.asdict(kept)))
