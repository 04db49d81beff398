# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store's transaction: the same promises from the directory and, where an engine is found, from the target's script."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain, line_hash
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.store import SCRIPT
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request, Store
from ansible_collections.continuity.identity_failover.tests.unit.powershell_store import StoreEngine
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, needs_engine

EMPTY = Head()


class Clockwork:
    """Uptime and boot of a store that tests set."""

    def __init__(self) -> None:
        self.uptime = 100.0
        self.boot = "2026-11-22T01:00:00Z"


class ScriptStore:
    """The script in a real engine. Its uptime is the machine's own, so a lease is aged by shifting the kept stamp."""

    def __init__(self, powershell: StoreEngine, folder: pathlib.Path, clockwork: Clockwork) -> None:
        self.powershell, self.folder, self.clockwork, self._then = powershell, folder, clockwork, clockwork.uptime
        self.place = "the engine"

    def transact(self, request: Request, timeout: float) -> Reply:
        self._age()
        return self.powershell.transact(self.folder / "journal", request, self.clockwork.boot)

    def _age(self) -> None:
        passed, self._then = self.clockwork.uptime - self._then, self.clockwork.uptime
        path = self.folder / "journal\\mail.lease"
        if passed and path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            kept["granted"] -= passed
            path.write_text(json.dumps(kept), encoding="utf-8")


Made = tuple[Store, Clockwork, pathlib.Path]


@pytest.fixture(scope="module")
def powershell(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[StoreEngine]:
    made = StoreEngine(tmp_path_factory.mktemp("engine"))
    yield made
    made.end()


@pytest.fixture(params=["directory", pytest.param("script", marks=needs_engine)])
def made(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Made:
    clockwork = Clockwork()
    if request.param == "directory":
        return DirectoryStore(str(tmp_path), lambda: clockwork.uptime, lambda: clockwork.boot), clockwork, tmp_path / "mail.journal"
    return ScriptStore(request.getfixturevalue("powershell"), tmp_path, clockwork), clockwork, tmp_path / "journal\\mail.journal"


def lines(count: int, head: Head = EMPTY) -> tuple[tuple[str, ...], Head]:
    drafts = [Event(seq=0, at="2026-11-22T20:00:00.000Z", kind="accepted", data={"n": "ü"}) for _number in range(count)]
    _events, made_lines, new = chain(drafts, head)
    return tuple(made_lines), new


def ask(store: Store, **request: t.Any) -> Reply:
    return store.transact(Request("mail", **request), 10.0)


def acquire(holder: str = "a", epoch: int = 1, seconds: float = 60.0, **more: t.Any) -> LeaseClaim:
    return LeaseClaim(holder=holder, epoch=epoch, seconds=seconds, by=f"{holder}@host", run="r1", acquire=True, **more)


def claim(holder: str = "a", epoch: int = 1, seconds: float = 60.0, **more: t.Any) -> LeaseClaim:
    return LeaseClaim(holder=holder, epoch=epoch, seconds=seconds, by=f"{holder}@host", run="r1", **more)


def test_an_empty_store_reads_as_empty(made: Made) -> None:
    reply = ask(made[0])
    assert (reply.verdict, reply.head, reply.lines, reply.lease.live) == ("ok", Head(), (), False)


def test_what_is_appended_is_read_back_line_by_line(made: Made) -> None:
    first, head = lines(2)
    assert ask(made[0], lines=first, expect=Head()).head == head
    second, newest = lines(1, head)
    assert ask(made[0], lines=second, expect=head, after=2).lines == ()
    assert ask(made[0], after=1).lines == first[1:] + second
    assert ask(made[0], after=3).head == newest


def checkpointed(before: int, behind: int) -> tuple[tuple[str, ...], Head]:
    first, head = lines(before)
    _events, mark, head = chain([Event(seq=0, at="2026-11-22T20:00:00.000Z", kind="checkpoint", data={"kind": "checkpoint"})], head)
    rest, head = lines(behind, head)
    return (*first, *mark, *rest), head


def test_a_reader_of_the_tail_gets_the_lines_from_the_last_checkpoint_on(made: Made) -> None:
    store = made[0]
    first, head = checkpointed(3, 2)
    second, newest = lines(2, head)
    ask(store, lines=first, expect=Head())
    ask(store, lines=second, expect=head)
    assert (ask(store, checkpoint=True).lines, ask(store, checkpoint=True).head) == ((*first[3:], *second), newest)
    assert ask(store, checkpoint=True, after=3).lines == (*first[3:], *second)
    assert ask(store, checkpoint=True, after=5).lines == (*first[5:], *second)
    assert ask(store, checkpoint=True, after=8).lines == ()


def test_a_reader_of_the_tail_gets_everything_where_there_is_no_checkpoint(made: Made) -> None:
    first, _head = lines(3)
    ask(made[0], lines=first, expect=Head())
    assert ask(made[0], checkpoint=True).lines == first


def test_a_journal_whose_first_events_were_pruned_keeps_its_numbers(made: Made) -> None:
    store, _clockwork, path = made
    all_lines, head = checkpointed(3, 2)
    ask(store, lines=all_lines, expect=Head())
    path.write_text("\n".join(all_lines[3:]) + "\n", encoding="ascii")
    assert (ask(store).head, ask(store).lines) == (head, all_lines[3:])
    assert ask(store, after=5).lines == all_lines[5:]
    more, newest = lines(1, head)
    assert ask(store, lines=more, expect=head).head == newest


def test_a_journal_that_is_shorter_than_what_was_written_is_refused(made: Made) -> None:
    store, _clockwork, path = made
    first, head = lines(3)
    ask(store, lines=first, expect=Head())
    path.write_text("\n".join(first[:2]) + "\n", encoding="ascii")
    reply = ask(store, lease=acquire())
    assert (reply.verdict, reply.mark, reply.head.seq, reply.lease.live) == ("rewound", head, 2, False)
    assert ask(store, lines=lines(1, reply.head)[0], expect=reply.head).verdict == "rewound"
    assert path.read_text(encoding="ascii") == "\n".join(first[:2]) + "\n"


def test_a_journal_whose_last_line_was_changed_is_refused(made: Made) -> None:
    store, _clockwork, path = made
    first, _head = lines(2)
    ask(store, lines=first, expect=Head())
    path.write_text("\n".join([first[0], first[1].replace("ops", "OPS").replace('"by":""', '"by":"x"')]) + "\n", encoding="ascii")
    assert ask(store).verdict == "rewound"


def test_a_mark_that_can_not_be_read_is_no_mark(made: Made) -> None:
    store, _clockwork, path = made
    ask(store, lines=lines(2)[0], expect=Head())
    path.with_suffix(".head").write_text("{", encoding="ascii")
    assert (ask(store).verdict, ask(store).mark) == ("ok", Head())


def test_lines_can_stand_instead_of_a_journal_that_is_kept_aside(made: Made) -> None:
    store, _clockwork, path = made
    all_lines, head = checkpointed(3, 0)
    ask(store, lines=all_lines[:3], expect=Head())
    reply = ask(store, lines=all_lines[3:], expect=Head(3, line_hash(all_lines[2])), aside="pruned")
    assert (reply.verdict, reply.head) == ("ok", head)
    assert (ask(store).lines, ask(store).mark) == (all_lines[3:], head)
    assert path.with_name(path.name + ".pruned").read_text(encoding="ascii") == "\n".join(all_lines[:3]) + "\n"
    more, newest = lines(1, head)
    assert ask(store, lines=more, expect=head).head == newest


def test_a_journal_that_was_shortened_can_be_replaced_by_one_that_begins_anew(made: Made) -> None:
    store, _clockwork, path = made
    ask(store, lines=lines(3)[0], expect=Head())
    path.write_text("", encoding="ascii")
    fresh, head = lines(1)
    assert ask(store, lines=fresh, aside="broken").head == head
    assert (ask(store).verdict, ask(store).lines) == ("ok", fresh)


def test_an_append_behind_a_head_that_moved_writes_nothing_and_tells_what_came(made: Made) -> None:
    first, head = lines(1)
    ask(made[0], lines=first, expect=Head())
    reply = ask(made[0], lines=lines(1)[0], expect=Head())
    assert (reply.verdict, reply.head, reply.lines) == ("head_moved", head, first)
    assert ask(made[0]).head == head


def test_a_lease_keeps_others_out_until_it_runs_out(made: Made) -> None:
    store, clockwork, _path = made
    assert ask(store, lease=acquire()).lease.live
    assert ask(store, lease=acquire("b", 2)).verdict == "lease_held"
    clockwork.uptime += 61
    assert ask(store, lease=acquire("b", 2)).verdict == "ok"
    assert ask(store, lease=claim()).verdict == "lease_lost"


def test_a_lease_that_ran_out_and_that_nobody_took_can_be_renewed(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire())
    clockwork.uptime += 600  # a long hook between two steps
    assert ask(store, lease=claim()).lease.live
    assert ask(store, lease=acquire("b", 2)).verdict == "lease_held"


def test_what_a_dead_holder_has_begun_is_told_to_those_who_come_after(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire(longest=100.0))
    clockwork.uptime += 61
    taken = ask(store, lease=acquire("b", 2, longest=200.0)).lease
    assert 20 < taken.settling <= 39
    clockwork.uptime += 20
    renewed = ask(store, lease=claim("b", 2)).lease
    assert renewed.longest == 0 and 0 < renewed.settling <= 19
    clockwork.uptime += 20
    assert ask(store).lease.settling == 0


def test_a_release_says_what_may_still_be_going_on(made: Made) -> None:
    store = made[0]
    ask(store, lease=acquire(longest=100.0))
    assert ask(store, lease=claim(release=True)).lease.settling > 80


def test_a_lease_can_be_taken_by_force(made: Made) -> None:
    store = made[0]
    ask(store, lease=acquire())
    assert ask(store, lease=acquire("b", 2, force=True)).lease.holder == "b"
    assert ask(store, lease=claim()).verdict == "lease_lost"


def test_a_renewal_starts_the_time_again(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire())
    clockwork.uptime += 50
    assert ask(store, lease=claim()).verdict == "ok"
    clockwork.uptime += 50
    assert ask(store, lease=claim()).verdict == "ok"


def test_nothing_is_appended_under_a_lost_lease(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire())
    clockwork.uptime += 100
    ask(store, lease=acquire("b", 2))
    reply = ask(store, lines=lines(1)[0], expect=Head(), lease=claim())
    assert (reply.verdict, reply.lease.epoch) == ("lease_lost", 2)
    assert ask(store).head == Head()


def test_a_released_lease_is_free_at_once_and_its_epoch_goes_on(made: Made) -> None:
    store = made[0]
    ask(store, lease=acquire())
    assert not ask(store, lease=claim(release=True)).lease.live
    assert ask(store, lease=acquire("b", 1)).verdict == "head_moved"
    assert ask(store, lease=acquire("b", 2)).lease.epoch == 2


def test_an_epoch_may_skip_ahead_and_never_comes_back(made: Made) -> None:
    store = made[0]
    ask(store, lease=acquire("a", 1))
    ask(store, lease=claim("a", 1, release=True))
    assert ask(store, lease=acquire("b", 1001)).lease.epoch == 1001
    ask(store, lease=claim("b", 1001, release=True))
    assert ask(store, lease=acquire("c", 1001)).verdict == "head_moved"
    assert ask(store, lease=acquire("c", 3)).verdict == "head_moved"


def test_after_a_restart_of_the_store_the_lease_has_its_full_time_again(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire())
    clockwork.uptime += 59
    clockwork.boot = "2026-11-22T20:00:00Z"
    assert ask(store, lease=acquire("b", 2)).verdict == "lease_held"
    clockwork.uptime += 59
    assert ask(store, lease=claim()).verdict == "ok"


def test_after_a_restart_of_the_store_the_lease_of_a_dead_holder_runs_out_all_the_same(made: Made) -> None:
    store, clockwork, _path = made
    ask(store, lease=acquire())
    clockwork.boot = "2026-11-22T20:00:00Z"
    assert ask(store, lease=acquire("b", 2)).verdict == "lease_held"
    clockwork.uptime += 61
    assert ask(store, lease=acquire("b", 2)).verdict == "ok"


DAMAGED = ["", "\0\0\0", '{"holder":"a","ep', "5", "[]", "null", '{"holder":"a","epoch":"x"}', '{"holder":"a","epoch":null}', '{"holder":"a","granted":true}']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_lease_that_can_not_be_read_is_set_aside_and_nobody_s(made: Made, content: str) -> None:
    store, _clockwork, path = made
    ask(store, lease=acquire("a", 7))
    path.with_suffix(".lease").write_text(content, encoding="ascii")
    reply = ask(store, lease=claim("a", 7))
    assert (reply.verdict, reply.damaged, reply.lease.live, reply.lease.epoch) == ("lease_lost", True, False, 0)
    assert path.with_name("mail.lease.damaged" if path.name == "mail.journal" else "journal\\mail.lease.damaged").read_text(encoding="ascii") == content
    again = ask(store, lease=acquire("b", 1008))
    assert (again.verdict, again.damaged, again.lease.holder) == ("ok", False, "b")


def test_half_a_line_is_set_aside_and_said(made: Made) -> None:
    store, _clockwork, path = made
    first, head = lines(1)
    ask(store, lines=first, expect=Head())
    with open(path, "a", encoding="utf-8") as stream:
        stream.write('{"at":"2026')
    reply = ask(store)
    assert (reply.torn, reply.head) == ('{"at":"2026', head)
    second, newest = lines(1, head)
    assert ask(store, lines=second, expect=head).head == newest
    assert ask(store).torn == ""
    assert path.with_name(path.name + ".torn").read_text(encoding="utf-8") == '{"at":"2026\n'


@needs_engine
def test_the_script_gives_its_folder_to_system_and_administrators_only(powershell: StoreEngine, tmp_path: pathlib.Path) -> None:
    ask(ScriptStore(powershell, tmp_path, Clockwork()))
    assert (tmp_path / "journal.acl").read_text(encoding="utf-8") == "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"


def test_a_line_is_on_the_disk_before_its_head_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda number: did.append(f"on the disk: {pathlib.Path(f'/proc/self/fd/{number}').readlink().name}"))
    replace = os.replace

    def replaced(old: pathlib.Path, new: pathlib.Path) -> None:
        did.append(f"in its place: {new.name}")
        replace(old, new)

    monkeypatch.setattr(os, "replace", replaced)
    ask(DirectoryStore(str(tmp_path)), lines=lines(2)[0], expect=Head())
    head = ["on the disk: mail.head.new", "in its place: mail.head", f"on the disk: {tmp_path.name}"]
    assert did == ["on the disk: mail.journal", *head]


def test_the_script_writes_nothing_but_through_to_the_disk() -> None:
    """Its text: what an engine hands to the disk at a flush shows in no file."""
    writes = re.findall(r"^.*\.Write\(.*$", SCRIPT, re.MULTILINE)
    assert len(writes) == 2 and all("$stream.Write($bytes, 0, $bytes.Length); $stream.Flush($true) }" in line for line in writes)
    (opened,) = re.findall(r"^.*System\.IO\.FileStream.*$", SCRIPT, re.MULTILINE)
    assert opened.endswith("4096, $through)") and "$through = [System.IO.FileOptions]::WriteThrough" in SCRIPT
    assert not re.search(r"WriteAll|AppendAll|StreamWriter|Set-Content|Add-Content|Out-File", SCRIPT)
    assert SCRIPT.index("Add-Line $journal $text") < SCRIPT.index("Write-Whole $markFile")


HOLDER = """
import sys
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
with DirectoryStore(sys.argv[1])._locked("mail", 10.0):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_of_two_processes_one_has_the_journal_and_the_other_waits_its_turn(tmp_path: pathlib.Path) -> None:
    store = DirectoryStore(str(tmp_path))
    first, head = lines(1)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another transaction has held the journal"):
            store.transact(Request("mail", lines=first, expect=Head()), 0.1)
        assert not (tmp_path / "mail.journal").exists()
        other.kill()  # a controller that dies in its transaction leaves no lock behind
    assert store.transact(Request("mail", lines=first, expect=Head()), 10.0).head == head


#: Another process that holds the script's mutex until it reads a line.
MUTEX_HOLDER = r"""
$mutex = New-Object System.Threading.Mutex($false, 'Global\continuity.identity_failover.contended')
$null = $mutex.WaitOne()
[Console]::Out.WriteLine('held')
[Console]::Out.Flush()
$null = [Console]::In.ReadLine()
$mutex.ReleaseMutex()
"""


@needs_engine
def test_the_script_waits_for_the_mutex_that_another_process_holds(powershell: StoreEngine, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "hold.ps1"
    script.write_text(MUTEX_HOLDER, encoding="utf-8")
    first, head = lines(1)
    replies: list[Reply] = []
    request = Request("contended", lines=first, expect=Head())
    asking = threading.Thread(target=lambda: replies.append(powershell.transact(tmp_path / "journal", request, "2026-11-22T01:00:00Z")))
    command = [str(engine()), "-NoProfile", "-File", str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as other:
        assert other.stdin is not None and other.stdout is not None and other.stdout.readline() == "held\n"
        asking.start()
        asking.join(1.0)
        assert asking.is_alive() and not (tmp_path / "journal\\contended.journal").exists()
        other.communicate("\n", timeout=30)
    asking.join(30.0)
    assert [(reply.verdict, reply.head) for reply in replies] == [("ok", head)]
