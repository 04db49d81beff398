# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mirror: shared by processes, caught up, never believed against a chain that does not verify."""

from __future__ import annotations

import datetime
import pathlib

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalRewound
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror


class StandingClock:
    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Time stands."""


def journal(folder: pathlib.Path) -> Journal:
    return Journal("mail", DirectoryStore(str(folder / "store")), Mirror(str(folder / "mirror"), "mail"), StandingClock())


def write(made: Journal, count: int = 1) -> None:
    made.append([made.draft("accepted", data={"n": n}) for n in range(count)], anywhere=True)


def test_two_processes_that_share_a_mirror_leave_one_chain(tmp_path: pathlib.Path) -> None:
    one, other = journal(tmp_path), journal(tmp_path)
    write(one, 2)
    other.read()
    write(other)
    one.read()
    write(one)
    events, head = Mirror(str(tmp_path / "mirror"), "mail").read()
    assert ([event.seq for event in events], head) == ([1, 2, 3, 4], one.head)


def test_a_mirror_that_does_not_verify_is_kept_and_written_again(tmp_path: pathlib.Path) -> None:
    write(journal(tmp_path), 3)
    path = tmp_path / "mirror" / "mail.mirror"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[2]]) + "\n", encoding="utf-8")
    made = journal(tmp_path)
    assert "did not verify" in made.warnings[0]
    made.read()
    assert path.read_text(encoding="utf-8").splitlines() == lines
    assert (tmp_path / "mirror" / "mail.mirror.broken").exists()


def test_a_store_that_was_set_back_is_refused(tmp_path: pathlib.Path) -> None:
    made = journal(tmp_path)
    write(made, 2)
    path = tmp_path / "store" / "mail.journal"
    snapshot = path.read_text(encoding="utf-8")
    write(made)
    path.write_text(snapshot, encoding="utf-8")
    with pytest.raises(JournalRewound, match="event 3 of .*the store was set back"):
        journal(tmp_path).read()


def test_a_store_that_was_replaced_is_refused(tmp_path: pathlib.Path) -> None:
    made = journal(tmp_path)
    write(made, 1)
    path = tmp_path / "store" / "mail.journal"
    path.write_text(path.read_text(encoding="utf-8").replace('"n":0', '"n":7'), encoding="utf-8")
    with pytest.raises(JournalRewound, match="is not the one that was written"):
        journal(tmp_path).read()


def test_a_store_that_was_set_back_is_refused_by_a_controller_that_had_read_less_than_another(tmp_path: pathlib.Path) -> None:
    """Both share the mirror; the slower one knows nothing of what is missing, but the mirror does."""
    fast, slow = journal(tmp_path), journal(tmp_path)
    write(fast)
    slow.read()
    snapshot = {path: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    write(fast)
    for path, content in snapshot.items():
        path.write_bytes(content)
    with pytest.raises(JournalRewound):
        slow.append([slow.draft("accepted", data={"n": "another"})])
